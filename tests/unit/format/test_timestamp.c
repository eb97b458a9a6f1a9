/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of timestamps: date-times are read as the right instant, written as
 * they were read, and compared by instant; all else is refused.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "format/timestamp.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *text;
    int64_t seconds;
    uint32_t nanoseconds;
} accepted[] = {
    {"1970-01-01T00:00:00Z", 0, 0},
    {"1970-01-01t00:00:00z", 0, 0},
    {"1970-01-01T00:00:00z", 0, 0},
    {"1970-01-01t00:00:00Z", 0, 0},
    {"1970-01-01T00:00:00+00:00", 0, 0},
    {"1970-01-01T00:00:00-00:00", 0, 0},
    {"1969-12-31T23:59:59Z", -1, 0},
    {"1969-12-31T23:59:59.5Z", -1, 500000000},
    {"1970-01-01T01:00:00+01:00", 0, 0},
    {"1969-12-31T19:00:00-05:00", 0, 0},
    {"1970-01-01T00:30:00-00:30", 3600, 0},
    {"1970-01-01T23:59:00+23:59", 0, 0},
    {"1969-12-31T00:01:00-23:59", 0, 0},
    {"2022-02-02T19:39:05.86337+01:00", 1643827145, 863370000},
    {"2025-04-02T09:21:50.458989221+02:00", 1743578510, 458989221},
    {"2000-02-29T12:00:00Z", 951825600, 0},
    {"2024-02-29T00:00:00Z", 1709164800, 0},
    {"2038-01-19T03:14:08Z", INT64_C(2147483648), 0},
    {"1985-04-12T23:20:50.52Z", 482196050, 520000000},
    {"1937-01-01T12:00:27.87+00:20", -1041337173, 870000000},
    /* fractions */
    {"1970-01-01T00:00:00.0Z", 0, 0},
    {"1970-01-01T00:00:00.000000000Z", 0, 0},
    {"1970-01-01T00:00:00.000000001Z", 0, 1},
    {"1970-01-01T00:00:00.10Z", 0, 100000000},
    {"1970-01-01T00:00:00.999999999-00:00", 0, 999999999},
    /* the ends of the calendar */
    {"0000-01-01T00:00:00Z", INT64_C(-62167219200), 0},
    {"0000-01-01T00:00:00+23:59", INT64_C(-62167305540), 0},
    {"0000-02-29T00:00:00Z", INT64_C(-62162121600), 0},
    {"0001-01-01T00:00:00Z", INT64_C(-62135596800), 0},
    {"9999-12-31T23:59:59Z", INT64_C(253402300799), 0},
    {"9999-12-31T23:59:59.123456789-23:59", INT64_C(253402387139), 123456789},
    /* second 60 is the instant of the next second */
    {"1990-12-31T23:59:60Z", 662688000, 0},
    {"1990-12-31T15:59:60-08:00", 662688000, 0},
    {"2017-01-01T05:29:60.25+05:30", 1483228800, 250000000},
    {"2016-12-31t23:59:60.999999999z", 1483228800, 999999999},
    {"2016-12-31T23:59:60-00:00", 1483228800, 0},
    {"2016-06-14T23:59:60Z", 1465948800, 0},
    {"0000-01-01T00:00:60+00:01", INT64_C(-62167219200), 0},
    {"9999-12-31T23:59:60Z", INT64_C(253402300800), 0},
};

