/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 3339 date-times to instants and back. The calendar is the proleptic
 * Gregorian one, years 0000 to 9999, by arithmetic of our own: timegm(3)
 * and its kind know the process's zone rules, which must not matter here.
 */
#include "timestamp.h"

#include <string.h>

/* How a date-time was written where its instant and offset don't tell. */
enum {
    SPELLING_LOWER_T = 1,
    SPELLING_UPPER_Z = 2,
    SPELLING_LOWER_Z = 4,
    SPELLING_NEGATIVE_ZERO = 8, /* -00:00 */
    SPELLING_LEAP = 16,         /* second 60: `seconds` is the one after */
};

enum {
    MINUTES_A_DAY = 24 * 60,
    SECONDS_A_DAY = 24 * 60 * 60,
    DAYS_A_CYCLE = 146097,     /* 400 years, after which the calendar repeats */
    DAYS_BEFORE_1970 = 719468, /* since 0000-03-01 */
    DATE_TIME_LENGTH = 19,     /* "2022-02-02T19:39:05" */
    MAX_DIGITS = 9,
};

struct civil {
    int year, month, day, hour, minute, second;
};

/*
 * Years are counted from March here, so that a leap day is the last of its
 * year and the months' lengths follow a formula: 153 days are five months.
 */
static int64_t days_from_civil(int year, int month, int day)
{
    int march_year = (month > 2 ? year : year - 1) + 400; /* never negative */
    int march_month = (month + 9) % 12;
    int cycle = march_year / 400;
    int year_of_cycle = march_year % 400;
    int day_of_year = (153 * march_month + 2) / 5 + day - 1;
    int day_of_cycle = year_of_cycle * 365 + year_of_cycle / 4 -
                       year_of_cycle / 100 + day_of_year;

    return (int64_t)(cycle - 1) * DAYS_A_CYCLE + day_of_cycle -
           DAYS_BEFORE_1970;
}

