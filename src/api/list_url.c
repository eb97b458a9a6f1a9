/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query of a reference is its scope, limit and cursor. The scope is the
 * sort, order and filters, in the form that write_scope() gives them.
 */
#include "list_url.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "domain/message.h"
#include "http/target.h"
#include "list_cursor.h"
#include "parameters.h"

/* What list_url_parse() reads. */
struct parsing {
    struct list_url *url;
    struct text cursor; /* absent until its parameter is read */
};

const char *list_url_sort_name(enum table_field field)
{
    switch (field) {
    case TABLE_ID:
        return "id";
    case TABLE_TYPE:
        return "type";
    case TABLE_SPEED:
        return "speed";
    case TABLE_MISSION:
        return "mission";
    case TABLE_STATUS:
        return "status";
    case TABLE_CREATED:
        return "createdAt";
    case TABLE_UPDATED:
        return "updatedAt";
    case TABLE_LAST_NUMBER:
        return "lastMessageNumber";
    case TABLE_FIELD_COUNT:
        break;
    }
    return NULL;
}

static bool refuse_sort(const struct parameters_reading *reading)
{
    size_t size = reading->detail_size, length = 0;

    for (enum table_field field = 0; field < TABLE_FIELD_COUNT; field++)
        if (length < size)
            length += (size_t)snprintf(
                reading->detail + length, size - length, "%s%s",
                field == 0 ? "sort must be one of " : ", ",
                list_url_sort_name(field));
    return false;
}

/*
 * Copy `text` into the storage. list_url_parse() has reserved room for the
 * whole query, so texts that were stored before do not move.
 */
static struct text store_text(struct list_url *url, struct text text)
{
    size_t start = url->storage.length;

    buffer_append(&url->storage, text);
    return (struct text){url->storage.data + start, text.length};
}

static bool set_sort(const struct parameters_reading *reading,
                     struct text value)
{
    const struct parsing *parsing = reading->into;

    for (enum table_field field = 0; field < TABLE_FIELD_COUNT; field++) {
        if (text_equal(value, text_of(list_url_sort_name(field)))) {
            parsing->url->query.sort = field;
            return true;
        }
    }
    return refuse_sort(reading);
}

static bool set_order(const struct parameters_reading *reading,
                      struct text value)
{
    const struct parsing *parsing = reading->into;
    bool descending = text_equal(value, TEXT("desc"));

    if (!descending && !text_equal(value, TEXT("asc")))
        return parameters_refuse(reading, "order must be asc or desc");
    parsing->url->query.descending = descending;
    return true;
}

static bool set_status(const struct parameters_reading *reading,
                       struct text value)
{
    const struct parsing *parsing = reading->into;

    if (text_equal(value, TEXT("active")))
        parsing->url->query.filter.status = TABLE_ACTIVE;
    else if (text_equal(value, TEXT("exploded")))
        parsing->url->query.filter.status = TABLE_EXPLODED;
    else
        return parameters_refuse(reading, "status must be active or exploded");
    return true;
}

static bool read_boolean(const struct parameters_reading *reading,
                         struct text value, const char *parameter, bool *is)
{
    *is = text_equal(value, TEXT("true"));
    return *is || text_equal(value, TEXT("false")) ||
           parameters_refuse(reading, "%s must be true or false", parameter);
}

static bool set_launched(const struct parameters_reading *reading,
                         struct text value)
{
    const struct parsing *parsing = reading->into;
    bool launched;

    if (!read_boolean(reading, value, "launched", &launched))
        return false;
    parsing->url->query.filter.launch =
        launched ? TABLE_LAUNCHED : TABLE_NOT_LAUNCHED;
    return true;
}

static bool set_incomplete(const struct parameters_reading *reading,
                           struct text value)
{
    const struct parsing *parsing = reading->into;
    bool incomplete;

    if (!read_boolean(reading, value, "incomplete", &incomplete))
        return false;
    parsing->url->query.filter.completeness =
        incomplete ? TABLE_INCOMPLETE : TABLE_COMPLETE;
    return true;
}

static bool set_string(const struct parameters_reading *reading,
                       struct text value, const char *parameter, size_t max,
                       struct text *string)
{
    const struct parsing *parsing = reading->into;

    if (!message_is_text(value, max))
        return parameters_refuse(
            reading, "%s must be 1 to %zu bytes without control characters",
            parameter, max);
    *string = store_text(parsing->url, value);
    return true;
}

static bool set_type(const struct parameters_reading *reading,
                     struct text value)
{
    const struct parsing *parsing = reading->into;

    return set_string(reading, value, "type", MESSAGE_MAX_NAME,
                      &parsing->url->query.filter.type);
}

static bool set_mission(const struct parameters_reading *reading,
                        struct text value)
{
    const struct parsing *parsing = reading->into;

    return set_string(reading, value, "mission", MESSAGE_MAX_NAME,
                      &parsing->url->query.filter.mission);
}

static bool set_id_prefix(const struct parameters_reading *reading,
                          struct text value)
{
    const struct parsing *parsing = reading->into;

    return set_string(reading, value, "idPrefix", MESSAGE_MAX_CHANNEL,
                      &parsing->url->query.filter.id_prefix);
}

