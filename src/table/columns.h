/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns hold the keys of rockets: their values of a field, abbreviated to
 * 32 bits (abbreviation.h). A block has the speeds of 64 rockets side by
 * side, then their times, and so on. A scan by one field reads four bytes a
 * rocket in sequence, and reads the rocket itself only if it lies in the
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
    COLUMN_COUNT, /* the number of columns, not a column */
};

/* The column of `field`; COLUMN_COUNT for a field that has none. */
enum column columns_of_field(enum table_field field);

enum { COLUMNS_ROCKETS = 64 /* of a block */ };

/* The keys of one block of rockets. */
struct columns {
    uint32_t keys[COLUMN_COUNT][COLUMNS_ROCKETS];
    uint64_t exploded;   /* bit i: whether rocket i is exploded */
    uint64_t incomplete; /* bit i: whether messages of rocket i are missing */
};

/*
 * A key's rank in the order of a list: lower ranks come first, whether it is
 * ascending or descending. Unknown values have the highest rank.
 */
uint32_t columns_rank(uint32_t key, bool descending);

/* A bound of a window: a rank and, among equal ranks, the key of an id. */
struct columns_bound {
    uint32_t rank;
    uint32_t id;
};

/* Ranks and ids from `first` to `last`, both included. */
struct columns_window {
    bool descending;
    struct columns_bound first, last;
};

/* The rockets whose key is from `first` to `last`: bit i for rocket i. */
uint64_t columns_between(const uint32_t keys[COLUMNS_ROCKETS], uint32_t first,
                         uint32_t last);

/*
 * The rockets whose key and id's key lie in the window: bit i for rocket i.
 * `keys` need not be a column.
 */
uint64_t columns_inside(const uint32_t keys[COLUMNS_ROCKETS],
                        const uint32_t ids[COLUMNS_ROCKETS],
                        const struct columns_window *window);

#endif
