/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the JSON of rockets, byte for byte: by example, and random rockets
 * against printf(3).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/rocket_json.h"
#include "format/json_scan.h"

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
    if (!text_equal(buffer_text(&out), text_of(expected)))
        fail_msg("expected %s, got %.*s", expected, (int)out.length, out.data);
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

static void texts_are_escaped_and_numbers_not_rounded(void **state)
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

static void rockets_are_appended_to_the_buffer(void **state)
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

/*
 * A rocket for the plain writer, with which rocket_json_write() is compared.
 * Times are strings, as they are written as they were sent.
 */
struct plain_rocket {
    struct text id, type, mission, reason;
    int64_t speed;
    bool exploded;
    const char *created; /* NULL while unknown */
    const char *updated;
    uint64_t last_number, missing;
    char bytes[MESSAGE_MAX_CHANNEL + 3 * MESSAGE_MAX_NAME];
};

static struct rocket_view view_of(const struct plain_rocket *rocket)
{
    struct rocket_view view = {
        .id = rocket->id,
        .type = rocket->type,
        .mission = rocket->mission,
        .reason = rocket->reason,
        .speed = rocket->speed,
        .exploded = rocket->exploded,
        .launched = rocket->created != NULL,
        .updated = time_of(rocket->updated),
        .last_number = rocket->last_number,
        .missing = rocket->missing,
    };

    if (rocket->created != NULL)
        view.created = time_of(rocket->created);
    return view;
}

static char *plain_string(char *at, struct text text)
{
    if (text.data == NULL)
        return at + sprintf(at, "null");
    at += sprintf(at, "\"");
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        const char *named = c == '\0' ? NULL : strchr("\bb\ff\nn\rr\tt", c);

        if (c == '"' || c == '\\')
            at += sprintf(at, "\\%c", c);
        else if (named != NULL && (unsigned char)c < 0x20)
            at += sprintf(at, "\\%c", named[1]);
        else if ((unsigned char)c < 0x20)
            at += sprintf(at, "\\u%04X", (unsigned)c);
        else
            at += sprintf(at, "%c", c);
    }
    return at + sprintf(at, "\"");
}

static size_t plain_write(const struct plain_rocket *rocket, char *out)
{
    char *at = out;

    at += sprintf(at, "{\"id\":");
    at = plain_string(at, rocket->id);
    at += sprintf(at, ",\"type\":");
    at = plain_string(at, rocket->type);
    at += sprintf(at, ",\"speed\":%" PRId64 ",\"mission\":", rocket->speed);
    at = plain_string(at, rocket->mission);
    at += sprintf(at, ",\"status\":\"%s\",\"reason\":",
                  rocket->exploded ? "exploded" : "active");
    at = plain_string(at, rocket->reason);
    if (rocket->created == NULL)
        at += sprintf(at, ",\"createdAt\":null");
    else
        at += sprintf(at, ",\"createdAt\":\"%s\"", rocket->created);
    at += sprintf(at, ",\"updatedAt\":\"%s\"", rocket->updated);
    at += sprintf(at,
                  ",\"lastMessageNumber\":%" PRIu64
                  ",\"missingMessages\":%" PRIu64 "}",
                  rocket->last_number, rocket->missing);
    return (size_t)(at - out);
}

/* xorshift64 (Marsaglia, 2003). The seed is fixed, so runs do not differ. */
static uint64_t next_random(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random >> 8;
}

/* A number of random magnitude: small ones are as likely as large ones. */
static uint64_t random_integer(uint64_t *random)
{
    uint64_t value = next_random(random) << 32 ^ next_random(random);

    return value >> next_random(random) % 64;
}

/* Text of printable, mostly printable, or arbitrary bytes. */
static struct text random_text(uint64_t *random, char *bytes, size_t max)
{
    static const char rare[] = "\"\\\b\f\n\r\t\0\x01\x1f\x7f\xc3\xa9";
    size_t length = next_random(random) % (max + 1);
    uint64_t kind = next_random(random) % 4;

    if (next_random(random) % 4 != 0)
        length %= 24;
    for (size_t i = 0; i < length; i++) {
        if (kind == 0)
            bytes[i] = (char)next_random(random);
        else if (kind == 1 && next_random(random) % 16 == 0)
            bytes[i] = rare[next_random(random) % (sizeof(rare) - 1)];
        else
            bytes[i] = (char)('A' + next_random(random) % 26);
    }
    return (struct text){bytes, length};
}

static struct text random_name(uint64_t *random, char *bytes)
{
    if (next_random(random) % 4 == 0)
        return (struct text){NULL, 0};
    return random_text(random, bytes, MESSAGE_MAX_NAME);
}

static const char *random_time(uint64_t *random)
{
    static const char *const times[] = {
        "0000-01-01T00:00:00Z",
        "0000-02-29t23:59:59.000000000z",
        "0000-12-31T23:59:60+00:00",
        "1969-12-31T23:59:59.9-00:00",
        "2016-12-31T15:59:60.25-08:00",
        "2022-02-02T19:39:05.86337+01:00",
        "2025-04-02T09:21:50.458989221+02:00",
        "9999-12-31T23:59:59.123456789+23:59",
        "9999-12-31T23:59:60.12345678-00:00",
    };

    return times[next_random(random) % (sizeof(times) / sizeof(times[0]))];
}

