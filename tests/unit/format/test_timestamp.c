/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of timestamps: date-times are read as the right instant, written as
 * they were read, and compared by instant; all else is refused. The reader of
 * tests/fuzz, which shares no code with the service, tells what is right.
 */
#include "lib/unit_check.h"

#include <assert.h>

#include "format/timestamp.h"
#include "fuzz/strict.h"
#include "lib/messages.h"

static_assert(sizeof(struct timestamp) == 16, "each rocket has several");

enum { MAX_TEXTS = 24 };

static const struct {
    const char *problem; /* NULL: accepted */
    const char *texts[MAX_TEXTS];
} cases[] = {
    /* accepted */
    {NULL,
     {"1970-01-01T00:00:00Z", "1970-01-01t00:00:00z", "1970-01-01T00:00:00z",
      "1970-01-01t00:00:00Z", "1970-01-01T00:00:00+00:00",
      "1970-01-01T00:00:00-00:00", "1969-12-31T23:59:59Z",
      "1969-12-31T23:59:59.5Z", "1970-01-01T01:00:00+01:00",
      "1969-12-31T19:00:00-05:00", "1970-01-01T00:30:00-00:30",
      "1970-01-01T23:59:00+23:59", "1969-12-31T00:01:00-23:59",
      "2000-02-29T12:00:00Z", "2024-02-29T00:00:00Z"}},
    {NULL,
     {"2038-01-19T03:14:08Z", "1985-04-12T23:20:50.52Z",
      "1970-01-01T00:00:00.0Z", "1970-01-01T00:00:00.10Z",
      "0000-01-01T00:00:00Z", "0000-01-01T00:00:00+23:59",
      "0000-02-29T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
      "1990-12-31T23:59:60Z", "1990-12-31T15:59:60-08:00",
      "2016-12-31T23:59:60-00:00", "2016-06-14T23:59:60Z",
      "0000-01-01T00:00:60+00:01", "9999-12-31T23:59:60Z"}},
    {NULL,
     {"2022-02-02T19:39:05.86337+01:00", "2025-04-02T09:21:50.458989221+02:00",
      "1937-01-01T12:00:27.87+00:20", "1970-01-01T00:00:00.000000000Z",
      "1970-01-01T00:00:00.000000001Z", "1970-01-01T00:00:00.999999999-00:00",
      "9999-12-31T23:59:59.123456789-23:59", "2017-01-01T05:29:60.25+05:30",
      "2016-12-31t23:59:60.999999999z"}},
    /* For the first part that is wrong; also forms of other standards. */
    {"the date is not YYYY-MM-DD",
     {"", "Z", "now", "19:39:05Z", "20220202T193905Z", "2022-W05-3T19:39:05Z",
      "2022-2-2T19:39:05Z", "22-02-02T19:39:05Z", "+2022-02-02T19:39:05Z",
      "-2022-02-02T19:39:05Z", "12022-02-02T19:39:05Z", " 2022-02-02T19:39:05Z",
      "2022/02/02T19:39:05Z", "2022-0a-02T19:39:05Z", "2022-02-0",
      "02/02/2022 19:39", "1643830745"}},
    {"the month is not 01 to 12",
     {"2022-00-01T00:00:00Z", "2022-13-01T00:00:00Z", "2022-99-99"}},
    {"the month has no such day",
     {"2022-01-00T00:00:00Z", "2022-01-32T00:00:00Z", "2022-04-31T00:00:00Z",
      "2022-06-31T00:00:00Z", "2022-09-31T00:00:00Z", "2022-11-31T00:00:00Z",
      "2022-02-29T00:00:00Z", "2022-02-30T00:00:00Z", "2024-02-30T00:00:00Z",
      "1900-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2022-02-30"}},
    {"there is no time", {"2022-02-02"}},
    {"there is no T between date and time",
     {"2022-02-02 19:39:05Z", "2022-02-02_19:39:05Z", "2022-02-0219:39:05Z",
      "2022-02-02Z", "2022-02-02\n"}},
    {"the time is not HH:MM:SS",
     {"2022-02-02T", "2022-02-02T19", "2022-02-02T19:39", "2022-02-02T19:39Z",
      "2022-02-02T19.39.05Z", "2022-02-02TT9:39:05Z", "2022-02-02T1 :39:05Z",
      "2022-02-02T9:39:05Z", "2022-02-02T19:39:5Z", "2022-02-02T193905Z",
      "2022-02-02T19:39:-5Z"}},
    {"the hour is not 00 to 23",
     {"2022-02-02T24:00:00Z", "2022-02-02T99:99:99Z"}},
    {"the minute is not 00 to 59", {"2022-02-02T19:60:00Z"}},
    {"the second is not 00 to 59", {"2022-02-02T19:39:61Z"}},
    {"second 60, a leap second, is valid only at 23:59 UTC",
     {"2022-02-02T19:39:60Z", "2022-02-02T23:58:60Z",
      "2022-02-02T23:59:60+01:00", "2022-02-02T23:59:60-00:01",
      "2022-02-02T22:59:60Z", "2022-02-02T00:59:60.5+02:00"}},
    {"the fraction has no digits",
     {"2022-02-02T19:39:05.Z", "2022-02-02T19:39:05.",
      "2022-02-02T19:39:05.-5Z", "2022-02-02T19:39:05. 5Z"}},
    {"the fraction has more than nine digits",
     {"2022-02-02T19:39:05.1234567890Z", "2022-02-02T19:39:05.0000000000",
      "2022-02-02T19:39:05.123456789012345678901234567890+01:00"}},
    {"the fraction begins with a comma, not a point",
     {"2022-02-02T19:39:05,5Z"}},
    {"there is no offset", {"2022-02-02T19:39:05", "2022-02-02T19:39:05.5"}},
    {"the offset is not Z, +HH:MM or -HH:MM",
     {"2022-02-02T19:39:05+", "2022-02-02T19:39:05+1", "2022-02-02T19:39:05+01",
      "2022-02-02T19:39:05+01:", "2022-02-02T19:39:05+0100",
      "2022-02-02T19:39:05+01:0", "2022-02-02T19:39:05+-1:00",
      "2022-02-02T19:39:05 01:00", "2022-02-02T19:39:05\342\210\22201:00",
      "2022-02-02T19:39:05 Z", "2022-02-02T19:39:05UTC", "2022-02-02T19:39:05A",
      "2022-02-02T19:39:05.5.5Z", "2022-02-02T19:39:05.5e1Z",
      "2022-02-02T19:39:05.5,5Z"}},
    {"the hour of the offset is not 00 to 23", {"2022-02-02T19:39:05+24:00"}},
    {"the minute of the offset is not 00 to 59",
     {"2022-02-02T19:39:05+01:60", "2022-02-02T19:39:05-00:99"}},
    {"there is text after the offset",
     {"2022-02-02T19:39:05ZZ", "2022-02-02T19:39:05Z ",
      "2022-02-02T19:39:05Z+01:00", "2022-02-02T19:39:05+01:000",
      "2022-02-02T19:39:05+01:00[Europe/Madrid]"}},
};

