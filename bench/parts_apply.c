/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applies messages to the table, with one thread and without JSON: messages of
 * few and of many rockets; in order, shuffled, and in the worst order, which
 * leaves a gap before each number. Every message must be applied, in any order.
 */
#include "parts.h"

#include <stdlib.h>

#include "domain/rocket.h"
#include "rockets/random.h"

enum {
    SEED = 444,
    FEW = 20,               /* rockets */
    NUMBERS = 20000,        /* of each of the few, in order and shuffled */
    WINDOW = 500,           /* messages in a window of the shuffle */
    GAPS = ROCKET_MAX_RUNS, /* of each rocket, to the bound */
    FEW_GAPS = 1024,
    STEPS = 4, /* messages of each of the many, shuffled */
};

/* Deliveries in the order in which they are applied. */
struct order {
    struct delivery *deliveries;
    size_t count;
};

static struct order order_new(size_t most)
{
    return (struct order){parts_allocate(most * sizeof(struct delivery)), 0};
}

static void measure_way(struct table *table, enum parts_way way,
                        const char *item, const struct order *order)
{
    double took =
        (double)parts_apply(table, way, order->deliveries, order->count);

    parts_print("apply", item, "messages/s", (double)order->count * 1e9 / took);
    parts_print("apply", item, "ns a message", took / (double)order->count);
}

static void measure(struct table *table, const char *item,
                    const struct order *order)
{
    measure_way(table, PARTS_SINGLY, item, order);
}

/* Shuffle within windows of `window` deliveries. */
static void shuffle(struct order *order, size_t window)
{
    struct random random = random_start(SEED, RANDOM_SHUFFLE);

    for (size_t start = 0; start < order->count; start += window) {
        struct delivery *first = &order->deliveries[start];
        size_t size = order->count - start;

        for (size_t i = size < window ? size : window; i > 1; i--) {
            size_t j = random_below(&random, (uint32_t)i);
            struct delivery swapped = first[i - 1];
            first[i - 1] = first[j];
            first[j] = swapped;
        }
    }
}

/* For each of `numbers` numbers, by `step` from `first` on: all rockets. */
static void deliver(struct order *order, uint32_t rockets, uint32_t first,
                    int step, uint32_t numbers)
{
    order->count = 0;
    for (uint32_t i = 0; i < numbers; i++)
        for (uint32_t rocket = 0; rocket < rockets; rocket++)
            order->deliveries[order->count++] = (struct delivery){
                rocket, (uint32_t)((int64_t)first + (int64_t)step * i)};
}

static void measure_few_shuffled(struct order *order)
{
    struct table *table = parts_table_new();

    deliver(order, FEW, 1, 1, NUMBERS);
    measure(table, "20 rockets: in order", order);
    table_free(table);
    table = parts_table_new();
    shuffle(order, WINDOW);
    measure(table, "20: shuffled within 500 places", order);
    table_free(table);
}

/* Every second number, rising, then past the bound of runs. */
static void measure_rising_gaps(struct order *order)
{
    struct table *table = parts_table_new();

    deliver(order, FEW, 2, 2, GAPS);
    measure(table, "20: a gap with each message, rising, 16,384 gaps", order);
    deliver(order, FEW, 2 + 2 * GAPS, 2, GAPS);
    measure(table, "20: rising, past the bound of gaps", order);
    table_free(table);
}

static void measure_falling_gaps(struct order *order)
{
    struct table *table = parts_table_new();

    deliver(order, FEW, 4 * GAPS, -2, FEW_GAPS);
    measure(table, "20: a gap with each message, falling, 1,024 gaps", order);
    deliver(order, FEW, 4 * GAPS - 2 * FEW_GAPS, -2, GAPS - FEW_GAPS);
    measure(table, "20: falling, 16,384 gaps", order);
    deliver(order, FEW, 2 * GAPS, -2, GAPS);
    measure(table, "20: falling, past the bound of gaps", order);
    table_free(table);
}