static bool set_limit(const struct parameters_reading *reading,
                      struct text value)
{
    const struct parsing *parsing = reading->into;
    uint64_t limit;

    if (!text_read_unsigned(value, LIST_URL_MAX_LIMIT, &limit) || limit == 0)
        return parameters_refuse(reading,
                                 "limit must be an integer from 1 to %d",
                                 LIST_URL_MAX_LIMIT);
    parsing->url->query.limit = (size_t)limit;
    return true;
}

/* Only store the cursor: read_cursor() needs the rest of the query. */
static bool set_cursor(const struct parameters_reading *reading,
                       struct text value)
{
    struct parsing *parsing = reading->into;

    parsing->cursor = store_text(parsing->url, value);
    return true;
}

static const struct parameter parameters[] = {
    {"sort", set_sort, false},
    {"order", set_order, false},
    {"status", set_status, false},
    {"type", set_type, false},
    {"mission", set_mission, false},
    {"launched", set_launched, false},
    {"incomplete", set_incomplete, false},
    {"idPrefix", set_id_prefix, false},
    {"limit", set_limit, false},
    {"cursor", set_cursor, false},
};

enum { PARAMETER_COUNT = sizeof(parameters) / sizeof(*parameters) };

const char *list_url_parameter(size_t index)
{
    return index < PARAMETER_COUNT ? parameters[index].name : NULL;
}

/* Sort, order and filters: all that a cursor depends on. */
static void write_scope(const struct list_query *query, struct buffer *out)
{
    const struct table_filter *filter = &query->filter;

    buffer_append(out, TEXT("sort="));
    buffer_append(out, text_of(list_url_sort_name(query->sort)));
    buffer_append(out, TEXT("&order="));
    buffer_append(out, query->descending ? TEXT("desc") : TEXT("asc"));
    if (filter->status == TABLE_ACTIVE)
        buffer_append(out, TEXT("&status=active"));
    if (filter->status == TABLE_EXPLODED)
        buffer_append(out, TEXT("&status=exploded"));
    if (filter->type.data != NULL) {
        buffer_append(out, TEXT("&type="));
        http_percent_encode(out, filter->type);
    }
    if (filter->mission.data != NULL) {
        buffer_append(out, TEXT("&mission="));
        http_percent_encode(out, filter->mission);
    }
    if (filter->launch == TABLE_LAUNCHED)
        buffer_append(out, TEXT("&launched=true"));
    if (filter->launch == TABLE_NOT_LAUNCHED)
        buffer_append(out, TEXT("&launched=false"));
    if (filter->completeness == TABLE_INCOMPLETE)
        buffer_append(out, TEXT("&incomplete=true"));
    if (filter->completeness == TABLE_COMPLETE)
        buffer_append(out, TEXT("&incomplete=false"));
    if (filter->id_prefix.data != NULL) {
        buffer_append(out, TEXT("&idPrefix="));
        http_percent_encode(out, filter->id_prefix);
    }
}

static bool read_cursor(const struct parameters_reading *reading)
{
    const struct parsing *parsing = reading->into;
    struct list_url *url = parsing->url;
    struct buffer scope = BUFFER_INIT;

    write_scope(&url->query, &scope);
    if (buffer_failed(&scope))
        return false;
    enum list_cursor_result result =
        list_cursor_read(parsing->cursor, buffer_text(&scope), url->query.sort,
                         buffer_end(&url->storage), &url->query.after);
    buffer_release(&scope);
    switch (result) {
    case LIST_CURSOR_OK:
        break;
    case LIST_CURSOR_INVALID:
        return parameters_refuse(
            reading, "cursor is invalid; take it from a Link header");
    case LIST_CURSOR_OTHER_SCOPE:
        return parameters_refuse(reading,
                                 "cursor belongs to another sort, order or "
                                 "filter; take it from a Link header and leave "
                                 "the rest of the query as it is");
    }
    return true;
}

bool list_url_parse(struct list_url *url, struct text raw, char *detail,
                    size_t detail_size)
{
    struct parsing parsing = {url, {NULL, 0}};
    const struct parameters_reading reading = {&parsing, detail, detail_size};

    *url = (struct list_url){.storage = BUFFER_INIT};
    detail[0] = '\0';
    /* Neither the query nor its cursor gets longer when it is decoded. */
    if (buffer_reserve(&url->storage, 2 * raw.length + 1) &&
        parameters_read(&reading, raw, parameters, PARAMETER_COUNT) &&
        (parsing.cursor.data == NULL || read_cursor(&reading)))
        return true;
    list_url_release(url);
    return false;
}

void list_url_release(struct list_url *url)
{
    buffer_release(&url->storage);
}

void list_url_write(const struct list_query *query, struct buffer *out)
{
    buffer_append(out, TEXT("?"));
    size_t start = out->length;
    write_scope(query, out);
    size_t length = out->length - start;
    if (query->limit != 0) {
        buffer_append(out, TEXT("&limit="));
        buffer_append_unsigned(out, query->limit);
    }
    if (query->after.set) {
        buffer_append(out, TEXT("&cursor="));
        if (!buffer_failed(out))
            list_cursor_write((struct text){out->data + start, length},
                              query->sort, &query->after, out);
    }
}
