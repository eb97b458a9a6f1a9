/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists by the functions that the handler of GET /rockets calls: pages, for
 * which a scan keeps the best rockets, and the whole list, which is collected,
 * sorted, read in that order and written in blocks of the same size.
 */
#include "parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/list_url.h"
#include "api/rocket_json.h"
#include "base/buffer.h"
#include "flags.h"
#include "http/response.h"
#include "listing/list_page.h"

enum { PAGE = 50, MESSAGES = 4 };

/* Read all rockets of the list, in order, and write them as JSON. */
static void write_list(const struct list_page *list)
{
    struct buffer block = BUFFER_INIT;
    struct rocket_view view;

    for (size_t i = 0; i < list_page_count(list); i++) {
        list_page_read(list, i, &view);
        rocket_json_write(&block, &view);
        buffer_append(&block, TEXT(","));
        if (block.length >= HTTP_STREAM_BLOCK)
            buffer_clear(&block);
    }
    if (buffer_failed(&block))
        die("no memory for a list as JSON");
    buffer_release(&block);
}

/* Print the time to make a list, or to make and write all of it. */
static void measure_list(struct table *table, const char *query, size_t count,
                         const char *item, const char *column)
{
    char detail[LIST_URL_DETAIL];
    struct list_url url;

    if (!list_url_parse(&url, text_of(query), detail, sizeof(detail)))
        die("%s: %s", query, detail);
    uint64_t begun = parts_clock();
    struct list_page *list = list_page_new(table, &url.query);
    if (list == NULL)
        die("no memory for a list");
    if (count > PAGE)
        write_list(list);
    uint64_t took = parts_clock() - begun;
    if (list_page_count(list) != count)
        die("%s: %zu rockets, not %zu", query, list_page_count(list), count);
    parts_print("lists", item, column, (double)took / 1e6);
    list_page_free(list);
    list_url_release(&url);
}

/* Rockets have one to MESSAGES messages, so that numbers and times differ. */
static struct table *make_table(uint32_t rockets)
{
    uint64_t took;
    struct table *table = parts_launch(rockets, PARTS_SINGLY, &took);

    for (uint32_t rocket = 0; rocket < rockets; rocket++)
        for (uint32_t number = 2; number <= rocket % MESSAGES + 1; number++)
            parts_apply(table, PARTS_SINGLY, &(struct delivery){rocket, number},
                        1);
    return table;
}

void parts_listing(uint32_t rockets)
{
    struct table *table = make_table(rockets);

    for (enum table_field field = 0; field < TABLE_FIELD_COUNT; field++) {
        const char *name = list_url_sort_name(field);
        char item[64], query[64];

        snprintf(item, sizeof(item), "top 50 by %s", name);
        snprintf(query, sizeof(query), "sort=%s&limit=%d", name, PAGE);
        measure_list(table, query, PAGE, item, "ascending, ms");
        snprintf(query, sizeof(query), "sort=%s&order=desc&limit=%d", name,
                 PAGE);
        measure_list(table, query, PAGE, item, "descending, ms");
    }
    measure_list(table, "sort=speed", rockets, "all by speed, as JSON",
                 "ascending, ms");
    table_free(table);
}
