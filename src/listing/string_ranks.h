/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The distinct strings that a list is sorted by (dictionary encoding, as in
 * column stores). Each string gets a number when it is added, and a rank when
 * all are sorted. So rockets are sorted by numbers, and only the distinct
 * strings, of which there are usually few, by their bytes.
 *
 * Locking: none; one thread at a time uses the strings.
 */
#ifndef LUNAR_LISTING_STRING_RANKS_H
#define LUNAR_LISTING_STRING_RANKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/hash_index.h"
#include "base/quota.h"
#include "base/text.h"

struct string_block;
struct ranked_string;

struct string_ranks {
    struct quota *quota;
    struct ranked_string *strings; /* by number */
    uint32_t count, capacity;
    uint32_t sorted;             /* how many were ranked by the last sort */
    struct hash_index index;     /* place: number plus one */
    struct string_block *blocks; /* the strings' bytes */
    uint8_t key[16];             /* of the hash; set at start */
};

/* No strings. Ownership: `quota` is borrowed until the release. */
void string_ranks_init(struct string_ranks *ranks, struct quota *quota);

/* Free all strings. */
void string_ranks_release(struct string_ranks *ranks);

/*
 * Set `number` to the number of `string`. A new string is copied and gets the
 * next number, from 0 on. It has at most KEY_SORT_MAX_TEXT bytes. False, with
 * `number` untouched, if memory is exhausted.
 */
bool string_ranks_add(struct string_ranks *ranks, struct text string,
                      uint32_t *number);

/* The string with this number. Its bytes are valid until the release. */
struct text string_ranks_text(const struct string_ranks *ranks,
                              uint32_t number);

/*
 * Rank all strings by their bytes, from 0 on. False, with nothing changed, if
 * memory is exhausted.
 */
bool string_ranks_sort(struct string_ranks *ranks);

/* The rank of a number, and the number of a rank, by the last sort. */
uint32_t string_ranks_rank(const struct string_ranks *ranks, uint32_t number);
uint32_t string_ranks_number(const struct string_ranks *ranks, uint32_t rank);

#endif
