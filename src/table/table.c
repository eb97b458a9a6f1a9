/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locks stripes, and holds what they share: the hash that distributes rockets
 * to them, the count of rockets, and the revision. A scan goes from stripe to
 * stripe.
 */
#include "table/table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/sync.h"
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
