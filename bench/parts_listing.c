/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of a million rockets, without other load: pages, for which a scan
 * keeps the best rockets, and the whole list, which is collected, sorted,
 * read in that order and written.
 */
#include "parts.h"

#include <stdbool.h>
#include <stdio.h>

#include "parts_allocations.h"
#include "parts_fleet.h"
#include "parts_lists.h"
#include "parts_measure.h"

enum { PAGE = 50, ORDERS = 2 };

static void page_query(enum table_field field, bool descending,
                       char query[static PARTS_MAX_QUERY])
{
    snprintf(query, PARTS_MAX_QUERY, "sort=%s&order=%s&limit=%d",
             list_url_sort_name(field), descending ? "desc" : "asc", PAGE);
}

static double milliseconds(uint64_t nanoseconds)
{
    return (double)nanoseconds / 1e6;
}

static void report_pages(const struct parts_options *options,
                         struct table *table)
{
    struct parts_figure figures[TABLE_FIELD_COUNT][ORDERS];
    char query[PARTS_MAX_QUERY];

    for (enum table_field i = 0; i < TABLE_FIELD_COUNT; i++)
        for (size_t j = 0; j < ORDERS; j++)
            figures[i][j] = (struct parts_figure){
                .item = list_url_sort_name(i),
                .column = j == 0 ? "ms ascending" : "ms descending"};
    figures[TABLE_SPEED][1].at_most = 5; /* ms, descending */
    for (unsigned round = 0; round < options->rounds; round++)
        for (enum table_field i = 0; i < TABLE_FIELD_COUNT; i++)
            for (size_t j = 0; j < ORDERS; j++) {
                page_query(i, j == 1, query);
                parts_figure_add(&figures[i][j], milliseconds(parts_list_time(
                                                     table, query, PAGE)));
            }
    parts_report(options->format, "top", "Top 50 of a million by", figures[0],
                 (size_t)TABLE_FIELD_COUNT * ORDERS);
}

enum row {
    MIDDLE_BY_SPEED,
    MIDDLE_BY_ID,
    TOP_EXPLODED,
    WHOLE_BY_ID,
    WHOLE_BY_TYPE,
    WHOLE_BY_SPEED,
    WRITTEN,
    BOTH,
    ROWS
};

enum { TIME, MEMORY, SPEED, COLUMNS };

static void name_figures(struct parts_figure figures[ROWS][COLUMNS])
{
    static const char *const items[ROWS] = {
        [MIDDLE_BY_SPEED] = "page of 50 in the middle, by speed",
        [MIDDLE_BY_ID] = "page of 50 in the middle, by id",
        [TOP_EXPLODED] = "top 50 of the exploded ones, by speed",
        [WHOLE_BY_ID] = "all collected and sorted by id",
        [WHOLE_BY_TYPE] = "all collected and sorted by type",
        [WHOLE_BY_SPEED] = "all collected and sorted by speed",
        [WRITTEN] = "all read in the order of speed and written",
        [BOTH] = "the whole list by speed, both together",
    };
    static const char *const columns[COLUMNS] = {"ms", "MB asked for", "MB/s"};

    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < COLUMNS; j++)
            figures[i][j] =
                (struct parts_figure){.item = items[i], .column = columns[j]};
    figures[BOTH][TIME].at_most = 1000;
    figures[WHOLE_BY_SPEED][MEMORY].at_most = 32;
}

static void measure_pages(struct parts_figure figures[ROWS][COLUMNS],
                          struct table *table)
{
    char query[PARTS_MAX_QUERY];

    parts_list_middle(table, "sort=speed&order=desc", query);
    parts_figure_add(&figures[MIDDLE_BY_SPEED][TIME],
                     milliseconds(parts_list_time(table, query, PAGE)));
    parts_list_middle(table, "sort=id", query);
    parts_figure_add(&figures[MIDDLE_BY_ID][TIME],
                     milliseconds(parts_list_time(table, query, PAGE)));
    parts_figure_add(
        &figures[TOP_EXPLODED][TIME],
        milliseconds(parts_list_time(
            table, "sort=speed&order=desc&status=exploded&limit=50", PAGE)));
}

/*
 * Measured once, because it does not vary, and apart from the times, because
 * counting slows the allocations down.
 */
static void count_memory(struct parts_figure *figure, struct table *table,
                         const char *query)
{
    if (!parts_allocations_work())
        return;
    parts_allocations_start();
    parts_list_time(table, query, table_count(table));
    parts_figure_add(figure, (double)parts_allocations_stop().bytes / 1e6);
}

static void measure_whole(struct parts_figure figures[ROWS][COLUMNS],
                          struct table *table)
{
    size_t count = table_count(table);
    struct parts_list list;
    uint64_t bytes;

    parts_figure_add(&figures[WHOLE_BY_ID][TIME],
                     milliseconds(parts_list_time(table, "sort=id", count)));
    parts_figure_add(&figures[WHOLE_BY_TYPE][TIME],
                     milliseconds(parts_list_time(table, "sort=type", count)));

    parts_list_open(&list, table, "sort=speed", count);
    uint64_t took = parts_list_write(&list, &bytes);
    parts_figure_add(&figures[WHOLE_BY_SPEED][TIME], milliseconds(list.took));
    parts_figure_add(&figures[WRITTEN][TIME], milliseconds(took));
    parts_figure_add(&figures[WRITTEN][SPEED],
                     (double)bytes * 1e3 / (double)took);
    parts_figure_add(&figures[BOTH][TIME], milliseconds(list.took + took));
    parts_list_close(&list);
}

void parts_listing(const struct parts_options *options)
{
    struct parts_figure figures[ROWS][COLUMNS];
    struct table *table = parts_table_new();

    parts_list_populate(table, PARTS_MILLION);
    report_pages(options, table);
    name_figures(figures);
    count_memory(&figures[WHOLE_BY_ID][MEMORY], table, "sort=id");
    count_memory(&figures[WHOLE_BY_TYPE][MEMORY], table, "sort=type");
    count_memory(&figures[WHOLE_BY_SPEED][MEMORY], table, "sort=speed");
    for (unsigned round = 0; round < options->rounds; round++) {
        measure_pages(figures, table);
        measure_whole(figures, table);
    }
    table_free(table);
    parts_report(options->format, "lists", "Lists of a million", figures[0],
                 (size_t)ROWS * COLUMNS);
}
