/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds things by a hash: open addressing with linear probing over slots of
 * eight bytes. The things are the owner's, who knows each by its place, a
 * number from 1. Growing moves slots, never things.
 *
 * Locking: none; the owner guards an index as a whole.
 */
#ifndef LUNAR_BASE_HASH_INDEX_H
#define LUNAR_BASE_HASH_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/quota.h"
#include "base/text.h"

struct hash_slot {
    uint32_t hash;
    uint32_t place; /* 0: the slot is free */
};

/* All zero: an empty index. */
struct hash_index {
    struct hash_slot *slots; /* at most three quarters are in use */
    uint32_t slot_count;     /* 0, or 2^n or 3 * 2^n */
    uint32_t used;
};

void hash_index_release(struct hash_index *index, struct quota *quota);

/*
 * Make sure that there is a free slot for one more thing. False, with nothing
 * changed, if memory is exhausted.
 */
bool hash_index_reserve(struct hash_index *index, struct quota *quota);

/*
 * Add the thing at `place`, for which a slot was reserved. Hashes must be
 * spread evenly over all 32 bits.
 */
void hash_index_add(struct hash_index *index, uint32_t hash, uint32_t place);

/*
 * The thing with this hash at place `from`, which must be there, is now at
 * `to`.
 */
void hash_index_move(struct hash_index *index, uint32_t hash, uint32_t from,
                     uint32_t to);

/*
 * Remove the thing at `place`, which must be there. The index is halved when
 * less than an eighth of its slots is used.
 */
void hash_index_remove(struct hash_index *index, struct quota *quota,
                       uint32_t hash, uint32_t place);

/* The slot at which probing for a hash starts. */
static inline uint32_t hash_index_home(const struct hash_index *index,
                                       uint32_t hash)
{
    return (uint32_t)((uint64_t)hash * index->slot_count >> 32);
}

static inline uint32_t hash_index_after(const struct hash_index *index,
                                        uint32_t slot)
{
    return slot + 1 == index->slot_count ? 0 : slot + 1;
}

/*
 * The place of the thing with this hash for which `is` returns true, or 0 if
 * there is none. Inline, so that `is` becomes part of the loop.
 */
static inline uint32_t
hash_index_find(const struct hash_index *index, uint32_t hash,
                bool (*is)(const void *owner, uint32_t place, struct text key),
                const void *owner, struct text key)
{
    if (index->slot_count == 0)
        return 0;
    for (uint32_t i = hash_index_home(index, hash);;
         i = hash_index_after(index, i)) {
        struct hash_slot slot = index->slots[i];
        if (slot.place == 0 ||
            (slot.hash == hash && is(owner, slot.place, key)))
            return slot.place;
    }
}

/* Fetch the slot at which probing for a hash starts into the cache. */
static inline void hash_index_prefetch(const struct hash_index *index,
                                       uint32_t hash)
{
    if (index->slot_count > 0)
        __builtin_prefetch(&index->slots[hash_index_home(index, hash)]);
}

/* The place of the first thing with this hash; 0 if there is none. */
static inline uint32_t hash_index_guess(const struct hash_index *index,
                                        uint32_t hash)
{
    if (index->slot_count == 0)
        return 0;
    uint32_t i = hash_index_home(index, hash);
    while (index->slots[i].place != 0 && index->slots[i].hash != hash)
        i = hash_index_after(index, i);
    return index->slots[i].place;
}

#endif
