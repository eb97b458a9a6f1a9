/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many rockets have each name, by hashes of the names: a hash table without
 * the names themselves.
 *
 * A hash has 64 bits. Of a million names, two have the same one, and are
 * counted as one name, in 3 of 100 million cases. So the key of the hash must
 * be secret: nobody can then choose such names.
 *
 * Locking: none; one thread at a time uses the counts.
 */
#ifndef LUNAR_TABLE_NAME_COUNTS_H
#define LUNAR_TABLE_NAME_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct name_slot {
    uint64_t hash;
    uint64_t rockets; /* 0: the slot is free */
};

/* All zero: no names. */
struct name_counts {
    struct name_slot *slots; /* at most three quarters are in use */
    size_t slot_count;       /* 0, or a power of two */
    size_t names;
};

void name_counts_release(struct name_counts *counts);

/*
 * Make sure that `more` names can be added. False, with nothing changed, if
 * memory is exhausted.
 */
bool name_counts_reserve(struct name_counts *counts, size_t more);

/*
 * Add so many rockets, at least one, to the name with this hash. If it is new,
 * there must be a place for it.
 */
void name_counts_add(struct name_counts *counts, uint64_t hash,
                     uint64_t rockets);

/*
 * The rockets of the name with this hash, at the first call for it; 0 at any
 * other, and if there is no such name. Nothing may be added afterwards.
 */
uint64_t name_counts_take(struct name_counts *counts, uint64_t hash);

#endif
