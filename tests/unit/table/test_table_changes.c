/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests by example of collections and of walks over what has changed.
 * tests/property/test_changes_property.c compares them with random histories,
 * tests/concurrency/test_changes_threads.c runs them beside writers.
 */
#include "lib/table_images.h"
#include "lib/unit_table.h"
#include "table/table_changes.h"
#include "table/table_parts.h"

enum { ID_SIZE = 24, MANY = STRIPE_CHANGES_MOST + 1 };

static void change(struct table *table, const char *id, uint64_t number)
{
    assert_int_equal(unit_table_apply(table, message_speed(id, number, 1)),
                     MESSAGE_APPLIED);
}

static void change_at(struct table *table, const char *id, uint64_t number,
                      uint64_t position)
{
    struct message message = message_speed(id, number, 1);
    struct table_item item = {.message = &message, .position = position};

    table_apply_group(table, &item, 1);
    assert_int_equal(item.outcome, MESSAGE_APPLIED);
}

/* How often the rocket is among those collected. */
static size_t times_collected(struct table *table,
                              const struct table_changes *changes,
                              const char *id)
{
    const struct table_entry *entry = table_find_entry(table, text_of(id));
    size_t times = 0;

    assert_non_null(entry);
    for (size_t i = 0; i < changes->count; i++)
        times += changes->entries[i] == entry;
    return times;
}

