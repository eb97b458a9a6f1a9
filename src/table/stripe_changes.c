/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list that doubles, up to its bound. Its memory is kept from collection to
 * collection.
 */
#include "stripe_changes.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 8 };

/* False if memory is exhausted or the list has reached its bound. */
static bool grow_list(struct stripe_changes *changes)
{
    size_t old = changes->capacity;
    size_t capacity = old == 0 ? FIRST_CAPACITY : 2 * old;

    if (capacity > STRIPE_CHANGES_MOST)
        return false;
    const struct table_entry **grown =
        realloc(changes->entries, capacity * sizeof(changes->entries[0]));
    if (grown == NULL)
        return false;
    changes->entries = grown;
    changes->capacity = (uint16_t)capacity;
    return true;
}

bool stripe_changes_add(struct stripe_changes *changes,
                        const struct table_entry *entry, uint64_t revision)
{
    bool first = changes->count == 0;

    if (changes->incomplete || revision > changes->collected)
        return false;
    if (changes->count < changes->capacity || grow_list(changes)) {
        changes->entries[changes->count++] = entry;
    } else {
        changes->incomplete = true;
        changes->count = 0;
    }
    return first;
}

void stripe_changes_clear(struct stripe_changes *changes, uint64_t latest)
{
    changes->collected = latest;
    changes->count = 0;
    changes->incomplete = false;
}

void stripe_changes_release(struct stripe_changes *changes)
{
    free(changes->entries);
    *changes = (struct stripe_changes){0};
}
