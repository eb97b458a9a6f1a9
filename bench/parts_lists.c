/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes lists by the functions that the handler of GET /rockets calls, and
 * writes them in blocks of the same size.
 */
#include "parts_lists.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/rocket_json.h"
#include "base/buffer.h"
#include "flags.h"
#include "http/response.h"
#include "parts_fleet.h"
#include "parts_measure.h"

static void parse_query(struct list_url *url, const char *raw)
{
    char detail[LIST_URL_DETAIL];

    if (!list_url_parse(url, text_of(raw), detail, sizeof(detail)))
        die("%s: %s", raw, detail);
}

static void collect(struct parts_list *list, struct table *table)
{
    uint64_t begun = parts_now();

    list->page = list_page_new(table, &list->url.query);
    list->took = parts_now() - begun;
    if (list->page == NULL)
        die("no memory for a list");
}

void parts_list_open(struct parts_list *list, struct table *table,
                     const char *query, size_t count)
{
    parse_query(&list->url, query);
    collect(list, table);
    if (list_page_count(list->page) != count)
        die("%s: %zu rockets, not %zu", query, list_page_count(list->page),
            count);
}

void parts_list_close(struct parts_list *list)
{
    list_page_free(list->page);
    list_url_release(&list->url);
}

uint64_t parts_list_time(struct table *table, const char *query, size_t count)
{
    struct parts_list list;

    parts_list_open(&list, table, query, count);
    parts_list_close(&list);
    return list.took;
}

uint64_t parts_list_write(const struct parts_list *list, uint64_t *bytes)
{
    struct buffer block = BUFFER_INIT;
    struct rocket_view view;
    uint64_t written = 0, begun = parts_now();

    for (size_t i = 0; i < list_page_count(list->page); i++) {
        list_page_read(list->page, i, &view);
        rocket_json_write(&block, &view);
        buffer_append(&block, TEXT(","));
        if (block.length >= HTTP_STREAM_BLOCK) {
            written += block.length;
            buffer_clear(&block);
        }
    }
    uint64_t took = parts_now() - begun;
    if (buffer_failed(&block))
        die("no memory for a list as JSON");
    *bytes = written + block.length;
    buffer_release(&block);
    return took;
}

/* The cursor is that of a page with the first half of the list. */
void parts_list_middle(struct table *table, const char *sorted,
                       char query[static PARTS_MAX_QUERY])
{
    static const char name[] = "cursor=";
    struct parts_list half;
    struct list_query next;
    struct buffer target = BUFFER_INIT;

    parse_query(&half.url, sorted);
    half.url.query.limit = table_count(table) / 2;
    collect(&half, table);
    if (!list_page_next(half.page, &next))
        die("%s: no page in the middle", sorted);
    list_url_write(&next, &target);
    buffer_append(&target, (struct text){"", 1});
    const char *cursor =
        buffer_failed(&target) ? NULL : strstr(target.data, name);
    if (cursor == NULL)
        die("%s: no cursor for the page in the middle", sorted);
    cursor += strlen(name);
    snprintf(query, PARTS_MAX_QUERY, "%s&limit=50&%s%.*s", sorted, name,
             (int)strcspn(cursor, "&"), cursor);
    buffer_release(&target);
    parts_list_close(&half);
}

void parts_list_populate(struct table *table, uint32_t rockets)
{
    enum { MOST_MESSAGES = 4 };
    struct parts_fleet *fleet = parts_fleet_new(true);
    struct parts_delivery *deliveries =
        parts_allocate(rockets * sizeof(*deliveries));

    parts_fleet_launch(fleet, table, 0, rockets);
    for (uint32_t number = 2; number <= MOST_MESSAGES; number++) {
        size_t count = 0;
        for (uint32_t i = 0; i < rockets; i++)
            if (i % MOST_MESSAGES + 1 >= number)
                deliveries[count++] = (struct parts_delivery){i, number};
        parts_fleet_apply(fleet, table, deliveries, count);
    }
    free(deliveries);
    parts_fleet_free(fleet);
}