/* Collect, and fail unless these rockets are found, each once. */
static void check_collected(struct table *table, struct table_changes *changes,
                            const char *const ids[], size_t count)
{
    table_collect(table, changes);
    assert_false(changes->lost);
    assert_int_equal(changes->revision, table_revision(table));
    assert_int_equal(changes->count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(times_collected(table, changes, ids[i]), 1);
}

#define CHECK_COLLECTED(table, changes, ...)                                   \
    check_collected(table, changes, (const char *const[]){__VA_ARGS__},        \
                    COUNT(((const char *const[]){__VA_ARGS__})))

static void check_nothing_collected(struct table *table,
                                    struct table_changes *changes)
{
    check_collected(table, changes, NULL, 0);
}

/* The ids of `count` rockets of one stripe. */
static void draw_ids(struct table *table, char ids[][ID_SIZE], size_t count)
{
    unsigned next = 0;
    uint32_t first = 0;

    for (size_t i = 0; i < count;) {
        snprintf(ids[i], ID_SIZE, "%u", next++);
        uint32_t index = table_locate(table, text_of(ids[i])).index;
        if (i == 0)
            first = index;
        i += index == first;
    }
}

static void changed_rockets_are_collected_once(void **context)
{
    struct table_changes changes = {0};

    change(*context, "a", 1);
    change(*context, "b", 1);
    assert_int_equal(table_watch(*context), 2);
    check_nothing_collected(*context, &changes);
    change(*context, "a", 2);
    change(*context, "new", 1);
    change(*context, "a", 3);
    CHECK_COLLECTED(*context, &changes, "a", "new");
    check_nothing_collected(*context, &changes);
    change(*context, "a", 4);
    change(*context, "b", 2);
    CHECK_COLLECTED(*context, &changes, "b", "a");
    assert_int_equal(changes.revision, 7);
    table_unwatch(*context);
    table_changes_release(&changes);
    table_changes_release(&changes);
}

static void messages_that_change_nothing_are_not_collected(void **context)
{
    struct table_changes changes = {0};
    struct message again = message_speed("a", 1, 9);
    size_t reserved = 0;

    change(*context, "a", 1);
    table_watch(*context);
    assert_int_equal(table_apply(*context, &again), MESSAGE_DUPLICATE);
    again.number = 2;
    assert_int_equal(table_admit(*context, &again, &reserved), MESSAGE_APPLIED);
    table_unreserve(*context, reserved);
    check_nothing_collected(*context, &changes);
    table_unwatch(*context);
    table_changes_release(&changes);
}

static void watching_takes_nothing_of_the_limit_on_memory(void **context)
{
    struct table_changes changes = {0};

    change(*context, "a", 1);
    for (uint64_t last = 1; last < 10; last += 3) {
        size_t memory = table_memory(*context);
        assert_int_equal(table_watch(*context), last);
        check_nothing_collected(*context, &changes);
        assert_int_equal(table_memory(*context), memory);
        change(*context, "a", last + 1);
        CHECK_COLLECTED(*context, &changes, "a");
        change(*context, "a", last + 2);
        assert_int_equal(table_memory(*context), memory);
        table_unwatch(*context);
        change(*context, "a", last + 3);
        assert_int_equal(table_memory(*context), memory);
    }
    table_changes_release(&changes);
}

static void table_may_be_freed_while_it_is_watched(void **context)
{
    table_watch(*context);
    change(*context, "a", 1);
}

/* More rockets are changed than a list may have. */
static void rockets_of_one_stripe_are_collected_however_many(void **context)
{
    struct table_changes changes = {0};
    char ids[MANY + 1][ID_SIZE];

    draw_ids(*context, ids, MANY + 1);
    for (size_t i = 0; i <= MANY; i++)
        change(*context, ids[i], 1);
    size_t memory = table_memory(*context);
    table_watch(*context);
    for (uint64_t number = 2; number < 4; number++) {
        for (size_t i = 0; i < MANY; i++)
            change(*context, ids[i], number);
        assert_int_equal(table_memory(*context), memory);
        table_collect(*context, &changes);
        assert_false(changes.lost);
        assert_int_equal(changes.count, MANY);
        for (size_t i = 0; i < MANY; i++)
            assert_int_equal(times_collected(*context, &changes, ids[i]), 1);
        check_nothing_collected(*context, &changes);
    }
    table_unwatch(*context);
    table_changes_release(&changes);
}

static void full_table_can_be_watched(void **context)
{
    struct table *table = *context;
    struct table_changes changes = {0};
    char ids[3][ID_SIZE];

    draw_ids(table, ids, COUNT(ids));
    for (size_t i = 0; i < COUNT(ids); i++)
        change(table, ids[i], 1);
    table_watch(table);
    table->quota.limit = table_memory(table);
    for (uint64_t number = 2; number < 4; number++) {
        change(table, ids[0], number);
        change(table, ids[2], number);
        CHECK_COLLECTED(table, &changes, ids[2], ids[0]);
        check_nothing_collected(table, &changes);
    }
    assert_false(table_is_full(table));
    table->quota.limit = SIZE_MAX;
    change(table, ids[1], 2);
    CHECK_COLLECTED(table, &changes, ids[1]);
    table_unwatch(table);
    table_changes_release(&changes);
}

static void change_rockets(struct table *table, size_t count, uint64_t number)
{
    char id[ID_SIZE];

    for (size_t i = 0; i < count; i++) {
        snprintf(id, sizeof(id), "r%zu", i);
        change(table, id, number);
    }
}

static void too_many_rockets_are_lost_once(void **context)
{
    struct table_changes changes = {0};

    table_watch(*context);
    change_rockets(*context, TABLE_CHANGES_MOST, 1);
    table_collect(*context, &changes);
    assert_false(changes.lost);
    assert_int_equal(changes.count, TABLE_CHANGES_MOST);
    change_rockets(*context, TABLE_CHANGES_MOST + 1, 2);
    table_collect(*context, &changes);
    assert_true(changes.lost);
    assert_int_equal(changes.count, 0);
    assert_int_equal(changes.revision, table_revision(*context));
    check_nothing_collected(*context, &changes);
    change(*context, "r9", 3);
    CHECK_COLLECTED(*context, &changes, "r9");
    table_unwatch(*context);
    table_changes_release(&changes);
}

static void positions_are_the_revisions_of_changes(void **context)
{
    struct table_changes changes = {0};

    change_at(*context, "a", 1, 1000);
    assert_int_equal(table_watch(*context), 1000);
    change_at(*context, "a", 2, 2000);
    change_at(*context, "b", 1, 3000);
    CHECK_COLLECTED(*context, &changes, "a", "b");
    assert_int_equal(changes.revision, 3000);
    change_at(*context, "a", 3, 3001);
    CHECK_COLLECTED(*context, &changes, "a");
    table_unwatch(*context);
    table_changes_release(&changes);
}

/* The image of a rocket whose revision is `position`. */
static void save_rocket(struct buffer *image, const char *id, uint64_t position)
{
    struct table *table = table_new(SIZE_MAX);

    assert_non_null(table);
    change_at(table, id, 1, position);
    table_images_save(table, image);
    table_free(table);
}

static void load_rocket(struct table *table, const char *id, uint64_t position)
{
    struct buffer image = BUFFER_INIT;

    save_rocket(&image, id, position);
    assert_int_equal(table_images_load(table, buffer_text(&image)),
                     TABLE_LOADED);
    buffer_release(&image);
}

static void loaded_rockets_have_changed_before(void **context)
{
    struct table_changes changes = {0};

    load_rocket(*context, "a", 100);
    load_rocket(*context, "b", 50);
    assert_int_equal(table_watch(*context), 100);
    check_nothing_collected(*context, &changes);
    change(*context, "b", 2);
    change(*context, "a", 2);
    CHECK_COLLECTED(*context, &changes, "a", "b");
    load_rocket(*context, "c", 200);
    CHECK_COLLECTED(*context, &changes, "c");
    change(*context, "c", 2);
    CHECK_COLLECTED(*context, &changes, "c");
    table_unwatch(*context);
    table_changes_release(&changes);
}

/* The revisions that a walk finds, added up, and how many there are. */
struct walked {
    uint64_t sum;
    size_t count;
};

static struct walked walk(struct table *table, uint64_t after)
{
    struct table_since since = {.after = after};
    struct walked walked = {0, 0};

    while (table_since_next(table, &since)) {
        assert_in_range(since.count, 0, TABLE_SINCE_ROWS);
        for (size_t i = 0; i < since.count; i++) {
            uint64_t revision = since.rows[i].revision;
            assert_int_equal(table_read_revision(table, since.rows[i].entry),
                             revision);
            assert_true(revision > after);
            walked.sum += revision;
            walked.count++;
        }
    }
    assert_int_equal(since.count, 0);
    assert_false(table_since_next(table, &since));
    return walked;
}

static void walk_finds_what_has_changed_since(void **context)
{
    assert_int_equal(walk(*context, 0).count, 0);
    change(*context, "a", 1);
    change(*context, "b", 1);
    change(*context, "a", 2);
    assert_int_equal(walk(*context, 0).sum, 2 + 3);
    assert_int_equal(walk(*context, 1).sum, 2 + 3);
    assert_int_equal(walk(*context, 2).sum, 3);
    assert_int_equal(walk(*context, 3).count, 0);
    assert_int_equal(walk(*context, UINT64_MAX).count, 0);
}

static void walk_finds_all_rockets_of_a_large_stripe(void **context)
{
    char ids[MANY][ID_SIZE];

    draw_ids(*context, ids, MANY);
    for (size_t i = 0; i < MANY; i++)
        change(*context, ids[i], 1);
    change(*context, "one of another stripe", 1);
    for (uint64_t after = 0; after <= MANY + 1; after++)
        assert_int_equal(walk(*context, after).count, MANY + 1 - after);
}

/*
 * What is replayed may have earlier revisions than the rockets of a snapshot,
 * also in their stripe.
 */
static void walk_finds_loaded_rockets_behind_replayed_ones(void **context)
{
    char ids[2][ID_SIZE];

    draw_ids(*context, ids, COUNT(ids));
    load_rocket(*context, ids[0], 100);
    change_at(*context, ids[1], 1, 50);
    assert_int_equal(walk(*context, 0).sum, 150);
    assert_int_equal(walk(*context, 50).sum, 100);
    assert_int_equal(walk(*context, 99).sum, 100);
    assert_int_equal(walk(*context, 100).count, 0);
    assert_int_equal(table_watch(*context), 100);
    table_unwatch(*context);
}

static void entry_is_found_by_its_id(void **context)
{
    assert_null(table_find_entry(*context, TEXT("a")));
    change(*context, "a", 1);
    const struct table_entry *entry = table_find_entry(*context, TEXT("a"));
    assert_non_null(entry);
    unit_check_text(table_entry_id(entry), TEXT("a"));
    change(*context, "b", 1);
    assert_null(table_find_entry(*context, TEXT("c")));
    assert_int_equal(table_read_revision(*context, entry), 1);
    change(*context, "a", 2);
    assert_int_equal(table_read_revision(*context, entry), 3);
    assert_ptr_equal(table_find_entry(*context, TEXT("a")), entry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(changed_rockets_are_collected_once),
        TABLE_TEST(messages_that_change_nothing_are_not_collected),
        TABLE_TEST(watching_takes_nothing_of_the_limit_on_memory),
        TABLE_TEST(table_may_be_freed_while_it_is_watched),
        TABLE_TEST(rockets_of_one_stripe_are_collected_however_many),
        TABLE_TEST(full_table_can_be_watched),
        TABLE_TEST(too_many_rockets_are_lost_once),
        TABLE_TEST(positions_are_the_revisions_of_changes),
        TABLE_TEST(loaded_rockets_have_changed_before),
        TABLE_TEST(walk_finds_what_has_changed_since),
        TABLE_TEST(walk_finds_all_rockets_of_a_large_stripe),
        TABLE_TEST(walk_finds_loaded_rockets_behind_replayed_ones),
        TABLE_TEST(entry_is_found_by_its_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
