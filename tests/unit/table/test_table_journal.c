/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of what a journal needs of the table: groups of messages, whose
 * positions are the revisions; admission within the limit of memory, with
 * reservations; and that what is durable is applied whatever the limit.
 * tests/property/fleet.c compares groups with random histories.
 */
#include "lib/unit_table.h"

/* Give the table `count` messages as one group, from `position` on. */
static void apply_group(struct table *table, const struct message *messages,
                        size_t count, uint64_t position,
                        struct table_item items[TABLE_GROUP])
{
    for (size_t i = 0; i < count; i++)
        items[i] = (struct table_item){
            .message = &messages[i],
            .position = position == 0 ? 0 : position + i,
        };
    table_apply_group(table, items, count);
}

static void group_is_applied_in_its_order(void **context)
{
    const struct message messages[] = {
        message_launched("a", 1, "t", "m", 1),
        message_speed("b", 3, 1),
        message_speed("a", 1, 5),
        message_speed("a", 2, 5),
        message_launched("c", 1, "t", "m", 1),
    };
    static const enum message_outcome outcomes[] = {
        MESSAGE_APPLIED, MESSAGE_APPLIED, MESSAGE_DUPLICATE,
        MESSAGE_APPLIED, MESSAGE_APPLIED,
    };
    struct table_item items[TABLE_GROUP];
    struct rocket_view view;

    table_apply_group(*context, items, 0);
    apply_group(*context, messages, COUNT(messages), 0, items);
    for (size_t i = 0; i < COUNT(messages); i++)
        assert_int_equal(items[i].outcome, outcomes[i]);
    assert_int_equal(table_count(*context), 3);
    assert_int_equal(table_revision(*context), 4);
    assert_true(table_find(*context, TEXT("a"), &view));
    assert_int_equal(view.speed, 6);
    assert_int_equal(view.revision, 3);
}

/* Also over duplicates, which change nothing, and over gaps in positions. */
static void positions_are_the_revisions(void **context)
{
    const struct message messages[] = {
        message_speed("a", 1, 1),
        message_speed("b", 1, 1),
        message_speed("a", 1, 1),
    };
    const struct message last = message_speed("a", 2, 1);
    struct table_item items[TABLE_GROUP];
    struct rocket_view view;

    apply_group(*context, messages, COUNT(messages), 1000, items);
    assert_int_equal(table_revision(*context), 1001);
    assert_true(table_find(*context, TEXT("a"), &view));
    assert_int_equal(view.revision, 1000);
    assert_true(table_find(*context, TEXT("b"), &view));
    assert_int_equal(view.revision, 1001);
    apply_group(*context, messages, COUNT(messages), 1003, items);
    assert_int_equal(table_revision(*context), 1001);
    apply_group(*context, &last, 1, 2000, items);
    assert_int_equal(table_revision(*context), 2000);
    assert_true(table_find(*context, TEXT("a"), &view));
    assert_int_equal(view.revision, 2000);
}

static size_t admit(struct table *table, struct message message,
                    enum message_outcome expected)
{
    size_t before = table_memory(table), reserved = 0;

    assert_int_equal(table_admit(table, &message, &reserved), expected);
    assert_int_equal(table_memory(table), before);
    assert_true(expected == MESSAGE_APPLIED || reserved == 0);
    return reserved;
}

/* What is likely to need no memory reserves none. */
static void admission_reserves_what_a_message_needs(void **context)
{
    struct table *table = *context;
    size_t new_string = 40, new_run = 100, new_rocket = 150;

    table_limit_admission(table, 100);
    assert_in_range(admit(table, message_speed("a", 1, 1), MESSAGE_APPLIED),
                    new_rocket, 2 * new_rocket);
    assert_in_range(
        admit(table, message_launched("a", 1, "t", "m", 1), MESSAGE_APPLIED),
        new_rocket + 2 * new_string, 2 * (new_rocket + 2 * new_string));
    assert_int_equal(table_count(table), 0);
    unit_table_apply(table, message_launched("a", 5, "t", "m", 1));

    assert_int_equal(admit(table, message_speed("a", 6, 1), MESSAGE_APPLIED),
                     0);
    assert_int_equal(admit(table, message_speed("a", 4, 1), MESSAGE_APPLIED),
                     0);
    assert_int_equal(
        admit(table, message_mission("a", 6, "m"), MESSAGE_APPLIED), 0);
    assert_in_range(
        admit(table, message_mission("a", 6, "other"), MESSAGE_APPLIED),
        new_string, 3 * new_string);
    assert_in_range(admit(table, message_speed("a", 7, 1), MESSAGE_APPLIED),
                    new_run, 4 * new_run);
    unit_table_apply(table, message_speed("a", 7, 1));
    assert_in_range(admit(table, message_speed("a", 9, 1), MESSAGE_APPLIED),
                    new_run, 4 * new_run);
    /* Filling the gap joins runs. */
    assert_int_equal(admit(table, message_speed("a", 6, 1), MESSAGE_APPLIED),
                     0);
    admit(table, message_speed("a", 7, 1), MESSAGE_DUPLICATE);
}

static struct message launch_of(unsigned rocket, char id[32])
{
    snprintf(id, 32, "rocket %u", rocket);
    return message_launched(id, 1, id, "ARTEMIS", rocket);
}

