/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fleet of millions of rockets, for the benchmarks of the table. Each
 * message is a function of its rocket and its number, so that a fleet needs
 * no memory that would count as the table's. The contents come from the
 * messages of `rockets`.
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

/* The seed of all random numbers; also the default of `rockets`. */
enum { PARTS_SEED = 444 };

enum { PARTS_BLOCK = 1024 }; /* most messages in a block */

/* Bytes; so large that only the machine's memory is a limit. */
#define PARTS_TABLE_LIMIT (SIZE_MAX / 2)

/* Identifies a message. Number 1 launches the rocket. */
struct parts_delivery {
    uint32_t rocket;
    uint32_t number;
};

struct parts_fleet;

/*
 * With `explosions`, number 4 of three in ten rockets is an explosion.
 * Ownership: the caller frees it with parts_fleet_free().
 */
struct parts_fleet *parts_fleet_new(bool explosions);
void parts_fleet_free(struct parts_fleet *fleet);

/* Write the message as JSON, as `rockets` does. Returns its length. */
size_t parts_fleet_render(const struct parts_fleet *fleet,
                          struct parts_delivery delivery,
                          char text[static TRAFFIC_TEXT_SIZE]);

/* Write the id of a rocket of the fleet. */
void parts_fleet_id(uint32_t rocket, char id[static TRAFFIC_ID_SIZE]);

/*
 * table_new() that dies on failure.
 * Ownership: the caller frees the table with table_free().
 */
struct table *parts_table_new(void);

/*
 * Make the messages of `count` deliveries, at most PARTS_BLOCK, as
 * message_parse() would make them.
 * Ownership: the fleet's; the next call overwrites them.
 */
const struct message *parts_fleet_block(struct parts_fleet *fleet,
                                        const struct parts_delivery *deliveries,
                                        size_t count);

/*
 * Apply messages to the table, one by one. Returns the time in nanoseconds,
 * without the time for making the messages. Dies if a message is not applied.
 */
uint64_t parts_fleet_apply(struct parts_fleet *fleet, struct table *table,
                           const struct parts_delivery *deliveries,
                           size_t count);

/* parts_fleet_apply() of the launches of rockets `first` to `end` - 1. */
uint64_t parts_fleet_launch(struct parts_fleet *fleet, struct table *table,
                            uint32_t first, uint32_t end);

/*
 * The numbers 0 to `count` - 1 in random order.
 * Ownership: the caller frees them with free(3).
 */
uint32_t *parts_permutation(uint32_t count);

/* Shuffle deliveries within windows of `window`. */
void parts_shuffle(struct random *random, struct parts_delivery *deliveries,
                   size_t count, size_t window);

#endif
