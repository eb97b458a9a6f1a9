/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Converts RFC 3339 date-times to instants and back: the parts of the text
 * here, dates in calendar.c.
 */
#include "format/timestamp.h"

#include <assert.h>

#include "base/buffer.h"
#include "calendar.h"

/* How a date-time was written, as far as instant and offset do not say. */
enum {
    SPELLING_LOWER_T = 1,
    SPELLING_UPPER_Z = 2,
    SPELLING_LOWER_Z = 4,
    SPELLING_NEGATIVE_ZERO = 8, /* -00:00 */
};

enum {
    MINUTES_A_DAY = 24 * 60,
    NANOSECONDS_A_SECOND = 1000000000,
    SECONDS_A_DAY = 24 * 60 * 60,
    DATE_LENGTH = 10,  /* "2022-02-02" */
    TIME_LENGTH = 8,   /* "19:39:05" */
    OFFSET_LENGTH = 6, /* "+01:00" */
    MAX_DIGITS = 9,
    NO_NUMBER = 128, /* a bit that no number of two digits has */
};

static const char not_an_offset[] = "the offset is not Z, +HH:MM or -HH:MM";

/* The value of two digits, or NO_NUMBER if they are not digits. */
static unsigned two_digits(const char *at)
{
    unsigned tens = (unsigned)at[0] - (unsigned)'0';
    unsigned ones = (unsigned)at[1] - (unsigned)'0';

    return tens > 9 || ones > 9 ? NO_NUMBER : tens * 10 + ones;
}

/*
 * The functions that follow remove a part of a date-time from the front of
 * `rest`. They return NULL, or what is wrong with the part.
 */

static const char *parse_date(struct text *rest, struct civil *civil)
{
    const char *at = rest->data;

    if (rest->length < DATE_LENGTH)
        return "the date is not YYYY-MM-DD";
    unsigned century = two_digits(at);
    unsigned year = two_digits(at + 2);
    civil->month = two_digits(at + 5);
    civil->day = two_digits(at + 8);
    if (at[4] != '-' || at[7] != '-' ||
        (century | year | civil->month | civil->day) >= NO_NUMBER)
        return "the date is not YYYY-MM-DD";

    civil->year = century * 100 + year;
    if (civil->month < 1 || civil->month > 12)
        return "the month is not 01 to 12";
    if (civil->day < 1 ||
        civil->day > calendar_days_in_month(civil->year, civil->month))
        return "the month has no such day";
    *rest = text_skip(*rest, DATE_LENGTH);
    return NULL;
}

static const char *parse_separator(struct text *rest, struct timestamp *result)
{
    if (rest->length == 0)
        return "there is no time";
    if (rest->data[0] == 't')
        result->spelling |= SPELLING_LOWER_T;
    else if (rest->data[0] != 'T')
        return "there is no T between date and time";
    *rest = text_skip(*rest, 1);
    return NULL;
}

/* Whether there may be a second 60 depends on the offset. */
static const char *parse_time(struct text *rest, struct civil *civil)
{
    const char *at = rest->data;

    if (rest->length < TIME_LENGTH)
        return "the time is not HH:MM:SS";
    civil->hour = two_digits(at);
    civil->minute = two_digits(at + 3);
    civil->second = two_digits(at + 6);
    if (at[2] != ':' || at[5] != ':' ||
        (civil->hour | civil->minute | civil->second) >= NO_NUMBER)
        return "the time is not HH:MM:SS";

    if (civil->hour > 23)
        return "the hour is not 00 to 23";
    if (civil->minute > 59)
        return "the minute is not 00 to 59";
    if (civil->second > 60)
        return "the second is not 00 to 59";
    *rest = text_skip(*rest, TIME_LENGTH);
    return NULL;
}

/* There may be no fraction. */
static const char *parse_fraction(struct text *rest, struct timestamp *result)
{
    size_t digits = 0;
    uint32_t value = 0;

    if (rest->length == 0 || rest->data[0] != '.')
        return NULL;
    *rest = text_skip(*rest, 1);
    while (digits < rest->length && text_is_digit(rest->data[digits])) {
        if (digits == MAX_DIGITS)
            return "the fraction has more than nine digits";
        value = value * 10 + (uint32_t)(rest->data[digits] - '0');
        digits++;
    }
    if (digits == 0)
        return "the fraction has no digits";
    *rest = text_skip(*rest, digits);
    result->digits = (uint8_t)digits;
    for (; digits < MAX_DIGITS; digits++)
        value *= 10;
    result->nanoseconds = value;
    return NULL;
}