/* What is wrong with the text; NULL if it is accepted. */
static const char *problem;

/* Whether it is accepted. If not, the result must be untouched. */
static bool parse(struct text text, struct timestamp *timestamp)
{
    static const struct timestamp untouched = {1, 2, 3, 4, 5};
    struct text copy = exact_copy(text);

    *timestamp = untouched;
    problem = NULL;
    bool accepted = timestamp_parse(copy, timestamp, &problem);
    assert_int_equal(accepted, problem == NULL);
    exact_copy_free(copy);
    if (!accepted)
        assert_memory_equal(timestamp, &untouched, sizeof(untouched));
    return accepted;
}

/*
 * Read `string` with the service and with the strict reader, and write it
 * again. Returns whether it is accepted.
 */
static bool check_date_time(const char *string, struct timestamp *timestamp)
{
    struct strict_time expected;
    char out[TIMESTAMP_MAX_LENGTH];
    bool accepted = parse(text_of(string), timestamp);

    if (accepted != strict_time_read(text_of(string), &expected))
        fail_msg("%s is %s", string, accepted ? "accepted" : "refused");
    if (!accepted)
        return false;
    if (timestamp->seconds != expected.seconds ||
        timestamp->nanoseconds != expected.nanoseconds)
        fail_msg("%s is %lld.%09u", string, (long long)timestamp->seconds,
                 timestamp->nanoseconds);
    unit_check_text((struct text){out, timestamp_format(timestamp, out)},
                    text_of(string));
    if (!timestamp_is_valid(timestamp))
        fail_msg("%s is not valid", string);
    return true;
}

static struct timestamp parsed(const char *string)
{
    struct timestamp timestamp = {0};

    if (!check_date_time(string, &timestamp))
        fail_msg("%s is refused", string);
    return timestamp;
}

