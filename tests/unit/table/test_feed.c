/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of launches and explosions in collections.
 */
#include "lib/unit_table.h"
#include "table/table_changes.h"

enum { ID_SIZE = 16 };

static void apply(struct table *table, struct message message)
{
    assert_int_equal(table_apply(table, &message), MESSAGE_APPLIED);
}

static void launch(struct table *table, const char *id, uint64_t number)
{
    apply(table, message_launched(id, number, "t", "m", 1));
}

static void explode(struct table *table, const char *id, uint64_t number)
{
    apply(table, message_exploded(id, number, "r"));
}

/* Fail unless these ids, each one letter, are in the feed, in this order. */
static void check_feed(const struct table_feed *feed, const char *letters)
{
    assert_int_equal(feed->count, strlen(letters));
    assert_int_equal(feed->more, 0);
    for (size_t i = 0; i < feed->count; i++)
        unit_check_text(table_entry_id(feed->entries[i]),
                        (struct text){&letters[i], 1});
}

static void check_news(struct table *table, const char *launched,
                       const char *exploded)
{
    struct table_changes changes = {0};

    table_collect(table, &changes);
    check_feed(&changes.launched, launched);
    check_feed(&changes.exploded, exploded);
    table_changes_release(&changes);
}

static void launches_and_explosions_are_in_the_order_of_arrival(void **context)
{
    table_watch(*context);
    check_news(*context, "", "");
    launch(*context, "b", 1);
    launch(*context, "a", 1);
    apply(*context, message_speed("c", 1, 1));
    explode(*context, "a", 2);
    launch(*context, "d", 1);
    explode(*context, "c", 2);
    apply(*context, message_mission("a", 3, "m2"));
    check_news(*context, "bad", "ac");
    check_news(*context, "", "");
    table_unwatch(*context);
}

static void only_what_is_watched_is_in_the_feed(void **context)
{
    launch(*context, "a", 1);
    table_watch(*context);
    check_news(*context, "", "");
    explode(*context, "a", 2);
    table_unwatch(*context);
    launch(*context, "b", 1);
    table_watch(*context);
    check_news(*context, "", "");
    explode(*context, "b", 2);
    check_news(*context, "", "b");
    table_unwatch(*context);
}

static void launch_is_news_when_it_is_shown(void **context)
{
    table_watch(*context);
    launch(*context, "a", 5);
    check_news(*context, "a", "");
    /* An earlier launch that arrives later is not shown. */
    launch(*context, "a", 3);
    check_news(*context, "", "");
    launch(*context, "a", 7);
    check_news(*context, "a", "");
    /* The first launch of a rocket that was known before. */
    explode(*context, "b", 2);
    check_news(*context, "", "b");
    launch(*context, "b", 1);
    check_news(*context, "b", "");
    /* A second message of the launch that is shown. */
    struct message same = message_launched("a", 8, "t", "m", 1);
    same.time = messages_time(7);
    apply(*context, same);
    check_news(*context, "", "");
    same.number = 9;
    same.time.nanoseconds = 1;
    apply(*context, same);
    check_news(*context, "a", "");
    table_unwatch(*context);
}

/* The earliest time is that of a rocket without a launch. */
static void launch_at_time_zero_is_news(void **context)
{
    struct message message = message_launched("a", 2, "t", "m", 1);

    message.time = (struct timestamp){.seconds = 0};
    table_watch(*context);
    apply(*context, message_speed("a", 1, 1));
    apply(*context, message);
    check_news(*context, "a", "");
    table_unwatch(*context);
}

static void explosion_is_news_when_the_rocket_was_active(void **context)
{
    table_watch(*context);
    launch(*context, "a", 1);
    explode(*context, "a", 10);
    check_news(*context, "a", "a");
    explode(*context, "a", 5);
    explode(*context, "a", 12);
    check_news(*context, "", "");
    launch(*context, "a", 20);
    check_news(*context, "a", "");
    explode(*context, "a", 22);
    check_news(*context, "", "a");
    /* Behind the launch that is shown: of no effect. */
    explode(*context, "a", 15);
    check_news(*context, "", "");
    table_unwatch(*context);
}

static void rocket_is_named_once_in_a_collection(void **context)
{
    struct table_changes changes = {0};

    table_watch(*context);
    for (uint64_t number = 1; number < 20; number += 2) {
        launch(*context, "a", number);
        explode(*context, "a", number + 1);
    }
    check_news(*context, "a", "a");
    table_collect(*context, &changes);
    assert_int_equal(changes.count, 0);
    table_unwatch(*context);
    table_changes_release(&changes);
}

static void launch_rockets(struct table *table, unsigned count, uint64_t number)
{
    char id[ID_SIZE];

    for (unsigned i = 0; i < count; i++) {
        snprintf(id, sizeof(id), "%u", i);
        launch(table, id, number);
    }
}

static void further_rockets_are_counted(void **context)
{
    struct table_changes changes = {0};
    char id[ID_SIZE];

    table_watch(*context);
    launch_rockets(*context, TABLE_FEED + 3, 1);
    launch_rockets(*context, TABLE_FEED + 2, 2);
    explode(*context, "0", 3);
    table_collect(*context, &changes);
    assert_int_equal(changes.launched.count, TABLE_FEED);
    assert_int_equal(changes.launched.more, 3 + 2);
    for (unsigned i = 0; i < TABLE_FEED; i++) {
        snprintf(id, sizeof(id), "%u", i);
        unit_check_text(table_entry_id(changes.launched.entries[i]),
                        text_of(id));
    }
    check_feed(&changes.exploded, "0");
    table_collect(*context, &changes);
    assert_int_equal(changes.launched.count, 0);
    assert_int_equal(changes.launched.more, 0);
    table_unwatch(*context);
    table_changes_release(&changes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(launches_and_explosions_are_in_the_order_of_arrival),
        TABLE_TEST(only_what_is_watched_is_in_the_feed),
        TABLE_TEST(launch_is_news_when_it_is_shown),
        TABLE_TEST(launch_at_time_zero_is_news),
        TABLE_TEST(explosion_is_news_when_the_rocket_was_active),
        TABLE_TEST(rocket_is_named_once_in_a_collection),
        TABLE_TEST(further_rockets_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