static const char *const refused[] = {
    "",
    "Z",
    "2022-02-02",
    "19:39:05Z",
    "now",
    /* no offset, or an invalid one */
    "2022-02-02T19:39:05",
    "2022-02-02T19:39:05.5",
    "2022-02-02T19:39:05+",
    "2022-02-02T19:39:05+1",
    "2022-02-02T19:39:05+01",
    "2022-02-02T19:39:05+01:",
    "2022-02-02T19:39:05+0100",
    "2022-02-02T19:39:05+01:0",
    "2022-02-02T19:39:05+01:000",
    "2022-02-02T19:39:05+24:00",
    "2022-02-02T19:39:05+01:60",
    "2022-02-02T19:39:05+-1:00",
    "2022-02-02T19:39:05 01:00",
    "2022-02-02T19:39:05\342\210\22201:00", /* U+2212 */
    "2022-02-02T19:39:05ZZ",
    "2022-02-02T19:39:05Z ",
    "2022-02-02T19:39:05 Z",
    "2022-02-02T19:39:05UTC",
    "2022-02-02T19:39:05A",
    "2022-02-02T19:39:05Z+01:00",
    /* fractions */
    "2022-02-02T19:39:05.Z",
    "2022-02-02T19:39:05.",
    "2022-02-02T19:39:05,5Z",
    "2022-02-02T19:39:05.1234567890Z",
    "2022-02-02T19:39:05.5.5Z",
    "2022-02-02T19:39:05.-5Z",
    "2022-02-02T19:39:05. 5Z",
    "2022-02-02T19:39:05.5e1Z",
    /* dates that do not exist */
    "2022-00-01T00:00:00Z",
    "2022-13-01T00:00:00Z",
    "2022-01-00T00:00:00Z",
    "2022-01-32T00:00:00Z",
    "2022-04-31T00:00:00Z",
    "2022-06-31T00:00:00Z",
    "2022-09-31T00:00:00Z",
    "2022-11-31T00:00:00Z",
    "2022-02-29T00:00:00Z",
    "2024-02-30T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2100-02-29T00:00:00Z",
    /* times that do not exist */
    "2022-02-02T24:00:00Z",
    "2022-02-02T19:60:00Z",
    "2022-02-02T19:39:61Z",
    "2022-02-02T19:39:60Z",
    "2022-02-02T23:58:60Z",
    "2022-02-02T23:59:60+01:00",
    "2022-02-02T23:59:60-00:01",
    "2022-02-02T22:59:60Z",
    /* forms of other standards */
    "2022-02-02 19:39:05Z",
    "2022-02-02_19:39:05Z",
    "20220202T193905Z",
    "2022-02-02T19:39Z",
    "2022-W05-3T19:39:05Z",
    "2022-2-2T19:39:05Z",
    "22-02-02T19:39:05Z",
    "+2022-02-02T19:39:05Z",
    "-2022-02-02T19:39:05Z",
    "12022-02-02T19:39:05Z",
    " 2022-02-02T19:39:05Z",
    "2022/02/02T19:39:05Z",
    "2022-02-02T19.39.05Z",
    "2022-02-02TT9:39:05Z",
    "2022-0a-02T19:39:05Z",
    "2022-02-02T1 :39:05Z",
};

/* Parse a copy of exactly its size, so that a sanitizer detects overruns. */
static bool parse_copy(struct text text, struct timestamp *timestamp)
{
    char *copy = malloc(text.length > 0 ? text.length : 1);

    assert_non_null(copy);
    memcpy(copy, text.data, text.length);
    bool result = timestamp_parse((struct text){copy, text.length}, timestamp);
    free(copy);
    return result;
}

static struct timestamp parsed(const char *string)
{
    struct timestamp timestamp = {0};

    if (!parse_copy(text_of(string), &timestamp))
        fail_msg("%s is refused", string);
    return timestamp;
}

static void date_times_become_their_instants(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++) {
        struct timestamp timestamp = parsed(accepted[i].text);
        if (timestamp.seconds != accepted[i].seconds ||
            timestamp.nanoseconds != accepted[i].nanoseconds)
            fail_msg("%s is %lld.%09u", accepted[i].text,
                     (long long)timestamp.seconds, timestamp.nanoseconds);
    }
}

static void check_round_trip(const char *string)
{
    struct timestamp timestamp = parsed(string);
    char out[TIMESTAMP_MAX_LENGTH];
    size_t length = timestamp_format(&timestamp, out);

    if (!text_equal((struct text){out, length}, text_of(string)))
        fail_msg("%s is written as %.*s", string, (int)length, out);
}

static void date_times_are_written_as_they_were_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++)
        check_round_trip(accepted[i].text);
}

