/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sorts millions of small keys in place: by numbers, or by texts that are too
 * long for a key.
 */
#ifndef LUNAR_LISTING_KEY_SORT_H
#define LUNAR_LISTING_KEY_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* Ordered by `major`, then `minor`. `item` is the caller's. */
struct sort_key {
    uint64_t major, minor;
    const void *item;
};

static inline bool key_sort_less(const struct sort_key *a,
                                 const struct sort_key *b)
{
    return a->major < b->major || (a->major == b->major && a->minor < b->minor);
}

/* The end of the run of equal keys that begins at `start`, below `count`. */
size_t key_sort_run(const struct sort_key *keys, size_t count, size_t start);

/*
 * Sort in ascending order. The order of equal keys is unspecified. Takes
 * O(n log n) steps for any input, and allocates nothing.
 */
void key_sort(struct sort_key *keys, size_t count);

enum { KEY_SORT_MAX_TEXT = 256 /* bytes */ };

/* The text of an item; must be the same in every call. */
typedef struct text key_sort_text(const void *item);

/*
 * Sort keys by the texts of their items, in the order of text_compare().
 * Texts have at most KEY_SORT_MAX_TEXT bytes and no NUL. The order of equal
 * texts is unspecified. Overwrites `major` and `minor` with 16 bytes of the
 * text at a time.
 */
void key_sort_by_text(struct sort_key *keys, size_t count,
                      key_sort_text *text_of_item, bool descending);

#endif
