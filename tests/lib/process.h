/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program under test: starts it with given flags and environment, collects
 * its output and waits for its end, always with a time limit. It is killed if
 * the test ends first.
 *
 * Calls that cannot fail in a sound test (a pipe, a fork) fail the test
 * themselves. So these functions must be called from the main thread of a test.
 */
#ifndef LUNAR_TEST_PROCESS_H
#define LUNAR_TEST_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
    pid_t pid; /* 0: none */
    int pidfd; /* becomes readable when it ends */
    int out;   /* the read end of its stdout */
    int err;   /* a memory file that holds its stderr */
};

/* Results of process_wait() other than exit statuses. */
enum {
    PROCESS_LATE = -1,      /* still running */
    PROCESS_SIGNALLED = 256 /* plus the number of the signal that killed it */
};

/* Return milliseconds of a monotonic clock. */
int64_t process_clock(void);

/*
 * Sleep until `when`. Only for clients that are slow on purpose: a test that
 * waits for an event waits for the event itself.
 */
void process_wait_until(int64_t when);

/*
 * Return the value of an environment variable; fail the test if it is not set.
 */
const char *process_setting(const char *name);

/*
 * Run `arguments[0]` with `arguments` (NULL-terminated). Its environment is
 * that of the test without variables whose names begin with LUNAR_, plus
 * `environment` ("NAME=value", NULL-terminated; may be NULL).
 */
void process_start(struct process *process, const char *const arguments[],
                   const char *const environment[]);

/*
 * Read its next line on stdout, without the line feed. Return false if there is
 * no complete line within `limit` milliseconds.
 */
bool process_line(struct process *process, char *line, size_t size,
                  int64_t limit);

/*
 * Return its stdout up to the end of the stream, or NULL if it is still open
 * after `limit` milliseconds. Ownership: the caller frees the result.
 */
char *process_output(struct process *process, int64_t limit);

/* Return its stderr so far. Ownership: the caller frees the result. */
char *process_errors(const struct process *process);

void process_signal(const struct process *process, int signal_number);

/*
 * Wait for its end. Return its exit status, PROCESS_SIGNALLED plus a signal
 * number, or PROCESS_LATE after `limit` milliseconds.
 */
int process_wait(struct process *process, int64_t limit);

/*
 * Kill it if it is still running, and release it. Can be called more than once.
 */
void process_release(struct process *process);

#endif
