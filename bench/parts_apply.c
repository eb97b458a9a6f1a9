/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applies messages to the table, with one thread and without JSON: messages
 * of 20 rockets, the default of `rockets`, and of a million; in order,
 * shuffled, and in the worst order, which leaves a gap before each number.
 * Every message must be applied, in any order.
 */
#include "parts.h"

#include <stdbool.h>
#include <stdlib.h>

#include "domain/rocket.h"
#include "parts_fleet.h"
#include "parts_measure.h"

enum {
    FEW = 20,               /* rockets */
    FEW_MESSAGES = 400000,  /* of the few rockets, in order and shuffled */
    WINDOW = 500,           /* messages in a window of the shuffle */
    GAPS = ROCKET_MAX_RUNS, /* of each rocket, in one measurement */
    PART = 200000,          /* rockets of the million, in one round */
    STEPS = 4,              /* messages of each rocket of a part */
};

enum row {
    FEW_IN_ORDER,
    FEW_SHUFFLED,
    FEW_RISING,
    FEW_RISING_PAST,
    FEW_FALLING,
    FEW_FALLING_PAST,
    FEW_FILLING,
    MANY_IN_TURN,
    MANY_IN_ORDER,
    MANY_SHUFFLED,
    MANY_FALLING,
    ROWS
};

enum { RATE, TIME, COLUMNS };

static const char *const items[ROWS] = {
    [FEW_IN_ORDER] = "20 rockets: in order",
    [FEW_SHUFFLED] = "20: shuffled within 500 places",
    [FEW_RISING] = "20: every second number, rising, up to the bound",
    [FEW_RISING_PAST] = "20: every second number, rising, past the bound",
    [FEW_FALLING] = "20: every second number, falling, up to the bound",
    [FEW_FALLING_PAST] = "20: every second number, falling, past the bound",
    [FEW_FILLING] = "20: 1023 gaps filled in random order",
    [MANY_IN_TURN] = "a million rockets: in order, as they were launched",
    [MANY_IN_ORDER] = "a million: in order, random rockets",
    [MANY_SHUFFLED] = "a million: shuffled within 4 numbers a rocket",
    [MANY_FALLING] = "a million: 4 gaps a rocket, falling",
};

/* The state of the group. */
struct bench {
    struct parts_fleet *fleet;
    struct parts_delivery *deliveries;
    uint32_t *order; /* a random order of the million rockets */
    struct parts_figure figures[ROWS][COLUMNS];
};

static void measure_deliveries(struct bench *bench, struct table *table,
                               enum row row, size_t count)
{
    double took = (double)parts_fleet_apply(bench->fleet, table,
                                            bench->deliveries, count);

    parts_figure_add(&bench->figures[row][RATE], (double)count * 1e9 / took);
    parts_figure_add(&bench->figures[row][TIME], took / (double)count);
}

/* Messages of random rockets; the numbers of each rocket in order. */
static void deliver_few(struct bench *bench)
{
    struct random random = random_start(PARTS_SEED, RANDOM_MESSAGES);
    uint32_t numbers[FEW] = {0};

    for (size_t i = 0; i < FEW_MESSAGES; i++) {
        uint32_t rocket = random_below(&random, FEW);
        bench->deliveries[i] =
            (struct parts_delivery){rocket, ++numbers[rocket]};
    }
}

static void measure_few(struct bench *bench)
{
    struct random random = random_start(PARTS_SEED, RANDOM_SHUFFLE);
    struct table *table = parts_table_new();

    deliver_few(bench);
    measure_deliveries(bench, table, FEW_IN_ORDER, FEW_MESSAGES);
    table_free(table);
    table = parts_table_new();
    parts_shuffle(&random, bench->deliveries, FEW_MESSAGES, WINDOW);
    measure_deliveries(bench, table, FEW_SHUFFLED, FEW_MESSAGES);
    table_free(table);
}

/* GAPS messages of each of the few: `first`, `first` ± 2, `first` ± 4 ... */
static size_t deliver_gaps(struct bench *bench, uint32_t first, bool rising)
{
    size_t count = 0;

    for (uint32_t i = 0; i < GAPS; i++)
        for (uint32_t rocket = 0; rocket < FEW; rocket++)
            bench->deliveries[count++] = (struct parts_delivery){
                rocket, rising ? first + 2 * i : first - 2 * i};
    return count;
}

static void measure_rising(struct bench *bench)
{
    struct table *table = parts_table_new();
    size_t count = deliver_gaps(bench, 2, true);

    measure_deliveries(bench, table, FEW_RISING, count);
    deliver_gaps(bench, 2 + 2 * GAPS, true);
    measure_deliveries(bench, table, FEW_RISING_PAST, count);
    table_free(table);
}

static void measure_falling(struct bench *bench)
{
    struct table *table = parts_table_new();
    size_t count = deliver_gaps(bench, 4 * GAPS, false);

    measure_deliveries(bench, table, FEW_FALLING, count);
    deliver_gaps(bench, 2 * GAPS, false);
    measure_deliveries(bench, table, FEW_FALLING_PAST, count);
    table_free(table);
}

