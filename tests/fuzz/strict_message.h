/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules about messages and their times said a second time, on top of
 * strict_json.h, for comparison with message_parse.c and timestamp.c, whose
 * code they do not share.
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

/* False, with `time` untouched, unless `text` is a date-time of RFC 3339. */
bool strict_time_read(struct text text, struct strict_time *time);

/* Less than, equal to or greater than 0: by instant. */
int strict_time_compare(const struct strict_time *a,
                        const struct strict_time *b);

struct strict_message {
    struct message message; /* but for its time, which is zero */
    struct text time;       /* as written */
    struct strict_time instant;
};

/*
 * False unless `json` is a message that the service is to take. Texts in
 * `message` are those of `json`.
 */
bool strict_message_read(const struct strict_json *json,
                         struct strict_message *message);

#endif