static const char *parse_numeric_offset(struct text *rest,
                                        struct timestamp *result)
{
    const char *at = rest->data;

    if (rest->length < OFFSET_LENGTH)
        return not_an_offset;
    unsigned hours = two_digits(at + 1);
    unsigned minutes = two_digits(at + 4);
    if (at[3] != ':' || (hours | minutes) >= NO_NUMBER)
        return not_an_offset;

    if (hours > 23)
        return "the hour of the offset is not 00 to 23";
    if (minutes > 59)
        return "the minute of the offset is not 00 to 59";
    int offset = (int)(hours * 60 + minutes);
    if (at[0] == '-' && offset == 0)
        result->spelling |= SPELLING_NEGATIVE_ZERO;
    result->offset = (int16_t)(at[0] == '-' ? -offset : offset);
    *rest = text_skip(*rest, OFFSET_LENGTH);
    return NULL;
}

static const char *parse_offset(struct text *rest, struct timestamp *result)
{
    if (rest->length == 0)
        return "there is no offset";
    switch (rest->data[0]) {
    case '+':
    case '-':
        return parse_numeric_offset(rest, result);
    case 'Z':
        result->spelling |= SPELLING_UPPER_Z;
        break;
    case 'z':
        result->spelling |= SPELLING_LOWER_Z;
        break;
    case ',':
        if (result->digits == 0)
            return "the fraction begins with a comma, not a point";
        return not_an_offset;
    default:
        return not_an_offset;
    }
    *rest = text_skip(*rest, 1);
    return NULL;
}

static bool is_last_minute_in_utc(const struct civil *civil, int offset)
{
    int minute = (int)(civil->hour * 60 + civil->minute) - offset;

    return (minute + MINUTES_A_DAY) % MINUTES_A_DAY == MINUTES_A_DAY - 1;
}

/* In the order of the text, so that the first wrong part is named. */
static const char *parse_parts(struct text rest, struct civil *civil,
                               struct timestamp *result)
{
    const char *problem = parse_date(&rest, civil);

    if (problem == NULL)
        problem = parse_separator(&rest, result);
    if (problem == NULL)
        problem = parse_time(&rest, civil);
    if (problem == NULL)
        problem = parse_fraction(&rest, result);
    if (problem == NULL)
        problem = parse_offset(&rest, result);
    if (problem == NULL && rest.length > 0)
        problem = "there is text after the offset";
    if (problem == NULL && civil->second == 60 &&
        !is_last_minute_in_utc(civil, result->offset))
        problem = "second 60, a leap second, is valid only at 23:59 UTC";
    return problem;
}

bool timestamp_parse(struct text text, struct timestamp *result,
                     const char **problem)
{
    struct timestamp parsed = {0};
    struct civil civil;
    const char *wrong = parse_parts(text, &civil, &parsed);

    if (wrong != NULL) {
        *problem = wrong;
        return false;
    }
    if (civil.second == 60) {
        civil.second = 59;
        parsed.nanoseconds += NANOSECONDS_A_SECOND;
    }

    int64_t days = (int64_t)calendar_days(&civil) - CALENDAR_DAYS_BEFORE_1970;
    unsigned second_of_day =
        (civil.hour * 60 + civil.minute) * 60 + civil.second;
    parsed.seconds =
        days * SECONDS_A_DAY + second_of_day - parsed.offset * INT64_C(60);
    *result = parsed;
    return true;
}

static bool is_leap_second(const struct timestamp *timestamp)
{
    return timestamp->nanoseconds >= NANOSECONDS_A_SECOND;
}

/* A separator and two digits, the form of most parts. */
static char *write_part(char *at, char separator, unsigned value)
{
    *at = separator;
    return buffer_put_two_digits(at + 1, value);
}