static void measure_filling(struct bench *bench)
{
    struct random random = random_start(PARTS_SEED, RANDOM_SHUFFLE);
    struct table *table = parts_table_new();
    size_t count = deliver_gaps(bench, 2, true);

    parts_fleet_apply(bench->fleet, table, bench->deliveries, count);
    deliver_gaps(bench, 3, true);
    count -= FEW; /* the last number of each rocket fills no gap */
    parts_shuffle(&random, bench->deliveries, count, count);
    measure_deliveries(bench, table, FEW_FILLING, count);
    table_free(table);
}

/* Two more messages of each of the million; the second in random order. */
static void measure_many_in_order(struct bench *bench, struct table *table,
                                  unsigned round)
{
    for (uint32_t i = 0; i < PARTS_MILLION; i++)
        bench->deliveries[i] = (struct parts_delivery){i, 2 + 2 * round};
    measure_deliveries(bench, table, MANY_IN_TURN, PARTS_MILLION);
    for (uint32_t i = 0; i < PARTS_MILLION; i++)
        bench->deliveries[i] =
            (struct parts_delivery){bench->order[i], 3 + 2 * round};
    measure_deliveries(bench, table, MANY_IN_ORDER, PARTS_MILLION);
}

/*
 * Each round uses the next part of the million. After the last part, the next
 * pass starts with the first. Returns the index at which the part starts.
 */
static uint32_t part_of(unsigned round, uint32_t *pass)
{
    uint32_t parts = PARTS_MILLION / PART;

    *pass = round / parts;
    return round % parts * PART;
}

/*
 * A step has one message of each rocket of the part. Each rocket has STEPS
 * consecutive numbers, in its own random order. After the last step no number
 * is missing.
 */
static void measure_many_shuffled(struct bench *bench, struct table *table,
                                  unsigned round, unsigned rounds)
{
    struct parts_delivery steps[STEPS];
    uint32_t pass, first = part_of(round, &pass);
    struct random random = random_start(PARTS_SEED + round, RANDOM_SHUFFLE);

    for (uint32_t i = 0; i < PART; i++) {
        uint32_t number = 2 + 2 * rounds + pass * STEPS;
        for (uint32_t step = 0; step < STEPS; step++)
            steps[step] =
                (struct parts_delivery){bench->order[first + i], number + step};
        parts_shuffle(&random, steps, STEPS, STEPS);
        for (uint32_t step = 0; step < STEPS; step++)
            bench->deliveries[step * PART + i] = steps[step];
    }
    measure_deliveries(bench, table, MANY_SHUFFLED, (size_t)STEPS * PART);
}

/* Each message starts a new run, below the earlier ones. */
static void measure_many_falling(struct bench *bench, struct table *table,
                                 unsigned round)
{
    uint32_t pass, first = part_of(round, &pass);
    uint32_t highest = 10000 + (pass + 1) * 2 * STEPS;
    size_t count = 0;

    for (uint32_t step = 0; step < STEPS; step++)
        for (uint32_t i = 0; i < PART; i++)
            bench->deliveries[count++] = (struct parts_delivery){
                bench->order[first + i], highest - 2 * step};
    measure_deliveries(bench, table, MANY_FALLING, count);
}

static void name_figures(struct bench *bench)
{
    for (size_t i = 0; i < ROWS; i++) {
        bench->figures[i][RATE] =
            (struct parts_figure){.item = items[i], .column = "messages/s"};
        bench->figures[i][TIME] =
            (struct parts_figure){.item = items[i], .column = "ns a message"};
    }
    bench->figures[FEW_IN_ORDER][RATE].at_least = 10e6;
    bench->figures[MANY_IN_TURN][RATE].at_least = 3e6;
    bench->figures[MANY_IN_ORDER][RATE].at_least = 3e6;
}

static void measure_many(struct bench *bench, unsigned rounds)
{
    struct table *table = parts_table_new();

    parts_fleet_launch(bench->fleet, table, 0, PARTS_MILLION);
    for (unsigned round = 0; round < rounds; round++)
        measure_many_in_order(bench, table, round);
    for (unsigned round = 0; round < rounds; round++)
        measure_many_shuffled(bench, table, round, rounds);
    for (unsigned round = 0; round < rounds; round++)
        measure_many_falling(bench, table, round);
    table_free(table);
}

void parts_apply(const struct parts_options *options)
{
    struct bench *bench = parts_allocate(sizeof(*bench));

    *bench = (struct bench){
        .fleet = parts_fleet_new(false),
        .deliveries =
            parts_allocate(PARTS_MILLION * sizeof(*bench->deliveries)),
        .order = parts_permutation(PARTS_MILLION),
    };
    name_figures(bench);
    for (unsigned round = 0; round < options->rounds; round++) {
        measure_few(bench);
        measure_rising(bench);
        measure_falling(bench);
        measure_filling(bench);
    }
    measure_many(bench, options->rounds);
    parts_report(options->format, "apply", "One thread", bench->figures[0],
                 (size_t)ROWS * COLUMNS);
    parts_fleet_free(bench->fleet);
    free(bench->order);
    free(bench->deliveries);
    free(bench);
}
