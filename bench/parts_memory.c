/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures memory as the growth of the process's resident memory, not as a
 * sum of sizes, so that the overhead of the allocator is included. Each round
 * is a child process, so that it can't reuse memory that an earlier round
 * freed.
 */
#include "parts.h"

#include "flags.h"
#include "parts_fleet.h"
#include "parts_measure.h"

/* The results of a child process. */
enum { RESIDENT, COUNTED, SECONDS, RESULTS };

static void measure_memory(const void *context, double results[])
{
    struct parts_fleet *fleet = parts_fleet_new(false);

    (void)context;
    /* Warm up: memory that is allocated only once is not the rockets'. */
    struct table *warm = parts_table_new();
    parts_fleet_launch(fleet, warm, 0, 1);
    table_free(warm);

    uint64_t before = parts_resident();
    struct table *table = parts_table_new();
    uint64_t took = parts_fleet_launch(fleet, table, 0, PARTS_MILLION);
    results[RESIDENT] = (double)(parts_resident() - before);
    results[COUNTED] = (double)table_memory(table);
    results[SECONDS] = (double)took / 1e9;
    if (table_count(table) != PARTS_MILLION)
        die("expected %d rockets, got %zu", PARTS_MILLION, table_count(table));
}

void parts_memory(const struct parts_options *options)
{
    struct parts_figure figures[] = {
        {.item = "resident memory", .column = "bytes a rocket", .at_most = 200},
        {.item = "as counted for -max-memory", .column = "bytes a rocket"},
        {.item = "launching them", .column = "messages/s"},
    };
    double results[RESULTS] = {0};

    for (unsigned round = 0; round < options->rounds; round++) {
        parts_in_child(measure_memory, NULL, results, RESULTS);
        parts_figure_add(&figures[0], results[RESIDENT] / PARTS_MILLION);
        parts_figure_add(&figures[1], results[COUNTED] / PARTS_MILLION);
        parts_figure_add(&figures[2], PARTS_MILLION / results[SECONDS]);
    }
    parts_report(options->format, "memory", "A million rockets", figures,
                 sizeof(figures) / sizeof(figures[0]));
}