static void make_random_rocket(uint64_t *random, struct plain_rocket *rocket)
{
    char *names = rocket->bytes + MESSAGE_MAX_CHANNEL;

    rocket->id = random_text(random, rocket->bytes, MESSAGE_MAX_CHANNEL);
    rocket->type = random_name(random, names);
    rocket->mission = random_name(random, names + MESSAGE_MAX_NAME);
    rocket->reason = random_name(random, names + (size_t)2 * MESSAGE_MAX_NAME);
    rocket->speed = (int64_t)random_integer(random);
    if (next_random(random) % 2 == 0)
        rocket->speed = (int64_t)(0 - (uint64_t)rocket->speed);
    rocket->exploded = next_random(random) % 2 == 0;
    rocket->created = next_random(random) % 4 == 0 ? NULL : random_time(random);
    rocket->updated = random_time(random);
    rocket->last_number = random_integer(random);
    rocket->missing = random_integer(random);
}

/* The longest JSON of a rocket: every byte of its texts is escaped. */
static void make_longest_rocket(struct plain_rocket *rocket)
{
    char *names = rocket->bytes + MESSAGE_MAX_CHANNEL;

    memset(rocket->bytes, 0x01, sizeof(rocket->bytes));
    rocket->id = (struct text){rocket->bytes, MESSAGE_MAX_CHANNEL};
    rocket->type = (struct text){names, MESSAGE_MAX_NAME};
    rocket->mission = rocket->type;
    rocket->reason = rocket->type;
    rocket->speed = INT64_MIN;
    rocket->exploded = true;
    rocket->created = "9999-12-31T23:59:59.123456789+23:59";
    rocket->updated = rocket->created;
    rocket->last_number = UINT64_MAX;
    rocket->missing = UINT64_MAX;
}

enum { PLAIN_SIZE = 8192 };

/* Compare both writers. The buffer has `room` bytes at first. */
static void check_rocket(const struct plain_rocket *rocket, size_t room)
{
    char expected[PLAIN_SIZE];
    size_t length = plain_write(rocket, expected);
    struct rocket_view view = view_of(rocket);
    struct buffer out = {malloc(room + 1), 1, room + 1, false};

    assert_non_null(out.data);
    out.data[0] = '[';
    rocket_json_write(&out, &view);
    assert_false(buffer_failed(&out));
    assert_true(out.length <= out.capacity);
    if (!text_equal((struct text){out.data + 1, out.length - 1},
                    (struct text){expected, length}))
        fail_msg("expected %.*s, got %.*s", (int)length, expected,
                 (int)out.length, out.data);
    assert_int_equal(out.data[0], '[');
    buffer_release(&out);
}

static void random_rockets_are_written_as_by_printf(void **state)
{
    (void)state;
    uint64_t random = 88172645463325252;
    struct plain_rocket rocket;

    for (int i = 0; i < 5000; i++) {
        make_random_rocket(&random, &rocket);
        check_rocket(&rocket, next_random(&random) % 1024);
    }
}

/* With any room no byte is written past it; ASan detects overruns. */
static void buffer_grows_from_any_room(void **state)
{
    (void)state;
    struct plain_rocket longest;
    struct plain_rocket empty = {
        .id = TEXT(""),
        .updated = "2022-02-02T19:39:05Z",
    };

    make_longest_rocket(&longest);
    /* A null is longer than an empty string. */
    struct plain_rocket unknown = longest;
    unknown.type = (struct text){NULL, 0};
    unknown.mission = unknown.type;
    unknown.reason = unknown.type;
    for (size_t room = 0; room < PLAIN_SIZE; room += 3) {
        check_rocket(&longest, room);
        check_rocket(&empty, room % 512);
        check_rocket(&unknown, room % 2048);
    }
}

static void nothing_is_written_without_memory(void **state)
{
    (void)state;
    struct buffer out = BUFFER_INIT;
    struct plain_rocket rocket;

    make_longest_rocket(&rocket);
    struct rocket_view view = view_of(&rocket);
    buffer_append(&out, TEXT("["));
    out.failed = true;
    rocket_json_write(&out, &view);
    assert_true(buffer_failed(&out));
    assert_true(text_equal(buffer_text(&out), TEXT("[")));
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(launched_rocket_has_all_members),
        cmocka_unit_test(unknown_members_are_null),
        cmocka_unit_test(exploded_rocket_has_a_reason),
        cmocka_unit_test(texts_are_escaped_and_numbers_not_rounded),
        cmocka_unit_test(rockets_are_appended_to_the_buffer),
        cmocka_unit_test(random_rockets_are_written_as_by_printf),
        cmocka_unit_test(buffer_grows_from_any_room),
        cmocka_unit_test(nothing_is_written_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
