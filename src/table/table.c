/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks stripes, and holds what they share: the hash that distributes rockets
 * to them, the count of rockets, and the revision. A scan goes from stripe to
 * stripe.
 */
#include "table/table.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/sync.h"
#include "prefetch.h"
#include "scan_step.h"
#include "table_parts.h"

struct table *table_new(size_t max_memory)
{
    struct table *table = NULL;

    if (sodium_init() >= 0)
        table = aligned_alloc(_Alignof(struct table), sizeof(struct table));
    if (table == NULL)
        return NULL;

    memset(table, 0, sizeof(*table));
    randombytes_buf(table->key, sizeof(table->key));
    table->max_memory = max_memory;
    quota_init(&table->quota, max_memory, sizeof(*table));
    atomic_init(&table->full_at, SIZE_MAX);
    feed_init(&table->feed);
    for (size_t i = 0; i < TABLE_STRIPES; i++) {
        sync_rwlock_init(&table->stripes[i].lock);
        stripe_init(&table->stripes[i].stripe, (uint32_t)i, &table->quota,
                    table->key);
    }
    return table;
}

void table_free(struct table *table)
{
    if (table == NULL)
        return;
    for (size_t i = 0; i < TABLE_STRIPES; i++) {
        stripe_release(&table->stripes[i].stripe);
        pthread_rwlock_destroy(&table->stripes[i].lock);
    }
    feed_release(&table->feed);
    assert(quota_used(&table->quota) == sizeof(*table));
    free(table);
}

size_t table_count(const struct table *table)
{
    return atomic_load(&table->count);
}

size_t table_memory(const struct table *table)
{
    return quota_used(&table->quota);
}

size_t table_memory_limit(const struct table *table)
{
    return table->max_memory;
}

bool table_is_full(const struct table *table)
{
    return quota_taken(&table->quota) >= atomic_load(&table->full_at);
}

uint64_t table_revision(const struct table *table)
{
    return atomic_load(&table->revision);
}

static_assert(TABLE_STRIPES <= 1 << TABLE_ENTRY_STRIPE_BITS,
              "an entry holds its stripe's number");

struct table_location table_locate(const struct table *table, struct text id)
{
    uint64_t hash;

    static_assert(crypto_shorthash_BYTES == sizeof(hash), "SipHash-2-4");
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)id.data,
                     id.length, table->key);
    return (struct table_location){.index = hash % TABLE_STRIPES,
                                   .tag = (uint32_t)(hash >> 32)};
}

void table_count_rocket_locked(struct table *table, uint32_t index)
{
    uint32_t count = table->stripes[index].stripe.count;

    if (count != atomic_load(&table->sizes[index])) {
        atomic_store(&table->sizes[index], count);
        atomic_fetch_add(&table->count, 1);
    }
}

void table_raise_revision(struct table *table, uint64_t revision)
{
    uint64_t current = atomic_load(&table->revision);

    while (current < revision &&
           !atomic_compare_exchange_weak(&table->revision, &current, revision))
        continue;
}

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

struct table_summary table_summary(struct table *table)
{
    struct table_summary sum = {0};

    for (size_t i = 0; i < TABLE_STRIPES; i++) {
        struct locked_stripe *locked = &table->stripes[i];
        const struct stripe *stripe = &locked->stripe;

        if (atomic_load(&table->sizes[i]) == 0)
            continue;
        sync_read_lock(&locked->lock);
        sum.rockets += stripe->count;
        sum.exploded += stripe->exploded;
        sum.unlaunched += stripe->unlaunched;
        sum.incomplete += stripe->incomplete;
        sum.missing += stripe->missing;
        sum.given_up += stripe->given_up;
        sync_rwlock_unlock(&locked->lock);
    }
    return sum;
}

/* Whether the lock is free, or another message has had it since `before`. */
static bool is_passed_on(struct locked_stripe *locked, uint32_t before)
{
    if (!sync_try_read_lock(&locked->lock))
        return atomic_load_explicit(&locked->messages, memory_order_relaxed) !=
               before;
    sync_rwlock_unlock(&locked->lock);
    return true;
}

void table_probe_begin(struct table *table, struct table_probe *probe)
{
    *probe = (struct table_probe){.had = {0}};
    for (size_t i = 0; i < TABLE_STRIPES; i++)
        probe->messages[i] = atomic_load_explicit(&table->stripes[i].messages,
                                                  memory_order_relaxed);
}

bool table_probe(struct table *table, struct table_probe *probe)
{
    bool all = true;

    for (size_t i = 0; i < TABLE_STRIPES; i++) {
        uint64_t *had = &probe->had[i / 64], bit = UINT64_C(1) << i % 64;
        if ((*had & bit) == 0 &&
            is_passed_on(&table->stripes[i], probe->messages[i]))
            *had |= bit;
        all = all && (*had & bit) != 0;
    }
    return all;
}

bool table_find(struct table *table, struct text id, struct rocket_view *view)
{
    struct table_location location = table_locate(table, id);
    struct locked_stripe *locked = &table->stripes[location.index];

    sync_read_lock(&locked->lock);
    const struct table_entry *entry =
        stripe_find(&locked->stripe, location.tag, id);
    if (entry != NULL)
        table_entry_view(entry, view);
    sync_rwlock_unlock(&locked->lock);
    return entry != NULL;
}

void table_read(struct table *table, const struct table_entry *entry,
                struct rocket_view *view)
{
    struct locked_stripe *locked = &table->stripes[table_entry_stripe(entry)];

    sync_read_lock(&locked->lock);
    table_entry_view(entry, view);
    sync_rwlock_unlock(&locked->lock);
}

bool table_scan_next(struct table *table, struct table_scan *scan)
{
    scan->matched = scan->count = scan->string_count = 0;
    while (scan->stripe < TABLE_STRIPES &&
           scan->block * COLUMNS_ROCKETS >=
               atomic_load(&table->sizes[scan->stripe])) {
        scan->stripe++;
        scan->block = 0;
    }
    if (scan->stripe == TABLE_STRIPES)
        return false;

    struct locked_stripe *locked = &table->stripes[scan->stripe];
    sync_read_lock(&locked->lock);
    scan_step_run(scan, &locked->stripe);
    sync_rwlock_unlock(&locked->lock);
    return true;
}
