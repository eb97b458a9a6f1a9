/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns hold the keys of rockets: their values of a field, abbreviated to
 * 32 bits (abbreviation.h). A block has all speeds of 64 rockets side by
 * side, then all times, and so on. A scan by one field reads four bytes a
 * rocket in sequence, and reads a rocket itself only if it lies in the
 * window.
 *
 * Locking: none; the caller guards a block as a whole.
 */
#ifndef LUNAR_TABLE_COLUMNS_H
#define LUNAR_TABLE_COLUMNS_H

#include <stdbool.h>
#include <stdint.h>

#include "table/table_types.h"

enum column {
    COLUMN_SPEED,
    COLUMN_UPDATED,
    COLUMN_LAST_NUMBER,
    COLUMN_CREATED,
    COLUMN_ID,
    COLUMN_COUNT, /* how many there are, not a column */
};

/* The column of `field`; COLUMN_COUNT for a field that has none. */
enum column columns_of_field(enum table_field field);

enum { COLUMNS_ROCKETS = 64 /* of a block */ };

/* A block. */
struct columns {
    uint32_t keys[COLUMN_COUNT][COLUMNS_ROCKETS];
    uint64_t exploded; /* a bit a rocket, the lowest one first */
};

/*
 * A key's rank in the order of a list: lower ranks come first, whether it is
 * ascending or descending. Unknown values have the highest rank.
 */
uint32_t columns_rank(uint32_t key, bool descending);

/* One end of a window: a rank, and a key of ids among equal ranks. */
struct columns_bound {
    uint32_t rank;
    uint32_t id;
};

/* From `first` to `last`, both included. */
struct columns_window {
    bool descending;
    struct columns_bound first, last;
};

/*
 * The rockets, a bit each, whose key and id's key lie in the window.
 * `keys` need not be a column.
 */
uint64_t columns_inside(const uint32_t keys[COLUMNS_ROCKETS],
                        const uint32_t ids[COLUMNS_ROCKETS],
                        const struct columns_window *window);

#endif