/*
 * Every fourth number, and then numbers between them, each with a gap on both
 * sides, in random order: half of them past the bound of runs.
 */
static void measure_random_gaps(struct order *order)
{
    struct table *table = parts_table_new();

    deliver(order, FEW, 2, 4, GAPS / 2);
    parts_apply(table, PARTS_SINGLY, order->deliveries, order->count);
    deliver(order, FEW, 4, 4, GAPS / 2);
    shuffle(order, order->count);
    measure(table, "20: random, from 8,192 to 16,384 gaps", order);
    deliver(order, FEW, 4 + 2 * GAPS, 4, GAPS);
    shuffle(order, order->count);
    measure(table, "20: random, past the bound of gaps", order);
    table_free(table);
}

/* Every second number, and then those between them in random order. */
static void measure_filling(struct order *order, uint32_t gaps,
                            const char *item)
{
    struct table *table = parts_table_new();

    deliver(order, FEW, 2, 2, gaps);
    parts_apply(table, PARTS_SINGLY, order->deliveries, order->count);
    deliver(order, FEW, 3, 2, gaps - 1);
    shuffle(order, order->count);
    measure(table, item, order);
    table_free(table);
}

void parts_apply_few(void)
{
    struct order order = order_new((size_t)FEW * NUMBERS);

    measure_few_shuffled(&order);
    measure_rising_gaps(&order);
    measure_falling_gaps(&order);
    measure_random_gaps(&order);
    measure_filling(&order, FEW_GAPS, "20: 1,023 gaps filled in random order");
    measure_filling(&order, GAPS, "20: 16,383 gaps filled in random order");
    free(order.deliveries);
}

/*
 * Each rocket has STEPS consecutive numbers, in its own random order; a step
 * has one message of each rocket. In the end no number is missing.
 */
static void deliver_steps(struct order *order, uint32_t rockets, uint32_t first)
{
    struct order steps = order_new((size_t)rockets * STEPS);

    for (uint32_t rocket = 0; rocket < rockets; rocket++)
        for (uint32_t i = 0; i < STEPS; i++)
            steps.deliveries[steps.count++] =
                (struct delivery){rocket, first + i};
    shuffle(&steps, STEPS);
    for (size_t i = 0; i < steps.count; i++)
        order->deliveries[i % STEPS * rockets + i / STEPS] =
            steps.deliveries[i];
    order->count = steps.count;
    free(steps.deliveries);
}

static struct table *measure_launching(uint32_t rockets, enum parts_way way,
                                       const char *item)
{
    uint64_t took;
    struct table *table = parts_launch(rockets, way, &took);

    parts_print("apply", item, "messages/s", rockets * 1e9 / (double)took);
    return table;
}

/* The next number of each rocket, in random order. */
static void measure_random(struct table *table, enum parts_way way,
                           const char *item, uint32_t number,
                           struct order *order)
{
    deliver(order, (uint32_t)table_count(table), number, 1, 1);
    shuffle(order, order->count);
    measure_way(table, way, item, order);
}

void parts_apply_many(uint32_t rockets)
{
    struct order order = order_new((size_t)rockets * STEPS);

    table_free(measure_launching(rockets, PARTS_GROUPS,
                                 "many: launching them, in groups of 64"));
    struct table *table = measure_launching(rockets, PARTS_SINGLY,
                                            "many rockets: launching them");
    deliver(&order, rockets, 2, 1, 1);
    measure(table, "many: in order, as they were launched", &order);
    measure_random(table, PARTS_SINGLY, "many: in order, random rockets", 3,
                   &order);
    measure_random(table, PARTS_GROUPS, "many: random, in groups of 64", 4,
                   &order);
    measure_random(table, PARTS_POSITIONS,
                   "many: random, in groups of 64 with positions", 5, &order);
    deliver_steps(&order, rockets, 6);
    measure(table, "many: shuffled within 4 numbers a rocket", &order);
    table_free(table);
    free(order.deliveries);
}
