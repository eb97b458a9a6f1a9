/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A watched table: each stripe lists its rockets that have changed, and a
 * bitmap has the stripes whose lists are not empty. Without a watcher, changed
 * rockets are found by a walk over those stripes that have later revisions.
 */
#include "table/table_changes.h"

#include <assert.h>
#include <stdlib.h>

#include "base/sync.h"
#include "table_parts.h"

enum { DIRTY_BITS = 64 /* of a word */ };

static_assert(TABLE_STRIPES % DIRTY_BITS == 0, "no word has unused bits");

/*
 * The bit is set before the change draws its revision, or before its position
 * is published. So table_collect(), which reads the table's revision first and
 * the bits afterwards, sees the bits of all changes up to that revision.
 *
 * A bit that is set already needs no second one: it means that the stripe's
 * list is going to be collected under its lock, which this change holds.
 */
void table_list_change_locked(struct table *table, uint32_t index,
                              const struct table_entry *entry,
                              uint64_t revision)
{
    struct stripe *stripe = &table->stripes[index].stripe;

    if (stripe_changes_add(&stripe->changes, entry, revision))
        atomic_fetch_or(&table->dirty[index / DIRTY_BITS],
                        UINT64_C(1) << index % DIRTY_BITS);
}

void table_feed_change(struct table *table, const struct stripe_change *change)
{
    if (!table_is_watched(table))
        return;
    if (change->launched)
        feed_add_launch(&table->feed, change->entry);
    if (change->exploded)
        feed_add_explosion(&table->feed, change->entry);
}

/* What happened before, or was noted late by a thread, is not news. */
static void clear_feed(struct table *table)
{
    struct table_feed launched, exploded;

    feed_take(&table->feed, &launched, &exploded);
}

/*
 * From the moment in which a stripe is cleared, under its lock, its changes see
 * the flag and are listed. All its changes before have revisions up to its
 * `latest` of that moment, so up to the highest of these, the result. Whatever
 * has a later revision is listed therefore. This holds with positions, too,
 * where a stripe's `latest` may be above the revision of the table.
 *
 * A change of a stripe that is not cleared yet may see the flag and set the
 * stripe's bit; then the next collection finds an empty list.
 */
uint64_t table_watch(struct table *table)
{
    uint64_t latest = 0;

    assert(!table_is_watched(table));
    clear_feed(table);
    atomic_store(&table->watched, true);
    for (size_t i = 0; i < TABLE_STRIPES; i++) {
        struct locked_stripe *locked = &table->stripes[i];
        struct stripe *stripe = &locked->stripe;

        sync_write_lock(&locked->lock);
        stripe_changes_clear(&stripe->changes, stripe->latest);
        if (stripe->latest > latest)
            latest = stripe->latest;
        sync_rwlock_unlock(&locked->lock);
    }
    return latest;
}

/*
 * Once a stripe's list is freed, under its lock, changes see that the flag is
 * not set, and list nothing. So no bit is set any more after the last one.
 */
void table_unwatch(struct table *table)
{
    assert(table_is_watched(table));
    atomic_store(&table->watched, false);
    for (size_t i = 0; i < TABLE_STRIPES; i++) {
        struct locked_stripe *locked = &table->stripes[i];

        sync_write_lock(&locked->lock);
        stripe_changes_release(&locked->stripe.changes);
        sync_rwlock_unlock(&locked->lock);
    }
    for (size_t i = 0; i < TABLE_STRIPES / DIRTY_BITS; i++)
        atomic_store(&table->dirty[i], 0);
}

/* Empty `changes`, with memory for as many rockets as it may take. */
static void begin_collection(struct table_changes *changes)
{
    changes->count = 0;
    changes->lost = false;
    changes->latest = 0;
    if (changes->entries != NULL)
        return;
    changes->entries =
        malloc(TABLE_CHANGES_MOST * sizeof(const struct table_entry *));
    changes->capacity = changes->entries == NULL ? 0 : TABLE_CHANGES_MOST;
}

/* Room for `count` more rockets; NULL, and they are lost, if there is none. */
static const struct table_entry **add_entries(struct table_changes *changes,
                                              size_t count)
{
    if (changes->lost || count > changes->capacity - changes->count) {
        changes->lost = true;
        return NULL;
    }
    const struct table_entry **added = &changes->entries[changes->count];
    changes->count += count;
    return added;
}

/*
 * Collect the rockets of the stripe whose revisions are above `after`, without
 * a list. Those that have changed since the list was cleared are found, too,
 * and come in the next collection as well.
 */
