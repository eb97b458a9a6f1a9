/* SPDX-License-Identifier: Apache-2.0 */
#include "lists.h"

#include <string.h>

#include "api/list_url.h"
#include "fuzz/fuzz.h"
#include "lib/messages.h"

bool lists_match(const struct table_filter *filter,
                 const struct rocket_view *view)
{
    if (filter->status != TABLE_ANY_STATUS &&
        view->exploded != (filter->status == TABLE_EXPLODED))
        return false;
    if (filter->launch != TABLE_ANY_LAUNCH &&
        view->launched != (filter->launch == TABLE_LAUNCHED))
        return false;
    if (filter->completeness != TABLE_ANY_COMPLETENESS &&
        (view->missing > 0) != (filter->completeness == TABLE_INCOMPLETE))
        return false;
    if (filter->id_prefix.data && (view->id.length < filter->id_prefix.length ||
                                   memcmp(view->id.data, filter->id_prefix.data,
                                          filter->id_prefix.length) != 0))
        return false;
    if (filter->type.data && !text_equal(view->type, filter->type))
        return false;
    return !filter->mission.data || text_equal(view->mission, filter->mission);
}

static int order(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int order_texts(struct text a, struct text b)
{
    size_t shorter = a.length < b.length ? a.length : b.length;
    int bytes = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
    return bytes ? bytes : order((int64_t)a.length, (int64_t)b.length);
}

static bool is_unknown(enum table_field field, const struct rocket_view *view)
{
    if (field == TABLE_TYPE || field == TABLE_CREATED)
        return !view->launched;
    return field == TABLE_MISSION && !view->mission.data;
}

static int order_values(enum table_field field, const struct rocket_view *a,
                        const struct rocket_view *b)
{
    switch (field) {
    case TABLE_ID:
        return order_texts(a->id, b->id);
    case TABLE_TYPE:
        return order_texts(a->type, b->type);
    case TABLE_SPEED:
        return order(a->speed, b->speed);
    case TABLE_MISSION:
        return order_texts(a->mission, b->mission);
    case TABLE_STATUS:
        return order(a->exploded, b->exploded);
    case TABLE_CREATED:
        return messages_compare_times(&a->created, &b->created);
    case TABLE_UPDATED:
        return messages_compare_times(&a->updated, &b->updated);
    case TABLE_LAST_NUMBER:
        return order((int64_t)a->last_number, (int64_t)b->last_number);
    case TABLE_FIELD_COUNT:
        break;
    }
    abort();
}

int lists_compare_values(const struct list_query *query,
                         const struct rocket_view *a,
                         const struct rocket_view *b)
{
    bool a_unknown = is_unknown(query->sort, a);
    bool b_unknown = is_unknown(query->sort, b);
    if (a_unknown || b_unknown)
        return order(a_unknown, b_unknown);
    int values = order_values(query->sort, a, b);
    return query->descending ? -values : values;
}

int lists_compare(const struct list_query *query, const struct rocket_view *a,
                  const struct rocket_view *b)
{
    int values = lists_compare_values(query, a, b);
    return values ? values : order_texts(a->id, b->id);
}

struct text lists_query_of(const struct buffer *reference)
{
    struct text query = buffer_text(reference), path = text_split(&query, '?');
    FUZZ_CHECK(!buffer_failed(reference));
    FUZZ_CHECK(path.length == 0 && query.data != NULL);
    return query;
}

/* Add the rockets of a page. True, with the target of the next page, if any. */
static bool read_page(struct table *table, const struct list_query *query,
                      struct listed *listed, struct buffer *target)
{
    struct list_page *page = list_page_new(table, query);
    struct list_query next;
    FUZZ_CHECK(page != NULL);
    size_t count = list_page_count(page);
    FUZZ_CHECK(query->limit == 0 || count <= query->limit);
    FUZZ_CHECK(listed->count + count <= LISTS_ROOM);
    listed->total = list_page_total(page);
    for (size_t i = 0; i < count; i++) {
        struct rocket_view view;
        list_page_read(page, i, &view);
        listed->ids[listed->count++] = view.id;
    }
    bool more = list_page_next(page, &next);
    FUZZ_CHECK(!more || (query->limit != 0 && count == query->limit));
    if (more)
        list_url_write(&next, target);
    list_page_free(page);
    return more;
}

void lists_read(struct table *table, const struct list_query *query,
                void (*between)(void *context), void *context,
                struct listed *listed)
{
    struct buffer target = BUFFER_INIT;
    listed->count = 0;
    bool more = read_page(table, query, listed, &target);
    while (more) {
        char detail[LIST_URL_DETAIL];
        struct list_url next;
        FUZZ_CHECK(list_url_parse(&next, lists_query_of(&target), detail,
                                  sizeof(detail)));
        if (between)
            between(context);
        buffer_clear(&target);
        more = read_page(table, &next.query, listed, &target);
        list_url_release(&next);
    }
    buffer_release(&target);
}
