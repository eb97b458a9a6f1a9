/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sorts millions of small keys in place: by numbers, or by texts that are too
 * long for a key.
 *
 * Locking: none; the caller guards the keys.
 */
#ifndef LUNAR_LISTING_KEY_SORT_H
#define LUNAR_LISTING_KEY_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* Ordered by `major`, then `minor`. `item` is for the caller. */
struct sort_key {
    uint64_t major, minor;
    const void *item;
};

static inline bool key_sort_less(const struct sort_key *a,
                                 const struct sort_key *b)
{
    return a->major < b->major || (a->major == b->major && a->minor < b->minor);
}

/* The end of the sequence of equal keys that starts at `start` < `count`. */
size_t key_sort_run(const struct sort_key *keys, size_t count, size_t start);

/*
 * Sort in ascending order. The order of equal keys is unspecified. Takes
 * O(n log n) steps for any input, and allocates nothing.
 */
void key_sort(struct sort_key *keys, size_t count);

enum { KEY_SORT_MAX_TEXT = 256 /* bytes */ };

/* Returns the text of an item, which must be the same in every call. */
typedef struct text key_sort_text(const void *item);

/*
 * Sort keys by the texts of their items, in the order of text_compare() or, if
 * `descending`, in reverse. Texts have at most KEY_SORT_MAX_TEXT bytes and no
 * NUL. The order of equal texts is unspecified. `major` and `minor` are
 * overwritten: they hold 16 bytes of the text at a time.
 */
void key_sort_by_text(struct sort_key *keys, size_t count,
                      key_sort_text *text_of_item, bool descending);

#endif
