/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rockets are collected as they come, and sorted only where it has to be known
 * which of them are the same.
 */
#include "pending.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRY_SIZE = sizeof(const struct table_entry *) };

static int compare_places(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t) * (const struct table_entry *const *)a;
    uintptr_t y = (uintptr_t) * (const struct table_entry *const *)b;

    return (x > y) - (x < y);
}

void pending_sort(struct pending *pending)
{
    size_t count = 0;

    if (pending->count == 0)
        return;
    qsort(pending->entries, pending->count, ENTRY_SIZE, compare_places);
    for (size_t i = 0; i < pending->count; i++)
        if (count == 0 || pending->entries[i] != pending->entries[count - 1])
            pending->entries[count++] = pending->entries[i];
    pending->count = count;
}

static void lose_entries(struct pending *pending)
{
    free(pending->entries);
    pending->entries = NULL;
    pending->count = pending->capacity = 0;
    pending->lost = true;
}

/*
 * Room for `more` rockets. Not beyond TABLE_CHANGES_MOST, unless some are there
 * several times: then the memory is that of two collections at most.
 */
static bool make_room(struct pending *pending, size_t more)
{
    if (pending->count + more > TABLE_CHANGES_MOST)
        pending_sort(pending);
    if (pending->count > TABLE_CHANGES_MOST)
        return false;
    size_t needed = pending->count + more;
    if (needed <= pending->capacity)
        return true;
    const struct table_entry **entries =
        realloc(pending->entries, needed * ENTRY_SIZE);
    if (entries == NULL)
        return false;
    pending->entries = entries;
    pending->capacity = needed;
    return true;
}

static void add_entries(struct pending *pending,
                        const struct table_changes *changes)
{
    if (changes->lost || !make_room(pending, changes->count)) {
        lose_entries(pending);
        return;
    }
    if (changes->count > 0)
        memcpy(&pending->entries[pending->count], changes->entries,
               changes->count * ENTRY_SIZE);
    pending->count += changes->count;
}

/* A rocket that is there already counts once, as in a collection. */
static void add_feed(struct table_feed *feed, const struct table_feed *added)
{
    for (size_t i = 0; i < added->count; i++)
        table_feed_add(feed, added->entries[i]);
    feed->more += added->more;
}

void pending_add(struct pending *pending, const struct table_changes *changes,
                 bool rockets)
{
    if (rockets && !pending->lost)
        add_entries(pending, changes);
    add_feed(&pending->launched, &changes->launched);
    add_feed(&pending->exploded, &changes->exploded);
}

bool pending_is_empty(const struct pending *pending)
{
    return pending->count == 0 && !pending->lost &&
           pending->launched.count == 0 && pending->exploded.count == 0;
}

void pending_clear(struct pending *pending)
{
    free(pending->entries);
    *pending = (struct pending){0};
}
