/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Look for a history that breaks a property, and make it as small as it
 * gets before showing it to anyone.
 */
#ifndef LUNAR_TESTS_SHRINK_H
#define LUNAR_TESTS_SHRINK_H

#include <stdbool.h>
#include <stddef.h>

#include "history.h"

enum { SHRINK_WHY = 512 /* bytes of an explanation */ };

/*
 * Whether a property holds for `history`. If not, `why` is a line that says
 * what went wrong at which delivery. Must depend on nothing but the history.
 */
typedef bool shrink_property(const struct history *history,
                             char why[SHRINK_WHY]);

/*
 * Make `history`, for which `property` does not hold, smaller until nothing
 * can be taken out of it or made simpler without the property holding; or
 * until 40 seconds are over, as histories past the bound are slow to check.
 * `why` becomes the explanation for what is left.
 */
void shrink(struct history *history, shrink_property *property,
            char why[SHRINK_WHY]);

/*
 * Check `property` for `rounds` random histories. Prints the seed; on the
 * first failure prints the smallest history and how to repeat it, and
 * returns false. LUNAR_SEED and LUNAR_ROUNDS in the environment replace the
 * seed, which is otherwise a new one each time, and the number of rounds.
 */
bool shrink_check(const char *name, shrink_property *property,
                  enum history_shape shape, unsigned rounds);

/* The seed that the environment gives, or else a new one. Printed. */
uint64_t shrink_seed(const char *name);

/* The number of rounds that the environment gives, or else `rounds`. */
uint64_t shrink_rounds(unsigned rounds);

#endif
