/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removal shifts later slots back (Knuth, TAOCP 6.4, algorithm R), so that no
 * tombstones accumulate when millions of things are added and removed.
 */
#include "base/hash_index.h"

#include <string.h>

enum { MIN_SLOTS = 8 };

static size_t slots_size(uint32_t slot_count)
{
    return slot_count * sizeof(struct hash_slot);
}

void hash_index_release(struct hash_index *index, struct quota *quota)
{
    quota_resize(quota, index->slots, slots_size(index->slot_count), 0);
    *index = (struct hash_index){0};
}

static void put_slot(struct hash_index *index, struct hash_slot slot)
{
    uint32_t i = hash_index_home(index, slot.hash);

    while (index->slots[i].place != 0)
        i = hash_index_after(index, i);
    index->slots[i] = slot;
}

static bool resize_slots(struct hash_index *index, struct quota *quota,
                         uint32_t slot_count)
{
    struct hash_index resized = {
        .slots = quota_resize(quota, NULL, 0, slots_size(slot_count)),
        .slot_count = slot_count,
        .used = index->used,
    };

    if (resized.slots == NULL)
        return false;
    memset(resized.slots, 0, slots_size(slot_count));
    for (uint32_t i = 0; i < index->slot_count; i++)
        if (index->slots[i].place != 0)
            put_slot(&resized, index->slots[i]);
    hash_index_release(index, quota);
    *index = resized;
    return true;
}

/* Grow by a half and by a third in turns, so that few slots are unused. */
static uint32_t next_slot_count(uint32_t count)
{
    if (count == 0)
        return MIN_SLOTS;
    return count % 3 == 0 ? count / 3 * 4 : count / 2 * 3;
}

bool hash_index_reserve(struct hash_index *index, struct quota *quota)
{
    return index->used + 1 <= index->slot_count / 4 * 3 ||
           resize_slots(index, quota, next_slot_count(index->slot_count));
}

void hash_index_add(struct hash_index *index, uint32_t hash, uint32_t place)
{
    put_slot(index, (struct hash_slot){hash, place});
    index->used++;
}

static uint32_t slot_of(const struct hash_index *index, uint32_t hash,
                        uint32_t place)
{
    uint32_t i = hash_index_home(index, hash);

    while (index->slots[i].place != place)
        i = hash_index_after(index, i);
    return i;
}

void hash_index_move(struct hash_index *index, uint32_t hash, uint32_t from,
                     uint32_t to)
{
    index->slots[slot_of(index, hash, from)].place = to;
}

/* How many slots `slot` is behind `earlier`, around the end. */
static uint32_t slots_behind(const struct hash_index *index, uint32_t slot,
                             uint32_t earlier)
{
    return slot >= earlier ? slot - earlier
                           : slot + index->slot_count - earlier;
}

/* Free the slot `free`, and shift back those that probing would miss. */
static void close_slot(struct hash_index *index, uint32_t free)
{
    for (uint32_t i = hash_index_after(index, free); index->slots[i].place != 0;
         i = hash_index_after(index, i)) {
        uint32_t home = hash_index_home(index, index->slots[i].hash);
        if (slots_behind(index, i, home) >= slots_behind(index, i, free)) {
            index->slots[free] = index->slots[i];
            free = i;
        }
    }
    index->slots[free].place = 0;
}

void hash_index_remove(struct hash_index *index, struct quota *quota,
                       uint32_t hash, uint32_t place)
{
    close_slot(index, slot_of(index, hash, place));
    index->used--;
    /* If there is no memory for the smaller array, the index keeps its own. */
    if (index->slot_count >= 2 * MIN_SLOTS &&
        index->used < index->slot_count / 8)
        resize_slots(index, quota, index->slot_count / 2);
}
