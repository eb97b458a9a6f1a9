/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the form of images: its bytes, that each rocket has one form only,
 * and that bytes which no rocket has are refused, whatever they are.
 */
#include "lib/unit_check.h"

#include "domain/rocket.h"
#include "lib/messages.h"
#include "table/image.h"
#include "table/stripe.h"

#define UUID "193270a9-c9cf-404a-8f83-838e71d9ae67"

static struct quota quota;
static struct stripe stripe;

static int set_up(void **context)
{
    static const uint8_t key[16] = {1};

    (void)context;
    quota_init(&quota, SIZE_MAX, 0);
    stripe_init(&stripe, 0, &quota, key);
    return 0;
}

static int tear_down(void **context)
{
    (void)context;
    stripe_release(&stripe);
    return quota_used(&quota) == 0 ? 0 : -1;
}

enum { ROOM = IMAGE_ROOM + 10 * IMAGE_RUN_ROOM };

/* Load the rocket of `bytes`, the only one, and write it again. */
static void check_written_again(struct text bytes)
{
    struct text rest = bytes;
    struct image image;
    struct run runs[16];
    char again[ROOM];

    assert_true(image_read(&rest, &image));
    assert_int_equal(rest.length, 0);
    assert_in_range(image.run_count, 1, COUNT(runs));
    assert_int_equal(stripe_load(&stripe, 1, &image, runs), STRIPE_LOADED);
    assert_int_equal(stripe_load(&stripe, 1, &image, runs), STRIPE_HAS_ID);
    char *end = image_write(stripe_at(&stripe, 0), again, again + ROOM);
    assert_non_null(end);
    unit_check_text((struct text){again, (size_t)(end - again)}, bytes);
}

/*
 * Read bytes that need not be an image. What is refused is left as it was, and
 * what is accepted is written as the same bytes.
 */
static bool read_any(struct text bytes)
{
    struct text copy = exact_copy(bytes), rest = copy;
    struct image image;
    bool accepted = image_read(&rest, &image);

    if (accepted) {
        check_written_again(
            (struct text){copy.data, copy.length - rest.length});
        tear_down(NULL);
        set_up(NULL);
    } else {
        assert_ptr_equal(rest.data, copy.data);
        assert_int_equal(rest.length, copy.length);
    }
    exact_copy_free(copy);
    return accepted;
}

static size_t write_rocket(const struct message *messages, size_t count,
                           char bytes[ROOM])
{
    struct stripe_change change;

    for (size_t i = 0; i < count && messages[i].number > 0; i++) {
        assert_int_equal(stripe_apply(&stripe, 1, &messages[i], &change),
                         MESSAGE_APPLIED);
        table_entry_set_revision(change.entry, 300 + i);
    }
    char *end = image_write(stripe_at(&stripe, 0), bytes, bytes + ROOM);
    assert_non_null(end);
    tear_down(NULL);
    set_up(NULL);
    return (size_t)(end - bytes);
}

enum { MESSAGES = 5, ROWS = 4 };

/* The rockets of the tests that follow. */
static void fill_rows(struct message rows[ROWS][MESSAGES])
{
    memset(rows, 0, ROWS * sizeof(rows[0]));
    rows[0][0] = message_launched("moon-1", 1, "Falcon-9", "ARTEMIS", 500);
    rows[0][1] = message_speed("moon-1", 2, 3000);
    rows[1][0] = message_speed(UUID, 1, -2500);
    rows[2][0] = message_mission(UUID, 6, "MIR");
    rows[2][1] = message_exploded(UUID, 2, "FIRE");
    rows[2][2] = message_launched(UUID, 4, "MIR", "MIR", 0);
    rows[2][3] = message_mission(UUID, 9, "MIR");
    rows[2][4] = message_exploded(UUID, 10, "FIRE");
    rows[3][0] = message_launched("r", 200, "A", "B", MESSAGE_MAX_SPEED);
}