static char *write_date_time(char *at, const struct timestamp *timestamp)
{
    int64_t local = timestamp->seconds + timestamp->offset * INT64_C(60);
    /* Unsigned and never negative, so that division rounds down. */
    uint64_t shifted =
        (uint64_t)(local + CALENDAR_DAYS_BEFORE_1970 * (int64_t)SECONDS_A_DAY);
    unsigned second = (unsigned)(shifted % SECONDS_A_DAY);
    unsigned minute = second / 60;
    struct civil civil;

    calendar_date((unsigned)(shifted / SECONDS_A_DAY), &civil);
    assert(civil.year <= 9999);
    at = buffer_put_two_digits(at, civil.year / 100);
    at = buffer_put_two_digits(at, civil.year % 100);
    at = write_part(at, '-', civil.month);
    at = write_part(at, '-', civil.day);
    at = write_part(at, timestamp->spelling & SPELLING_LOWER_T ? 't' : 'T',
                    minute / 60);
    at = write_part(at, ':', minute % 60);
    return write_part(at, ':', second % 60 + is_leap_second(timestamp));
}

/*
 * Writes all nine digits, without a branch on how many are wanted: there is
 * always room, and the next part overwrites the rest.
 */
static char *write_fraction(char *at, const struct timestamp *timestamp)
{
    uint32_t fraction = timestamp->nanoseconds;

    if (timestamp->digits == 0)
        return at;
    if (is_leap_second(timestamp))
        fraction -= NANOSECONDS_A_SECOND;
    unsigned first_four = fraction / 100000;
    unsigned last_five = fraction % 100000;
    char *digits = at + 1;
    *at = '.';
    buffer_put_two_digits(digits, first_four / 100);
    buffer_put_two_digits(digits + 2, first_four % 100);
    buffer_put_two_digits(digits + 4, last_five / 1000);
    buffer_put_two_digits(digits + 6, last_five / 10 % 100);
    digits[8] = (char)('0' + last_five % 10);
    return digits + timestamp->digits;
}

static char *write_offset(char *at, const struct timestamp *timestamp)
{
    bool west = timestamp->offset < 0 ||
                (timestamp->spelling & SPELLING_NEGATIVE_ZERO) != 0;
    unsigned minutes = (unsigned)(timestamp->offset < 0 ? -timestamp->offset
                                                        : timestamp->offset);

    if (timestamp->spelling & (SPELLING_UPPER_Z | SPELLING_LOWER_Z)) {
        *at = timestamp->spelling & SPELLING_UPPER_Z ? 'Z' : 'z';
        return at + 1;
    }
    at = write_part(at, west ? '-' : '+', minutes / 60);
    return write_part(at, ':', minutes % 60);
}

size_t timestamp_format(const struct timestamp *timestamp,
                        char out[TIMESTAMP_MAX_LENGTH])
{
    char *at = write_date_time(out, timestamp);

    at = write_fraction(at, timestamp);
    at = write_offset(at, timestamp);
    return (size_t)(at - out);
}

/* Whether `spelling` is one that is written in this way at this offset. */
static bool is_spelling(unsigned spelling, int offset)
{
    unsigned zero = spelling & ~(unsigned)SPELLING_LOWER_T;

    return zero == 0 || (offset == 0 && (zero == SPELLING_UPPER_Z ||
                                         zero == SPELLING_LOWER_Z ||
                                         zero == SPELLING_NEGATIVE_ZERO));
}

static bool is_fraction(const struct timestamp *timestamp)
{
    uint32_t unit = 1;

    if (timestamp->digits > MAX_DIGITS ||
        timestamp->nanoseconds > TIMESTAMP_MAX_NANOSECONDS)
        return false;
    for (unsigned i = timestamp->digits; i < MAX_DIGITS; i++)
        unit *= 10;
    return timestamp->nanoseconds % unit == 0;
}

bool timestamp_is_valid(const struct timestamp *timestamp)
{
    /* 0000-01-01T00:00:00 and 9999-12-31T23:59:59, the local time. */
    const int64_t first = INT64_C(-62167219200), last = INT64_C(253402300799);
    const int max_offset = MINUTES_A_DAY - 1;
    int64_t east = timestamp->offset * INT64_C(60);

    if (timestamp->offset < -max_offset || timestamp->offset > max_offset ||
        timestamp->seconds < first - east || timestamp->seconds > last - east ||
        !is_fraction(timestamp) ||
        !is_spelling(timestamp->spelling, timestamp->offset))
        return false;
    /* Day numbers count whole days from a day that has a first second. */
    int64_t second = (timestamp->seconds - first + SECONDS_A_DAY) %
                     SECONDS_A_DAY; /* of the day in UTC */
    return !is_leap_second(timestamp) || second == SECONDS_A_DAY - 1;
}
