/* SPDX-License-Identifier: Apache-2.0 */
#include "strict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "fuzz.h"
#include "lib/messages.h"

#define CLOCK "([01][0-9]|2[0-3]):[0-5][0-9]"

static bool read_time(char *text, struct strict_time *time)
{
    static struct fuzz_pattern shape = {
        .expression = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T" CLOCK
                      ":([0-5][0-9]|60)([.][0-9]{1,9})?(Z|[+-]" CLOCK ")$",
        .flags = REG_ICASE};
    struct tm tm = {0}, date;
    uint32_t nanoseconds = 0;
    long offset = 0; /* seconds */

    if (!fuzz_match(&shape, text_of(text), NULL))
        return false;
    text[10] = 'T';
    text = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    if (text == NULL)
        return false;
    if (*text == '.') {
        char *point = text;
        nanoseconds = (uint32_t)strtoul(point + 1, &text, 10);
        for (ptrdiff_t digits = text - point - 1; digits < 9; digits++)
            nanoseconds *= 10;
    }
    if (*text == '+' || *text == '-') {
        offset = *text == '-' ? -60 : 60;
        long hours = strtol(text + 1, &text, 10);
        offset *= 60 * hours + strtol(text + 1, NULL, 10);
    }

    /* A date that does not exist becomes another one. */
    int second = tm.tm_sec;
    tm.tm_sec = 0;
    date = tm;
    int64_t minute = timegm(&date);
    if (date.tm_mday != tm.tm_mday)
        return false;
    minute -= offset;
    /* Second 60 is valid only at 23:59 UTC. */
    gmtime_r(&(time_t){minute}, &date);
    if (second == 60 && (date.tm_hour != 23 || date.tm_min != 59))
        return false;
    *time = second == 60
                ? (struct strict_time){minute + 59, 1000000000 + nanoseconds}
                : (struct strict_time){minute + second, nanoseconds};
    return true;
}

bool strict_time_read(struct text text, struct strict_time *time)
{
    char *copy = strndup(text.length > 0 ? text.data : "", text.length);

    if (copy == NULL)
        abort();
    bool good = strlen(copy) == text.length && read_time(copy, time);
    free(copy);
    return good;
}

/*
 * The number is written out, between so many zeros that an exponent of 200 can
 * move its point: 63 characters and an exponent past that are too large, a
 * fraction, or 0, whatever the exponent.
 */
int64_t strict_integer(const char *number, int64_t highest)
{
    enum { POINT = 300, END = 600, FURTHEST = 200 };
    char zeros[END + 1];
    bool negative = *number == '-';
    const char *exponent = strpbrk(number, "eE");
    long moved = exponent == NULL ? 0 : strtol(exponent + 1, NULL, 10);
    const char *digits = number + negative;
    size_t place = POINT - strspn(digits, "0123456789");

    memset(zeros, '0', sizeof(zeros));
    moved = moved > FURTHEST ? FURTHEST : moved < -FURTHEST ? -FURTHEST : moved;
    for (; *digits != '\0' && digits != exponent; digits++) {
        if (*digits != '.')
            zeros[(long)place++ - moved] = *digits;
    }
    zeros[END] = '\0';
    if (strspn(zeros + POINT, "0") < END - POINT)
        return -1;
    zeros[POINT] = '\0';
    errno = 0;
    long long value = strtoll(zeros, NULL, 10);
    if (errno != 0 || value > highest || (negative && value != 0))
        return -1;
    return value;
}

/*
 * cJSON keeps no digits of a number. So numbers are made strings that begin
 * with a byte that no text has: it is never UTF-8.
 */
#define NUMBER_MARK "\xFF"