static void civil_from_days(int64_t days, struct civil *civil)
{
    int64_t shifted = days + DAYS_BEFORE_1970 + DAYS_A_CYCLE;
    int cycle = (int)(shifted / DAYS_A_CYCLE);
    int day = (int)(shifted % DAYS_A_CYCLE);
    /* Without the leap days before it, the day tells the year. */
    int year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int day_of_year = day - (year * 365 + year / 4 - year / 100);
    int march_month = (5 * day_of_year + 2) / 153;

    civil->day = day_of_year - (153 * march_month + 2) / 5 + 1;
    civil->month = (march_month + 2) % 12 + 1;
    civil->year = (cycle - 1) * 400 + year + (civil->month <= 2);
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return month == 2 && leap ? 29 : days[month - 1];
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int two_digits(const char *at)
{
    return (at[0] - '0') * 10 + (at[1] - '0');
}

/* A 0 in the pattern stands for a digit, all else for itself. */
static bool has_form(const char *at, const char *pattern)
{
    for (; *pattern != '\0'; at++, pattern++) {
        if (*pattern == '0' ? !is_digit(*at) : *at != *pattern)
            return false;
    }
    return true;
}

/* Reads DATE_TIME_LENGTH characters. Second 60 is left to the caller. */
static bool parse_date_time(const char *at, struct civil *civil)
{
    if (!has_form(at, "0000-00-00") || !has_form(at + 11, "00:00:00"))
        return false;
    if (at[10] != 'T' && at[10] != 't')
        return false;
    civil->year = two_digits(at) * 100 + two_digits(at + 2);
    civil->month = two_digits(at + 5);
    civil->day = two_digits(at + 8);
    civil->hour = two_digits(at + 11);
    civil->minute = two_digits(at + 14);
    civil->second = two_digits(at + 17);
    return civil->month >= 1 && civil->month <= 12 && civil->day >= 1 &&
           civil->day <= days_in_month(civil->year, civil->month) &&
           civil->hour <= 23 && civil->minute <= 59 && civil->second <= 60;
}

/* Take the fraction, which may be missing, off the front of `rest`. */
static bool parse_fraction(struct text *rest, struct timestamp *result)
{
    size_t digits = 0;
    uint32_t value = 0;

    if (rest->length == 0 || rest->data[0] != '.')
        return true;
    while (digits < MAX_DIGITS && digits + 1 < rest->length &&
           is_digit(rest->data[digits + 1])) {
        value = value * 10 + (uint32_t)(rest->data[digits + 1] - '0');
        digits++;
    }
    if (digits == 0)
        return false;
    *rest = (struct text){rest->data + digits + 1, rest->length - digits - 1};
    result->digits = (uint8_t)digits;
    for (; digits < MAX_DIGITS; digits++)
        value *= 10;
    result->nanoseconds = value;
    return true;
}

static bool parse_numeric_offset(const char *at, struct timestamp *result)
{
    if (!has_form(at + 1, "00:00") || (at[0] != '+' && at[0] != '-'))
        return false;

    int hours = two_digits(at + 1);
    int minutes = two_digits(at + 4);
    if (hours > 23 || minutes > 59)
        return false;

    int offset = hours * 60 + minutes;
    if (at[0] == '-' && offset == 0)
        result->spelling |= SPELLING_NEGATIVE_ZERO;
    result->offset = (int16_t)(at[0] == '-' ? -offset : offset);
    return true;
}

static bool parse_offset(struct text rest, struct timestamp *result)
{
    if (rest.length == 6)
        return parse_numeric_offset(rest.data, result);
    if (rest.length != 1)
        return false;
    if (rest.data[0] == 'Z')
        result->spelling |= SPELLING_UPPER_Z;
    else if (rest.data[0] == 'z')
        result->spelling |= SPELLING_LOWER_Z;
    else
        return false;
    return true;
}

static bool is_last_minute_in_utc(const struct civil *civil, int offset)
{
    int minute = civil->hour * 60 + civil->minute - offset;

    return (minute + MINUTES_A_DAY) % MINUTES_A_DAY == MINUTES_A_DAY - 1;
}

bool timestamp_parse(struct text text, struct timestamp *result)
{
    struct timestamp parsed = {0};
    struct civil civil;

    if (text.length <= DATE_TIME_LENGTH || !parse_date_time(text.data, &civil))
        return false;

    struct text rest = {text.data + DATE_TIME_LENGTH,
                        text.length - DATE_TIME_LENGTH};
    if (!parse_fraction(&rest, &parsed) || !parse_offset(rest, &parsed))
        return false;

    if (text.data[10] == 't')
        parsed.spelling |= SPELLING_LOWER_T;
    if (civil.second == 60) {
        if (!is_last_minute_in_utc(&civil, parsed.offset))
            return false;
        parsed.spelling |= SPELLING_LEAP;
    }

    int second_of_day = civil.hour * 3600 + civil.minute * 60 + civil.second;
    parsed.seconds =
        days_from_civil(civil.year, civil.month, civil.day) * SECONDS_A_DAY +
        second_of_day - parsed.offset * INT64_C(60);
    *result = parsed;
    return true;
}

static char *write_digits(char *at, uint32_t value, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + count;
}

/* A separator and two digits, the shape that most parts have. */
static char *write_part(char *at, char separator, int value)
{
    *at = separator;
    return write_digits(at + 1, (uint32_t)value, 2);
}

static char *write_date_time(char *at, const struct timestamp *timestamp)
{
    bool leap = (timestamp->spelling & SPELLING_LEAP) != 0;
    int64_t local = timestamp->seconds + timestamp->offset * INT64_C(60) - leap;
    int second = (int)(local % SECONDS_A_DAY);
    struct civil civil;

    /* Division rounds towards zero, days towards the past. */
    if (second < 0)
        second += SECONDS_A_DAY;
    civil_from_days((local - second) / SECONDS_A_DAY, &civil);
    at = write_digits(at, (uint32_t)civil.year, 4);
    at = write_part(at, '-', civil.month);
    at = write_part(at, '-', civil.day);
    at = write_part(at, timestamp->spelling & SPELLING_LOWER_T ? 't' : 'T',
                    second / 3600);
    at = write_part(at, ':', second / 60 % 60);
    return write_part(at, ':', second % 60 + leap);
}

static char *write_fraction(char *at, const struct timestamp *timestamp)
{
    char digits[MAX_DIGITS];

    if (timestamp->digits == 0)
        return at;
    write_digits(digits, timestamp->nanoseconds, MAX_DIGITS);
    *at++ = '.';
    memcpy(at, digits, timestamp->digits);
    return at + timestamp->digits;
}

static char *write_offset(char *at, const struct timestamp *timestamp)
{
    bool west = timestamp->offset < 0 ||
                (timestamp->spelling & SPELLING_NEGATIVE_ZERO) != 0;
    int minutes =
        timestamp->offset < 0 ? -timestamp->offset : timestamp->offset;

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

int timestamp_compare(const struct timestamp *a, const struct timestamp *b)
{
    if (a->seconds != b->seconds)
        return a->seconds < b->seconds ? -1 : 1;
    return (a->nanoseconds > b->nanoseconds) -
           (a->nanoseconds < b->nanoseconds);
}
