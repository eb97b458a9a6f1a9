/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The groups of figures of bench_parts, and what they share. Each function
 * measures its figures once and prints them; load.py repeats them. A failure
 * ends the program (die() in flags.h).
 */
#ifndef LUNAR_BENCH_PARTS_H
#define LUNAR_BENCH_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "table/table.h"

/* Resident memory of `rockets` rockets, and the rate of launching them. */
void parts_memory(uint32_t rockets);

/* Parsing of JSON texts to messages. */
void parts_parse(void);

/* Checks of what requests present. */
void parts_access(void);

/* Applying messages to tables of 20 rockets, and of `rockets`. */
void parts_apply_few(void);
void parts_apply_many(uint32_t rockets);

/* Lists of `rockets` rockets. */
void parts_listing(uint32_t rockets);

/* Counts of `rockets` rockets, by speed and by mission, and gaps. */
void parts_counts(uint32_t rockets);

/* Images of `rockets` rockets. */
void parts_images(uint32_t rockets);

/* Print a figure as a line of JSON. The texts have no quotes. */
void parts_print(const char *group, const char *item, const char *column,
                 double value);

/* The CPU time of this thread, in nanoseconds: other programs do not count. */
uint64_t parts_clock(void);

/* malloc(3) that dies on failure. Ownership: the caller frees the memory. */
void *parts_allocate(size_t size);

/*
 * table_new() that dies on failure, without a limit.
 * Ownership: the caller frees the table with table_free().
 */
struct table *parts_table_new(void);

/* Identifies a message of a fleet; rockets count from 0. */
struct delivery {
    uint32_t rocket;
    uint32_t number;
};

/* How messages are applied. */
enum parts_way {
    PARTS_SINGLY,
    PARTS_GROUPS,    /* of TABLE_GROUP */
    PARTS_POSITIONS, /* the same, as a journal has them */
};

/*
 * Make the messages of `count` deliveries and apply them. Returns the
 * nanoseconds that applying took. Dies if a message is not applied.
 */
uint64_t parts_apply(struct table *table, enum parts_way way,
                     const struct delivery *deliveries, size_t count);

/* Make a table with `rockets` rockets. Sets `*took` as parts_apply() does. */
struct table *parts_launch(uint32_t rockets, enum parts_way way,
                           uint64_t *took);

#endif
