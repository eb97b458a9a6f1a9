/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state rules said a second time, as plainly as they can be: keep every
 * message that was applied, sort them by number, fold them one by one.
 * Shares nothing with rocket.c, in particular not the idea of effects, so
 * that the two can only agree by both being right.
 *
 * What the service does to bound its memory is part of the rules, so it is
 * modelled too: the numbers received as ranges, of which ORACLE_MAX_RANGES
 * are allowed.
 */
#ifndef LUNAR_TESTS_ORACLE_H
#define LUNAR_TESTS_ORACLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "domain/message.h"
#include "format/timestamp.h"

/* The rule's own figure, not rocket.h's: both must say the same. */
enum { ORACLE_MAX_RANGES = 1024 };

struct oracle_range {
    uint64_t first, last;
};

struct oracle {
    struct message *applied; /* by number, each number once */
    size_t count, capacity;
    /* Numbers received or given up, sorted, no two of them touching. */
    struct oracle_range ranges[ORACLE_MAX_RANGES + 1];
    size_t range_count;
    uint64_t floor;
};

/* Absent texts are unknown; `created` is zero without a launch. */
struct oracle_state {
    struct text type, mission, reason;
    int64_t speed;
    struct timestamp created, updated;
    uint64_t last_number, missing;
};

void oracle_init(struct oracle *oracle);
void oracle_release(struct oracle *oracle);

/*
 * Never MESSAGE_NO_MEMORY: the oracle aborts instead.
 * Ownership: the texts of `message` must outlive the oracle.
 */
enum message_outcome oracle_apply(struct oracle *oracle,
                                  const struct message *message);

struct oracle_state oracle_state(const struct oracle *oracle);

#endif
