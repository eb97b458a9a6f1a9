/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads integers exactly, in any spelling that JSON has for them: `1000`,
 * `1000.0`, `1e3` and `10000e-1` are the same one. The digits decide, not the
 * nearest double (RFC 8259 section 6 leaves the precision to the receiver), so
 * no number is rounded to an integer.
 */
#ifndef LUNAR_FORMAT_JSON_INTEGER_H
#define LUNAR_FORMAT_JSON_INTEGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/*
 * Read a JSON value as an integer from 0 to `highest`. `value` is a whole value
 * without white space, of a text that has passed json_scan(). False, with
 * `result` untouched, if it is not a number, has a fraction, or is outside of
 * the range, by however little. `-0` is 0.
 */
bool json_integer_read(struct text value, uint64_t highest, uint64_t *result);

#endif
