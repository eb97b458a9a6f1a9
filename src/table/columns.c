/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inner loops of a scan. Loops over all 64 keys have no branch and no
 * early exit, so that the compiler vectorises them. In most blocks the first
 * loop finds that no rocket lies in the window.
 */
#include "columns.h"

enum column columns_of_field(enum table_field field)
{
    switch (field) {
    case TABLE_ID:
        return COLUMN_ID;
    case TABLE_SPEED:
        return COLUMN_SPEED;
    case TABLE_CREATED:
        return COLUMN_CREATED;
    case TABLE_UPDATED:
        return COLUMN_UPDATED;
    case TABLE_LAST_NUMBER:
        return COLUMN_LAST_NUMBER;
    case TABLE_TYPE:
    case TABLE_MISSION:
    case TABLE_STATUS:
    case TABLE_FIELD_COUNT:
        break;
    }
    return COLUMN_COUNT;
}

/*
 * A rank is (key ^ flip) + flip. With flip 0 it is the key. With all bits
 * set it is -1 - key - 1, which maps ABBREVIATION_UNKNOWN to itself.
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

uint64_t columns_between(const uint32_t keys[COLUMNS_ROCKETS], uint32_t first,
                         uint32_t last)
{
    uint64_t between = 0;

    if (!any_between(keys, 0, first, last))
        return 0;
    for (unsigned i = 0; i < COLUMNS_ROCKETS; i++)
        between |= (uint64_t)(keys[i] - first <= last - first) << i;
    return between;
}

/*
 * Whether any rocket lies in the window: as any_between(), but if a rank is
 * equal to a bound's, the id decides.
 */
static bool any_inside(const uint32_t keys[COLUMNS_ROCKETS],
                       const uint32_t ids[COLUMNS_ROCKETS], uint32_t flip,
                       const struct columns_window *window)
{
    struct columns_bound first = window->first, last = window->last;
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

/* The rank and the id's key as one number, in the order of both. */
static uint64_t rank_and_id(uint32_t rank, uint32_t id)
{
    return (uint64_t)rank << 32 | id;
}

uint64_t columns_inside(const uint32_t keys[COLUMNS_ROCKETS],
                        const uint32_t ids[COLUMNS_ROCKETS],
                        const struct columns_window *window)
{
    uint32_t flip = flip_of(window->descending);
    uint64_t first = rank_and_id(window->first.rank, window->first.id);
    uint64_t last = rank_and_id(window->last.rank, window->last.id);
    uint64_t inside = 0;

    if (first == 0 && last == UINT64_MAX)
        return UINT64_MAX;
    if (first > last ||
        !any_between(keys, flip, window->first.rank, window->last.rank) ||
        !any_inside(keys, ids, flip, window))
        return 0;
    for (unsigned i = 0; i < COLUMNS_ROCKETS; i++) {
        uint64_t at = rank_and_id((keys[i] ^ flip) + flip, ids[i]);
        inside |= (uint64_t)(at - first <= last - first) << i;
    }
    return inside;
}
