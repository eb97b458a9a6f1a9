/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real binary with failing allocations or threads (scarcity.h), or with
 * redirected streams.
 */
#ifndef LUNAR_TESTS_FAULTY_H
#define LUNAR_TESTS_FAULTY_H

#include <stdbool.h>

#include "lib/instance.h"
#include "scarcity.h"

struct faulty {
    struct instance instance;
    struct scarcity *memory; /* shared with the service */
};

/*
 * Start the service with -port=0 and `flags` (NULL-terminated; may be NULL),
 * which may give another port. `redirection` is in the shell's syntax, as in
 * "2>/dev/full"; NULL: none. `end` says what fails from the start (NULL:
 * nothing does). Returns whether the service has printed its ready line.
 */
bool faulty_start(struct faulty *faulty, const char *redirection,
                  const char *const flags[], const struct scarcity *end);

/* Let `left` more allocations, or threads, of `scope` succeed, then fail. */
void faulty_limit(struct faulty *faulty, enum scarcity_scope scope,
                  int64_t left, bool for_good);

/* Let all succeed. Returns how many have failed since the limit. */
int64_t faulty_restore(struct faulty *faulty);

/* Stop the service with SIGTERM, as instance_stop(), and release it. */
void faulty_stop(struct faulty *faulty);

/* Release all resources. Kills the service if it still runs. */
void faulty_release(struct faulty *faulty);

#endif
