/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts the rockets of a large table: by what the stripes know already, by
 * speed, and by name, with few missions and with one of each rocket. And reads
 * all gaps of the rocket that has the most.
 */
#include "parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "domain/rocket.h"
#include "flags.h"
#include "table/table_fleet.h"
#include "table/table_gaps.h"

static void print_time(const char *item, uint64_t begun)
{
    parts_print("counts", item, "ms", (double)(parts_clock() - begun) / 1e6);
}

static void measure_speeds(struct table *table)
{
    struct table_speeds speeds;
    uint64_t begun = parts_clock(), rockets = 0;

    table_count_speeds(table, &speeds);
    print_time("by speed", begun);
    for (size_t i = 0; i <= TABLE_SPEED_BOUNDS; i++)
        rockets += speeds.rockets[i];
    if (rockets != table_count(table))
        die("counted the speeds of %zu rockets", (size_t)rockets);
}

static void measure_missions(struct table *table, const char *item)
{
    struct table_names *names = parts_allocate(sizeof(*names));
    uint64_t begun = parts_clock(), rockets;

    if (!table_count_names(table, TABLE_MISSION, names))
        die("no memory for the missions");
    print_time(item, begun);
    rockets = names->other_rockets + names->unknown;
    for (size_t i = 0; i < names->count; i++)
        rockets += names->names[i].rockets;
    if (rockets != table_count(table))
        die("counted the missions of %zu rockets", (size_t)rockets);
    free(names);
}

static void apply(struct table *table, const struct message *message)
{
    if (table_apply(table, message) != MESSAGE_APPLIED)
        die("a message is not applied");
}

/* Each rocket gets its id as mission. */
static void change_missions(struct table *table)
{
    const struct table_filter all = {0};
    struct table_scan *scan = parts_allocate(sizeof(*scan));

    table_scan_init(scan, TABLE_ID, false, &all);
    while (table_scan_next(table, scan))
        for (size_t i = 0; i < scan->count; i++) {
            struct text id = table_entry_id(scan->rows[i].entry);
            apply(table, &(struct message){.channel = id,
                                           .number = 2,
                                           .type = MESSAGE_MISSION_CHANGED,
                                           .mission = id});
        }
    free(scan);
}

static void measure_gaps(void)
{
    struct table *table = parts_table_new();
    struct table_gap *gaps = parts_allocate(ROCKET_MAX_RUNS * sizeof(*gaps));
    struct table_gaps page;

    for (uint64_t i = 1; i <= ROCKET_MAX_RUNS; i++)
        apply(table, &(struct message){.channel = TEXT("a"),
                                       .number = 2 * i,
                                       .type = MESSAGE_SPEED_INCREASED});
    uint64_t begun = parts_clock();
    bool found = table_gaps(table, TEXT("a"), 0, gaps, ROCKET_MAX_RUNS, &page);
    uint64_t took = parts_clock() - begun;
    if (!found || page.count != ROCKET_MAX_RUNS)
        die("read %zu gaps", page.count);
    parts_print("counts", "gaps of a rocket", "ns a gap",
                (double)took / ROCKET_MAX_RUNS);
    free(gaps);
    table_free(table);
}

void parts_counts(uint32_t rockets)
{
    uint64_t took;
    struct table *table = parts_launch(rockets, PARTS_GROUPS, &took);
    uint64_t begun = parts_clock();
    struct table_summary summary = table_summary(table);

    print_time("summary", begun);
    if (summary.rockets != rockets)
        die("counted %zu rockets", (size_t)summary.rockets);
    measure_speeds(table);
    measure_missions(table, "by mission, few missions");
    change_missions(table);
    measure_missions(table, "by mission, one of each rocket");
    table_free(table);
    measure_gaps();
}
