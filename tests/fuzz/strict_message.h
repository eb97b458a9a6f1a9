/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second implementation of the rules for messages and date-times, based on
 * strict_json.h, for comparison with message_parse.c and timestamp.c. It shares
 * no code with them.
 */
#ifndef LUNAR_TESTS_STRICT_MESSAGE_H
#define LUNAR_TESTS_STRICT_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "domain/message.h"
#include "strict_json.h"

struct strict_time {
    int64_t seconds; /* since 1970-01-01T00:00:00Z */
    uint32_t nanoseconds;
};

/* Read a date-time (RFC 3339). False, with `time` untouched, for other text. */
bool strict_time_read(struct text text, struct strict_time *time);

/* Compare by instant: less than, equal to or greater than 0. */
int strict_time_compare(const struct strict_time *a,
                        const struct strict_time *b);

struct strict_message {
    struct message message; /* its time is zero */
    struct text time;       /* as written */
    struct strict_time instant;
};

/*
 * Read a message. False if the service must refuse it.
 * Ownership: the texts of `message` are those of `json`.
 */
bool strict_message_read(const struct strict_json *json,
                         struct strict_message *message);

#endif
