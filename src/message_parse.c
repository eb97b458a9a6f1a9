/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules about messages, as tables: which members an object has, in the
 * order in which they are checked, and for each a function that reads its
 * value. json_scan() goes before cJSON, so that what cJSON is lax about has
 * been refused already and its failing can only mean that memory ended.
 */
#include "message_parse.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "json_scan.h"

enum {
    MAX_MEMBERS = 4,        /* that are read of one object */
    SCRATCH_BYTES = 8192,   /* enough for a message without unknown members */
    SCRATCH_ALIGNMENT = 16, /* as malloc(3) */
};

/*
 * cJSON makes some thirty small allocations for a message and frees them all
 * at once a moment later, which took a third of its time. So each thread has
 * a piece of memory that is handed out from front to end, and begins again
 * when all of it has been given back; what does not fit goes to malloc(3).
 */
static _Thread_local struct {
    _Alignas(SCRATCH_ALIGNMENT) char bytes[SCRATCH_BYTES];
    size_t used;
    unsigned live; /* allocations that have not been given back */
} scratch;

static void *scratch_allocate(size_t size)
{
    size_t rounded =
        (size + SCRATCH_ALIGNMENT - 1) / SCRATCH_ALIGNMENT * SCRATCH_ALIGNMENT;

    if (rounded < size || rounded > SCRATCH_BYTES - scratch.used)
        return malloc(size);
    void *memory = &scratch.bytes[scratch.used];
    scratch.used += rounded;
    scratch.live++;
    return memory;
}

static void scratch_free(void *memory)
{
    uintptr_t start = (uintptr_t)scratch.bytes;

    if ((uintptr_t)memory - start >= SCRATCH_BYTES) {
        free(memory);
        return;
    }
    if (--scratch.live == 0)
        scratch.used = 0;
}

void message_parse_init(void)
{
    cJSON_Hooks hooks = {scratch_allocate, scratch_free};

    cJSON_InitHooks(&hooks);
}

#define STRING_TO(length)                                                      \
    "a string of 1 to " length " bytes without control characters"
#define SPEED "an integer from 0 to 1000000000"

struct member {
    const char *name; /* NULL ends a table */
    const char *path; /* as the sender is told */
    const char *expected;
    /* False if the value is not as expected. */
    bool (*read)(const cJSON *value, struct message *message);
};

static bool read_object(const cJSON *value, struct message *message)
{
    (void)message;
    return cJSON_IsObject(value);
}

static bool read_string(const cJSON *value, size_t max_length,
                        struct text *result)
{
    if (!cJSON_IsString(value))
        return false;

    struct text text = text_of(value->valuestring);
    if (!message_is_text(text, max_length))
        return false;
    *result = text;
    return true;
}

/* Both bounds are exact as a double; every comparison is false for a NaN. */
static bool read_integer(const cJSON *value, uint64_t lowest, uint64_t highest,
                         uint64_t *result)
{
    if (!cJSON_IsNumber(value))
        return false;

    double number = value->valuedouble;
    if (!(number >= (double)lowest && number <= (double)highest))
        return false;
    *result = (uint64_t)number;
    return (double)*result == number;
}

static bool read_channel(const cJSON *value, struct message *message)
{
    return read_string(value, MESSAGE_MAX_CHANNEL, &message->channel);
}

static bool read_number(const cJSON *value, struct message *message)
{
    return read_integer(value, 1, MESSAGE_MAX_NUMBER, &message->number);
}

static bool read_time(const cJSON *value, struct message *message)
{
    return cJSON_IsString(value) &&
           timestamp_parse(text_of(value->valuestring), &message->time);
}

static bool read_rocket_type(const cJSON *value, struct message *message)
{
    return read_string(value, MESSAGE_MAX_NAME, &message->rocket_type);
}

static bool read_mission(const cJSON *value, struct message *message)
{
    return read_string(value, MESSAGE_MAX_NAME, &message->mission);
}

static bool read_reason(const cJSON *value, struct message *message)
{
    return read_string(value, MESSAGE_MAX_NAME, &message->reason);
}

static bool read_speed(const cJSON *value, struct message *message)
{
    uint64_t speed;

    if (!read_integer(value, 0, MESSAGE_MAX_SPEED, &speed))
        return false;
    message->speed = (int64_t)speed;
    return true;
}

static bool read_message_type(const cJSON *value, struct message *message);

static const struct member root_members[] = {
    {"metadata", "metadata", "an object", read_object},
    {"message", "message", "an object", read_object},
    {NULL, NULL, NULL, NULL},
};

static const struct member metadata_members[] = {
    {"channel", "metadata.channel", STRING_TO("128"), read_channel},
    {"messageNumber", "metadata.messageNumber",
     "an integer from 1 to 9007199254740991", read_number},
    {"messageTime", "metadata.messageTime",
     "an RFC 3339 date-time with offset, such as "
     "2022-02-02T19:39:05.86337+01:00",
     read_time},
    {"messageType", "metadata.messageType",
     "one of RocketLaunched, RocketSpeedIncreased, RocketSpeedDecreased, "
     "RocketExploded, RocketMissionChanged",
     read_message_type},
    {NULL, NULL, NULL, NULL},
};