static void invalid_date_times_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct timestamp timestamp = {1, 2, 3, 4, 5};
        if (parse_copy(text_of(refused[i]), &timestamp))
            fail_msg("%s is accepted", refused[i]);
        /* On failure the result is untouched. */
        assert_int_equal(timestamp.seconds, 1);
        assert_int_equal(timestamp.nanoseconds, 2);
        assert_int_equal(timestamp.offset, 3);
        assert_int_equal(timestamp.digits, 4);
        assert_int_equal(timestamp.spelling, 5);
    }
}

static void absent_text_and_nul_are_refused(void **state)
{
    (void)state;
    struct timestamp timestamp;

    assert_false(timestamp_parse((struct text){NULL, 0}, &timestamp));
    assert_false(timestamp_parse(TEXT("2022-02-02T19:39:05Z\0"), &timestamp));
    assert_false(
        timestamp_parse(TEXT("2022-02-02T19:39:05\0+01:00"), &timestamp));
}

static void truncated_date_times_are_refused(void **state)
{
    (void)state;
    struct text whole = TEXT("9999-12-31T23:59:59.123456789+23:59");
    struct timestamp timestamp;

    assert_int_equal(whole.length, TIMESTAMP_MAX_LENGTH);
    for (size_t length = 0; length < whole.length; length++)
        assert_false(parse_copy((struct text){whole.data, length}, &timestamp));
}

/* The calendar by counting days; timestamp.c computes it by arithmetic. */
static void next_day(int *year, int *month, int *day)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30,
                                  31, 31, 30, 31, 30, 31};
    bool leap = (*year % 4 == 0 && *year % 100 != 0) || *year % 400 == 0;
    int length = lengths[*month - 1] + (leap && *month == 2);

    if (++*day <= length)
        return;
    *day = 1;
    if (++*month <= 12)
        return;
    *month = 1;
    ++*year;
}

/* Check every day of 400 years. `year` starts at `seconds` since 1970. */
static void check_days(int year, int64_t seconds)
{
    int last = year + 400;
    int month = 1;
    int day = 1;

    for (; year < last; next_day(&year, &month, &day)) {
        char string[64];
        snprintf(string, sizeof(string), "%04d-%02d-%02dT00:00:00Z", year,
                 month, day);
        if (parsed(string).seconds != seconds)
            fail_msg("%s is not 86,400 s after the day before", string);
        check_round_trip(string);
        seconds += 86400;
    }
}

static void every_day_is_86400_seconds_long(void **state)
{
    (void)state;
    check_days(0, INT64_C(-62167219200));
    check_days(1800, INT64_C(-5364662400));
    check_days(9600, INT64_C(240779520000));
}

static void every_offset_is_written_as_read(void **state)
{
    (void)state;
    for (int minutes = 0; minutes < 24 * 60; minutes++) {
        char string[64];
        int length =
            snprintf(string, sizeof(string), "1970-01-01T00:00:00+%02d:%02d",
                     minutes / 60, minutes % 60);
        check_round_trip(string);
        assert_int_equal(parsed(string).seconds, -60 * minutes);
        string[length - 6] = '-';
        check_round_trip(string);
        assert_int_equal(parsed(string).seconds, 60 * minutes);
    }
}

/* xorshift64 (Marsaglia, 2003). The seed is fixed, so runs do not differ. */
static unsigned next_random(uint64_t *random, unsigned below)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return (unsigned)(*random >> 32) % below;
}

/* A random text in the form of a date-time; often a part is out of range. */
static void random_date_time(uint64_t *random, char string[64])
{
    unsigned digits = next_random(random, 11);
    int length =
        snprintf(string, 64, "%04u-%02u-%02u%c", next_random(random, 10000),
                 next_random(random, 14), next_random(random, 33),
                 "TTTt "[next_random(random, 5)]);

    if (next_random(random, 8) == 0)
        length += sprintf(string + length, "23:59:60");
    else
        length +=
            sprintf(string + length, "%02u:%02u:%02u", next_random(random, 25),
                    next_random(random, 61), next_random(random, 62));
    if (digits > 0)
        length += sprintf(string + length, ".%0*u", (int)digits,
                          next_random(random, 1000000000));
    if (next_random(random, 3) == 0)
        sprintf(string + length, "%c", "Zz"[next_random(random, 2)]);
    else
        sprintf(string + length, "%c%02u:%02u", "+-"[next_random(random, 2)],
                next_random(random, 3) == 0 ? 0 : next_random(random, 25),
                next_random(random, 2) == 0 ? 0 : next_random(random, 61));
}

