/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages into the table: one at a time, or in groups, whose memory is fetched
 * ahead; and their admission by what they need of the quota.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>

#include "base/log.h"
#include "base/sync.h"
#include "prefetch.h"
#include "table/table.h"
#include "table_parts.h"

/*
 * Count the rocket if it is new, and list it if that is wanted; then draw the
 * revision: see `sizes`, and table_list_change_locked(). A position that is not
 * 0 is the revision, and is published later.
 */
static void note_change_locked(struct table *table, uint32_t index,
                               struct table_entry *entry, uint64_t position)
{
    table_count_rocket_locked(table, index);
    if (table_is_watched(table))
        table_list_change_locked(table, index, entry,
                                 table_entry_revision(entry));
    if (position == 0)
        position = atomic_fetch_add(&table->revision, 1) + 1;
    stripe_set_revision(&table->stripes[index].stripe, entry, position);
}

/*
 * The rate of these lines needs no limit of its own: it takes more than
 * ROCKET_MAX_RUNS messages, megabytes of requests, to cause another one.
 */
static void log_given_up(const struct message *message,
                         const struct rocket_change *change)
{
    char id[4 * MESSAGE_MAX_CHANNEL + 1];
    const struct log_field rocket = {
        .name = "rocketId",
        .place = LOG_LEFT_OUT,
        .string = log_escape(message->channel, id, sizeof(id))};

    log_event(
        LOG_WARN, &rocket, 1,
        "rocket %s has more than %d runs of messages: its lowest gap, "
        "%" PRIu64 " to %" PRIu64 ", is given up; messages in it are stale "
        "if they arrive later. Further gaps of this rocket are not logged",
        id, ROCKET_MAX_RUNS, change->first_given_up, change->last_given_up);
}

/* No atomic addition, as the lock is held. */
static void count_message_locked(struct locked_stripe *locked)
{
    uint32_t before =
        atomic_load_explicit(&locked->messages, memory_order_relaxed);

    atomic_store_explicit(&locked->messages, before + 1, memory_order_relaxed);
}

static enum message_outcome apply_at(struct table *table,
                                     struct table_location location,
                                     const struct message *message,
                                     uint64_t position)
{
    struct locked_stripe *locked = &table->stripes[location.index];
    struct stripe_change change;

    sync_write_lock(&locked->lock);
    enum message_outcome outcome =
        stripe_apply(&locked->stripe, location.tag, message, &change);
    count_message_locked(locked);
    if (outcome == MESSAGE_APPLIED)
        note_change_locked(table, location.index, change.entry, position);
    else if (outcome == MESSAGE_NO_MEMORY)
        atomic_store(&table->full_at, quota_taken(&table->quota));
    sync_rwlock_unlock(&locked->lock);
    if (outcome != MESSAGE_APPLIED)
        return outcome;
    if (change.launched || change.exploded)
        table_feed_change(table, &change);
    if (change.rocket.last_given_up != 0)
        log_given_up(message, &change.rocket);
    return outcome;
}

enum message_outcome table_apply(struct table *table,
                                 const struct message *message)
{
    return apply_at(table, table_locate(table, message->channel), message, 0);
}

enum {
    /* The stripe; the steps of prefetch.h; the id; the application. */
    GROUP_STEPS = 1 + PREFETCH_STEPS + 1 + 1,
    /*
     * Items between two steps of one item, so that memory has the time to
     * arrive. At a million rockets, 3 to 6 are equally fast.
     */
    GROUP_DISTANCE = 4,
    /* Turns from the first step of an item to its last. */
    GROUP_TURNS = (GROUP_STEPS - 1) * GROUP_DISTANCE,
    /* Fewer are in the cache anyway. */
    PREFETCH_ROCKETS = 4096,
};

/* What is known of an item before it is applied. */
struct ahead {
    struct table_location location;
    struct prefetch prefetch;
};

