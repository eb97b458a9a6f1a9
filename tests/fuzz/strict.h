/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Second, simple implementations of what the service reads: JSON by
 * tables, messages by cJSON's tree, integers by writing them out, date-times by
 * a regular expression and timegm(3). They share no code with json_scan.c,
 * json_integer.c, message_parse.c and timestamp.c, so that a common error is
 * unlikely.
 */
#ifndef LUNAR_TESTS_STRICT_H
#define LUNAR_TESTS_STRICT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "domain/message.h"

#define STRICT_NOWHERE SIZE_MAX

/*
 * The offset of the first byte that is invalid, or past a limit of the service:
 * lone surrogates, U+0000 in strings, more than 64 levels, numbers of more than
 * 63 characters. The length if the text is incomplete; STRICT_NOWHERE if it is
 * JSON (RFC 8259) that the service must accept. `may_be_later` becomes whether
 * the number or escape may be invalid at a later byte as well.
 */
size_t strict_json_error(struct text text, bool *may_be_later);

bool strict_json_accepts(struct text text);

/* Whether the text is JSON by the grammar of RFC 8259, which has no limits. */
bool strict_json_is_json(struct text text);

/* The value of a JSON number that is an integer from 0 to `highest`; else -1.
 */
int64_t strict_integer(const char *number, int64_t highest);

struct strict_time {
    int64_t seconds;      /* since 1970-01-01T00:00:00Z */
    uint32_t nanoseconds; /* from 10^9 on in the leap second that follows */
};

/* Read a date-time (RFC 3339). False, with `time` undefined, for other text. */
bool strict_time_read(struct text text, struct strict_time *time);

struct strict_message {
    cJSON *root;            /* or NULL; the texts below point into it */
    struct message message; /* its time is zero */
    struct text time;       /* as written */
    struct strict_time instant;
};

/*
 * Read a message. False if the service must refuse it.
 * Ownership: the caller deletes `root` in either case.
 */
bool strict_message_read(struct text text, struct strict_message *message);

#endif