/* In the pattern, 0 matches any digit, and another character itself. */
static bool looks_like(const char *string, const char *pattern)
{
    for (; *pattern != '\0'; string++, pattern++) {
        bool digit = *string >= '0' && *string <= '9';
        if (*pattern == '0' ? !digit : *string != *pattern)
            return false;
    }
    return true;
}

static int number_at(const char *at, int digits)
{
    int number = 0;

    for (int i = 0; i < digits; i++)
        number = number * 10 + (at[i] - '0');
    return number;
}

/* Read the offset, in seconds, from `at`, the end of the date-time. */
static bool plain_offset(const char *at, int *offset)
{
    *offset = 0;
    if (strcmp(at, "Z") == 0 || strcmp(at, "z") == 0)
        return true;
    if (strlen(at) != 6 || (*at != '+' && *at != '-') ||
        !looks_like(at + 1, "00:00"))
        return false;
    *offset = number_at(at + 1, 2) * 60 + number_at(at + 4, 2);
    *offset *= *at == '-' ? -60 : 60;
    return number_at(at + 1, 2) < 24 && number_at(at + 4, 2) < 60;
}

static bool plain_fraction(const char **rest, unsigned *nanoseconds)
{
    unsigned unit = 100000000;

    *nanoseconds = 0;
    if (**rest != '.')
        return true;
    size_t digits = strspn(++*rest, "0123456789");
    for (size_t i = 0; i < digits; i++, unit /= 10)
        *nanoseconds += (unsigned)(*(*rest)++ - '0') * unit;
    return digits >= 1 && digits <= 9;
}

/* Whether there is such a date: timegm(3) changes it if there is not. */
static bool date_exists(const struct tm *given, int64_t *seconds)
{
    struct tm back = *given;

    *seconds = timegm(&back);
    return back.tm_year == given->tm_year && back.tm_mon == given->tm_mon &&
           back.tm_mday == given->tm_mday && back.tm_hour == given->tm_hour &&
           back.tm_min == given->tm_min && back.tm_sec == given->tm_sec;
}

/* Parse by RFC 3339, with the calendar of the C library. */
static bool plain_parse(const char *string, int64_t *seconds,
                        unsigned *nanoseconds)
{
    const char *rest = string + 19;
    int offset;

    if (strlen(string) < 20 || !looks_like(string, "0000-00-00") ||
        (string[10] != 'T' && string[10] != 't') ||
        !looks_like(string + 11, "00:00:00") ||
        !plain_fraction(&rest, nanoseconds) || !plain_offset(rest, &offset))
        return false;

    bool leap = number_at(string + 17, 2) == 60;
    struct tm given = {
        .tm_year = number_at(string, 4) - 1900,
        .tm_mon = number_at(string + 5, 2) - 1,
        .tm_mday = number_at(string + 8, 2),
        .tm_hour = number_at(string + 11, 2),
        .tm_min = number_at(string + 14, 2),
        .tm_sec = number_at(string + 17, 2) - leap,
    };
    if (!date_exists(&given, seconds))
        return false;
    *seconds += leap - offset;
    return !leap || *seconds % 86400 == 0;
}

static bool check_against_the_c_library(const char *string)
{
    struct timestamp timestamp;
    int64_t seconds;
    unsigned nanoseconds;
    bool expected = plain_parse(string, &seconds, &nanoseconds);

    if (timestamp_parse(text_of(string), &timestamp) != expected)
        fail_msg("%s is %s", string, expected ? "refused" : "accepted");
    if (!expected)
        return false;
    if (timestamp.seconds != seconds || timestamp.nanoseconds != nanoseconds)
        fail_msg("%s is %lld.%09u", string, (long long)timestamp.seconds,
                 timestamp.nanoseconds);
    check_round_trip(string);
    return true;
}

