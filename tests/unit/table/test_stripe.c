/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the table's tests can't bring about, as they can't choose what comes
 * into one stripe: ids whose hashes meet, as the test says what the hash is
 * here, and how much room is made for how many rockets.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lib/messages.h"
#include "table/abbreviation.h"
#include "table/stripe.h"

struct fixture {
    struct quota quota;
    struct stripe stripe;
};

static int set_up(void **context)
{
    static struct fixture fixture;
    static const uint8_t key[16] = {1};
    quota_init(&fixture.quota, SIZE_MAX, 0);
    stripe_init(&fixture.stripe, 0, &fixture.quota, key);
    *context = &fixture;
    return 0;
}

static int tear_down(void **context)
{
    struct fixture *fixture = *context;
    stripe_release(&fixture->stripe);
    return quota_used(&fixture->quota) == 0 ? 0 : -1;
}

static void ids_with_the_same_hash_are_told_apart(void **context)
{
    struct stripe *stripe = &((struct fixture *)*context)->stripe;
    static const uint32_t tags[] = {0, 0x80000000, UINT32_MAX};
    enum { IDS = 100 };

    for (unsigned i = 0; i < IDS; i++) {
        char id[32];
        struct table_entry *entry;
        snprintf(id, sizeof(id), "%u", i);
        struct message message = message_speed(id, 1, i);
        assert_int_equal(stripe_apply(stripe, tags[i % 3], &message, &entry),
                         MESSAGE_APPLIED);
        assert_int_equal(stripe->count, i + 1);
    }
    for (unsigned i = 0; i < IDS; i++) {
        char id[32];
        snprintf(id, sizeof(id), "%u", i);
        const struct table_entry *entry =
            stripe_find(stripe, tags[i % 3], text_of(id));
        assert_non_null(entry);
        assert_int_equal(rocket_state(&entry->rocket)->speed, i);
        assert_true(text_equal(table_entry_id(entry), text_of(id)));
    }
    assert_null(stripe_find(stripe, 0, TEXT("100")));
}

/* As many slots as the header says, and no piece before it is needed. */
static void room_is_made_for_little_more_than_there_is(void **context)
{
    struct stripe *stripe = &((struct fixture *)*context)->stripe;
    enum { ROCKETS = 2000, FEW = 8 };

    for (uint32_t count = 1; count <= ROCKETS; count++) {
        char id[32];
        struct table_entry *entry;
        snprintf(id, sizeof(id), "%u", (unsigned)count);
        struct message message = message_speed(id, 1, 1);
        assert_int_equal(
            stripe_apply(stripe, count * 0x9e3779b9, &message, &entry),
            MESSAGE_APPLIED);
        assert_true(count * 4 <= stripe->slot_count * 3);
        assert_true(stripe->slot_count <= FEW ||
                    stripe->slot_count < 2 * count);
        assert_int_equal(stripe->columns.count,
                         (count + COLUMNS_ROCKETS - 1) / COLUMNS_ROCKETS);
        assert_in_range(stripe->entries.count, 1, count / 8 + 1);
    }
}

/* What a new rocket with an id of so many bytes needs. */
static size_t memory_for(struct fixture *fixture, size_t length)
{
    char id[MESSAGE_MAX_CHANNEL + 1];
    struct table_entry *entry;
    size_t before = quota_used(&fixture->quota);

    memset(id, 'a' + (int)fixture->stripe.count, length);
    id[length] = '\0';
    struct message message = message_speed(id, 1, 1);
    assert_int_equal(stripe_apply(&fixture->stripe, 0, &message, &entry),
                     MESSAGE_APPLIED);
    return quota_used(&fixture->quota) - before;
}

/* 1,008 bytes hold seven of the longest ids, and 105 are left. */
static void take_longest_ids(struct fixture *fixture)
{
    for (unsigned i = 0; i < 7; i++)
        memory_for(fixture, MESSAGE_MAX_CHANNEL);
}

static void ids_fill_their_memory_to_the_last_byte(void **context)
{
    take_longest_ids(*context);
    assert_int_equal(memory_for(*context, 104), 0);
    assert_true(memory_for(*context, 1) >= 1008);
}

static void id_that_is_a_byte_too_long_gets_new_memory(void **context)
{
    take_longest_ids(*context);
    assert_true(memory_for(*context, 105) >= 1008);
    assert_int_equal(memory_for(*context, 1), 0);
}

static enum message_outcome apply(struct fixture *fixture,
                                  struct message message)
{
    struct table_entry *entry;

    return stripe_apply(&fixture->stripe, 0, &message, &entry);
}

