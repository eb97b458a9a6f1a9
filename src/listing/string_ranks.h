/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The different names that a list is sorted by: each gets a number, and in
 * the end a rank, so that a million rockets are sorted by numbers, and only
 * the names, a handful most of the time, by their bytes.
 */
#ifndef LUNAR_LISTING_STRING_RANKS_H
#define LUNAR_LISTING_STRING_RANKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/quota.h"
#include "base/text.h"

struct name_block;
struct ranked_name;

struct string_ranks {
    struct quota *quota;
    struct ranked_name *names; /* by number */
    uint32_t count, capacity;
    uint32_t sorted; /* how many there were when they were last sorted */
    uint32_t *slots; /* a hash set of numbers, plus one; 0 where free */
    uint32_t slot_count;
    struct name_block *blocks; /* the names' bytes */
    uint8_t key[16];           /* of the hash; read-only */
};

void string_ranks_init(struct string_ranks *ranks, struct quota *quota);
void string_ranks_release(struct string_ranks *ranks);

/*
 * The number of the name: a new one gets the next, from 0 on. False where
 * memory ends. `name` is copied; at most KEY_SORT_MAX_TEXT bytes.
 */
bool string_ranks_add(struct string_ranks *ranks, struct text name,
                      uint32_t *number);

/* The name of a number, which lives until the release. */
struct text string_ranks_text(const struct string_ranks *ranks,
                              uint32_t number);

/*
 * Rank all names by their bytes, from 0 on. False, with nothing changed,
 * where memory ends.
 */
bool string_ranks_sort(struct string_ranks *ranks);

/* From number to rank and back, for names that have been sorted. */
uint32_t string_ranks_rank(const struct string_ranks *ranks, uint32_t number);
uint32_t string_ranks_number(const struct string_ranks *ranks, uint32_t rank);

#endif
