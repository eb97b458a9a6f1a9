/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sorting of a million small keys, in place: by numbers, and by texts too
 * long for a key.
 */
#ifndef LUNAR_LISTING_KEY_SORT_H
#define LUNAR_LISTING_KEY_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* Compares by `major`, then `minor`; `item` goes along. */
struct sort_key {
    uint64_t major, minor;
    const void *item;
};

static inline bool key_sort_less(const struct sort_key *a,
                                 const struct sort_key *b)
{
    return a->major < b->major || (a->major == b->major && a->minor < b->minor);
}

/* Where the run of equal keys ends that begins at `start`, below `count`. */
size_t key_sort_run(const struct sort_key *keys, size_t count, size_t start);

/*
 * Sort in ascending order; equal keys in any. Takes n log n steps, whatever
 * the order of arrival, and no memory but some of the stack.
 */
void key_sort(struct sort_key *keys, size_t count);

enum { KEY_SORT_MAX_TEXT = 256 /* bytes */ };

/* The text of an item, always the same for the same item. */
typedef struct text key_sort_text(const void *item);

/*
 * Sort keys by the texts of their items: by bytes, a prefix before what it
 * begins. Texts have at most KEY_SORT_MAX_TEXT bytes, no NUL among them;
 * equal ones come in any order. `major` and `minor` are lost: they are used
 * for 16 bytes of the text at a time.
 */
void key_sort_by_text(struct sort_key *keys, size_t count,
                      key_sort_text *text_of_item, bool descending);

#endif
