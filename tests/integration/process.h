/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program under test: started with flags and environment of its own, its
 * output caught, its end waited for, always with a time limit. It is killed
 * when the test ends before it does.
 *
 * What can't go wrong in a sound test (a pipe, a fork) fails the test by
 * itself, so these functions are for the main thread of a test only.
 */
#ifndef LUNAR_TEST_PROCESS_H
#define LUNAR_TEST_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
    pid_t pid; /* 0: none */
    int pidfd; /* readable once it has ended */
    int out;   /* the read end of its stdout */
    int err;   /* a file in memory that is its stderr */
};

/* Results of process_wait() beside exit statuses. */
enum {
    PROCESS_LATE = -1,      /* still running */
    PROCESS_SIGNALLED = 256 /* plus the number of the signal it died of */
};

/* Milliseconds of a clock that only goes forward. */
int64_t process_clock(void);

/*
 * Let time pass until `when`: only for a client that is slow on purpose.
 * What waits for something to happen waits for that.
 */
void process_wait_until(int64_t when);

/* The value of one of our environment variables; fails if it is not set. */
const char *process_setting(const char *name);

/*
 * Run `arguments[0]` with `arguments` (NULL-terminated). Its environment is
 * ours without all LUNAR_ variables, and with `environment` ("NAME=value",
 * NULL-terminated; may be NULL).
 */
void process_start(struct process *process, const char *const arguments[],
                   const char *const environment[]);

/*
 * Read its next line on stdout, without the line's end. False if none comes
 * within `limit` milliseconds.
 */
bool process_line(struct process *process, char *line, size_t size,
                  int64_t limit);

/*
 * What it writes to stdout until it closes that; NULL if it does not within
 * `limit` milliseconds. Ownership: the caller frees the result.
 */
char *process_output(struct process *process, int64_t limit);

/* What it wrote to stderr so far. Ownership: the caller frees the result. */
char *process_errors(const struct process *process);

void process_signal(const struct process *process, int signal_number);

/* Its exit status, PROCESS_SIGNALLED and more, or PROCESS_LATE. */
int process_wait(struct process *process, int64_t limit);

/* Kill it if it is still running, and forget it. Can be called again. */
void process_release(struct process *process);

#endif
