/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Integers and strings without escapes are read in place. cJSON reads only
 * strings with escapes, one at a time: having it parse the whole text took
 * three quarters of the time of a message.
 */
#include "message_members.h"

#include <assert.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "format/json_integer.h"
#include "format/json_object.h"

#define STRING_TO(length)                                                      \
    "a string of 1 to " length " bytes without control characters"
#define SPEED "an integer from 0 to 1000000000"

#define NAME(literal)                                                          \
    {                                                                          \
        literal, sizeof(literal) - 1                                           \
    }
#define END                                                                    \
    {                                                                          \
        {NULL, 0}, NULL, NULL, NULL                                            \
    }

/* The scan has accepted the text, so NULL means that memory is exhausted. */
static cJSON *read_value(struct text value)
{
    return cJSON_ParseWithLengthOpts(value.data, value.length, NULL, false);
}

static enum parse_status read_object(struct parsed_message *parsed,
                                     struct text value)
{
    struct json_object object;

    (void)parsed;
    return json_object_open(&object, value) ? PARSE_OK : PARSE_INVALID;
}

static struct text without_quotes(struct text string)
{
    return (struct text){string.data + 1, string.length - 2};
}

static bool has_escapes(struct text string)
{
    return memchr(string.data, '\\', string.length) != NULL;
}

static enum parse_status read_string(struct parsed_message *parsed,
                                     struct text value, struct text *result)
{
    if (value.data[0] != '"')
        return PARSE_INVALID;
    if (!has_escapes(value)) {
        *result = without_quotes(value);
        return PARSE_OK;
    }

    cJSON *string = read_value(value);
    if (string == NULL)
        return PARSE_NO_MEMORY;
    assert(parsed->unescaped_count < PARSE_MAX_TEXTS);
    parsed->unescaped[parsed->unescaped_count++] = string;
    *result = text_of(string->valuestring);
    return PARSE_OK;
}

static enum parse_status read_text(struct parsed_message *parsed,
                                   struct text value, size_t max_length,
                                   struct text *result)
{
    struct text text;
    enum parse_status status = read_string(parsed, value, &text);

    if (status != PARSE_OK)
        return status;
    if (!message_is_text(text, max_length))
        return PARSE_INVALID;
    *result = text;
    return PARSE_OK;
}

static enum parse_status read_integer(struct text value, uint64_t lowest,
                                      uint64_t highest, uint64_t *result)
{
    uint64_t number;

    if (!json_integer_read(value, highest, &number) || number < lowest)
        return PARSE_INVALID;
    *result = number;
    return PARSE_OK;
}

static enum parse_status read_channel(struct parsed_message *parsed,
                                      struct text value)
{
    struct text *channel = &parsed->message.channel;
    enum parse_status status =
        read_text(parsed, value, MESSAGE_MAX_CHANNEL, channel);

    if (status != PARSE_OK || !message_is_dot_segment(*channel))
        return status;
    parsed->problem = "in the path of a URL these mean folders, so the rocket "
                      "could not be read";
    return PARSE_INVALID;
}

static enum parse_status read_number(struct parsed_message *parsed,
                                     struct text value)
{
    return read_integer(value, 1, MESSAGE_MAX_NUMBER, &parsed->message.number);
}

static enum parse_status read_time(struct parsed_message *parsed,
                                   struct text value)
{
    struct text text;
    enum parse_status status = read_string(parsed, value, &text);

    if (status != PARSE_OK)
        return status;
    return timestamp_parse(text, &parsed->message.time, &parsed->problem)
               ? PARSE_OK
               : PARSE_INVALID;
}

static enum parse_status read_rocket_type(struct parsed_message *parsed,
                                          struct text value)
{
    return read_text(parsed, value, MESSAGE_MAX_NAME,
                     &parsed->message.rocket_type);
}

static enum parse_status read_mission(struct parsed_message *parsed,
                                      struct text value)
{
    return read_text(parsed, value, MESSAGE_MAX_NAME, &parsed->message.mission);
}

static enum parse_status read_reason(struct parsed_message *parsed,
                                     struct text value)
{
    return read_text(parsed, value, MESSAGE_MAX_NAME, &parsed->message.reason);
}

static enum parse_status read_speed(struct parsed_message *parsed,
                                    struct text value)
{
    uint64_t speed;
    enum parse_status status =
        read_integer(value, 0, MESSAGE_MAX_SPEED, &speed);

