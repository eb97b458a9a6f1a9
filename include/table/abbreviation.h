/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Abbreviated keys (PostgreSQL's term): 32 bits that stand for a value of
 * any size and keep its order. Where one is less than another, so are their
 * values; where they are equal, an even one stands for exactly one value
 * and an odd one for several, of which nothing is said. So a pass over a
 * million rockets looks at four bytes of each and at next to no rocket.
 *
 * Only abbreviations of one kind compare with each other, and those of
 * times only if they were made with one reference.
 */
#ifndef LUNAR_TABLE_ABBREVIATION_H
#define LUNAR_TABLE_ABBREVIATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "format/timestamp.h"

/* There is no value. Exact, although odd; no value has it. */
#define ABBREVIATION_UNKNOWN UINT32_MAX

/* Exact below 2^26, from there on as long as 26 binary digits are enough. */
uint32_t abbreviation_of_number(uint64_t number);

/* As above, with 25 digits; negative integers before all others. */
uint32_t abbreviation_of_integer(int64_t integer);

/*
 * As above, with 26 digits of the distance from `reference` (seconds since
 * 1970), in steps of a millisecond, nearly. These can be told from each
 * other within 18 hours, half seconds within a year. Whole seconds are exact
 * within two years.
 */
uint32_t abbreviation_of_time(const struct timestamp *time, int64_t reference);

/*
 * The first four bytes, a shorter text filled up with zeros. Even or odd,
 * equal ones say nothing.
 */
uint32_t abbreviation_of_text(struct text text);

/* Whether it stands for one value alone; not for texts. */
bool abbreviation_is_exact(uint32_t abbreviation);

#endif