/* Snapshots of this version hold them. */
static void rockets_have_these_bytes(void **context)
{
    (void)context;
    static const char *const expected[ROWS] = {
        "00066d6f6f6e2d31ad0201034746616c636f6e2d3946415254454d4953d83600"
        "b4f7d69f0c000000b6f7d69f0c0000",
        "80193270a9c9cf404a8f83838e71d9ae67ac020000872700b4f7d69f0c0000",
        "81193270a9c9cf404a8f83838e71d9ae67b0020300010004434649524500"
        "000003424d4952010000baf7d69f0c0000000002010001010601000000"
        "c6f7d69f0c0000",
        "010172ac020000c70100034041404280a8d6b90700c2fad69f0c0000"
        "00c2fad69f0c0000",
    };
    struct message rows[ROWS][MESSAGES];

    fill_rows(rows);
    for (size_t i = 0; i < ROWS; i++) {
        char bytes[ROOM], digits[2 * ROOM + 1] = "";
        size_t length = write_rocket(rows[i], MESSAGES, bytes);
        for (size_t at = 0; at < length; at++)
            sprintf(digits + 2 * at, "%02x", (unsigned char)bytes[at]);
        assert_string_equal(digits, expected[i]);
    }
}

static void what_is_cut_off_is_refused(void **context)
{
    (void)context;
    struct message rows[ROWS][MESSAGES];

    fill_rows(rows);
    for (size_t i = 0; i < ROWS; i++) {
        char bytes[ROOM];
        size_t length = write_rocket(rows[i], MESSAGES, bytes);
        for (size_t cut = 0; cut < length; cut++)
            assert_false(read_any((struct text){bytes, cut}));
        assert_true(read_any((struct text){bytes, length}));
    }
}

/* read_any() compares what is accepted all the same. */
static void changed_bytes_are_refused_or_another_rocket(void **context)
{
    (void)context;
    struct message rows[ROWS][MESSAGES];

    fill_rows(rows);
    for (size_t i = 0; i < ROWS; i++) {
        char bytes[ROOM];
        size_t length = write_rocket(rows[i], MESSAGES, bytes);
        for (size_t at = 0; at < length; at++) {
            for (unsigned change = 1; change < 256; change++) {
                bytes[at] = (char)(bytes[at] ^ (int)change);
                read_any((struct text){bytes, length});
                bytes[at] = (char)(bytes[at] ^ (int)change);
            }
        }
    }
}

static void image_that_does_not_fit_is_not_written(void **context)
{
    (void)context;
    struct message rows[ROWS][MESSAGES];
    struct stripe_change change;

    fill_rows(rows);
    for (size_t i = 0; i < MESSAGES; i++)
        stripe_apply(&stripe, 1, &rows[2][i], &change);
    for (size_t room = 0; room < ROOM; room++) {
        char *place = malloc(room + 1);
        assert_non_null(place);
        char *end = image_write(stripe_at(&stripe, 0), place, place + room);
        assert_true(end == NULL || end <= place + room);
        assert_true(end != NULL || room < ROOM / 2);
        free(place);
    }
}

#define TIME "\0\0\0\0"

struct rule {
    struct text bytes;
    bool accepted;
};

static void check_rules(const struct rule *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (read_any(rows[i].bytes) != rows[i].accepted)
            fail_msg("row %zu: not %s", i,
                     rows[i].accepted ? "accepted" : "refused");
}

static void each_rule_for_ids_and_revisions_is_checked(void **context)
{
    (void)context;
    /* The rocket "r" with one message, a speed increase by 1 at 0, is first. */
    const struct rule rows[] = {
        {TEXT("\0\1r\1\0\0\2" TIME), true},
        /* The first byte and the id. */
        {TEXT("\2\1r\1\0\0\2" TIME), false},
        {TEXT("\0\0\1\0\0\2" TIME), false},
        {TEXT("\0\1.\1\0\0\2" TIME), false},
        {TEXT("\0\3...\1\0\0\2" TIME), true},
        {TEXT("\0\1\0\1\0\0\2" TIME), false},
        {TEXT("\0\1\x7f\1\0\0\2" TIME), false},
        {TEXT("\0\1\xff\1\0\0\2" TIME), false},
        {TEXT("\0\2\xc3\xb6\1\0\0\2" TIME), true},
        {TEXT("\0\x24" UUID "\1\0\0\2" TIME), false},
        {TEXT("\0\x23"
              "193270a9-c9cf-404a-8f83-838e71d9ae6\1\0\0\2" TIME),
         true},
        {TEXT("\x80"
              "0123456789abcdef\1\0\0\2" TIME),
         true},
        /* The revision: at least one for each message, up to 2^54 - 1. */
        {TEXT("\0\1r\0\0\0\2" TIME), false},
        {TEXT("\0\1r\1\1\0\2" TIME), false},
        {TEXT("\0\1r\2\1\0\2" TIME), true},
        {TEXT("\0\1r\x81\0\0\0\2" TIME), false},
        {TEXT("\0\1r\xff\xff\xff\xff\xff\xff\xff\x1f\0\0\2" TIME), true},
        {TEXT("\0\1r\x80\x80\x80\x80\x80\x80\x80\x20\0\0\2" TIME), false},
        {TEXT("\0\1r\x80\x80\x80\x80\x80\x80\x80\x80\x80\2\0\0\2" TIME), false},
    };

    check_rules(rows, COUNT(rows));
}

