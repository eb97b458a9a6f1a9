/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loops that a list of a million rockets consists of. Those over all 64
 * keys have no branch and no exit, so that the compiler makes a handful of
 * vector instructions of them, and most of the time the first one says that
 * there is nothing here.
 */
#include "columns.h"

/*
 * Ranks are (key ^ flip) + flip: the key itself for 0, and for all ones
 * -1 - key - 1, which leaves ABBREVIATION_UNKNOWN what it is.
 */
static uint32_t flip_of(bool descending)
{
    return descending ? UINT32_MAX : 0;
}

uint32_t columns_rank(uint32_t key, bool descending)
{
    uint32_t flip = flip_of(descending);

    return (key ^ flip) + flip;
}

/* Whether any rank is from `first` to `last`. */
static bool any_between(const uint32_t keys[COLUMNS_ROCKETS], uint32_t flip,
                        uint32_t first, uint32_t last)
{
    uint32_t base = flip - first, width = last - first, any = 0;

    for (unsigned i = 0; i < COLUMNS_ROCKETS; i++)
        any |= (uint32_t)((keys[i] ^ flip) + base <= width);
    return any != 0;
}

/* As above, but those at the window's ends must have the right ids, too. */
static bool any_inside(const uint32_t keys[COLUMNS_ROCKETS],
                       const uint32_t ids[COLUMNS_ROCKETS], uint32_t flip,
                       const struct columns_window *window)
{
    struct columns_place first = window->first, last = window->last;
    uint32_t any = 0;

    for (unsigned i = 0; i < COLUMNS_ROCKETS; i++) {
        uint32_t rank = (keys[i] ^ flip) + flip, id = ids[i];
        uint32_t from =
            (rank > first.rank) | ((rank == first.rank) & (id >= first.id));
        uint32_t to =
            (rank < last.rank) | ((rank == last.rank) & (id <= last.id));
        any |= from & to;
    }
    return any != 0;
}

static uint64_t pair(uint32_t rank, uint32_t id)
{
    return (uint64_t)rank << 32 | id;
}

uint64_t columns_inside(const uint32_t keys[COLUMNS_ROCKETS],
                        const uint32_t ids[COLUMNS_ROCKETS],
                        const struct columns_window *window)
{
    uint32_t flip = flip_of(window->descending);
    uint64_t first = pair(window->first.rank, window->first.id);
    uint64_t last = pair(window->last.rank, window->last.id);
    uint64_t inside = 0;

    if (first == 0 && last == UINT64_MAX)
        return UINT64_MAX;
    if (first > last ||
        !any_between(keys, flip, window->first.rank, window->last.rank) ||
        !any_inside(keys, ids, flip, window))
        return 0;
    for (unsigned i = 0; i < COLUMNS_ROCKETS; i++) {
        uint64_t place = pair((keys[i] ^ flip) + flip, ids[i]);
        inside |= (uint64_t)(place - first <= last - first) << i;
    }
    return inside;
}