static cJSON *parse_tree(struct text json)
{
    struct buffer marked = BUFFER_INIT;
    bool in_string = false, in_number = false;

    for (size_t i = 0; i < json.length; i++) {
        char c = json.data[i];
        bool is_number =
            !in_string && (in_number ? strchr("+-.0123456789eE", c) != NULL
                                     : strchr("-0123456789", c) != NULL);
        if (is_number != in_number)
            buffer_append(&marked,
                          is_number ? TEXT("\"" NUMBER_MARK) : TEXT("\""));
        in_number = is_number;
        if (in_string && c == '\\')
            buffer_append(&marked, (struct text){&json.data[i++], 1});
        else if (c == '"')
            in_string = !in_string;
        buffer_append(&marked, (struct text){&json.data[i], 1});
    }
    if (in_number)
        buffer_append(&marked, TEXT("\""));

    struct text text = buffer_text(&marked);
    cJSON *tree =
        cJSON_ParseWithLengthOpts(text.data, text.length, NULL, false);
    FUZZ_CHECK(tree != NULL);
    buffer_release(&marked);
    return tree;
}

static bool is_number(const cJSON *item)
{
    return item != NULL && cJSON_IsString(item) &&
           item->valuestring[0] == NUMBER_MARK[0];
}

/* The value of a member that is given once; else, or of no object, NULL. */
static const cJSON *find_member(const cJSON *object, const char *name)
{
    const cJSON *member, *found = NULL;

    if (!cJSON_IsObject(object))
        return NULL;
    cJSON_ArrayForEach(member, object)
    {
        if (strcmp(member->string, name) != 0)
            continue;
        if (found != NULL)
            return NULL;
        found = member;
    }
    return found;
}

static bool read_text(const cJSON *object, const char *name, size_t longest,
                      struct text *text)
{
    const cJSON *string = find_member(object, name);

    if (string == NULL || !cJSON_IsString(string) || is_number(string))
        return false;
    *text = text_of(string->valuestring);
    for (size_t i = 0; i < text->length; i++) {
        unsigned char byte = (unsigned char)text->data[i];
        if (byte < 0x20 || byte == 0x7F)
            return false;
    }
    return text->length > 0 && text->length <= longest;
}

static bool read_integer(const cJSON *object, const char *name, int64_t lowest,
                         int64_t highest, int64_t *integer)
{
    const cJSON *number = find_member(object, name);

    if (!is_number(number))
        return false;
    *integer = strict_integer(number->valuestring + 1, highest);
    return *integer >= lowest;
}

static bool read_type(const cJSON *metadata, enum message_type *type)
{
    struct text name;

    if (!read_text(metadata, "messageType", SIZE_MAX, &name))
        return false;
    for (unsigned i = 0; i < MESSAGE_TYPE_COUNT; i++) {
        *type = (enum message_type)i;
        if (text_equal(name, text_of(messages_type_name(*type))))
            return true;
    }
    return false;
}

static bool read_payload(const cJSON *payload, struct message *message)
{
    switch (message->type) {
    case MESSAGE_LAUNCHED:
        return read_text(payload, "type", 256, &message->rocket_type) &&
               read_text(payload, "mission", 256, &message->mission) &&
               read_integer(payload, "launchSpeed", 0, 1000000000,
                            &message->speed);
    case MESSAGE_SPEED_INCREASED:
    case MESSAGE_SPEED_DECREASED:
        return read_integer(payload, "by", 0, 1000000000, &message->speed);
    case MESSAGE_EXPLODED:
        return read_text(payload, "reason", 256, &message->reason);
    case MESSAGE_MISSION_CHANGED:
        return read_text(payload, "newMission", 256, &message->mission);
    }
    return false;
}

bool strict_message_read(struct text text, struct strict_message *result)
{
    struct message *message = &result->message;
    int64_t number = 0;

    *result = (struct strict_message){0};
    if (!strict_json_accepts(text))
        return false;
    result->root = parse_tree(text);
    const cJSON *metadata = find_member(result->root, "metadata");
    const cJSON *payload = find_member(result->root, "message");
    if (!cJSON_IsObject(payload) ||
        !read_text(metadata, "channel", 128, &message->channel) ||
        strcmp(message->channel.data, ".") == 0 ||
        strcmp(message->channel.data, "..") == 0 ||
        !read_integer(metadata, "messageNumber", 1, 9007199254740991,
                      &number) ||
        !read_text(metadata, "messageTime", SIZE_MAX, &result->time) ||
        !strict_time_read(result->time, &result->instant) ||
        !read_type(metadata, &message->type))
        return false;
    message->number = (uint64_t)number;
    return read_payload(payload, message);
}
