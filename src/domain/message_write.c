/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members are written in the order of the tables of message_members.h, in
 * which message_parse() looks for them first. Only quotes and backslashes are
 * escaped, as a message has no other characters that need it.
 */
#include "domain/message_write.h"

#include <assert.h>

#include "base/buffer.h"
#include "format/json_write.h"

enum {
    FIXED = 192, /* bytes of names and punctuation, at least */
    STRINGS = 6 * (MESSAGE_MAX_CHANNEL + 2 * MESSAGE_MAX_NAME) + 3 * 4,
};

static_assert(FIXED + STRINGS + TIMESTAMP_MAX_LENGTH +
                      2 * BUFFER_INTEGER_ROOM <=
                  MESSAGE_WRITE_MAX,
              "the longest message is a launch; see json_room()");

static char *put_speed(char *at, const struct message *message)
{
    at = buffer_put(at, TEXT("{\"by\":"));
    return buffer_put_unsigned(at, (uint64_t)message->speed);
}

/* The rest of the metadata, and the payload without its last brace. */
static char *put_type(char *at, const struct message *message)
{
    switch (message->type) {
    case MESSAGE_LAUNCHED:
        at = buffer_put(at, TEXT("RocketLaunched\"},\"message\":{\"type\":"));
        at = json_put(at, message->rocket_type);
        at = buffer_put(at, TEXT(",\"launchSpeed\":"));
        at = buffer_put_unsigned(at, (uint64_t)message->speed);
        at = buffer_put(at, TEXT(",\"mission\":"));
        return json_put(at, message->mission);
    case MESSAGE_SPEED_INCREASED:
        at = buffer_put(at, TEXT("RocketSpeedIncreased\"},\"message\":"));
        return put_speed(at, message);
    case MESSAGE_SPEED_DECREASED:
        at = buffer_put(at, TEXT("RocketSpeedDecreased\"},\"message\":"));
        return put_speed(at, message);
    case MESSAGE_EXPLODED:
        at = buffer_put(at, TEXT("RocketExploded\"},\"message\":{\"reason\":"));
        return json_put(at, message->reason);
    case MESSAGE_MISSION_CHANGED:
        break;
    }
    at = buffer_put(
        at, TEXT("RocketMissionChanged\"},\"message\":{\"newMission\":"));
    return json_put(at, message->mission);
}

size_t message_write(const struct message *message, char out[MESSAGE_WRITE_MAX])
{
    char *at = buffer_put(out, TEXT("{\"metadata\":{\"channel\":"));

    at = json_put(at, message->channel);
    at = buffer_put(at, TEXT(",\"messageNumber\":"));
    at = buffer_put_unsigned(at, message->number);
    at = buffer_put(at, TEXT(",\"messageTime\":\""));
    at += timestamp_format(&message->time, at);
    at = buffer_put(at, TEXT("\",\"messageType\":\""));
    at = put_type(at, message);
    at = buffer_put(at, TEXT("}}"));
    return (size_t)(at - out);
}