static const struct member launched_members[] = {
    {"type", "message.type", STRING_TO("256"), read_rocket_type},
    {"launchSpeed", "message.launchSpeed", SPEED, read_speed},
    {"mission", "message.mission", STRING_TO("256"), read_mission},
    {NULL, NULL, NULL, NULL},
};

static const struct member speed_members[] = {
    {"by", "message.by", SPEED, read_speed},
    {NULL, NULL, NULL, NULL},
};

static const struct member exploded_members[] = {
    {"reason", "message.reason", STRING_TO("256"), read_reason},
    {NULL, NULL, NULL, NULL},
};

static const struct member mission_changed_members[] = {
    {"newMission", "message.newMission", STRING_TO("256"), read_mission},
    {NULL, NULL, NULL, NULL},
};

static const struct {
    const char *name;
    const struct member *members; /* of `message` */
} message_types[] = {
    [MESSAGE_LAUNCHED] = {"RocketLaunched", launched_members},
    [MESSAGE_SPEED_INCREASED] = {"RocketSpeedIncreased", speed_members},
    [MESSAGE_SPEED_DECREASED] = {"RocketSpeedDecreased", speed_members},
    [MESSAGE_EXPLODED] = {"RocketExploded", exploded_members},
    [MESSAGE_MISSION_CHANGED] = {"RocketMissionChanged",
                                 mission_changed_members},
};

static_assert(sizeof(metadata_members) / sizeof(*metadata_members) ==
                  MAX_MEMBERS + 1,
              "the longest table; its last row is the end");

static bool read_message_type(const cJSON *value, struct message *message)
{
    if (!cJSON_IsString(value))
        return false;
    for (size_t i = 0; i < sizeof(message_types) / sizeof(message_types[0]);
         i++) {
        if (strcmp(value->valuestring, message_types[i].name) == 0) {
            message->type = (enum message_type)i;
            return true;
        }
    }
    return false;
}

__attribute__((format(printf, 2, 3))) static bool
refuse(struct parsed_message *parsed, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(parsed->detail, sizeof(parsed->detail), format, arguments);
    va_end(arguments);
    return false;
}

/*
 * One walk over `object`: the value of each member of the table, in its
 * order, NULL where it is missing. False where one is given twice.
 */
static bool find_members(struct parsed_message *parsed, const cJSON *object,
                         const struct member *members,
                         const cJSON *values[MAX_MEMBERS])
{
    const cJSON *child;

    for (size_t i = 0; i < MAX_MEMBERS; i++)
        values[i] = NULL;
    cJSON_ArrayForEach(child, object)
    {
        for (size_t i = 0; members[i].name != NULL; i++) {
            if (strcmp(child->string, members[i].name) != 0)
                continue;
            if (values[i] != NULL)
                return refuse(parsed, "%s is given twice", members[i].path);
            values[i] = child;
            break;
        }
    }
    return true;
}

static bool read_member(struct parsed_message *parsed,
                        const struct member *member, const cJSON *value)
{
    if (value == NULL)
        return refuse(parsed, "%s is missing: expected %s", member->path,
                      member->expected);
    if (!member->read(value, &parsed->message))
        return refuse(parsed, "%s must be %s", member->path, member->expected);
    return true;
}

static bool read_members(struct parsed_message *parsed, const cJSON *object,
                         const struct member *members)
{
    const cJSON *values[MAX_MEMBERS];

    if (!find_members(parsed, object, members, values))
        return false;
    for (size_t i = 0; members[i].name != NULL; i++) {
        if (!read_member(parsed, &members[i], values[i]))
            return false;
    }
    return true;
}

/* The metadata are read first: they tell what `message` must hold. */
static bool read_root(struct parsed_message *parsed, const cJSON *root)
{
    const cJSON *values[MAX_MEMBERS];

    if (!cJSON_IsObject(root))
        return refuse(parsed, "the body must be a JSON object");
    return find_members(parsed, root, root_members, values) &&
           read_member(parsed, &root_members[0], values[0]) &&
           read_members(parsed, values[0], metadata_members) &&
           read_member(parsed, &root_members[1], values[1]) &&
           read_members(parsed, values[1],
                        message_types[parsed->message.type].members);
}

enum parse_status message_parse(struct text body, struct parsed_message *parsed)
{
    struct json_error error;

    memset(&parsed->message, 0, sizeof(parsed->message));
    parsed->document = NULL;
    if (!json_scan(body, &error)) {
        refuse(parsed, "the body is not JSON: at byte %zu: %s", error.offset,
               error.reason);
        return PARSE_INVALID;
    }
    parsed->document =
        cJSON_ParseWithLengthOpts(body.data, body.length + 1, NULL, true);
    if (parsed->document == NULL)
        return PARSE_NO_MEMORY;
    if (!read_root(parsed, parsed->document)) {
        message_parse_release(parsed);
        return PARSE_INVALID;
    }
    return PARSE_OK;
}

void message_parse_release(struct parsed_message *parsed)
{
    cJSON_Delete(parsed->document);
    parsed->document = NULL;
}