static void each_rule_for_runs_is_checked(void **context)
{
    (void)context;
    const struct rule rows[] = {
        /* With gaps: one run from 2 on; from 1 on, which has no gap. */
        {TEXT("\1\1r\1\0\0\1\0\0\2" TIME), true},
        {TEXT("\1\1r\1\0\0\0\0\0\2" TIME), false},
        {TEXT("\1\1r\2\1\0\0\0\0\2\0\0\0\2" TIME), true},
        {TEXT("\1\1r\1\1\0\0\0\0\2\0\0\0\2" TIME), false},
        /* Numbers up to 2^53 - 1. */
        {TEXT("\1\1r\1\0\0\xfe\xff\xff\xff\xff\xff\xff\x0f\0\0\2" TIME), true},
        {TEXT("\1\1r\1\0\0\xff\xff\xff\xff\xff\xff\xff\x0f\0\0\2" TIME), false},
        {TEXT("\0\1r\xff\xff\xff\xff\xff\xff\xff\x1f\xfe\xff\xff\xff\xff\xff"
              "\xff\x0f\0\2" TIME),
         true},
        {TEXT("\0\1r\xff\xff\xff\xff\xff\xff\xff\x1f\xff\xff\xff\xff\xff\xff"
              "\xff\x0f\0\2" TIME),
         false},
        /* A floor, but too few messages for it. */
        {TEXT("\1\1r\x10\0\2\0\4\0\2\0" TIME), false},
    };

    check_rules(rows, COUNT(rows));
}

static void each_rule_for_effects_is_checked(void **context)
{
    (void)context;
    const struct rule rows[] = {
        /* Parts of the effect, and the speed that one message can give. */
        {TEXT("\0\1r\1\0\x08\2" TIME), false},
        {TEXT("\0\1r\1\0\0\x80\xa8\xd6\xb9\x07" TIME), true},
        {TEXT("\0\1r\1\0\0\x82\xa8\xd6\xb9\x07" TIME), false},
        {TEXT("\0\1r\1\0\2@M\0" TIME), true},
        {TEXT("\0\1r\1\0\2@M\2" TIME), false},
        {TEXT("\0\1r\2\1\2@M\2" TIME), true},
        {TEXT("\0\1r\1\0\4@M\0" TIME), true},
        {TEXT("\0\1r\1\0\6@M@N\0" TIME), false},
        {TEXT("\0\1r\2\1\6@M@N\0" TIME), true},
        /* More bits than 64. */
        {TEXT("\0\1r\1\0\0\x82\x80\x80\x80\x80\x80\x80\x80\x80\2" TIME), false},
        /* A launch has a type and a mission, and a first speed from 0 on. */
        {TEXT("\0\1r\1\0\3@T@M\0" TIME TIME), true},
        {TEXT("\0\1r\1\0\1@T\0" TIME TIME), false},
        {TEXT("\0\1r\2\1\1@T\0" TIME TIME), false},
        {TEXT("\0\1r\1\0\3@T@M\1" TIME TIME), false},
        {TEXT("\0\1r\2\1\3@T@M\1" TIME TIME), true},
        {TEXT("\0\1r\1\0\7@T@M@R\0" TIME TIME), false},
        {TEXT("\0\1r\2\1\7@T@M@R\0" TIME TIME), true},
    };

    check_rules(rows, COUNT(rows));
}

