/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of records: every message is read back exactly, each has one form only,
 * and bytes that are not of this form are refused, whatever they are.
 */
#include "lib/unit_check.h"

#include "lib/generator.h"
#include "lib/messages.h"
#include "store/record.h"

#define UUID "193270a9-c9cf-404a-8f83-838e71d9ae67"

static struct timestamp time_of(const char *string)
{
    struct timestamp time = {0};
    const char *problem = NULL;

    if (!timestamp_parse(text_of(string), &time, &problem))
        fail_msg("%s: %s", string, problem);
    return time;
}

/* Read `bytes`, which are one record, and write it again. */
static void check_same(struct text bytes, const struct message *message)
{
    struct text copy = exact_copy(bytes), rest = copy;
    struct record record;
    char again[RECORD_MAX];

    assert_int_equal(record_read(&rest, &record), RECORD_OK);
    assert_int_equal(rest.length, 0);
    assert_int_equal(record.kind, RECORD_MESSAGE);
    assert_true(messages_same(&record.message, message));
    unit_check_text((struct text){again, record_write(&record.message, again)},
                    bytes);
    exact_copy_free(copy);
}

static void check_message(const struct message *message)
{
    char bytes[RECORD_MAX];
    size_t length = record_write(message, bytes);

    assert_true(length <= RECORD_MAX);
    check_same((struct text){bytes, length}, message);
}

static void all_messages_are_read_back_exactly(void **context)
{
    (void)context;
    static char longest[MESSAGE_MAX_NAME + 1];
    memset(longest, 'x', MESSAGE_MAX_NAME);
    const char *const channels[] = {"r",
                                    "...",
                                    UUID,
                                    "193270A9-C9CF-404A-8F83-838E71D9AE67",
                                    "193270a9-c9cf-404a-8f83-838e71d9ae6",
                                    "193270a9-c9cf-404a-8f83-838e71d9ae670",
                                    "193270a9-c9cf-404a-8f83+838e71d9ae67",
                                    "g93270a9-c9cf-404a-8f83-838e71d9ae67",
                                    "00000000-0000-0000-0000-000000000000",
                                    "ffffffff-ffff-ffff-ffff-ffffffffffff",
                                    "r\303\266cket \"1\"\\",
                                    longest + MESSAGE_MAX_NAME -
                                        MESSAGE_MAX_CHANNEL};
    const char *const times[] = {"2022-02-02T19:39:05.86337+01:00",
                                 "1970-01-01T00:00:00Z",
                                 "1969-12-31t23:59:59.999999999z",
                                 "0000-01-01T00:00:00+23:59",
                                 "9999-12-31T00:00:60.999999999-23:59",
                                 "2016-12-31T23:59:60-00:00",
                                 "2017-01-01T05:29:60.0+05:30",
                                 "2022-02-02T19:39:05.000000000-23:59"};
    const uint64_t numbers[] = {1, 127, 128, 16384, MESSAGE_MAX_NUMBER};
    const char *const names[] = {"A", "Falcon-9 \342\204\242", longest};
    const int64_t speeds[] = {0, 1, 500, MESSAGE_MAX_SPEED};

    for (size_t i = 0; i < COUNT(channels) * COUNT(times) * COUNT(numbers) *
                               MESSAGE_TYPE_COUNT;
         i++) {
        size_t j = i / COUNT(channels);
        struct message message = message_of_type(
            (enum message_type)(i % MESSAGE_TYPE_COUNT),
            channels[i % COUNT(channels)], numbers[j % COUNT(numbers)]);
        message.time = time_of(times[j % COUNT(times)]);
        if (message.speed != 0)
            message.speed = speeds[j % COUNT(speeds)];
        struct text *texts[] = {&message.rocket_type, &message.mission,
                                &message.reason};
        for (size_t k = 0; k < COUNT(texts); k++) {
            if (texts[k]->data != NULL)
                *texts[k] = text_of(names[(j + k) % COUNT(names)]);
        }
        check_message(&message);
    }
}

static void random_messages_are_read_back_exactly(void **context)
{
    (void)context;
    struct random random = {15};

    for (unsigned i = 0; i < 20000; i++) {
        struct message message = generator_message(
            &random, generator_channels[i % GENERATOR_ROCKETS],
            1 + random_below(&random, MESSAGE_MAX_NUMBER) %
                    (UINT64_C(1) << i % 54));
        /* The generator's speeds may exceed what is accepted. */
        message.speed %= MESSAGE_MAX_SPEED + INT64_C(1);
        check_message(&message);
    }
}

