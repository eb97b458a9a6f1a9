/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Date-times of RFC 3339, kept so that they compare by instant and are
 * written back byte for byte as they were read: offset, number of fraction
 * digits, and the letters' case survive. 16 bytes, as every rocket has two.
 */
#ifndef LUNAR_FORMAT_TIMESTAMP_H
#define LUNAR_FORMAT_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

enum {
    /* "9999-12-31T23:59:59.123456789+23:59" */
    TIMESTAMP_MAX_LENGTH = 35
};

struct timestamp {
    int64_t seconds;      /* since 1970-01-01T00:00:00Z, may be negative */
    uint32_t nanoseconds; /* 0 to 999,999,999 */
    int16_t offset;       /* minutes east of UTC, -1439 to 1439 */
    uint8_t digits;       /* of the fraction as written, 0 to 9 */
    uint8_t spelling;     /* bits private to timestamp.c */
};

/*
 * Read a date-time by RFC 3339 section 5.6, with a full date that exists,
 * an offset, and 1 to 9 fraction digits or none. "T" and "Z" may be lower
 * case (the same section's note). Second 60 is taken where it is 23:59 in
 * UTC, and is the instant of the second that follows (appendix D has the
 * leap seconds; which days had one is not checked). False, with `result`
 * untouched, for anything else.
 */
bool timestamp_parse(struct text text, struct timestamp *result);

/*
 * Write it as it was read; returns the length. No NUL is added, but all of
 * `out` may be written to. Its local year must be 0 to 9999, as that of
 * whatever timestamp_parse() made is.
 */
size_t timestamp_format(const struct timestamp *timestamp,
                        char out[TIMESTAMP_MAX_LENGTH]);

/* Less than, equal to or greater than 0: by instant, not by spelling. */
int timestamp_compare(const struct timestamp *a, const struct timestamp *b);

#endif
