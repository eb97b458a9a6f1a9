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

enum {
    /*
     * Milliseconds until something counts as hanging: for 100,000 messages, or
     * a response behind lists of a million rockets, on a busy machine.
     */
    PROCESS_PATIENCE = 5 * 60 * 1000,
    /* Results of process_wait() other than exit statuses. */
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
 * Wait until one of these events of poll(2) occurs on `descriptor`. Return
 * false if `deadline` passes first. Can be called from any thread.
 */
bool process_poll(int descriptor, short events, int64_t deadline);

/*
 * Return the value of an environment variable; fail the test if it is not set.
 */
const char *process_setting(const char *name);

/* Return whether an environment variable is set. */
bool process_is_set(const char *name);

/*
 * Run `arguments[0]` with `arguments` (NULL-terminated). Its environment is
 * that of the test without variables whose names begin with LUNAR_ and those of
 * a service manager, plus `environment` ("NAME=value", NULL-terminated; may be
 * NULL).
 */
void process_start(struct process *process, const char *const arguments[],
                   const char *const environment[]);

/*
 * Read its next line on stdout, without the line feed. Return false if there is
 * no complete line within `limit` milliseconds.
 */
bool process_line(struct process *process, char *line, size_t size,
                  int64_t limit);

/* Return its stderr so far. Ownership: the caller frees the result. */
char *process_errors(const struct process *process);

void process_signal(const struct process *process, int signal_number);

/*
 * Wait for its end. Return its exit status, PROCESS_SIGNALLED plus a signal
 * number, or PROCESS_LATE after `limit` milliseconds.
 */
int process_wait(struct process *process, int64_t limit);

/*
 * Wait for its end and release it. Expect the exit status `status`. Return the
 * rest of its stdout, and set `errors` to its stderr. Ownership: the caller
 * frees both.
 */
char *process_finish(struct process *process, int status, char **errors);

/* Wait until its stderr contains `part`. */
void process_wait_error(const struct process *process, const char *part);

/*
 * Kill it if it is still running, and release it. Can be called more than once.
 */
void process_release(struct process *process);

#endif
