/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages to send, in order: the traffic, optionally without launches,
 * shuffled within windows, and with duplicates. The same seed gives the same
 * plan.
 */
#ifndef ROCKETS_PLAN_H
#define ROCKETS_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "traffic.h"

enum {
    /*
     * Most messages between a duplicate and its original, other duplicates
     * not counted.
     */
    PLAN_MAX_DISTANCE = 1000
};

struct plan_options {
    uint64_t seed;
    uint32_t shuffle;  /* window in messages; 0 and 1: order by time */
    double duplicates; /* share of messages to duplicate, 0 to 1 */
    bool drop_launch;  /* omit number 1 of each rocket */
};

struct plan {
    uint32_t *order; /* indices into the traffic's messages */
    size_t count;    /* duplicates included */
    size_t duplicates;
};

/*
 * Returns 0, or -1 if out of memory.
 * Ownership: after 0 the caller calls plan_release().
 */
int plan_init(struct plan *plan, const struct traffic *traffic,
              const struct plan_options *options);
void plan_release(struct plan *plan);

#endif
