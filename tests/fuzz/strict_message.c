/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Date-times by fixed positions and a day count, members by searches in the
 * events of strict_json.c.
 */
#include "strict_message.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lib/messages.h"

/* Whether `text` matches `shape`, in which 9 stands for any digit. */
static bool has_shape(struct text text, const char *shape)
{
    if (text.length != strlen(shape))
        return false;
    for (size_t i = 0; i < text.length; i++) {
        bool digit = text.data[i] >= '0' && text.data[i] <= '9';
        if (shape[i] == '9' ? !digit : text.data[i] != shape[i])
            return false;
    }
    return true;
}

/* The number in `digits` decimal digits at `at`; at most nine digits. */
static int number_at(struct text text, size_t at, size_t digits)
{
    int number = 0;

    for (size_t i = at; i < at + digits; i++)
        number = number * 10 + (text.data[i] - '0');
    return number;
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of(int year, int month)
{
    if (month == 2)
        return is_leap(year) ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/* Days from 0000-01-01 to a date. The quotients count the leap years. */
static int64_t days_until(int year, int month, int day)
{
    int64_t days = INT64_C(365) * year + (year + 3) / 4 - (year + 99) / 100 +
                   (year + 399) / 400;

    for (int earlier = 1; earlier < month; earlier++)
        days += days_of(year, earlier);
    return days + day - 1;
}

/* Remove `length` bytes from the front of `rest`. Returns them. */
static struct text take_front(struct text *rest, size_t length)
{
    struct text front = {rest->data, length};

    *rest = (struct text){rest->data + length, rest->length - length};
    return front;
}

static bool read_fraction(struct text *rest, uint32_t *nanoseconds)
{
    static const char digits[] = "0123456789";
    size_t length = 1;
    int value;

    *nanoseconds = 0;
    if (rest->length == 0 || rest->data[0] != '.')
        return true;
    while (length < rest->length && rest->data[length] != '\0' &&
           strchr(digits, rest->data[length]) != NULL)
        length++;
    if (length < 2 || length > 10)
        return false;
    value = number_at(*rest, 1, length - 1);
    for (size_t i = length - 1; i < 9; i++)
        value *= 10;
    *nanoseconds = (uint32_t)value;
    take_front(rest, length);
    return true;
}

/* Read the offset, in minutes. */
static bool read_offset(struct text rest, int *offset)
{
    *offset = 0;
    if (has_shape(rest, "Z") || has_shape(rest, "z"))
        return true;
    if (!has_shape(rest, "+99:99") && !has_shape(rest, "-99:99"))
        return false;

    int hours = number_at(rest, 1, 2);
    int minutes = number_at(rest, 4, 2);
    *offset = (hours * 60 + minutes) * (rest.data[0] == '-' ? -1 : 1);
    return hours <= 23 && minutes <= 59;
}

static bool date_exists(int year, int month, int day)
{
    return month >= 1 && month <= 12 && day >= 1 && day <= days_of(year, month);
}

bool strict_time_read(struct text text, struct strict_time *time)
{
    uint32_t nanoseconds;
    int offset;

    if (text.length < 19)
        return false;
    struct text date = take_front(&text, 10);
    struct text letter = take_front(&text, 1);
    struct text clock = take_front(&text, 8);
    if (!has_shape(date, "9999-99-99") || !has_shape(clock, "99:99:99") ||
        (*letter.data != 'T' && *letter.data != 't') ||
        !read_fraction(&text, &nanoseconds) || !read_offset(text, &offset))
        return false;

    int year = number_at(date, 0, 4);
    int month = number_at(date, 5, 2);
    int day = number_at(date, 8, 2);
    int hour = number_at(clock, 0, 2);
    int minute = number_at(clock, 3, 2);
    int second = number_at(clock, 6, 2);
    if (!date_exists(year, month, day) || hour > 23 || minute > 59 ||
        second > 60)
        return false;

    const int64_t epoch = days_until(1970, 1, 1);
    int64_t minutes = (days_until(year, month, day) - epoch) * 1440 +
                      (int64_t)hour * 60 + minute - offset;
    /*
     * Second 60 is valid only at 23:59 UTC. The sum is never negative, so that
     * the remainder is the minute of the day also before 1970.
     */
    if (second == 60 && (minutes + (epoch + 2) * 1440) % 1440 != 1439)
        return false;
    *time = (struct strict_time){minutes * 60 + second, nanoseconds};
    return true;
}

int strict_time_compare(const struct strict_time *a,
                        const struct strict_time *b)
{
    if (a->seconds == b->seconds)
        return (int)((int64_t)a->nanoseconds - (int64_t)b->nanoseconds);
    return a->seconds > b->seconds ? 1 : -1;
}

/* The value of a member that is given once and is of this kind; else NULL. */
static const struct strict_event *find_member(const struct strict_json *json,
                                              size_t object, const char *name,
                                              enum strict_kind kind)
{
    size_t value;

    if (strict_json_find(json, object, name, &value) != 1 ||
        json->events[value].kind != kind)
        return NULL;
    return &json->events[value];
}

static bool read_text(const struct strict_json *json, size_t object,
                      const char *name, size_t longest, struct text *text)
{
    const struct strict_event *string =
        find_member(json, object, name, STRICT_STRING);

    if (string == NULL || string->text.length == 0 ||
        string->text.length > longest)
        return false;
    for (size_t i = 0; i < string->text.length; i++) {
        unsigned char byte = (unsigned char)string->text.data[i];
        if (byte < 0x20 || byte == 0x7F)
            return false;
    }
    *text = string->text;
    return true;
}

static bool read_integer(const struct strict_json *json, size_t object,
                         const char *name, double lowest, double highest,
                         double *integer)
{
    const struct strict_event *number =
        find_member(json, object, name, STRICT_NUMBER);
    char spelling[STRICT_MAX_NUMBER + 1];

    if (number == NULL)
        return false;
    memcpy(spelling, number->text.data, number->text.length);
    spelling[number->text.length] = '\0';
    *integer = strtod(spelling, NULL);
    return *integer >= lowest && *integer <= highest &&
           floor(*integer) == *integer;
}

static bool read_speed(const struct strict_json *json, size_t object,
                       const char *name, struct message *message)
{
    double speed;

    if (!read_integer(json, object, name, 0, 1e9, &speed))
        return false;
    message->speed = (int64_t)speed;
    return true;
}

static bool read_type(struct text name, enum message_type *type)
{
    for (unsigned i = 0; i < MESSAGE_TYPE_COUNT; i++) {
        if (text_equal(name, text_of(messages_type_name(i)))) {
            *type = (enum message_type)i;
            return true;
        }
    }
    return false;
}

static bool read_payload(const struct strict_json *json, size_t object,
                         struct message *message)
{
    switch (message->type) {
    case MESSAGE_LAUNCHED:
        return read_text(json, object, "type", 256, &message->rocket_type) &&
               read_text(json, object, "mission", 256, &message->mission) &&
               read_speed(json, object, "launchSpeed", message);
    case MESSAGE_SPEED_INCREASED:
    case MESSAGE_SPEED_DECREASED:
        return read_speed(json, object, "by", message);
    case MESSAGE_EXPLODED:
        return read_text(json, object, "reason", 256, &message->reason);
    case MESSAGE_MISSION_CHANGED:
        return read_text(json, object, "newMission", 256, &message->mission);
    }
    return false;
}

bool strict_message_read(const struct strict_json *json,
                         struct strict_message *result)
{
    struct message *message = &result->message;
    double number;

    *result = (struct strict_message){0};
    if (!strict_json_is_accepted(json) || json->events[0].kind != STRICT_OBJECT)
        return false;

    const struct strict_event *metadata =
        find_member(json, 0, "metadata", STRICT_OBJECT);
    const struct strict_event *payload =
        find_member(json, 0, "message", STRICT_OBJECT);
    if (metadata == NULL || payload == NULL)
        return false;

    size_t at = (size_t)(metadata - json->events);
    const struct strict_event *time =
        find_member(json, at, "messageTime", STRICT_STRING);
    const struct strict_event *type =
        find_member(json, at, "messageType", STRICT_STRING);
    if (time == NULL || type == NULL ||
        !strict_time_read(time->text, &result->instant) ||
        !read_text(json, at, "channel", 128, &message->channel) ||
        !read_integer(json, at, "messageNumber", 1, 9007199254740991.0,
                      &number))
        return false;
    result->time = time->text;
    message->number = (uint64_t)number;
    return read_type(type->text, &message->type) &&
           read_payload(json, (size_t)(payload - json->events), message);
}
