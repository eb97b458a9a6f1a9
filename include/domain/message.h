/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A checked message as plain data, and the outcome of applying it. Parsing
 * and checking are in message_parse.h, the effect of a message in rocket.h.
 *
 * Ownership: the texts of a message are borrowed from the code that made it.
 */
#ifndef LUNAR_DOMAIN_MESSAGE_H
#define LUNAR_DOMAIN_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "format/timestamp.h"

enum {
    MESSAGE_MAX_CHANNEL = 128,      /* bytes */
    MESSAGE_MAX_NAME = 256,         /* bytes: type, mission, reason */
    MESSAGE_MAX_SPEED = 1000000000, /* launchSpeed, by */
};

/*
 * 2^53 - 1: up to here, JSON parsers agree on the value of every integer (RFC
 * 8259 section 6).
 */
#define MESSAGE_MAX_NUMBER UINT64_C(9007199254740991)

enum message_type {
    MESSAGE_LAUNCHED,
    MESSAGE_SPEED_INCREASED,
    MESSAGE_SPEED_DECREASED,
    MESSAGE_EXPLODED,
    MESSAGE_MISSION_CHANGED,
};

/*
 * The number of types. It is not in the enum itself: a switch over the types
 * then has a case for each type and no other, and the compiler reports a type
 * without a case.
 */
enum { MESSAGE_TYPE_COUNT = MESSAGE_MISSION_CHANGED + 1 };

struct message {
    struct text channel; /* the rocket's id, 1 to MESSAGE_MAX_CHANNEL bytes */
    uint64_t number;     /* 1 to MESSAGE_MAX_NUMBER */
    struct timestamp time;
    enum message_type type;
    /* The payload. Members that the type does not have are absent or 0. */
    struct text rocket_type; /* launched: "type" */
    struct text mission;     /* launched: "mission"; changed: "newMission" */
    struct text reason;      /* exploded: "reason" */
    int64_t speed;           /* launched: "launchSpeed"; changes: "by", >= 0 */
};

/* The outcome of applying a message. Only MESSAGE_APPLIED changes a state. */
enum message_outcome {
    MESSAGE_APPLIED,
    MESSAGE_DUPLICATE, /* its number is inside a run, above the floor */
    MESSAGE_STALE,     /* its number is inside a run, at or below the floor */
    MESSAGE_NO_MEMORY, /* memory, or the limit on it, is exhausted */
};

/* The word for an outcome in responses, such as "applied". Static. */
struct text message_outcome_name(enum message_outcome outcome);

/*
 * Whether `text` is valid as a type, mission or reason: it has 1 to
 * `max_length` bytes and no ASCII control characters (U+0000 to U+001F,
 * U+007F). It may be absent, which is invalid.
 */
bool message_is_text(struct text text, size_t max_length);

/*
 * Whether `text` is one of `.` and `..`, which are no channels: in the path of
 * a URL they are dot segments, which clients and proxies remove, also when they
 * are percent-encoded (RFC 3986 section 6.2.2). Such a rocket could be made,
 * but never be read. Every other text can be a segment of a path.
 */
bool message_is_dot_segment(struct text text);

/*
 * Whether message_parse() accepts such a type, mission or reason, or such a
 * channel, of any bytes: for what was stored.
 */
bool message_name_is_valid(struct text name);
bool message_channel_is_valid(struct text channel);

#endif