    if (status == PARSE_OK)
        parsed->message.speed = (int64_t)speed;
    return status;
}

static enum parse_status read_message_type(struct parsed_message *parsed,
                                           struct text value);

/* A table that is too long does not compile without a warning. */
const struct message_member message_members_root[MESSAGE_MAX_MEMBERS + 1] = {
    {NAME("metadata"), "metadata", "an object", read_object},
    {NAME("message"), "message", "an object", read_object},
    END,
};

const struct message_member message_members_metadata[MESSAGE_MAX_MEMBERS + 1] =
    {
        {NAME("channel"), "metadata.channel",
         STRING_TO("128") ", other than . and ..", read_channel},
        {NAME("messageNumber"), "metadata.messageNumber",
         "an integer from 1 to 9007199254740991", read_number},
        {NAME("messageTime"), "metadata.messageTime",
         "an RFC 3339 date-time with offset, such as "
         "2022-02-02T19:39:05.86337+01:00",
         read_time},
        {NAME("messageType"), "metadata.messageType",
         "one of RocketLaunched, RocketSpeedIncreased, RocketSpeedDecreased, "
         "RocketExploded, RocketMissionChanged",
         read_message_type},
        END,
};

static const struct message_member launched_members[MESSAGE_MAX_MEMBERS + 1] = {
    {NAME("type"), "message.type", STRING_TO("256"), read_rocket_type},
    {NAME("launchSpeed"), "message.launchSpeed", SPEED, read_speed},
    {NAME("mission"), "message.mission", STRING_TO("256"), read_mission},
    END,
};

static const struct message_member speed_members[MESSAGE_MAX_MEMBERS + 1] = {
    {NAME("by"), "message.by", SPEED, read_speed},
    END,
};

static const struct message_member exploded_members[MESSAGE_MAX_MEMBERS + 1] = {
    {NAME("reason"), "message.reason", STRING_TO("256"), read_reason},
    END,
};

static const struct message_member mission_changed_members[MESSAGE_MAX_MEMBERS +
                                                           1] = {
    {NAME("newMission"), "message.newMission", STRING_TO("256"), read_mission},
    END,
};

/* One row a message type. message_members_metadata has the names as well. */
static const struct {
    struct text name;
    const struct message_member *members; /* of `message` */
} message_types[] = {
    [MESSAGE_LAUNCHED] = {NAME("RocketLaunched"), launched_members},
    [MESSAGE_SPEED_INCREASED] = {NAME("RocketSpeedIncreased"), speed_members},
    [MESSAGE_SPEED_DECREASED] = {NAME("RocketSpeedDecreased"), speed_members},
    [MESSAGE_EXPLODED] = {NAME("RocketExploded"), exploded_members},
    [MESSAGE_MISSION_CHANGED] = {NAME("RocketMissionChanged"),
                                 mission_changed_members},
};

static_assert(sizeof(message_types) / sizeof(*message_types) ==
                  MESSAGE_TYPE_COUNT,
              "a row for each type");

static enum parse_status read_message_type(struct parsed_message *parsed,
                                           struct text value)
{
    struct text name;
    enum parse_status status = read_string(parsed, value, &name);

    if (status != PARSE_OK)
        return status;
    for (size_t i = 0; i < MESSAGE_TYPE_COUNT; i++) {
        if (text_equal(name, message_types[i].name)) {
            parsed->message.type = (enum message_type)i;
            return PARSE_OK;
        }
    }
    return PARSE_INVALID;
}

const struct message_member *message_members_of(enum message_type type)
{
    return message_types[type].members;
}

/*
 * The index of the row named `name`, or of the last row, which has no name.
 * Members are nearly always in the table's order, so row `next` is tried
 * first.
 */
static size_t find_row(const struct message_member *members, struct text name,
                       size_t next)
{
    size_t row = 0;

    if (text_equal(name, members[next].name))
        return next;
    while (members[row].name.data != NULL &&
           !text_equal(name, members[row].name))
        row++;
    return row;
}

bool message_members_find(const struct message_member *members,
                          struct text written, size_t next, size_t *row)
{
    if (!has_escapes(written)) {
        *row = find_row(members, without_quotes(written), next);
        return true;
    }
    cJSON *name = read_value(written);
    if (name != NULL)
        *row = find_row(members, text_of(name->valuestring), next);
    cJSON_Delete(name);
    return name != NULL;
}
