/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Histories of up to 40,000 messages of one rocket, with thousands of gaps that
 * are all filled in the end. Too long for the oracle, which searches and folds
 * all messages after each delivery; here the fold is made now and then.
 */
#ifndef LUNAR_TESTS_LONG_HISTORY_H
#define LUNAR_TESTS_LONG_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

enum long_history {
    LONG_TWO_SHARDS,  /* odd numbers to 4,001, then the even ones */
    LONG_MOST_RUNS,   /* as many odd numbers as runs, then the even ones, each
                         half in random order */
    LONG_DESCENDING,  /* the same, both halves falling */
    LONG_SHUFFLED,    /* all numbers in random order */
    LONG_ALTERNATING, /* gaps are opened and filled in turns at one place */
    LONG_HISTORY_COUNT,
};

/*
 * Deliver the history, with messages drawn from `seed`. Each message must be
 * applied, and the state must be the fold of those delivered. Prints what
 * differs, and returns false then.
 */
bool long_history_check(enum long_history which, uint64_t seed);

#endif
