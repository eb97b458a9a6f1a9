/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table under test, for comparison with the oracles of its rockets. Strings
 * are long and short, known and new.
 */
#ifndef LUNAR_TESTS_FLEET_H
#define LUNAR_TESTS_FLEET_H

#include "oracle.h"
#include "table/table_types.h"

/* The part of the view that differs from the state; NULL if none. Static. */
const char *fleet_difference(const struct rocket_view *view,
                             const struct oracle_state *expected);

/*
 * Deliver the history of `input` to a table and the oracles, and list the
 * rockets at the end. The first step of the input is not part of the history:
 * it chooses a memory limit and the list. A refused message must change
 * nothing; gaps must be as in the oracle, and counts those of the rockets one
 * by one; without a limit, the memory in use must not exceed a bound for
 * the rockets, runs and strings. Returns the part that differs, with the number
 * of the delivery after which it does; NULL if none.
 */
const char *fleet_follow(struct text input, size_t *delivery);

/*
 * The same, with the history applied in groups of various sizes, with positions
 * or without. Only admission is limited, so that no message is refused. What is
 * admitted must not need more memory than was reserved for it, beside a bound
 * for pieces that several rockets share. Compares after each group; all counts
 * at the end.
 */
const char *fleet_follow_groups(struct text input, size_t *delivery);

#endif
