/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second, simple implementation of the state rules: it keeps all applied
 * messages, sorts them by number, and folds them one by one. It shares nothing
 * with rocket.c, in particular no effects, so that a common error is unlikely.
 *
 * The limit of runs is one of the rules, so it is modelled too: the received
 * numbers are kept as ranges, at most ORACLE_MAX_RANGES of them.
 */
#ifndef LUNAR_TESTS_ORACLE_H
#define LUNAR_TESTS_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "domain/message.h"
#include "format/timestamp.h"

/*
 * Not taken from rocket.h, so that a wrong value there is found; lower for a
 * copy of rocket.c with a lower limit.
 */
#ifndef ORACLE_MAX_RANGES
#define ORACLE_MAX_RANGES 16384
#endif

struct oracle_range {
    uint64_t first, last;
};

struct oracle {
    struct message *applied; /* sorted by number, each number once */
    size_t count, capacity;
    /* Numbers received or given up: sorted ranges, no two adjacent. */
    struct oracle_range *ranges;
    size_t range_count, range_capacity;
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
 * Apply `message`. Never returns MESSAGE_NO_MEMORY: the oracle aborts instead.
 * Ownership: the texts of `message` must outlive the oracle.
 */
enum message_outcome oracle_apply(struct oracle *oracle,
                                  const struct message *message);

/* Whether `number` was received or given up. */
bool oracle_has(const struct oracle *oracle, uint64_t number);

struct oracle_state oracle_state(const struct oracle *oracle);

#endif
