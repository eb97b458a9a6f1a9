/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Date-times (RFC 3339). They compare by instant, and are written byte for byte
 * as they were read: the offset, the number of fraction digits and the case of
 * letters are kept. 16 bytes each, as every rocket has two.
 *
 * A leap second has the `seconds` of the second before it, 23:59:59 UTC, and
 * its `nanoseconds` go on from 10^9. So times are in order by `seconds`, then
 * `nanoseconds`, although POSIX gives a leap second no number of its own.
 */
#ifndef LUNAR_FORMAT_TIMESTAMP_H
#define LUNAR_FORMAT_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

enum {
    /* "9999-12-31T23:59:59.123456789+23:59" */
    TIMESTAMP_MAX_LENGTH = 35,
    TIMESTAMP_MAX_NANOSECONDS = 1999999999, /* the end of a leap second */
};

struct timestamp {
    int64_t seconds;      /* since 1970-01-01T00:00:00Z; may be negative */
    uint32_t nanoseconds; /* 0 to TIMESTAMP_MAX_NANOSECONDS */
    int16_t offset;       /* minutes east of UTC, -1439 to 1439 */
    uint8_t digits;       /* of the fraction as written, 0 to 9 */
    uint8_t spelling;     /* flags private to timestamp.c; at most 15 */
};

/*
 * Read a date-time (RFC 3339 section 5.6): a date that exists, a time with no
 * fraction or 1 to 9 digits of it, and an offset. "T" and "Z" may be lower case
 * (note in that section). Second 60 is accepted only at 23:59 UTC (appendix D
 * lists the leap seconds; whether the day had one is not checked). False, with
 * `result` untouched, for anything else; `problem` then says which part is
 * wrong, as in "the month has no such day". It is static.
 */
bool timestamp_parse(struct text text, struct timestamp *result,
                     const char **problem);

/*
 * Write the date-time as it was read. Returns its length. No NUL is added, but
 * all bytes of `out` may be written. The local year must be 0 to 9999, as it is
 * in every result of timestamp_parse().
 */
size_t timestamp_format(const struct timestamp *timestamp,
                        char out[TIMESTAMP_MAX_LENGTH]);

/*
 * Whether timestamp_parse() can have made this, which may have any values: for
 * what was stored.
 */
bool timestamp_is_valid(const struct timestamp *timestamp);

#endif
