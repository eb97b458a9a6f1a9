/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of changes in the middle of a collection: after it has read the table's
 * revision and a stripe's bit, and before it locks the stripe. The linker
 * redirects the lock of stripes to here.
 */
#include "lib/unit_table.h"

#include <pthread.h>

#include "table/table_changes.h"
#include "table/table_parts.h"

enum { ID_SIZE = 16 };

/* At the next lock these messages come first. */
static struct table *interrupted;
static const struct message *interruption;
static size_t interruption_length;

int __real_pthread_rwlock_wrlock(pthread_rwlock_t *lock);
int __wrap_pthread_rwlock_wrlock(pthread_rwlock_t *lock);

int __wrap_pthread_rwlock_wrlock(pthread_rwlock_t *lock)
{
    struct table *table = interrupted;

    interrupted = NULL;
    for (size_t i = 0; table != NULL && i < interruption_length; i++)
        if (table_apply(table, &interruption[i]) != MESSAGE_APPLIED)
            abort();
    return __real_pthread_rwlock_wrlock(lock);
}

static void change(struct table *table, const char *id, uint64_t number)
{
    assert_int_equal(unit_table_apply(table, message_speed(id, number, 1)),
                     MESSAGE_APPLIED);
}

/* Collect while `messages` are applied. */
static void collect(struct table *table, struct table_changes *changes,
                    const struct message *messages, size_t count)
{
    uint64_t revision = table_revision(table);

    interruption = messages;
    interruption_length = count;
    interrupted = count > 0 ? table : NULL;
    table_collect(table, changes);
    assert_null(interrupted);
    assert_int_equal(changes->revision, revision);
    assert_int_equal(table_revision(table), revision + count);
}

static void check_collected(const struct table_changes *changes,
                            const char *const ids[], size_t count)
{
    assert_int_equal(changes->count, count);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j <= count; j++) {
            assert_true(j < count);
            if (text_equal(table_entry_id(changes->entries[j]),
                           text_of(ids[i])))
                break;
        }
}

/* Two ids of one stripe, and one of another stripe behind it. */
static void draw_ids(struct table *table, char ids[3][ID_SIZE])
{
    unsigned next = 0;

    for (size_t i = 0; i < 3;) {
        snprintf(ids[i], ID_SIZE, "%u", next++);
        uint32_t first = table_locate(table, text_of(ids[0])).index;
        uint32_t index = table_locate(table, text_of(ids[i])).index;
        if (i == 2 ? index > first && index / 64 == first / 64
                   : index == first && first % 64 < 32)
            i++;
    }
}

/*
 * Its revision is above that of the collection, which has it nevertheless. When
 * it changes again, it must be listed again.
 */
static void change_between_reading_and_swap_is_collected(void **context)
{
    struct table_changes changes = {0};
    char ids[3][ID_SIZE];

    draw_ids(*context, ids);
    for (size_t i = 0; i < 3; i++)
        change(*context, ids[i], 1);
    const struct message silent[] = {message_speed(ids[1], 2, 1)};
    table_watch(*context);
    change(*context, ids[0], 2);
    collect(*context, &changes, silent, 1);
    check_collected(&changes, (const char *const[]){ids[0], ids[1]}, 2);
    collect(*context, &changes, NULL, 0);
    check_collected(&changes, NULL, 0);
    change(*context, ids[1], 3);
    collect(*context, &changes, NULL, 0);
    check_collected(&changes, (const char *const[]){ids[1]}, 1);
    table_unwatch(*context);
    table_changes_release(&changes);
}

/* The stripe's bit was read before, so it comes in the next collection. */
static void stripe_that_changes_once_during_a_collection_is_seen(void **context)
{
    struct table_changes changes = {0};
    char ids[3][ID_SIZE];

    draw_ids(*context, ids);
    for (size_t i = 0; i < 3; i++)
        change(*context, ids[i], 1);
    const struct message silent[] = {message_speed(ids[2], 2, 1)};
    table_watch(*context);
    change(*context, ids[0], 2);
    collect(*context, &changes, silent, 1);
    check_collected(&changes, (const char *const[]){ids[0]}, 1);
    collect(*context, &changes, NULL, 0);
    check_collected(&changes, (const char *const[]){ids[2]}, 1);
    collect(*context, &changes, NULL, 0);
    check_collected(&changes, NULL, 0);
    table_unwatch(*context);
    table_changes_release(&changes);
}

/* Its list has the rocket already, which is collected as it is by then. */
static void second_change_during_a_collection_is_part_of_it(void **context)
{
    struct table_changes changes = {0};
    char ids[3][ID_SIZE];

    draw_ids(*context, ids);
    const struct message again[] = {message_speed(ids[0], 3, 1),
                                    message_speed(ids[0], 4, 1)};
    table_watch(*context);
    change(*context, ids[0], 2);
    collect(*context, &changes, again, 2);
    check_collected(&changes, (const char *const[]){ids[0]}, 1);
    assert_int_equal(table_read_revision(*context, changes.entries[0]), 3);
    collect(*context, &changes, NULL, 0);
    check_collected(&changes, NULL, 0);
    change(*context, ids[0], 5);
    collect(*context, &changes, NULL, 0);
    check_collected(&changes, (const char *const[]){ids[0]}, 1);
    table_unwatch(*context);
    table_changes_release(&changes);
}

/* Before the watcher has reached the rocket's stripe, or any. */
static void change_while_the_watch_begins_is_before_it(void **context)
{
    struct table_changes changes = {0};
    const struct message message = message_speed("a", 1, 1);

    for (unsigned i = 0; i < 2; i++) {
        interruption = &message;
        interruption_length = i == 0;
        interrupted = *context;
        assert_int_equal(table_watch(*context), 1);
        collect(*context, &changes, NULL, 0);
        check_collected(&changes, NULL, 0);
        table_unwatch(*context);
    }
    table_changes_release(&changes);
}

/* A change that sees the end of the watch too late leaves nothing behind. */
static void change_while_the_watch_ends_leaves_nothing(void **context)
{
    struct table_changes changes = {0};
    const struct message message = message_speed("a", 2, 1);

    change(*context, "a", 1);
    size_t memory = table_memory(*context);
    table_watch(*context);
    interruption = &message;
    interruption_length = 1;
    interrupted = *context;
    table_unwatch(*context);
    assert_int_equal(table_memory(*context), memory);
    assert_int_equal(table_watch(*context), 2);
    collect(*context, &changes, NULL, 0);
    check_collected(&changes, NULL, 0);
    table_unwatch(*context);
    table_changes_release(&changes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(change_between_reading_and_swap_is_collected),
        TABLE_TEST(stripe_that_changes_once_during_a_collection_is_seen),
        TABLE_TEST(second_change_during_a_collection_is_part_of_it),
        TABLE_TEST(change_while_the_watch_begins_is_before_it),
        TABLE_TEST(change_while_the_watch_ends_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
