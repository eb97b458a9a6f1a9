/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record is, in the parts of packed.h,
 *
 *     kind        1 byte
 *     channel     an id, with enum message_type in its first byte
 *     number      a varint
 *     time
 *     payload     the members of the type, in the order of its JSON: texts, and
 *                 varints
 *
 * Each message has one form and no other.
 */
#include "store/record.h"

#include <assert.h>
#include <string.h>

#include "format/packed.h"

static_assert(MESSAGE_LAUNCHED == 0 && MESSAGE_SPEED_INCREASED == 1 &&
                  MESSAGE_SPEED_DECREASED == 2 && MESSAGE_EXPLODED == 3 &&
                  MESSAGE_MISSION_CHANGED == 4,
              "journals hold these numbers: add types at the end");
static_assert(2 + (2 + MESSAGE_MAX_CHANNEL) + PACKED_TIME_ROOM +
                      2 * (2 + MESSAGE_MAX_NAME) + 2 * PACKED_VARINT_ROOM <=
                  RECORD_MAX,
              "the longest record is a launch");
static_assert((int)RECORD_UUID_TEXT == (int)PACKED_UUID_TEXT,
              "record.h does not know the form");

static char *write_payload(char *at, const struct message *message)
{
    switch (message->type) {
    case MESSAGE_LAUNCHED:
        at = packed_put_text(at, message->rocket_type);
        at = packed_put_varint(at, (uint64_t)message->speed);
        return packed_put_text(at, message->mission);
    case MESSAGE_SPEED_INCREASED:
    case MESSAGE_SPEED_DECREASED:
        return packed_put_varint(at, (uint64_t)message->speed);
    case MESSAGE_EXPLODED:
        return packed_put_text(at, message->reason);
    case MESSAGE_MISSION_CHANGED:
        break;
    }
    return packed_put_text(at, message->mission);
}

size_t record_write(const struct message *message, char *out)
{
    char *at = packed_put_byte(out, RECORD_MESSAGE);

    at = packed_put_id(at, message->channel, message->type);
    at = packed_put_varint(at, message->number);
    at = packed_put_time(at, &message->time);
    at = write_payload(at, message);
    return (size_t)(at - out);
}

static struct text read_name(struct packed *in)
{
    struct text name = packed_take_text(in, MESSAGE_MAX_NAME);

    if (!in->failed && !message_name_is_valid(name))
        in->failed = true;
    return name;
}

static struct text read_channel(struct packed *in, unsigned first, char *uuid)
{
    struct text channel = packed_take_id(in, first, MESSAGE_MAX_CHANNEL, uuid);

    /* A UUID is always valid. */
    if (!in->failed && (first & PACKED_UUID) == 0 &&
        !message_channel_is_valid(channel))
        in->failed = true;
    return channel;
}

static void read_payload(struct packed *in, struct message *message)
{
    switch (message->type) {
    case MESSAGE_LAUNCHED:
        message->rocket_type = read_name(in);
        message->speed = (int64_t)packed_take_varint(in, 0, MESSAGE_MAX_SPEED);
        message->mission = read_name(in);
        return;
    case MESSAGE_SPEED_INCREASED:
    case MESSAGE_SPEED_DECREASED:
        message->speed = (int64_t)packed_take_varint(in, 0, MESSAGE_MAX_SPEED);
        return;
    case MESSAGE_EXPLODED:
        message->reason = read_name(in);
        return;
    case MESSAGE_MISSION_CHANGED:
        message->mission = read_name(in);
        return;
    }
}

enum record_result record_read(struct text *records, struct record *record)
{
    struct packed in = {*records, false};
    struct message *message = &record->message;
    uint8_t kind = packed_take_byte(&in);
    uint8_t first = packed_take_byte(&in); /* of the channel */
    unsigned type = first & ~(unsigned)PACKED_UUID;

    /* Zeros are what a lost block of a disk reads as: no version's kind. */
    if (in.failed || kind == 0)
        return RECORD_DAMAGED;
    if (kind != RECORD_MESSAGE || type >= MESSAGE_TYPE_COUNT)
        return RECORD_UNKNOWN;

    record->kind = RECORD_MESSAGE;
    memset(message, 0, sizeof(*message));
    message->type = (enum message_type)type;
    message->channel = read_channel(&in, first, record->uuid);
    message->number = packed_take_varint(&in, 1, MESSAGE_MAX_NUMBER);
    message->time = packed_take_time(&in);
    read_payload(&in, message);
    if (in.failed)
        return RECORD_DAMAGED;
    *records = in.rest;
    return RECORD_OK;
}