static void texts_are_accepted_or_refused(void **state)
{
    (void)state;
    struct timestamp timestamp;

    for (size_t i = 0; i < COUNT(cases); i++) {
        for (const char *const *at = cases[i].texts; *at != NULL; at++) {
            check_date_time(*at, &timestamp);
            if (strcmp(problem == NULL ? "" : problem,
                       cases[i].problem == NULL ? "" : cases[i].problem) != 0)
                fail_msg("%s: %s", *at, problem == NULL ? "good" : problem);
        }
    }
}

/* Whether parsing what is written gives the same timestamp. */
static bool is_read_back(const struct timestamp *timestamp)
{
    char out[TIMESTAMP_MAX_LENGTH];
    struct timestamp again;
    struct text text = {out, timestamp_format(timestamp, out)};

    return parse(text, &again) && messages_same_time(timestamp, &again);
}

/* One member of a valid one is changed, in years that can be written. */
static void what_is_not_read_back_is_not_valid(void **state)
{
    (void)state;
    static const char *const wholes[] = {
        "2022-02-02T19:39:05Z", "2022-02-02t19:39:05.5z",
        "2016-12-31T23:59:60.25-00:00", "2017-01-01T05:29:60+05:30",
        "1969-12-31T23:59:59.000001-23:59"};
    uint64_t random = 15;
    unsigned valid = 0;

    for (unsigned i = 0; i < 60000; i++) {
        struct timestamp changed = parsed(wholes[i % COUNT(wholes)]);
        uint64_t value = unit_random(&random) >> 8;
        switch (i / COUNT(wholes) % 5) {
        case 0:
            changed.seconds += (int64_t)(value % 200000) - 100000;
            break;
        case 1:
            changed.nanoseconds = (uint32_t)(value % 20) * 100000000;
            break;
        case 2:
            changed.offset = (int16_t)((int)(value % 2900) - 1450);
            break;
        case 3:
            changed.digits = (uint8_t)(value % 10);
            break;
        case 4:
            changed.spelling = (uint8_t)(value % 32);
            break;
        }
        bool is_valid = is_read_back(&changed);
        if (timestamp_is_valid(&changed) != is_valid)
            fail_msg("%s, change %u", wholes[i % COUNT(wholes)], i);
        valid += is_valid;
    }
    assert_in_range(valid, 6000, 54000);
}

static void limits_are_those_of_what_is_read(void **state)
{
    (void)state;
    static const char *const ends[] = {
        "0000-01-01T00:00:00Z",      "0000-01-01T00:00:00+23:59",
        "0000-01-01T00:00:00-23:59", "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59+23:59", "9999-12-31T23:59:59-23:59"};

    for (size_t i = 0; i < COUNT(ends); i++) {
        struct timestamp end = parsed(ends[i]);
        end.seconds += i < 3 ? -1 : 1;
        assert_false(timestamp_is_valid(&end));
    }
    struct timestamp time = parsed("2016-12-31T23:59:60.999999999Z");
    time.nanoseconds++;
    assert_false(timestamp_is_valid(&time));
    time = parsed("2022-02-02T19:39:05.123456789Z");
    time.digits = 10;
    assert_false(timestamp_is_valid(&time));
}

static void absent_text_nul_and_parts_are_refused(void **state)
{
    (void)state;
    struct text whole = TEXT("9999-12-31T23:59:59.123456789+23:59");
    struct timestamp timestamp;

    assert_false(parse(text_of(NULL), &timestamp));
    assert_false(parse(TEXT("2022-02-02T19:39:05Z\0"), &timestamp));
    assert_false(parse(TEXT("2022-02-02T19:39:05\0+01:00"), &timestamp));
    assert_int_equal(whole.length, TIMESTAMP_MAX_LENGTH);
    for (size_t length = 0; length < whole.length; length++)
        assert_false(parse((struct text){whole.data, length}, &timestamp));
}

/* Every date of three cycles of 400 years, and days that do not exist. */
static void every_date_agrees_with_the_strict_reader(void **state)
{
    (void)state;
    static const int cycles[] = {0, 1800, 9600};
    struct timestamp timestamp;
    char string[64];

    for (size_t i = 0; i < COUNT(cycles); i++) {
        for (int day = 0; day < 400 * 14 * 33; day++) {
            snprintf(string, sizeof(string), "%04d-%02d-%02dT00:00:00Z",
                     cycles[i] + day / 33 / 14, day / 33 % 14, day % 33);
            check_date_time(string, &timestamp);
        }
    }
    assert_int_equal(parsed("0000-01-01T00:00:00Z").seconds, -62167219200);
    assert_int_equal(parsed("2024-02-29T00:00:00Z").seconds, 1709164800);
    assert_int_equal(parsed("9999-12-31T23:59:59Z").seconds, 253402300799);
}

