/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property tests: checks a property for random histories, and reduces a history
 * that breaks it to a small one before it is printed.
 */
#ifndef LUNAR_TESTS_SHRINK_H
#define LUNAR_TESTS_SHRINK_H

#include <stdbool.h>
#include <stddef.h>

#include "history.h"

enum { SHRINK_WHY = 512 /* bytes of a failure message */ };

/*
 * Whether a property holds for `history`. If not, `why` becomes a line with the
 * failure and its delivery. Must depend only on the history.
 */
typedef bool shrink_property(const struct history *history,
                             char why[SHRINK_WHY]);

/*
 * Make `history`, for which `property` does not hold, smaller: until the
 * property holds after any further removal or simplification, or for 40 s, as
 * histories past the limit of runs are slow to check. `why` becomes the failure
 * of the smaller history.
 */
void shrink(struct history *history, shrink_property *property,
            char why[SHRINK_WHY]);

/*
 * Check `property` for `rounds` random histories. Prints the seed. On the first
 * failure it prints the smallest history and how to repeat it, and returns
 * false. The environment variables LUNAR_SEED and LUNAR_ROUNDS replace the
 * seed, which else is new in each run, and the number of rounds.
 */
bool shrink_check(const char *name, shrink_property *property,
                  enum history_shape shape, unsigned rounds);

/* The seed from the environment, or else a new one. Prints it. */
uint64_t shrink_seed(const char *name);

/* The number of rounds from the environment, or else `rounds`. */
uint64_t shrink_rounds(unsigned rounds);

#endif