static void scan_stripe(struct table *table, uint32_t index, uint64_t after,
                        struct table_changes *changes)
{
    struct table_since since = {.after = after, .stripe = index};

    while (!changes->lost && table_since_next(table, &since) &&
           since.stripe == index) {
        const struct table_entry **added =
            since.count == 0 ? NULL : add_entries(changes, since.count);
        for (size_t i = 0; added != NULL && i < since.count; i++)
            added[i] = since.rows[i].entry;
    }
}

static void collect_stripe(struct table *table, uint32_t index,
                           struct table_changes *changes)
{
    struct locked_stripe *locked = &table->stripes[index];
    struct stripe *stripe = &locked->stripe;
    struct stripe_changes *list = &stripe->changes;

    sync_write_lock(&locked->lock);
    uint64_t after = list->collected;
    bool incomplete = list->incomplete;
    const struct table_entry **added =
        list->count == 0 ? NULL : add_entries(changes, list->count);
    for (size_t i = 0; added != NULL && i < list->count; i++)
        added[i] = list->entries[i];
    if (changes->latest < stripe->latest)
        changes->latest = stripe->latest;
    stripe_changes_clear(list, stripe->latest);
    sync_rwlock_unlock(&locked->lock);
    if (incomplete)
        scan_stripe(table, index, after, changes);
}

/*
 * The revision is read first: see table_list_change_locked(). A change after
 * that may be found or not. If its stripe is collected later here, it is found
 * in the list; if the stripe was collected before, or its bit was not set yet,
 * it sets the bit, for the next collection.
 */
void table_collect(struct table *table, struct table_changes *changes)
{
    assert(table_is_watched(table));
    begin_collection(changes);
    changes->revision = table_revision(table);
    for (uint32_t word = 0; word < TABLE_STRIPES / DIRTY_BITS; word++) {
        uint64_t bits = atomic_exchange(&table->dirty[word], 0);
        for (; bits != 0; bits &= bits - 1)
            collect_stripe(table,
                           word * DIRTY_BITS + (uint32_t)__builtin_ctzll(bits),
                           changes);
    }
    if (changes->lost)
        changes->count = 0;
    feed_take(&table->feed, &changes->launched, &changes->exploded);
}

void table_changes_release(struct table_changes *changes)
{
    free(changes->entries);
    *changes = (struct table_changes){.count = 0};
}

/* Add those of the stripe's next rockets that changed after `since->after`. */
static void add_rows(struct table_since *since, const struct stripe *stripe)
{
    uint32_t end = stripe->count;

    if (stripe->latest <= since->after) {
        since->index = end;
        return;
    }
    if (end - since->index > TABLE_SINCE_ROWS)
        end = since->index + TABLE_SINCE_ROWS;
    for (; since->index < end; since->index++) {
        const struct table_entry *entry = stripe_at(stripe, since->index);
        uint64_t revision = table_entry_revision(entry);
        if (revision > since->after)
            since->rows[since->count++] =
                (struct table_since_row){entry, revision};
    }
}

bool table_since_next(struct table *table, struct table_since *since)
{
    since->count = 0;
    while (since->stripe < TABLE_STRIPES &&
           since->index >= atomic_load(&table->sizes[since->stripe])) {
        since->stripe++;
        since->index = 0;
    }
    if (since->stripe == TABLE_STRIPES)
        return false;

    struct locked_stripe *locked = &table->stripes[since->stripe];
    sync_read_lock(&locked->lock);
    add_rows(since, &locked->stripe);
    sync_rwlock_unlock(&locked->lock);
    return true;
}

/*
 * The lock makes it wait for a change that has drawn its revision and has not
 * stored it: who has read the table's revision before sees all changes up to
 * it.
 */
uint64_t table_read_revision(struct table *table,
                             const struct table_entry *entry)
{
    struct locked_stripe *locked = &table->stripes[table_entry_stripe(entry)];

    sync_read_lock(&locked->lock);
    uint64_t revision = table_entry_revision(entry);
    sync_rwlock_unlock(&locked->lock);
    return revision;
}

const struct table_entry *table_find_entry(struct table *table, struct text id)
{
    struct table_location location = table_locate(table, id);
    struct locked_stripe *locked = &table->stripes[location.index];

    sync_read_lock(&locked->lock);
    const struct table_entry *entry =
        stripe_find(&locked->stripe, location.tag, id);
    sync_rwlock_unlock(&locked->lock);
    return entry;
}
