/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first rockets by name, the rest as a number: a dashboard shows some of
 * them, and thousands a second do not hold up the messages that cause them.
 */
#include "feed.h"

#include "base/sync.h"

void feed_init(struct feed *feed)
{
    sync_mutex_init(&feed->lock);
    feed->launched = feed->exploded = (struct table_feed){.count = 0};
}

void feed_release(struct feed *feed)
{
    pthread_mutex_destroy(&feed->lock);
}

void table_feed_add(struct table_feed *feed, const struct table_entry *entry)
{
    for (size_t i = 0; i < feed->count; i++)
        if (feed->entries[i] == entry)
            return;
    if (feed->count < TABLE_FEED)
        feed->entries[feed->count++] = entry;
    else
        feed->more++;
}

static void add(struct feed *feed, struct table_feed *rockets,
                const struct table_entry *entry)
{
    sync_lock(&feed->lock);
    table_feed_add(rockets, entry);
    sync_unlock(&feed->lock);
}

void feed_add_launch(struct feed *feed, const struct table_entry *entry)
{
    add(feed, &feed->launched, entry);
}

void feed_add_explosion(struct feed *feed, const struct table_entry *entry)
{
    add(feed, &feed->exploded, entry);
}

static void take_locked(struct table_feed *rockets, struct table_feed *taken)
{
    *taken = *rockets;
    rockets->count = 0;
    rockets->more = 0;
}

void feed_take(struct feed *feed, struct table_feed *launched,
               struct table_feed *exploded)
{
    sync_lock(&feed->lock);
    take_locked(&feed->launched, launched);
    take_locked(&feed->exploded, exploded);
    sync_unlock(&feed->lock);
}
