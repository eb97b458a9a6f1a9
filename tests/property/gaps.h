/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the gaps of a rocket must be, by the ranges of its oracle.
 */
#ifndef LUNAR_TESTS_GAPS_H
#define LUNAR_TESTS_GAPS_H

#include "oracle.h"
#include "table/table.h"

/* How many numbers in ranges were not applied. */
uint64_t gaps_given_up(const struct oracle *oracle);

/*
 * Compare the gaps of the rocket with `id`, page by page and from any number
 * on, with the oracle. `seed` draws the sizes of pages and the numbers. Returns
 * what differs; NULL if nothing does. Static.
 */
const char *gaps_difference(struct table *table, struct text id,
                            const struct oracle *oracle, uint64_t seed);

#endif
