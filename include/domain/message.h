/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One checked message of a rocket, as plain data, and the outcome of applying
 * it. The texts of a message point into the bytes that it was read from and
 * live as long as these.
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

/* 2^53 - 1: the largest integer that every JSON parser reads exactly. */
#define MESSAGE_MAX_NUMBER UINT64_C(9007199254740991)

enum message_type {
    MESSAGE_LAUNCHED,
    MESSAGE_SPEED_INCREASED,
    MESSAGE_SPEED_DECREASED,
    MESSAGE_EXPLODED,
    MESSAGE_MISSION_CHANGED,
};

/*
 * One more than the last type. Not in the enum itself: a switch over the
 * types names each type and nothing else, so the compiler reports a type
 * that is missing.
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

/* What became of a message. Only an applied message changes anything. */
enum message_outcome {
    MESSAGE_APPLIED,
    MESSAGE_DUPLICATE, /* its number is inside a run, above the floor */
    MESSAGE_STALE,     /* its number is inside a run, at or below the floor */
    MESSAGE_NO_MEMORY, /* memory, or the limit on it, is exhausted */
};

/* The outcome in one word, as clients read it. Static. */
struct text message_outcome_name(enum message_outcome outcome);

/*
 * Whether `text` is allowed as a channel or a name in a message: it has 1 to
 * `max_length` bytes and no control characters (U+0000 to U+001F, U+007F).
 */
bool message_is_text(struct text text, size_t max_length);

#endif
