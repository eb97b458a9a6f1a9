/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rockets by the million, for the benchmarks of the table: any message of
 * any rocket is made from its two numbers alone, so that a fleet takes no
 * memory that could be mistaken for the table's. Their content is taken
 * from the messages of `rockets`.
 */
#ifndef LUNAR_BENCH_PARTS_FLEET_H
#define LUNAR_BENCH_PARTS_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain/message.h"
#include "random.h"
#include "table/table.h"
#include "traffic.h"

/* The seed of all that is random here; `rockets` has it, too. */
enum { PARTS_SEED = 444 };

enum { PARTS_BLOCK = 1024 }; /* messages made at a time */

/* More than any benchmark needs; the machine's memory is the limit. */
#define PARTS_TABLE_LIMIT (SIZE_MAX / 2)

/* Whose message, and which one: number 1 launches it. */
struct parts_delivery {
    uint32_t rocket;
    uint32_t number;
};

struct parts_fleet;

/* With `explosions`, number 4 of three rockets in ten is their end. */
struct parts_fleet *parts_fleet_new(bool explosions);
void parts_fleet_free(struct parts_fleet *fleet);

/* The message as JSON, as `rockets` writes it; returns the length. */
size_t parts_fleet_render(const struct parts_fleet *fleet,
                          struct parts_delivery delivery,
                          char text[static TRAFFIC_TEXT_SIZE]);

/* The id of a rocket of the fleet. */
void parts_fleet_id(uint32_t rocket, char id[static TRAFFIC_ID_SIZE]);

/* table_new() that dies. */
struct table *parts_table_new(void);

/*
 * The messages of up to PARTS_BLOCK deliveries, as message_parse() would
 * leave them. They are valid until the next call.
 */
const struct message *parts_fleet_block(struct parts_fleet *fleet,
                                        const struct parts_delivery *deliveries,
                                        size_t count);

/*
 * Apply messages to the table, one by one. Returns the nanoseconds that
 * this took, without the making of the messages; dies unless each one was
 * applied.
 */
uint64_t parts_fleet_apply(struct parts_fleet *fleet, struct table *table,
                           const struct parts_delivery *deliveries,
                           size_t count);

/* Apply the launches of the rockets `first` to `end` - 1, in that order. */
uint64_t parts_fleet_launch(struct parts_fleet *fleet, struct table *table,
                            uint32_t first, uint32_t end);

/* The numbers 0 to `count` - 1 in random order. The caller frees them. */
uint32_t *parts_permutation(uint32_t count);

/* Put deliveries in random order, within windows of `window` of them. */
void parts_shuffle(struct random *random, struct parts_delivery *deliveries,
                   size_t count, size_t window);

#endif
