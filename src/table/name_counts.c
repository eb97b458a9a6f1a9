/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open addressing with linear probing. The memory is not the table's: a full
 * table can still be counted.
 */
#include "name_counts.h"

#include <stdlib.h>

enum { FIRST_SLOTS = 512 };

/* In a slot's `rockets`. */
#define TAKEN (UINT64_C(1) << 63)

void name_counts_release(struct name_counts *counts)
{
    free(counts->slots);
    *counts = (struct name_counts){0};
}

/* The slot of the name with this hash, or the free one for it. */
static struct name_slot *find_slot(const struct name_counts *counts,
                                   uint64_t hash)
{
    size_t last = counts->slot_count - 1, i = hash & last;

    while (counts->slots[i].rockets != 0 && counts->slots[i].hash != hash)
        i = (i + 1) & last;
    return &counts->slots[i];
}

/* Move all names to `slot_count` slots. False if memory is exhausted. */
static bool resize_slots(struct name_counts *counts, size_t slot_count)
{
    struct name_counts grown = {.slot_count = slot_count,
                                .names = counts->names};

    grown.slots = calloc(slot_count, sizeof(*grown.slots));
    if (grown.slots == NULL)
        return false;
    for (size_t i = 0; i < counts->slot_count; i++)
        if (counts->slots[i].rockets != 0)
            *find_slot(&grown, counts->slots[i].hash) = counts->slots[i];
    free(counts->slots);
    *counts = grown;
    return true;
}

bool name_counts_reserve(struct name_counts *counts, size_t more)
{
    size_t wanted = counts->names + more, slot_count = counts->slot_count;

    if (slot_count == 0)
        slot_count = FIRST_SLOTS;
    while (wanted > slot_count / 4 * 3)
        slot_count *= 2;
    return slot_count == counts->slot_count || resize_slots(counts, slot_count);
}

void name_counts_add(struct name_counts *counts, uint64_t hash,
                     uint64_t rockets)
{
    struct name_slot *slot = find_slot(counts, hash);

    counts->names += slot->rockets == 0;
    slot->hash = hash;
    slot->rockets += rockets;
}

uint64_t name_counts_take(struct name_counts *counts, uint64_t hash)
{
    if (counts->slot_count == 0)
        return 0;

    struct name_slot *slot = find_slot(counts, hash);
    if (slot->rockets == 0 || (slot->rockets & TAKEN) != 0)
        return 0;
    uint64_t rockets = slot->rockets;
    slot->rockets |= TAKEN;
    return rockets;
}