/* Wherever memory ends. */
static void rocket_that_finds_no_room_holds_no_strings(void **context)
{
    struct fixture *fixture = *context;
    struct interned_set *strings = &fixture->stripe.strings;
    unsigned failed = 0;

    for (fixture->quota.limit = 0;
         apply(fixture, message_exploded("a", 1, "FROZEN_O_RINGS")) ==
         MESSAGE_NO_MEMORY;
         fixture->quota.limit += 16) {
        assert_null(interned_find(strings, TEXT("FROZEN_O_RINGS")));
        failed++;
    }
    assert_in_range(failed, 1, 1000);
    assert_non_null(interned_find(strings, TEXT("FROZEN_O_RINGS")));
}

static void strings_that_a_launch_replaces_are_dropped(void **context)
{
    struct fixture *fixture = *context;
    struct interned_set *strings = &fixture->stripe.strings;

    apply(fixture, message_launched("a", 1, "Scout", "APOLLO", 1));
    apply(fixture, message_launched("a", 2, "Athena", "SKYLAB", 1));
    assert_null(interned_find(strings, TEXT("Scout")));
    assert_null(interned_find(strings, TEXT("APOLLO")));
    assert_non_null(interned_find(strings, TEXT("Athena")));
    assert_non_null(interned_find(strings, TEXT("SKYLAB")));
}

/* Its strings are there already, but a run needs memory. */
static void launch_that_finds_no_room_is_not_in_the_columns(void **context)
{
    struct fixture *fixture = *context;

    apply(fixture, message_launched("a", 1, "Scout", "APOLLO", 1));
    apply(fixture, message_speed("b", 9, 1));
    fixture->quota.limit = quota_used(&fixture->quota);
    assert_int_equal(
        apply(fixture, message_launched("b", 1, "Scout", "APOLLO", 1)),
        MESSAGE_NO_MEMORY);
    assert_int_equal(
        stripe_columns(&fixture->stripe, 0)->keys[COLUMN_CREATED][1],
        ABBREVIATION_UNKNOWN);
}

/* The key that the column must have; taken from the rocket itself. */
static uint32_t expected_key(enum column column,
                             const struct table_entry *entry, int64_t reference)
{
    const struct effect *state = rocket_state(&entry->rocket);

    switch (column) {
    case COLUMN_SPEED:
        return abbreviation_of_integer(state->speed);
    case COLUMN_UPDATED:
        return abbreviation_of_time(&entry->rocket.updated, reference);
    case COLUMN_LAST_NUMBER:
        return abbreviation_of_number(rocket_last_number(&entry->rocket));
    case COLUMN_CREATED:
        return state->type == NULL
                   ? ABBREVIATION_UNKNOWN
                   : abbreviation_of_time(&state->created, reference);
    case COLUMN_ID:
        return abbreviation_of_text(table_entry_id(entry));
    case COLUMN_COUNT:
        break;
    }
    fail_msg("there is no such column");
    return 0;
}

static void assert_columns(const struct stripe *stripe, uint32_t index)
{
    const struct columns *columns =
        stripe_columns(stripe, index / COLUMNS_ROCKETS);
    const struct table_entry *entry = stripe_at(stripe, index);
    uint32_t lane = index % COLUMNS_ROCKETS;

    for (unsigned i = 0; i < COLUMN_COUNT; i++)
        assert_int_equal(
            columns->keys[i][lane],
            expected_key((enum column)i, entry, stripe->reference));
    assert_int_equal(columns->exploded >> lane & 1,
                     rocket_state(&entry->rocket)->reason != NULL);
}

/* Any three types, in order and with the first one late. */
static void columns_follow_every_message(void **context)
{
    struct fixture *fixture = *context;
    enum { TYPES = MESSAGE_TYPE_COUNT, HISTORIES = TYPES * TYPES * TYPES };
    static const uint64_t orders[][3] = {{1, 2, 3}, {2, 3, 1}};

    for (unsigned i = 0; i < 2 * HISTORIES; i++) {
        const uint64_t *numbers = orders[i % 2];
        unsigned types = i / 2;
        char id[16];

        snprintf(id, sizeof(id), "%u", i);
        for (unsigned j = 0; j < 3; j++, types /= TYPES) {
            enum message_type type = (enum message_type)(types % TYPES);
            assert_int_equal(
                apply(fixture, message_of_type(type, id, numbers[j])),
                MESSAGE_APPLIED);
            assert_columns(&fixture->stripe, i);
        }
    }
}

#define STRIPE_TEST(test)                                                      \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STRIPE_TEST(ids_with_the_same_hash_are_told_apart),
        STRIPE_TEST(room_is_made_for_little_more_than_there_is),
        STRIPE_TEST(ids_fill_their_memory_to_the_last_byte),
        STRIPE_TEST(id_that_is_a_byte_too_long_gets_new_memory),
        STRIPE_TEST(rocket_that_finds_no_room_holds_no_strings),
        STRIPE_TEST(strings_that_a_launch_replaces_are_dropped),
        STRIPE_TEST(columns_follow_every_message),
        STRIPE_TEST(launch_that_finds_no_room_is_not_in_the_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
