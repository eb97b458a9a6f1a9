/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rockets are sorted by, abbreviated (abbreviation.h) and laid out in
 * columns: all speeds of 64 rockets side by side, then all times. A pass
 * by one field reads four bytes a rocket, one after the other, and comes
 * by the rockets themselves only where they lie in a window of the order.
 *
 * Locking: none; the caller guards columns as a whole.
 */
#ifndef LUNAR_TABLE_COLUMNS_H
#define LUNAR_TABLE_COLUMNS_H

#include <stdbool.h>
#include <stdint.h>

enum column {
    COLUMN_SPEED,
    COLUMN_UPDATED,
    COLUMN_LAST_NUMBER,
    COLUMN_CREATED,
    COLUMN_ID,
    COLUMN_COUNT,
};

enum { COLUMNS_ROCKETS = 64 };

struct columns {
    uint32_t keys[COLUMN_COUNT][COLUMNS_ROCKETS];
    uint64_t exploded; /* a bit a rocket, the lowest one first */
};

/*
 * A place in the order of a list: a key, and an id's key for rockets that
 * have exactly this one. Keys are turned into ranks first, where the lowest
 * comes first in either order, and those without a value last.
 */
struct columns_place {
    uint32_t rank;
    uint32_t id;
};

/* From `first` to `last`, both of them included. */
struct columns_window {
    bool descending;
    struct columns_place first, last;
};

uint32_t columns_rank(uint32_t key, bool descending);

/*
 * The rockets, a bit each, whose key and id lie in the window.
 * `keys` may also come from elsewhere than from columns.
 */
uint64_t columns_inside(const uint32_t keys[COLUMNS_ROCKETS],
                        const uint32_t ids[COLUMNS_ROCKETS],
                        const struct columns_window *window);

#endif