static void each_rule_for_strings_and_times_is_checked(void **context)
{
    (void)context;
    const struct rule rows[] = {
        /* Strings: known ones are not written again. */
        {TEXT("\0\1r\1\0\3@T\0\0" TIME TIME), true},
        {TEXT("\0\1r\1\0\3@T@T\0" TIME TIME), false},
        {TEXT("\0\1r\1\0\3@T\1\0" TIME TIME), false},
        {TEXT("\0\1r\1\0\2\0\0" TIME), false},
        {TEXT("\0\1r\1\0\2@\x1f\0" TIME), false},
        {TEXT("\0\1r\1\0\2@\xff\0" TIME), false},
        {TEXT("\0\1r\1\0\2\xc0\2M\0" TIME), false},
        /* Times: that of the latest message, which may be the launch. */
        {TEXT("\0\1r\1\0\3@T@M\0" TIME "\0\2\0\0"), false},
        {TEXT("\0\1r\2\1\3@T@M\0" TIME "\0\2\0\0"), true},
        {TEXT("\0\1r\1\0\0\2\x0a\0\0\0"), false},
        {TEXT("\0\1r\1\0\0\2\0\0\2\0"), false},
        {TEXT("\0\1r\1\0\0\2\0\0\0\xfe\x16"), false},
        {TEXT("\0\1r\1\0\0\2\0\0\0\xbe\x16"), true},
    };

    check_rules(rows, COUNT(rows));
}

/* 2^53 - 1 messages may have changed the speed to any value. */
static void speed_wraps_around(void **context)
{
    (void)context;
    static const int64_t speeds[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX};
    struct stripe_change change;

    for (size_t i = 0; i < COUNT(speeds); i++) {
        char bytes[ROOM] = "\1\1r", *at = bytes + 3;
        struct image image;
        struct run run;
        at = packed_put_varint(at, UINT64_C(1) << 53); /* revision */
        at = packed_put_varint(at, 0);                 /* runs */
        at = packed_put_varint(at, 0);                 /* floor */
        at = packed_put_varint(at, 1);                 /* gap */
        at = packed_put_varint(at, UINT64_C(1) << 52); /* length */
        at = packed_put_byte(at, 0);                   /* parts */
        at = packed_put_signed(at, speeds[i]);
        at = packed_put_time(at, &(struct timestamp){0});
        struct text text = {bytes, (size_t)(at - bytes)};
        assert_true(read_any(text));
        assert_true(image_read(&text, &image));
        assert_int_equal(stripe_load(&stripe, 1, &image, &run), STRIPE_LOADED);
        struct message message = message_speed("r", 1, speeds[i] < 0 ? -9 : 9);
        assert_int_equal(stripe_apply(&stripe, 1, &message, &change),
                         MESSAGE_APPLIED);
        int64_t speed = rocket_state(&change.entry->rocket)->speed;
        assert_true((uint64_t)speed ==
                    (uint64_t)speeds[i] + (speeds[i] < 0 ? (uint64_t)-9 : 9));
        tear_down(NULL);
        set_up(NULL);
    }
}

/* The strings of the runs are in no rocket then. */
static void rocket_that_is_not_loaded_leaves_no_strings(void **context)
{
    (void)context;
    struct message rows[ROWS][MESSAGES];
    char bytes[ROOM];
    struct image image;
    struct run runs[MESSAGES];
    enum stripe_loaded loaded = STRIPE_LOAD_NO_MEMORY;
    unsigned with_strings = 0;

    fill_rows(rows);
    struct text text = {bytes, write_rocket(rows[2], MESSAGES, bytes)};
    assert_true(image_read(&text, &image));
    for (size_t limit = 0; loaded != STRIPE_LOADED; limit += 8) {
        tear_down(NULL);
        set_up(NULL);
        quota.limit = limit;
        loaded = stripe_load(&stripe, 1, &image, runs);
        if (loaded == STRIPE_LOADED)
            break;
        assert_int_equal(loaded, STRIPE_LOAD_NO_MEMORY);
        assert_int_equal(stripe.count, 0);
        assert_int_equal(stripe.strings.count, 0);
        with_strings += stripe.strings.capacity > 0;
    }
    assert_true(with_strings > 1);
    assert_int_equal(stripe.count, 1);
    assert_int_equal(stripe.strings.count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(rockets_have_these_bytes),
        FIXTURE_TEST(what_is_cut_off_is_refused),
        FIXTURE_TEST(changed_bytes_are_refused_or_another_rocket),
        FIXTURE_TEST(image_that_does_not_fit_is_not_written),
        FIXTURE_TEST(each_rule_for_ids_and_revisions_is_checked),
        FIXTURE_TEST(each_rule_for_runs_is_checked),
        FIXTURE_TEST(each_rule_for_effects_is_checked),
        FIXTURE_TEST(each_rule_for_strings_and_times_is_checked),
        FIXTURE_TEST(speed_wraps_around),
        FIXTURE_TEST(rocket_that_is_not_loaded_leaves_no_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
