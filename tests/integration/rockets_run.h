/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the test program `rockets` (named by the environment variable
 * LUNAR_ROCKETS) and checks what it prints. For its integration tests.
 */
#ifndef LUNAR_TEST_ROCKETS_RUN_H
#define LUNAR_TEST_ROCKETS_RUN_H

#include "lib/harness.h"

enum { ROCKETS_MAX_FLAGS = 8, ROCKETS_INTERRUPTED = 130 };

#define FLAGS INSTANCE_FLAGS

/* Start it with `flags` (NULL-terminated), at most ROCKETS_MAX_FLAGS. */
void rockets_start(struct process *rockets, const char *const flags[]);

/* Expect that `text` contains `part`. */
void rockets_expect_part(const char *text, const char *part);

/*
 * Expect that it ends with `status`, with `part` in its stdout, and with
 * `error` in its stderr.
 */
void rockets_expect(struct process *rockets, int status, const char *part,
                    const char *error);

/* Write the URL of a path of a service on this machine. */
void rockets_url(char url[64], unsigned port, const char *path);

/*
 * Listen on a free port, for a service that the test plays itself, and write
 * the URL of a path of it. Ownership: the caller closes the result.
 */
int rockets_listen(char url[64], const char *path);

#endif
