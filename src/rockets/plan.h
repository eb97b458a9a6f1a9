/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which messages are sent, in which order and how often: the traffic as it
 * is, or with launches left out, shuffled within windows, and some of it
 * sent twice. Made from the seed, like the traffic.
 */
#ifndef ROCKETS_PLAN_H
#define ROCKETS_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "traffic.h"

enum {
    /* A duplicate follows its original after at most so many messages. */
    PLAN_MAX_DISTANCE = 1000
};

struct plan_options {
    uint64_t seed;
    uint32_t shuffle;  /* window in messages; 0 and 1: the order of times */
    double duplicates; /* share of messages sent again, 0 to 1 */
    bool drop_launch;  /* leave out number 1 of each rocket */
};

struct plan {
    uint32_t *order; /* indices into the traffic's messages */
    size_t count;    /* duplicates included */
    size_t duplicates;
};

/*
 * Returns 0, or -1 where memory ends.
 * Ownership: the caller calls plan_release() after 0.
 */
int plan_init(struct plan *plan, const struct traffic *traffic,
              const struct plan_options *options);
void plan_release(struct plan *plan);

#endif
