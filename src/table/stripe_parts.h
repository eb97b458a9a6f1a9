/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources of a stripe share: a rocket is found or added, gets a state,
 * and is counted.
 *
 * Locking: the caller holds the stripe's lock for writing.
 */
#ifndef LUNAR_TABLE_STRIPE_PARTS_H
#define LUNAR_TABLE_STRIPE_PARTS_H

#include "stripe.h"

/* The place of the rocket with `id`, from 1; 0 if there is none. */
uint32_t stripe_find_place(const struct stripe *stripe, uint32_t tag,
                           struct text id);

/*
 * Intern those of the texts that are not absent, and take references to them
 * for `effect`, in which the others are left as they are. False, with no
 * references, if memory is exhausted.
 */
bool stripe_take_strings(struct interned_set *strings, struct text type,
                         struct text mission, struct text reason,
                         struct effect *effect);

/* Drop the references of `effect`. */
void stripe_drop_strings(struct interned_set *strings,
                         const struct effect *effect);

/*
 * Add a new rocket, without runs, at the end. Returns its place, from 1, or 0
 * if memory is exhausted. `reference` is taken if it is the first one.
 */
uint32_t stripe_add(struct stripe *stripe, uint32_t tag, struct text id,
                    const struct timestamp *reference);

/*
 * Update the columns of the rocket at `place` after a change, and the counts of
 * what they show. `launched`: the time of the launch may have changed, as only
 * a launch changes it. No message makes a launched rocket an unlaunched one.
 * `missing_growth`: how many more of its messages are missing, modulo 2^64.
 */
void stripe_update_columns(struct stripe *stripe, uint32_t place, bool launched,
                           bool was_exploded, uint64_t missing_growth);

#endif
