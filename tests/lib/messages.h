/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages for tests, a line each. The time of a message follows from its
 * number, so that tests which do not care about times need not give any.
 */
#ifndef LUNAR_TESTS_MESSAGES_H
#define LUNAR_TESTS_MESSAGES_H

#include <stdint.h>

#include "base/text.h"
#include "domain/message.h"
#include "format/timestamp.h"

/* 2022-02-02T19:39:05Z */
#define MESSAGES_START INT64_C(1643830745)

static inline struct timestamp messages_time(uint64_t number)
{
    return (struct timestamp){.seconds = MESSAGES_START + (int64_t)number};
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

#endif