static void locate_item(struct table *table, const struct table_item *item,
                        struct ahead *ahead)
{
    ahead->location = table_locate(table, item->message->channel);
    prefetch_init(&ahead->prefetch, ahead->location.tag, item->message);
    prefetch_memory(&table->stripes[ahead->location.index],
                    sizeof(struct locked_stripe));
}

/*
 * An item with a position needs no lock here: no other thread changes the
 * table, and this one does not change it in these steps.
 */
static void prefetch_item(struct table *table, const struct table_item *item,
                          struct ahead *ahead, unsigned step)
{
    struct locked_stripe *locked = &table->stripes[ahead->location.index];

    if (item->position == 0)
        sync_read_lock(&locked->lock);
    prefetch_step(&ahead->prefetch, &locked->stripe, step);
    if (item->position == 0)
        sync_rwlock_unlock(&locked->lock);
}

static void run_step(struct table *table, struct table_item *item,
                     struct ahead *ahead, unsigned step)
{
    if (step == 0)
        locate_item(table, item, ahead);
    else if (step <= PREFETCH_STEPS)
        prefetch_item(table, item, ahead, step - 1);
    else if (step == PREFETCH_STEPS + 1)
        prefetch_id(&ahead->prefetch);
    else
        item->outcome =
            apply_at(table, ahead->location, item->message, item->position);
}

/*
 * The items go through the steps as through a pipeline: in each turn one item
 * is in each step, so that the memory of some is fetched while others are
 * applied.
 *
 * Positions are published as the revision after the whole group, when all
 * changes up to them have been made. Rockets that were loaded may have later
 * ones, if what is applied now had been applied before they were saved.
 */
void table_apply_group(struct table *table, struct table_item *items,
                       size_t count)
{
    struct ahead ahead[TABLE_GROUP];
    uint64_t last = 0;

    for (size_t turn = 0; turn < count + GROUP_TURNS; turn++) {
        for (unsigned step = 0; step < GROUP_STEPS; step++) {
            /* Wraps around, past `count`, until the first item is here. */
            size_t i = turn - (size_t)step * GROUP_DISTANCE;
            if (i < count)
                run_step(table, &items[i], &ahead[i], step);
        }
    }
    for (size_t i = 0; i < count; i++)
        if (items[i].outcome == MESSAGE_APPLIED && items[i].position != 0)
            last = items[i].position;
    table_raise_revision(table, last);
}

/*
 * Step by step for the whole group: there is nothing to do between the steps of
 * an item but the steps of others.
 */
void table_prefetch_group(struct table *table, struct table_item *items,
                          size_t count)
{
    struct ahead ahead[TABLE_GROUP];

    if (table_count(table) < PREFETCH_ROCKETS)
        return;
    for (size_t i = 0; i < count; i++) {
        locate_item(table, &items[i], &ahead[i]);
        ahead[i].prefetch.changes = false;
    }
    for (unsigned step = 1; step < GROUP_STEPS - 1; step++)
        for (size_t i = 0; i < count; i++)
            run_step(table, &items[i], &ahead[i], step);
}

void table_limit_admission(struct table *table, unsigned percent)
{
    size_t limit = table->max_memory;

    assert(percent <= 100);
    quota_limit_reservations(&table->quota,
                             limit - limit / 100 * (100 - percent));
}

enum message_outcome table_admit(struct table *table,
                                 const struct message *message,
                                 size_t *reserved)
{
    struct table_location location = table_locate(table, message->channel);
    struct locked_stripe *locked = &table->stripes[location.index];
    size_t growth;

    sync_read_lock(&locked->lock);
    enum message_outcome outcome =
        stripe_check(&locked->stripe, location.tag, message, &growth);
    sync_rwlock_unlock(&locked->lock);
    if (outcome != MESSAGE_APPLIED)
        return outcome;
    if (!quota_reserve(&table->quota, growth)) {
        atomic_store(&table->full_at, quota_taken(&table->quota));
        return MESSAGE_NO_MEMORY;
    }
    *reserved += growth;
    return MESSAGE_APPLIED;
}

void table_unreserve(struct table *table, size_t reserved)
{
    quota_unreserve(&table->quota, reserved);
}
