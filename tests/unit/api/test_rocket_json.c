/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the JSON of rockets, byte for byte: by example, and random rockets
 * against printf(3).
 */
#include "lib/unit_check.h"

#include <inttypes.h>

#include "api/rocket_json.h"

static struct timestamp time_of(const char *string)
{
    struct timestamp time = {0};
    const char *problem;
    assert_true(timestamp_parse(text_of(string), &time, &problem));
    return time;
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

static char *plain_time(char *at, const struct timestamp *time)
{
    char text[TIMESTAMP_MAX_LENGTH];
    int length = (int)timestamp_format(time, text);

    return at + sprintf(at, "\"%.*s\"", length, text);
}

/* The expected JSON. Returns its length. */
static size_t plain_write(const struct rocket_view *view, char *out)
{
    char *at = out + sprintf(out, "{\"id\":");

    at = plain_string(at, view->id);
    at += sprintf(at, ",\"type\":");
    at = plain_string(at, view->type);
    at += sprintf(at, ",\"speed\":%" PRId64 ",\"mission\":", view->speed);
    at = plain_string(at, view->mission);
    at += sprintf(at, ",\"status\":\"%s\",\"reason\":",
                  view->exploded ? "exploded" : "active");
    at = plain_string(at, view->reason);
    at += sprintf(at, ",\"createdAt\":");
    at = view->launched ? plain_time(at, &view->created)
                        : plain_string(at, (struct text){NULL, 0});
    at += sprintf(at, ",\"updatedAt\":");
    at = plain_time(at, &view->updated);
    at += sprintf(at,
                  ",\"lastMessageNumber\":%" PRIu64
                  ",\"missingMessages\":%" PRIu64 ",\"revision\":%" PRIu64 "}",
                  view->last_number, view->missing, view->revision);
    return (size_t)(at - out);
}

enum { PLAIN_SIZE = 8192 };

/* Write behind a byte, into a buffer that has `room` bytes more at first. */
static void assert_json(const struct rocket_view *view, struct text expected,
                        size_t room)
{
    struct buffer out = {malloc(room + 1), 1, room + 1, false};

    assert_non_null(out.data);
    out.data[0] = '[';
    rocket_json_write(&out, view);
    assert_false(buffer_failed(&out));
    assert_true(out.length <= out.capacity);
    assert_int_equal(out.data[0], '[');
    if (!text_equal((struct text){out.data + 1, out.length - 1}, expected))
        fail_msg("expected %.*s, got %.*s", (int)expected.length, expected.data,
                 (int)out.length, out.data);
    buffer_release(&out);
}

static void check_rocket(const struct rocket_view *view, size_t room)
{
    char expected[PLAIN_SIZE];
    size_t length = plain_write(view, expected);

    assert_json(view, (struct text){expected, length}, room);
}

static void rockets_are_written_as_documented(void **state)
{
    const struct {
        struct rocket_view view;
        const char *json;
    } examples[] = {
        {{.id = TEXT("193270a9-c9cf-404a-8f83-838e71d9ae67"),
          .type = TEXT("Falcon-9"),
          .mission = TEXT("ARTEMIS"),
          .speed = 3500,
          .launched = true,
          .created = time_of("2022-02-02T19:39:05.86337+01:00"),
          .updated = time_of("2022-02-02T19:39:09.1+01:00"),
          .last_number = 4,
          .revision = 42},
         "{\"id\":\"193270a9-c9cf-404a-8f83-838e71d9ae67\","
         "\"type\":\"Falcon-9\",\"speed\":3500,\"mission\":\"ARTEMIS\","
         "\"status\":\"active\",\"reason\":null,"
         "\"createdAt\":\"2022-02-02T19:39:05.86337+01:00\","
         "\"updatedAt\":\"2022-02-02T19:39:09.1+01:00\","
         "\"lastMessageNumber\":4,\"missingMessages\":0,\"revision\":42}"},
        {{.id = TEXT("r"),
          .speed = -500,
          .updated = time_of("2022-02-02T19:39:05Z"),
          .last_number = 500,
          .missing = 499,
          .revision = 1},
         "{\"id\":\"r\",\"type\":null,\"speed\":-500,\"mission\":null,"
         "\"status\":\"active\",\"reason\":null,\"createdAt\":null,"
         "\"updatedAt\":\"2022-02-02T19:39:05Z\","
         "\"lastMessageNumber\":500,\"missingMessages\":499,\"revision\":1}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(examples); i++)
        assert_json(&examples[i].view, text_of(examples[i].json), 0);
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

/* Text of letters, some bytes that JSON escapes, or any bytes. */
static struct text random_text(uint64_t *random, char *bytes, size_t max)
{
    static const char rare[] = "\"\\\b\f\n\r\t\0\x01\x1f\x7f\xc3\xa9";
    size_t length = next_random(random) % (max + 1);
    uint64_t kind = next_random(random) % 4;

    for (size_t i = 0; i < length; i++) {
        if (kind == 0)
            bytes[i] = (char)next_random(random);
        else if (kind == 1 && next_random(random) % 16 == 0)
            bytes[i] = rare[next_random(random) % sizeof(rare)];
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

static struct timestamp random_time(uint64_t *random)
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

    return time_of(times[next_random(random) % COUNT(times)]);
}

/* Room for the texts of a rocket. */
struct names {
    char id[MESSAGE_MAX_CHANNEL];
    char type[MESSAGE_MAX_NAME];
    char mission[MESSAGE_MAX_NAME];
    char reason[MESSAGE_MAX_NAME];
};

static struct rocket_view random_rocket(uint64_t *random, struct names *names)
{
    struct rocket_view view = {.revision = random_integer(random)};

    view.id = random_text(random, names->id, MESSAGE_MAX_CHANNEL);
    view.type = random_name(random, names->type);
    view.mission = random_name(random, names->mission);
    view.reason = random_name(random, names->reason);
    view.speed = (int64_t)random_integer(random);
    if (next_random(random) % 2 == 0)
        view.speed = (int64_t)(0 - (uint64_t)view.speed);
    view.exploded = next_random(random) % 2 == 0;
    view.launched = next_random(random) % 4 != 0;
    view.created = random_time(random);
    view.updated = random_time(random);
    view.last_number = random_integer(random);
    view.missing = random_integer(random);
    return view;
}

/* The longest JSON of a rocket: every byte of its texts is escaped. */
static struct rocket_view longest_rocket(struct names *names)
{
    struct timestamp time = time_of("9999-12-31T23:59:59.123456789+23:59");

    memset(names, 0x01, sizeof(*names));
    return (struct rocket_view){
        .id = {names->id, MESSAGE_MAX_CHANNEL},
        .type = {names->type, MESSAGE_MAX_NAME},
        .mission = {names->mission, MESSAGE_MAX_NAME},
        .reason = {names->reason, MESSAGE_MAX_NAME},
        .speed = INT64_MIN,
        .exploded = true,
        .launched = true,
        .created = time,
        .updated = time,
        .last_number = UINT64_MAX,
        .missing = UINT64_MAX,
        .revision = UINT64_MAX,
    };
}

static void random_rockets_are_written_as_by_printf(void **state)
{
    uint64_t random = 88172645463325252;
    struct names names;

    (void)state;
    for (int i = 0; i < 5000; i++) {
        struct rocket_view view = random_rocket(&random, &names);
        check_rocket(&view, next_random(&random) % 1024);
    }
}

/* For exports: revisions depend on the messages of other rockets. */
static void state_is_the_same_without_the_revision(void **state)
{
    uint64_t random = 88172645463325252;
    struct names names;

    (void)state;
    for (int i = 0; i < 500; i++) {
        struct rocket_view view = random_rocket(&random, &names);
        struct buffer whole = BUFFER_INIT, without = BUFFER_INIT;
        char end[64];
        int length = snprintf(end, sizeof(end), ",\"revision\":%" PRIu64 "}",
                              view.revision);

        rocket_json_write(&whole, &view);
        rocket_json_write_state(&without, &view);
        assert_int_equal(whole.length, without.length + (size_t)length - 1);
        assert_memory_equal(whole.data, without.data, without.length - 1);
        unit_check_text(text_skip(buffer_text(&whole), without.length - 1),
                        text_of(end));
        assert_int_equal(without.data[without.length - 1], '}');
        buffer_release(&whole);
        buffer_release(&without);
    }
}

/* With any room no byte is written past it; ASan detects overruns. */
static void buffer_grows_from_any_room(void **state)
{
    struct names names;
    struct rocket_view longest = longest_rocket(&names);
    struct rocket_view unknown = longest;
    struct rocket_view empty = {.id = TEXT(""), .updated = longest.updated};

    (void)state;
    /* A null is longer than an empty string. */
    unknown.type = unknown.mission = unknown.reason = (struct text){NULL, 0};
    for (size_t room = 0; room < PLAIN_SIZE; room += 3) {
        check_rocket(&longest, room);
        check_rocket(&empty, room % 512);
        check_rocket(&unknown, room % 2048);
    }
}

static void nothing_is_written_without_memory(void **state)
{
    struct buffer out = BUFFER_INIT;
    struct names names;
    struct rocket_view view = longest_rocket(&names);

    (void)state;
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
        cmocka_unit_test(rockets_are_written_as_documented),
        cmocka_unit_test(random_rockets_are_written_as_by_printf),
        cmocka_unit_test(state_is_the_same_without_the_revision),
        cmocka_unit_test(buffer_grows_from_any_room),
        cmocka_unit_test(nothing_is_written_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
