/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real binary, started in a bad place: with scarce memory or threads
 * (scarcity.h), or with its streams somewhere else.
 */
#ifndef LUNAR_TESTS_FAULTY_H
#define LUNAR_TESTS_FAULTY_H

#include <stdbool.h>

#include "../integration/instance.h"
#include "scarcity.h"

struct faulty {
    struct instance instance;
    struct scarcity *memory; /* shared with it; plenty at first */
};

/*
 * Start the service with -port=0 and `flags` (NULL-terminated; may be NULL),
 * which may give another port. `redirection` is the shell's, as in
 * "2>/dev/full"; NULL: none. All is plenty, unless `end` says what ends, and
 * when (NULL: nothing does). Returns whether it says that it is ready.
 */
bool faulty_start(struct faulty *faulty, const char *redirection,
                  const char *const flags[], const struct scarcity *end);

/* Let `left` allocations, or threads, of `scope` more succeed; then fail. */
void faulty_limit(struct faulty *faulty, enum scarcity_scope scope,
                  int64_t left, bool for_good);

/* From now on all succeed. How many have failed since the limit. */
int64_t faulty_restore(struct faulty *faulty);

/* SIGTERM; it must end as instance_stop() says. */
void faulty_stop(struct faulty *faulty);

/* Forget it, killed if it still runs. */
void faulty_release(struct faulty *faulty);

#endif
