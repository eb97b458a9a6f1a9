/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program on a terminal, which is a pseudoterminal: as the job in the
 * foreground of a shell, so that it can be stopped and continued.
 */
#ifndef LUNAR_TEST_PTY_RUN_H
#define LUNAR_TEST_PTY_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

enum { PTY_RUN_MAX = 1 << 20 /* bytes of output */ };

struct pty_run {
    int terminal;
    pid_t shell, job;
    int reports; /* the job's changes of state, by the shell */
    struct termios before;
    char *output; /* so far; the caller may set `length` to 0 */
    size_t length;
};

/*
 * Start `arguments[0]` on a terminal of this size, with the environment
 * variable `variable` ("NAME=VALUE"), TERM=xterm, and a UTF-8 locale.
 */
void pty_run_start(struct pty_run *run, const char *const arguments[],
                   const char *variable, unsigned short columns,
                   unsigned short rows);

/* Wait until the output, since `length` was 0, contains `part`. */
void pty_run_wait(struct pty_run *run, const char *part);

/* As if the user typed it. */
void pty_run_type(struct pty_run *run, const char *keys);

void pty_run_resize(struct pty_run *run, unsigned short columns,
                    unsigned short rows);

void pty_run_signal(const struct pty_run *run, int number);

/* Wait until it is stopped. */
void pty_run_expect_stopped(struct pty_run *run);

/* Continue it in the foreground. */
void pty_run_continue(struct pty_run *run);

/* Whether the terminal's modes are as they were before the start. */
bool pty_run_is_restored(const struct pty_run *run);

/*
 * Expect that it ends with this exit status. The rest of the output is read.
 * Ownership: the caller calls pty_run_release().
 */
void pty_run_expect_end(struct pty_run *run, int status);
void pty_run_release(struct pty_run *run);

#endif