/* Launch `count` rockets, as a journal is replayed. */
static void replay_launches(struct table *table, unsigned count)
{
    struct message messages[TABLE_GROUP];
    char ids[TABLE_GROUP][32];
    struct table_item items[TABLE_GROUP];
    unsigned size;

    for (unsigned first = 0; first < count; first += size) {
        size = count - first < TABLE_GROUP ? count - first : TABLE_GROUP;
        for (unsigned i = 0; i < size; i++)
            messages[i] = launch_of(first + i, ids[i]);
        apply_group(table, messages, size, first + 1, items);
        for (unsigned i = 0; i < size; i++)
            assert_int_equal(items[i].outcome, MESSAGE_APPLIED);
    }
}

/* So many rockets that it is not left out as useless. */
static void prefetching_changes_nothing(void **context)
{
    const unsigned rockets = 5000;
    struct message messages[TABLE_GROUP];
    char ids[TABLE_GROUP][32];
    struct table_item items[TABLE_GROUP] = {0};

    replay_launches(*context, rockets);
    size_t memory = table_memory(*context);
    for (unsigned i = 0; i < TABLE_GROUP; i++) {
        /* The second half of them are new. */
        messages[i] = launch_of(rockets - TABLE_GROUP / 2 + i, ids[i]);
        items[i].message = &messages[i];
    }
    table_prefetch_group(*context, items, TABLE_GROUP);
    assert_int_equal(table_memory(*context), memory);
    assert_int_equal(table_count(*context), rockets);
    assert_int_equal(table_revision(*context), rockets);
    for (unsigned i = 0; i < TABLE_GROUP; i++)
        admit(*context, messages[i],
              i < TABLE_GROUP / 2 ? MESSAGE_DUPLICATE : MESSAGE_APPLIED);
}

/* A full table restarts, also with half the limit; then it admits nothing. */
static void what_is_durable_is_applied_past_the_limit(void **context)
{
    size_t limit = table_memory(*context) + 400000;
    struct table *full = table_new(limit), *half = table_new(limit / 2);
    unsigned rockets = 0;
    char id[32];

    if (full == NULL || half == NULL)
        abort();
    while (unit_table_apply(full, launch_of(rockets, id)) == MESSAGE_APPLIED)
        rockets++;
    table_free(full);

    table_limit_admission(half, 100);
    replay_launches(half, rockets);
    assert_int_equal(table_count(half), rockets);
    assert_int_equal(table_revision(half), rockets);
    assert_in_range(table_memory(half), limit / 2 + 1, SIZE_MAX);
    assert_int_equal(table_memory_limit(half), limit / 2);
    assert_false(table_is_full(half));
    admit(half, launch_of(rockets, id), MESSAGE_NO_MEMORY);
    assert_true(table_is_full(half));
    assert_int_equal(
        admit(half, message_speed("rocket 0", 2, 1), MESSAGE_APPLIED), 0);
    admit(half, launch_of(0, id), MESSAGE_DUPLICATE);
    admit(half, message_speed("rocket 0", 3, 1), MESSAGE_NO_MEMORY);
    table_free(half);
}

/* Admit rockets that all wait, then apply them. */
static void admission_keeps_the_limit(void **context)
{
    enum { ROOM = 8 * 1024 * 1024, AHEAD = TABLE_STRIPES * 8 * 1024 };
    size_t empty = table_memory(*context), reserved = 0;
    struct table *table = table_new(empty + ROOM);
    unsigned rockets = 0;
    char id[32];

    if (table == NULL)
        abort();
    table_limit_admission(table, 100);
    for (;; rockets++) {
        struct message message = launch_of(rockets, id);
        if (table_admit(table, &message, &reserved) != MESSAGE_APPLIED)
            break;
    }
    assert_in_range(reserved, ROOM - 1000, ROOM);
    assert_true(table_is_full(table));
    admit(table, launch_of(rockets, id), MESSAGE_NO_MEMORY);
    replay_launches(table, rockets);
    table_unreserve(table, reserved);
    assert_in_range(table_memory(table), empty + ROOM / 2,
                    empty + ROOM + AHEAD);
    table_free(table);
}

static void full_table_is_not_full_when_a_reservation_ends(void **context)
{
    struct table *table = table_new(table_memory(*context) + 300);

    if (table == NULL)
        abort();
    table_limit_admission(table, 100);
    size_t reserved = admit(table, message_speed("a", 1, 1), MESSAGE_APPLIED);
    assert_false(table_is_full(table));
    admit(table, message_speed("b", 1, 1), MESSAGE_NO_MEMORY);
    assert_true(table_is_full(table));
    table_unreserve(table, reserved);
    assert_false(table_is_full(table));
    admit(table, message_speed("b", 1, 1), MESSAGE_APPLIED);
    table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(group_is_applied_in_its_order),
        TABLE_TEST(positions_are_the_revisions),
        TABLE_TEST(admission_reserves_what_a_message_needs),
        TABLE_TEST(prefetching_changes_nothing),
        TABLE_TEST(what_is_durable_is_applied_past_the_limit),
        TABLE_TEST(admission_keeps_the_limit),
        TABLE_TEST(full_table_is_not_full_when_a_reservation_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