static void records_are_small(void **context)
{
    (void)context;
    static const struct {
        enum message_type type;
        const char *channel;
        size_t length;
    } rows[] = {
        {MESSAGE_SPEED_INCREASED, UUID, 35},
        {MESSAGE_LAUNCHED, UUID, 52},
        {MESSAGE_SPEED_INCREASED, "moon-1", 26},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char bytes[RECORD_MAX];
        struct message message =
            message_of_type(rows[i].type, rows[i].channel, 5700);
        message.time = time_of("2025-04-02T09:21:53.385079591+02:00");
        assert_int_equal(record_write(&message, bytes), rows[i].length);
    }
}

/* Journals of this version hold them. */
static void each_type_has_these_bytes(void **context)
{
    (void)context;
    static const struct {
        enum message_type type;
        const char *bytes; /* in hexadecimal digits */
    } rows[] = {
        {MESSAGE_LAUNCHED,
         "0100066d6f6f6e2d31c42c09a296e7fe0ca7b2cfb701f0010846616c636f6e2d"
         "39f40307415254454d4953"},
        {MESSAGE_SPEED_INCREASED,
         "0181193270a9c9cf404a8f83838e71d9ae67c42c09a296e7fe0ca7b2cfb701f0"
         "01b817"},
        {MESSAGE_SPEED_DECREASED,
         "0102066d6f6f6e2d31c42c09a296e7fe0ca7b2cfb701f001c413"},
        {MESSAGE_EXPLODED,
         "0183193270a9c9cf404a8f83838e71d9ae67c42c09a296e7fe0ca7b2cfb701f0"
         "010e46524f5a454e5f4f5f52494e4753"},
        {MESSAGE_MISSION_CHANGED,
         "0104066d6f6f6e2d31c42c09a296e7fe0ca7b2cfb701f0010b53485554544c45"
         "5f4d4952"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char bytes[RECORD_MAX], digits[2 * RECORD_MAX + 1] = "";
        struct message message =
            message_of_type(rows[i].type, i % 2 ? UUID : "moon-1", 5700);
        message.time = time_of("2025-04-02T09:21:53.385079591+02:00");
        size_t length = record_write(&message, bytes);
        for (size_t at = 0; at < length; at++)
            sprintf(digits + 2 * at, "%02x", (unsigned char)bytes[at]);
        assert_string_equal(digits, rows[i].bytes);
    }
}

static void records_are_read_one_after_the_other(void **context)
{
    (void)context;
    char bytes[MESSAGE_TYPE_COUNT * RECORD_MAX];
    struct text rest = {bytes, 0};
    struct record record;

    for (unsigned i = 0; i < MESSAGE_TYPE_COUNT; i++) {
        struct message message =
            message_of_type((enum message_type)i, UUID, i + 1);
        rest.length += record_write(&message, bytes + rest.length);
    }
    for (unsigned i = 0; i < MESSAGE_TYPE_COUNT; i++) {
        struct message message =
            message_of_type((enum message_type)i, UUID, i + 1);
        assert_int_equal(record_read(&rest, &record), RECORD_OK);
        assert_true(messages_same(&record.message, &message));
    }
    assert_int_equal(rest.length, 0);
    assert_int_equal(record_read(&rest, &record), RECORD_DAMAGED);
}

/* Read bytes that need not be a record. What is refused is left as it was. */
static enum record_result read_any(struct text bytes)
{
    struct text copy = exact_copy(bytes), rest = copy;
    struct record record;
    enum record_result result = record_read(&rest, &record);

    if (result == RECORD_OK) {
        char again[RECORD_MAX];
        struct text read = {copy.data, copy.length - rest.length};
        unit_check_text(
            (struct text){again, record_write(&record.message, again)}, read);
    } else {
        assert_ptr_equal(rest.data, copy.data);
        assert_int_equal(rest.length, copy.length);
    }
    exact_copy_free(copy);
    return result;
}

static void what_is_cut_off_is_refused(void **context)
{
    (void)context;
    for (unsigned i = 0; i < MESSAGE_TYPE_COUNT; i++) {
        char bytes[RECORD_MAX];
        struct message message =
            message_of_type((enum message_type)i, i % 2 ? UUID : "r", 5700);
        size_t length = record_write(&message, bytes);
        for (size_t cut = 0; cut < length; cut++)
            assert_int_equal(read_any((struct text){bytes, cut}),
                             RECORD_DAMAGED);
    }
}

/* read_any() compares what is accepted all the same. */
static void changed_bytes_are_refused_or_another_message(void **context)
{
    (void)context;
    for (unsigned i = 0; i < MESSAGE_TYPE_COUNT; i++) {
        char bytes[RECORD_MAX];
        struct message message =
            message_of_type((enum message_type)i, i % 2 ? UUID : "r", 5700);
        size_t length = record_write(&message, bytes);
        for (size_t at = 0; at < length; at++) {
            for (unsigned change = 1; change < 256; change++) {
                bytes[at] = (char)(bytes[at] ^ (int)change);
                read_any((struct text){bytes, length});
                bytes[at] = (char)(bytes[at] ^ (int)change);
            }
        }
    }
}

static void each_rule_is_checked(void **context)
{
    (void)context;
    /* A speed increase by 1 of the rocket "r", number 1, at 0, is the first. */
    const struct {
        struct text bytes;
        enum record_result result;
    } rows[] = {
        {TEXT("\1\1\1r\1\0\0\0\0\1"), RECORD_OK},
        {TEXT("\0\1\1r\1\0\0\0\0\1"), RECORD_DAMAGED},
        {TEXT("\2\1\1r\1\0\0\0\0\1"), RECORD_UNKNOWN},
        {TEXT("\1\5\1r\1\0\0\0\0\1"), RECORD_UNKNOWN},
        {TEXT("\1\1\0\1\0\0\0\0\1"), RECORD_DAMAGED},
        {TEXT("\1\1\1.\1\0\0\0\0\1"), RECORD_DAMAGED},
        {TEXT("\1\1\2..\1\0\0\0\0\1"), RECORD_DAMAGED},
        {TEXT("\1\1\3...\1\0\0\0\0\1"), RECORD_OK},
        {TEXT("\1\1\1\x1f\1\0\0\0\0\1"), RECORD_DAMAGED},
        {TEXT("\1\1\1\xff\1\0\0\0\0\1"), RECORD_DAMAGED},
        {TEXT("\1\1\2\xc3\xb6\1\0\0\0\0\1"), RECORD_OK},
        {TEXT("\1\1\2\xc3\1\1\0\0\0\0\1"), RECORD_DAMAGED},
        {TEXT("\1\1\x24" UUID "\1\0\0\0\0\1"), RECORD_DAMAGED},
        {TEXT("\1\1\x81\0r\1\0\0\0\0\1"), RECORD_DAMAGED},
        {TEXT("\1\1\1r\0\0\0\0\0\1"), RECORD_DAMAGED},
        {TEXT("\1\1\1r\xff\xff\xff\xff\xff\xff\xff\x0f\0\0\0\0\1"), RECORD_OK},
        {TEXT("\1\1\1r\x80\x80\x80\x80\x80\x80\x80\x10\0\0\0\0\1"),
         RECORD_DAMAGED},
        {TEXT("\1\1\1r\x80\x80\x80\x80\x80\x80\x80\x80\1\0\0\0\0\1"),
         RECORD_DAMAGED},
        {TEXT("\1\1\1r\1\x09\0\xff\xa7\xd6\xb9\x07\0\1"), RECORD_DAMAGED},
        {TEXT("\1\1\1r\1\x09\xfe\xc5\x0a\xff\xa7\xd6\xb9\x07\0\1"), RECORD_OK},
        {TEXT("\1\1\1r\1\x09\xfe\xc5\x0a\x80\xa8\xd6\xb9\x07\0\1"),
         RECORD_DAMAGED},
        {TEXT("\1\1\1r\1\x0a\0\0\0\1"), RECORD_DAMAGED},
        {TEXT("\1\1\1r\1\0\0\2\0\1"), RECORD_DAMAGED},
        {TEXT("\1\1\1r\1\xf0\0\0\0\1"), RECORD_DAMAGED},
        {TEXT("\1\1\1r\1\x20\0\0\2\1"), RECORD_DAMAGED},
        {TEXT("\1\1\1r\1\0\0\0\xbe\x16\1"), RECORD_OK},
        {TEXT("\1\1\1r\1\0\0\0\xbf\x16\1"), RECORD_DAMAGED},
        {TEXT("\1\1\1r\1\0\0\0\0\x80\x94\xeb\xdc\x03"), RECORD_OK},
        {TEXT("\1\1\1r\1\0\0\0\0\x81\x94\xeb\xdc\x03"), RECORD_DAMAGED},
        {TEXT("\1\3\1r\1\0\0\0\0\1x"), RECORD_OK},
        {TEXT("\1\3\1r\1\0\0\0\0\2x"), RECORD_DAMAGED},
        {TEXT("\1\3\1r\1\0\0\0\0\1\x7f"), RECORD_DAMAGED},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        enum record_result result = read_any(rows[i].bytes);
        if (result != rows[i].result)
            fail_msg("row %zu: %d instead of %d", i, (int)result,
                     (int)rows[i].result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_messages_are_read_back_exactly),
        cmocka_unit_test(random_messages_are_read_back_exactly),
        cmocka_unit_test(records_are_small),
        cmocka_unit_test(each_type_has_these_bytes),
        cmocka_unit_test(records_are_read_one_after_the_other),
        cmocka_unit_test(what_is_cut_off_is_refused),
        cmocka_unit_test(changed_bytes_are_refused_or_another_message),
        cmocka_unit_test(each_rule_is_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
