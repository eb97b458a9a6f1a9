/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_scan() runs first. It rejects invalid JSON, so the code that follows
 * can search for members without checking syntax. Then the members are read in
 * the order of the tables of message_members.h, which have the rules.
 */
#include "domain/message_parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "format/json_error.h"
#include "format/json_object.h"
#include "format/json_scan.h"
#include "message_members.h"

/* Set `detail`. Returns PARSE_INVALID. */
__attribute__((format(printf, 2, 3))) static enum parse_status
refuse_message(struct parsed_message *parsed, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(parsed->detail, sizeof(parsed->detail), format, arguments);
    va_end(arguments);
    parsed->is_several = false;
    return PARSE_INVALID;
}

/*
 * Find the values of the table's members in one walk over `text`. A value is
 * absent if its member is missing. PARSE_INVALID if a member is given twice.
 */
static enum parse_status find_members(struct parsed_message *parsed,
                                      struct text text,
                                      const struct message_member *members,
                                      struct text values[MESSAGE_MAX_MEMBERS])
{
    struct json_object object;
    struct json_member member;
    size_t next = 0, row;

    for (size_t i = 0; i < MESSAGE_MAX_MEMBERS; i++)
        values[i] = (struct text){NULL, 0};
    json_object_open(&object, text);
    while (json_object_next(&object, &member)) {
        if (!message_members_find(members, member.name, next, &row))
            return PARSE_NO_MEMORY;
        if (members[row].name.data == NULL)
            continue;
        if (values[row].data != NULL)
            return refuse_message(parsed, "%s is given twice",
                                  members[row].path);
        values[row] = member.value;
        next = row + 1;
    }
    return PARSE_OK;
}

static enum parse_status read_member(struct parsed_message *parsed,
                                     const struct message_member *member,
                                     struct text value)
{
    if (value.data == NULL)
        return refuse_message(parsed, "%s is missing: expected %s",
                              member->path, member->expected);
    enum parse_status status = member->read(parsed, value);
    if (status == PARSE_INVALID)
        return refuse_message(parsed, "%s must be %s%s%s", member->path,
                              member->expected,
                              parsed->problem != NULL ? ": " : "",
                              parsed->problem != NULL ? parsed->problem : "");
    return status;
}

static enum parse_status read_members(struct parsed_message *parsed,
                                      struct text object,
                                      const struct message_member *members)
{
    struct text values[MESSAGE_MAX_MEMBERS];
    enum parse_status status = find_members(parsed, object, members, values);

    for (size_t i = 0; status == PARSE_OK && members[i].name.data != NULL; i++)
        status = read_member(parsed, &members[i], values[i]);
    return status;
}

/* Read the metadata first: the type decides the members of `message`. */
static enum parse_status read_root(struct parsed_message *parsed,
                                   struct text root)
{
    struct text values[MESSAGE_MAX_MEMBERS];
    enum parse_status status =
        find_members(parsed, root, message_members_root, values);

    if (status == PARSE_OK)
        status = read_member(parsed, &message_members_root[0], values[0]);
    if (status == PARSE_OK)
        status = read_members(parsed, values[0], message_members_metadata);
    if (status == PARSE_OK)
        status = read_member(parsed, &message_members_root[1], values[1]);
    if (status == PARSE_OK)
        status = read_members(parsed, values[1],
                              message_members_of(parsed->message.type));
    return status;
}

static bool is_white_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Whether a text that is no message begins as if it were several. */
static bool is_several(struct text body, bool has_text_after)
{
    while (body.length > 0 && is_white_space(body.data[0]))
        body = text_skip(body, 1);
    return body.length > 0 &&
           (body.data[0] == '[' || (body.data[0] == '{' && has_text_after));
}

enum parse_status message_parse(struct text body, struct parsed_message *parsed)
{
    struct json_object object;
    struct json_error error;
    char problem[JSON_ERROR_SIZE];

    memset(&parsed->message, 0, sizeof(parsed->message));
    parsed->unescaped_count = 0;
    parsed->problem = NULL;
    if (!json_scan(body, &error)) {
        json_error_write(&error, body, problem);
        refuse_message(parsed, "the message %s", problem);
        parsed->is_several = is_several(body, error.fault == JSON_TEXT_AFTER);
        return PARSE_INVALID;
    }
    if (!json_object_open(&object, body)) {
        refuse_message(parsed, "the message must be a JSON object");
        parsed->is_several = is_several(body, false);
        return PARSE_INVALID;
    }

    enum parse_status status = read_root(parsed, body);
    if (status != PARSE_OK)
        message_parse_release(parsed);
    return status;
}

void message_parse_release(struct parsed_message *parsed)
{
    while (parsed->unescaped_count > 0)
        cJSON_Delete(parsed->unescaped[--parsed->unescaped_count]);
}
