/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property tests: checks a property for random histories, and reduces a history
 * for which it does not hold to a small one before it is printed.
 */
#ifndef LUNAR_TESTS_SHRINK_H
#define LUNAR_TESTS_SHRINK_H

#include "lib/generator.h"

/*
 * NULL if a property holds for the history of `input`. Else a static text that
 * says what is wrong, with the number of the delivery after which it is. Must
 * depend only on the input.
 */
typedef const char *shrink_property(struct text input, size_t *delivery);

/*
 * Make the input in `bytes`, for which `property` does not hold, smaller: until
 * the property holds after the removal of any step and after any byte is
 * lowered, or for 40 s, as histories past the limit of runs are slow to check.
 */
void shrink(unsigned char bytes[GENERATOR_INPUT], struct text *input,
            shrink_property *property);

/*
 * Check `property` for `rounds` random histories. Prints the seed. On the first
 * failure it prints the smallest history and how to repeat it, and returns
 * false. The environment variables LUNAR_SEED and LUNAR_ROUNDS replace the
 * seed, which else is new in each run, and the number of rounds.
 */
bool shrink_check(const char *name, shrink_property *property,
                  enum generator_shape shape, unsigned rounds);

/* The seed from the environment, or else a new one. Prints it. */
uint64_t shrink_seed(const char *name);

/* The number of rounds from the environment, or else `rounds`. */
uint64_t shrink_rounds(unsigned rounds);

#endif