static void every_offset_moves_the_instant(void **state)
{
    (void)state;
    for (int minutes = 0; minutes < 24 * 60; minutes++) {
        char string[64];
        int length =
            snprintf(string, sizeof(string), "1970-01-01T00:00:00+%02d:%02d",
                     minutes / 60, minutes % 60);
        assert_int_equal(parsed(string).seconds, -60 * minutes);
        string[length - 6] = '-';
        assert_int_equal(parsed(string).seconds, 60 * minutes);
    }
}

static void changed_bytes_agree_with_the_strict_reader(void **state)
{
    (void)state;
    const char *const wholes[] = {
        "2024-02-29T23:59:59Z",
        "1999-12-31t23:59:60.5+00:00",
        "2022-10-19T19:29:09.123456789-11:30",
    };
    struct timestamp timestamp;

    for (size_t i = 0; i < COUNT(wholes); i++) {
        for (size_t place = 0; place < strlen(wholes[i]); place++) {
            for (int byte = 1; byte < 256; byte++) {
                char string[64];

                snprintf(string, sizeof(string), "%s", wholes[i]);
                string[place] = (char)byte;
                check_date_time(string, &timestamp);
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
        parsed(string);
    }
    for (int i = 0; i < 9 * 9 * 10; i++) {
        char fraction[] = "000000000";
        fraction[i / 90] = (char)('0' + i % 10);
        snprintf(string, sizeof(string), "1970-01-01T00:00:00.%.*sZ",
                 1 + i / 10 % 9, fraction);
        parsed(string);
    }
}

static void order_is_by_instant_not_by_spelling(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        int order;
    } pairs[] = {
        {"2022-02-02T19:39:05Z", "2022-02-02t19:39:05.000-00:00", 0},
        {"2022-02-02T19:39:05Z", "2022-02-02T19:39:06Z", -1},
        {"2022-02-02T19:39:05.1Z", "2022-02-02T19:39:05.09Z", 1},
        {"2022-02-02T19:39:05Z", "2022-02-02T19:39:05+01:00", 1},
        {"0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", -1},
        {"1969-12-31T23:59:59.1Z", "1969-12-31T23:59:59.2Z", -1},
        {"2016-12-31T23:59:59.9Z", "2016-12-31T23:59:60Z", -1},
        {"2016-12-31T23:59:59.999999999Z", "2016-12-31T23:59:60.0Z", -1},
        {"2016-12-31T23:59:60.0Z", "2016-12-31T23:59:60.9Z", -1},
        {"2016-12-31T23:59:60.9Z", "2017-01-01T00:00:00Z", -1},
        {"2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.4Z", -1},
        {"2016-12-31T23:59:60.5Z", "2016-12-31T23:59:59.6Z", 1},
        {"2016-12-31T23:59:60Z", "2016-12-31T15:59:60.0-08:00", 0},
        {"2016-12-31T23:59:60.5Z", "2017-01-01T05:29:60.50+05:30", 0},
        {"2016-12-31T15:59:60.9-08:00", "2017-01-01T01:00:00+01:00", -1},
        {"2017-01-01T05:29:60.1+05:30", "2016-12-31T23:59:59.9-00:00", 1},
        {"1969-12-31T23:59:60.9Z", "1970-01-01T00:00:00Z", -1},
        {"9999-12-31T23:59:59Z", "9999-12-31T23:59:60Z", -1},
    };

    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct timestamp a = parsed(pairs[i].a), b = parsed(pairs[i].b);
        int forth = messages_compare_times(&a, &b),
            back = messages_compare_times(&b, &a);
        if ((forth > 0) - (forth < 0) != pairs[i].order ||
            (back > 0) - (back < 0) != -pairs[i].order)
            fail_msg("%s compared with %s gives %d, in reverse %d", pairs[i].a,
                     pairs[i].b, forth, back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_accepted_or_refused),
        cmocka_unit_test(what_is_not_read_back_is_not_valid),
        cmocka_unit_test(limits_are_those_of_what_is_read),
        cmocka_unit_test(absent_text_nul_and_parts_are_refused),
        cmocka_unit_test(every_date_agrees_with_the_strict_reader),
        cmocka_unit_test(every_offset_moves_the_instant),
        cmocka_unit_test(changed_bytes_agree_with_the_strict_reader),
        cmocka_unit_test(seconds_and_fractions_are_written_as_read),
        cmocka_unit_test(order_is_by_instant_not_by_spelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