static void random_date_times_agree_with_the_c_library(void **state)
{
    (void)state;
    uint64_t random = 88172645463325252;
    int accepted_count = 0;

    for (int i = 0; i < 60000; i++) {
        char string[64];

        random_date_time(&random, string);
        accepted_count += check_against_the_c_library(string);
    }
    assert_in_range(accepted_count, 6000, 54000);
}

static void changed_bytes_agree_with_the_c_library(void **state)
{
    (void)state;
    const char *const wholes[] = {
        "2024-02-29T23:59:59Z",
        "1999-12-31t23:59:60.5+00:00",
        "2022-10-19T19:29:09.123456789-11:30",
    };

    for (size_t i = 0; i < COUNT(wholes); i++) {
        for (size_t place = 0; place < strlen(wholes[i]); place++) {
            for (int byte = 1; byte < 256; byte++) {
                char string[64];

                snprintf(string, sizeof(string), "%s", wholes[i]);
                string[place] = (char)byte;
                check_against_the_c_library(string);
            }
        }
    }
}

/* Every second of a day, and every digit at every place of a fraction. */
static void seconds_and_fractions_are_written_as_read(void **state)
{
    (void)state;
    char string[64];

    for (int second = 0; second < 86400; second++) {
        snprintf(string, sizeof(string), "2022-02-02T%02d:%02d:%02d+01:00",
                 second / 3600, second / 60 % 60, second % 60);
        check_against_the_c_library(string);
    }
    for (int place = 0; place < 9; place++) {
        for (int digits = 1; digits <= 9; digits++) {
            for (int digit = 0; digit <= 9; digit++) {
                char fraction[] = "000000000";

                fraction[place] = (char)('0' + digit);
                snprintf(string, sizeof(string), "1970-01-01T00:00:00.%.*sZ",
                         digits, fraction);
                check_against_the_c_library(string);
            }
        }
    }
}

static void check_order(const char *a, const char *b, int order)
{
    struct timestamp first = parsed(a);
    struct timestamp second = parsed(b);
    int forth = timestamp_compare(&first, &second);
    int back = timestamp_compare(&second, &first);

    if ((forth > 0) - (forth < 0) != order || (back > 0) - (back < 0) != -order)
        fail_msg("%s compared with %s gives %d, in reverse %d", a, b, forth,
                 back);
}

static void order_is_by_instant_not_by_spelling(void **state)
{
    (void)state;
    check_order("2022-02-02T19:39:05Z", "2022-02-02T19:39:05Z", 0);
    check_order("2022-02-02T19:39:05Z", "2022-02-02T20:39:05+01:00", 0);
    check_order("2022-02-02T19:39:05Z", "2022-02-02t19:39:05.000-00:00", 0);
    check_order("2022-02-02T19:39:05Z", "2022-02-02T19:39:06Z", -1);
    check_order("2022-02-02T19:39:05.1Z", "2022-02-02T19:39:05.09Z", 1);
    check_order("2022-02-02T19:39:05Z", "2022-02-02T19:39:05+01:00", 1);
    check_order("0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", -1);
    check_order("1969-12-31T23:59:59.1Z", "1969-12-31T23:59:59.2Z", -1);
    check_order("2016-12-31T23:59:59.9Z", "2016-12-31T23:59:60Z", -1);
    check_order("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z", 0);
    check_order("2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.4Z", 1);
}

static void a_timestamp_is_sixteen_bytes(void **state)
{
    (void)state;
    assert_int_equal(sizeof(struct timestamp), 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(date_times_become_their_instants),
        cmocka_unit_test(date_times_are_written_as_they_were_read),
        cmocka_unit_test(invalid_date_times_are_refused),
        cmocka_unit_test(absent_text_and_nul_are_refused),
        cmocka_unit_test(truncated_date_times_are_refused),
        cmocka_unit_test(every_day_is_86400_seconds_long),
        cmocka_unit_test(every_offset_is_written_as_read),
        cmocka_unit_test(random_date_times_agree_with_the_c_library),
        cmocka_unit_test(changed_bytes_agree_with_the_c_library),
        cmocka_unit_test(seconds_and_fractions_are_written_as_read),
        cmocka_unit_test(order_is_by_instant_not_by_spelling),
        cmocka_unit_test(a_timestamp_is_sixteen_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
