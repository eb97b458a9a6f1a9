/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory that one more rocket takes: not a sum of sizes, but what the
 * process grows by, with all that the allocator adds. A round is a child
 * process, so that it finds no memory that a round before it has freed.
 */
#include "parts.h"

#include "flags.h"
#include "parts_fleet.h"
#include "parts_measure.h"

/* What a child finds out. */
enum { RESIDENT, COUNTED, SECONDS, RESULTS };

static void measure(const void *context, double results[])
{
    struct parts_fleet *fleet = parts_fleet_new(false);

    (void)context;
    /* What is used for the first time is not the rockets'. */
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
        die("%zu rockets in the table", table_count(table));
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
        parts_in_child(measure, NULL, results, RESULTS);
        parts_figure_add(&figures[0], results[RESIDENT] / PARTS_MILLION);
        parts_figure_add(&figures[1], results[COUNTED] / PARTS_MILLION);
        parts_figure_add(&figures[2], PARTS_MILLION / results[SECONDS]);
    }
    parts_report(options->format, "memory", "A million rockets", figures,
                 sizeof(figures) / sizeof(figures[0]));
}
