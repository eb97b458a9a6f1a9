/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query of a reference is its scope, limit and cursor. The scope is the
 * sort, order and filters, in the form that write_scope() gives them.
 */
#include "list_url.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "domain/message.h"
#include "http/query_string.h"
#include "http/target.h"
#include "list_cursor.h"

/* The state of list_url_parse(). */
struct parsing {
    struct list_url *url;
    struct text cursor; /* absent until its parameter is read */
    char *detail;
    size_t detail_size;
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

/* Set `detail`. Returns false. */
__attribute__((format(printf, 2, 3))) static bool
refuse_query(const struct parsing *parsing, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(parsing->detail, parsing->detail_size, format, arguments);
    va_end(arguments);
    return false;
}

static bool refuse_sort(const struct parsing *parsing)
{
    size_t size = parsing->detail_size, length = 0;

    for (enum table_field field = 0; field < TABLE_FIELD_COUNT; field++)
        if (length < size)
            length += (size_t)snprintf(
                parsing->detail + length, size - length, "%s%s",
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

static bool set_sort(struct parsing *parsing, struct text value)
{
    for (enum table_field field = 0; field < TABLE_FIELD_COUNT; field++) {
        if (text_equal(value, text_of(list_url_sort_name(field)))) {
            parsing->url->query.sort = field;
            return true;
        }
    }
    return refuse_sort(parsing);
}

static bool set_order(struct parsing *parsing, struct text value)
{
    bool descending = text_equal(value, TEXT("desc"));

    if (!descending && !text_equal(value, TEXT("asc")))
        return refuse_query(parsing, "order must be asc or desc");
    parsing->url->query.descending = descending;
    return true;
}

static bool set_status(struct parsing *parsing, struct text value)
{
    if (text_equal(value, TEXT("active")))
        parsing->url->query.filter.status = TABLE_ACTIVE;
    else if (text_equal(value, TEXT("exploded")))
        parsing->url->query.filter.status = TABLE_EXPLODED;
    else
        return refuse_query(parsing, "status must be active or exploded");
    return true;
}

static bool set_launched(struct parsing *parsing, struct text value)
{
    if (text_equal(value, TEXT("true")))
        parsing->url->query.filter.launch = TABLE_LAUNCHED;
    else if (text_equal(value, TEXT("false")))
        parsing->url->query.filter.launch = TABLE_NOT_LAUNCHED;
    else
        return refuse_query(parsing, "launched must be true or false");
    return true;
}

static bool set_string(struct parsing *parsing, struct text value,
                       const char *parameter, size_t max, struct text *string)
{
    if (!message_is_text(value, max))
        return refuse_query(
            parsing, "%s must be 1 to %zu bytes without control characters",
            parameter, max);
    *string = store_text(parsing->url, value);
    return true;
}

static bool set_type(struct parsing *parsing, struct text value)
{
    return set_string(parsing, value, "type", MESSAGE_MAX_NAME,
                      &parsing->url->query.filter.type);
}

static bool set_mission(struct parsing *parsing, struct text value)
{
    return set_string(parsing, value, "mission", MESSAGE_MAX_NAME,
                      &parsing->url->query.filter.mission);
}

static bool set_id_prefix(struct parsing *parsing, struct text value)
{
    return set_string(parsing, value, "idPrefix", MESSAGE_MAX_CHANNEL,
                      &parsing->url->query.filter.id_prefix);
}

static bool set_limit(struct parsing *parsing, struct text value)
{
    uint64_t limit;

    if (!text_read_unsigned(value, LIST_URL_MAX_LIMIT, &limit) || limit == 0)
        return refuse_query(parsing, "limit must be an integer from 1 to %d",
                            LIST_URL_MAX_LIMIT);
    parsing->url->query.limit = (size_t)limit;
    return true;
}

/* Only store the cursor: read_cursor() needs the rest of the query. */
static bool set_cursor(struct parsing *parsing, struct text value)
{
    parsing->cursor = store_text(parsing->url, value);
    return true;
}

static const struct parameter {
    const char *name;
    bool (*set)(struct parsing *parsing, struct text value);
} parameters[] = {
    {"sort", set_sort},          {"order", set_order},
    {"status", set_status},      {"type", set_type},
    {"mission", set_mission},    {"launched", set_launched},
    {"idPrefix", set_id_prefix}, {"limit", set_limit},
    {"cursor", set_cursor},
};

enum { PARAMETER_COUNT = sizeof(parameters) / sizeof(*parameters) };

const char *list_url_parameter(size_t index)
{
    return index < PARAMETER_COUNT ? parameters[index].name : NULL;
}

/* `given`: bit i is set if parameter i was read before. */
static bool set_parameter(struct parsing *parsing,
                          const struct query_pair *pair, unsigned *given)
{
    for (unsigned i = 0; i < PARAMETER_COUNT; i++) {
        if (!text_equal(pair->name, text_of(parameters[i].name)))
            continue;
        if ((*given & 1U << i) != 0)
            return refuse_query(parsing, "%s is given twice",
                                parameters[i].name);
        *given |= 1U << i;
        return parameters[i].set(parsing, pair->value);
    }
    return true;
}

static bool read_pairs(struct parsing *parsing, struct text raw)
{
    unsigned given = 0;
    struct query pairs;
    struct query_pair pair;
    enum query_result result;

    query_init(&pairs, raw);
    while ((result = query_next(&pairs, &pair)) == QUERY_PAIR)
        if (!set_parameter(parsing, &pair, &given))
            return false;
    if (result == QUERY_INVALID)
        return refuse_query(parsing,
                            "the target has a %% that is not followed by "
                            "two hexadecimal digits");
    return true;
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
    if (filter->id_prefix.data != NULL) {
        buffer_append(out, TEXT("&idPrefix="));
        http_percent_encode(out, filter->id_prefix);
    }
}

static bool read_cursor(const struct parsing *parsing)
{
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
        return refuse_query(parsing,
                            "cursor is invalid; take it from a Link header");
    case LIST_CURSOR_OTHER_SCOPE:
        return refuse_query(parsing,
                            "cursor belongs to another sort, order or "
                            "filter; take it from a Link header and leave "
                            "the rest of the query as it is");
    }
    return true;
}

bool list_url_parse(struct list_url *url, struct text raw, char *detail,
                    size_t detail_size)
{
    struct parsing parsing = {url, {NULL, 0}, detail, detail_size};

    *url = (struct list_url){.storage = BUFFER_INIT};
    detail[0] = '\0';
    /* Neither the query nor its cursor gets longer when it is decoded. */
    if (buffer_reserve(&url->storage, 2 * raw.length + 1) &&
        read_pairs(&parsing, raw) &&
        (parsing.cursor.data == NULL || read_cursor(&parsing)))
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
