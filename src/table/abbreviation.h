/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Abbreviated keys (PostgreSQL's term): 32 bits that stand for a value of
 * any size and keep its order. If one key is less than another, its value is
 * less, too. If two keys are equal and even, their values are equal; if they
 * are equal and odd, their values may differ. So a scan of a million rockets
 * reads four bytes of each, and only a few rockets as a whole.
 *
 * Only keys of one kind of value compare with each other, and keys of times
 * only if they were made with the same reference.
 */
#ifndef LUNAR_TABLE_ABBREVIATION_H
#define LUNAR_TABLE_ABBREVIATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "format/timestamp.h"

/* The key of an unknown value, and of no other. Exact, although odd. */
#define ABBREVIATION_UNKNOWN UINT32_MAX

/* The key is exact if the number has at most 26 significant binary digits. */
uint32_t abbreviation_of_number(uint64_t number);

/* The same with 25 digits and a sign. Negative integers come first. */
uint32_t abbreviation_of_integer(int64_t integer);

/*
 * The same with 26 digits of the distance from `reference` (seconds since
 * 1970), in steps of about a millisecond. Steps have different keys within
 * 18 hours of the reference, half seconds within a year. Whole seconds are
 * exact within two years.
 */
uint32_t abbreviation_of_time(const struct timestamp *time, int64_t reference);

/*
 * The first four bytes; a shorter text is padded with zeros. If two keys are
 * equal, their texts may differ, whether the keys are even or odd.
 */
uint32_t abbreviation_of_text(struct text text);

/*
 * The keys from `first` to `last` have all texts that begin with `prefix`,
 * which has no NUL. True if no other text has one of these keys; so it is for a
 * prefix of up to four bytes of UTF-8.
 */
bool abbreviation_of_prefix(struct text prefix, uint32_t *first,
                            uint32_t *last);

/* Whether the key stands for exactly one value. Not valid for keys of texts. */
bool abbreviation_is_exact(uint32_t abbreviation);

#endif
