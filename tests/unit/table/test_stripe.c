/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of one stripe, which the tests of the table cannot choose: ids with the
 * same hash (here the test chooses the hash), memory for a given number of
 * rockets, and columns.
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

static void ids_with_the_same_hash_are_distinct(void **context)
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

/* As many slots as stripe.h says, and no block before it is needed. */
static void memory_grows_with_the_number_of_rockets(void **context)
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
        assert_true(count * 4 <= stripe->index.slot_count * 3);
        assert_true(stripe->index.slot_count <= FEW ||
                    stripe->index.slot_count < 2 * count);
        assert_int_equal(stripe->columns.count,
                         (count + COLUMNS_ROCKETS - 1) / COLUMNS_ROCKETS);
        assert_in_range(stripe->entries.count, 1, count / 8 + 1);
    }
}

/* Add a rocket with an id of `length` bytes. Returns the memory it needed. */
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

/* A block of 1,008 bytes holds seven of the longest ids; 105 bytes remain. */
static void add_longest_ids(struct fixture *fixture)
{
    for (unsigned i = 0; i < 7; i++)
        memory_for(fixture, MESSAGE_MAX_CHANNEL);
}

static void ids_fill_a_block_to_the_last_byte(void **context)
{
    add_longest_ids(*context);
    assert_int_equal(memory_for(*context, 104), 0);
    assert_true(memory_for(*context, 1) >= 1008);
}

static void id_that_does_not_fit_gets_a_new_block(void **context)
{
    add_longest_ids(*context);
    assert_true(memory_for(*context, 105) >= 1008);
    assert_int_equal(memory_for(*context, 1), 0);
}

static enum message_outcome apply(struct fixture *fixture,
                                  struct message message)
{
    struct table_entry *entry;

    return stripe_apply(&fixture->stripe, 0, &message, &entry);
}

/* Each allocation fails in turn. */
static void refused_rocket_holds_no_strings(void **context)
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

static void strings_replaced_by_a_launch_are_dropped(void **context)
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

/* The strings are interned already, but the new run needs memory. */
static void refused_launch_is_not_in_the_columns(void **context)
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

/* The key that the column must have, made from the rocket itself. */
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
    fail_msg("no such column: %d", (int)column);
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

/* Every sequence of three types, in order and with the first message last. */
static void columns_are_updated_with_every_message(void **context)
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
        STRIPE_TEST(ids_with_the_same_hash_are_distinct),
        STRIPE_TEST(memory_grows_with_the_number_of_rockets),
        STRIPE_TEST(ids_fill_a_block_to_the_last_byte),
        STRIPE_TEST(id_that_does_not_fit_gets_a_new_block),
        STRIPE_TEST(refused_rocket_holds_no_strings),
        STRIPE_TEST(strings_replaced_by_a_launch_are_dropped),
        STRIPE_TEST(columns_are_updated_with_every_message),
        STRIPE_TEST(refused_launch_is_not_in_the_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
