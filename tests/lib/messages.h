/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages for tests, in one line each, and the names of the message types.
 * The time of a message follows from its number, so that a test to which
 * times do not matter gives none.
 */
#ifndef LUNAR_TESTS_MESSAGES_H
#define LUNAR_TESTS_MESSAGES_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "domain/message.h"
#include "format/timestamp.h"

/* 2022-02-02T19:39:05Z */
#define MESSAGES_START INT64_C(1643830745)

static inline struct timestamp messages_time(uint64_t number)
{
    return (struct timestamp){.seconds = MESSAGES_START + (int64_t)number};
}

/* By instant, as timestamp.h says: less than, equal to or greater than 0. */
static inline int messages_compare_times(const struct timestamp *a,
                                         const struct timestamp *b)
{
    if (a->seconds != b->seconds)
        return a->seconds < b->seconds ? -1 : 1;
    return (a->nanoseconds > b->nanoseconds) -
           (a->nanoseconds < b->nanoseconds);
}

static inline struct message message_launched(const char *channel,
                                              uint64_t number, const char *type,
                                              const char *mission,
                                              int64_t speed)
{
    return (struct message){
        .channel = text_of(channel),
        .number = number,
        .time = messages_time(number),
        .type = MESSAGE_LAUNCHED,
        .rocket_type = text_of(type),
        .mission = text_of(mission),
        .speed = speed,
    };
}

/* A speed increase by `change`; a decrease if it is negative. */
static inline struct message message_speed(const char *channel, uint64_t number,
                                           int64_t change)
{
    return (struct message){
        .channel = text_of(channel),
        .number = number,
        .time = messages_time(number),
        .type = change < 0 ? MESSAGE_SPEED_DECREASED : MESSAGE_SPEED_INCREASED,
        .speed = change < 0 ? -change : change,
    };
}

static inline struct message
message_exploded(const char *channel, uint64_t number, const char *reason)
{
    return (struct message){
        .channel = text_of(channel),
        .number = number,
        .time = messages_time(number),
        .type = MESSAGE_EXPLODED,
        .reason = text_of(reason),
    };
}

static inline struct message
message_mission(const char *channel, uint64_t number, const char *mission)
{
    return (struct message){
        .channel = text_of(channel),
        .number = number,
        .time = messages_time(number),
        .type = MESSAGE_MISSION_CHANGED,
        .mission = text_of(mission),
    };
}

/* A message of the type. Every member of its payload is set. */
static inline struct message
message_of_type(enum message_type type, const char *channel, uint64_t number)
{
    switch (type) {
    case MESSAGE_LAUNCHED:
        return message_launched(channel, number, "Falcon-9", "ARTEMIS", 500);
    case MESSAGE_SPEED_INCREASED:
        return message_speed(channel, number, 3000);
    case MESSAGE_SPEED_DECREASED:
        return message_speed(channel, number, -2500);
    case MESSAGE_EXPLODED:
        return message_exploded(channel, number, "FROZEN_O_RINGS");
    case MESSAGE_MISSION_CHANGED:
        break;
    }
    return message_mission(channel, number, "SHUTTLE_MIR");
}

/* The type as JSON names it; not taken from the service. */
static inline const char *messages_type_name(enum message_type type)
{
    switch (type) {
    case MESSAGE_LAUNCHED:
        return "RocketLaunched";
    case MESSAGE_SPEED_INCREASED:
        return "RocketSpeedIncreased";
    case MESSAGE_SPEED_DECREASED:
        return "RocketSpeedDecreased";
    case MESSAGE_EXPLODED:
        return "RocketExploded";
    case MESSAGE_MISSION_CHANGED:
        break;
    }
    return "RocketMissionChanged";
}

/* Absent and empty texts differ. */
static inline bool messages_same_text(struct text a, struct text b)
{
    return (a.data == NULL) == (b.data == NULL) && text_equal(a, b);
}

static inline bool messages_same_time(const struct timestamp *a,
                                      const struct timestamp *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

static inline bool messages_same(const struct message *a,
                                 const struct message *b)
{
    /* `type` takes eight bytes, with its padding. */
    static_assert(sizeof(*a) == 4 * sizeof(struct text) + 3 * sizeof(uint64_t) +
                                    sizeof(struct timestamp),
                  "compare a new member of struct message here");
    return messages_same_text(a->channel, b->channel) &&
           a->number == b->number && messages_same_time(&a->time, &b->time) &&
           a->type == b->type &&
           messages_same_text(a->rocket_type, b->rocket_type) &&
           messages_same_text(a->mission, b->mission) &&
           messages_same_text(a->reason, b->reason) && a->speed == b->speed;
}

#endif
