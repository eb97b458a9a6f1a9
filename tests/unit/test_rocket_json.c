/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rockets as JSON, byte for byte.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "json_scan.h"
#include "rocket_json.h"

static struct timestamp time_of(const char *string)
{
    struct timestamp time = {0};
    assert_true(timestamp_parse(text_of(string), &time));
    return time;
}

static void assert_json(const struct rocket_view *view, const char *expected)
{
    struct buffer out = BUFFER_INIT;
    rocket_json_write(&out, view);
    assert_false(buffer_failed(&out));
    assert_int_equal(out.length, strlen(expected));
    assert_memory_equal(out.data, expected, out.length);
    struct json_error error;
    assert_true(json_scan(buffer_text(&out), &error));
    buffer_release(&out);
}

static void launched_rocket_has_all_members(void **state)
{
    (void)state;
    struct rocket_view view = {
        .id = TEXT("193270a9-c9cf-404a-8f83-838e71d9ae67"),
        .type = TEXT("Falcon-9"),
        .mission = TEXT("ARTEMIS"),
        .speed = 3500,
        .launched = true,
        .created = time_of("2022-02-02T19:39:05.86337+01:00"),
        .updated = time_of("2022-02-02T19:39:09.1+01:00"),
        .last_number = 4,
    };
    assert_json(&view, "{\"id\":\"193270a9-c9cf-404a-8f83-838e71d9ae67\","
                       "\"type\":\"Falcon-9\",\"speed\":3500,"
                       "\"mission\":\"ARTEMIS\",\"status\":\"active\","
                       "\"reason\":null,"
                       "\"createdAt\":\"2022-02-02T19:39:05.86337+01:00\","
                       "\"updatedAt\":\"2022-02-02T19:39:09.1+01:00\","
                       "\"lastMessageNumber\":4,\"missingMessages\":0}");
}

static void unknown_members_are_null(void **state)
{
    (void)state;
    struct rocket_view view = {
        .id = TEXT("r"),
        .speed = -500,
        .updated = time_of("2022-02-02T19:39:05Z"),
        .last_number = 500,
        .missing = 499,
    };
    assert_json(&view, "{\"id\":\"r\",\"type\":null,\"speed\":-500,"
                       "\"mission\":null,\"status\":\"active\","
                       "\"reason\":null,\"createdAt\":null,"
                       "\"updatedAt\":\"2022-02-02T19:39:05Z\","
                       "\"lastMessageNumber\":500,\"missingMessages\":499}");
}

static void exploded_rocket_has_a_reason(void **state)
{
    (void)state;
    struct rocket_view view = {
        .id = TEXT("r"),
        .exploded = true,
        .reason = TEXT("FROZEN_O_RINGS"),
        .updated = time_of("2022-02-02T19:39:05Z"),
        .last_number = 1,
    };
    assert_json(&view, "{\"id\":\"r\",\"type\":null,\"speed\":0,"
                       "\"mission\":null,\"status\":\"exploded\","
                       "\"reason\":\"FROZEN_O_RINGS\",\"createdAt\":null,"
                       "\"updatedAt\":\"2022-02-02T19:39:05Z\","
                       "\"lastMessageNumber\":1,\"missingMessages\":0}");
}

static void texts_are_escaped_and_numbers_whole(void **state)
{
    (void)state;
    struct rocket_view view = {
        .id = TEXT("a\"b\\c\n\xc3\xa9"),
        .type = TEXT("\""),
        .mission = TEXT("</script>"),
        .reason = TEXT("\x01"),
        .exploded = true,
        .speed = INT64_MIN,
        .launched = true,
        .created = time_of("0000-01-01t00:00:00.000000000z"),
        .updated = time_of("9999-12-31T23:59:59.123456789-23:59"),
        .last_number = MESSAGE_MAX_NUMBER,
        .missing = MESSAGE_MAX_NUMBER - 1,
    };
    assert_json(&view, "{\"id\":\"a\\\"b\\\\c\\n\xc3\xa9\",\"type\":\"\\\"\","
                       "\"speed\":-9223372036854775808,"
                       "\"mission\":\"</script>\",\"status\":\"exploded\","
                       "\"reason\":\"\\u0001\","
                       "\"createdAt\":\"0000-01-01t00:00:00.000000000z\","
                       "\"updatedAt\":\"9999-12-31T23:59:59.123456789-23:59\","
                       "\"lastMessageNumber\":9007199254740991,"
                       "\"missingMessages\":9007199254740990}");
}

static void rockets_are_appended(void **state)
{
    (void)state;
    struct buffer out = BUFFER_INIT;
    struct rocket_view view = {
        .id = TEXT("r"),
        .updated = time_of("2022-02-02T19:39:05Z"),
    };
    buffer_append(&out, TEXT("["));
    rocket_json_write(&out, &view);
    size_t one = out.length - 1;
    buffer_append(&out, TEXT(","));
    rocket_json_write(&out, &view);
    assert_int_equal(out.length, 2 * one + 2);
    assert_memory_equal(out.data + 1, out.data + 2 + one, one);
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(launched_rocket_has_all_members),
        cmocka_unit_test(unknown_members_are_null),
        cmocka_unit_test(exploded_rocket_has_a_reason),
        cmocka_unit_test(texts_are_escaped_and_numbers_whole),
        cmocka_unit_test(rockets_are_appended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
