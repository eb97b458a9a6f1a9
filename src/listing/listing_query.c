/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cursor is base64url of three lines: the query's sort, order and filters
 * in the one form that we write them in; the last value; the last id. So a
 * cursor fits a query exactly if the first line is what we would write for
 * that query.
 */
#include "listing/listing_query.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "domain/message.h"
#include "http/query_string.h"
#include "http/target.h"

static const char *const sort_names[] = {
    [TABLE_ID] = "id",
    [TABLE_TYPE] = "type",
    [TABLE_SPEED] = "speed",
    [TABLE_MISSION] = "mission",
    [TABLE_STATUS] = "status",
    [TABLE_CREATED] = "createdAt",
    [TABLE_UPDATED] = "updatedAt",
    [TABLE_LAST_NUMBER] = "lastMessageNumber",
};

enum {
    SORT_COUNT = sizeof(sort_names) / sizeof(*sort_names),
    MAX_NANOSECONDS = 999999999,
};

/* The query while it is read. */
struct parsing {
    struct listing_query *query;
    struct text cursor; /* absent until it is met */
    char *detail;
    size_t detail_size;
};

__attribute__((format(printf, 2, 3))) static bool
refuse(const struct parsing *parsing, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(parsing->detail, parsing->detail_size, format, arguments);
    va_end(arguments);
    return false;
}

/* Room was reserved for all of the query, so what is stored stays put. */
static struct text store(struct listing_query *query, struct text text)
{
    struct buffer *storage = &query->storage;
    size_t start = storage->length;

    buffer_append(storage, text);
    return (struct text){storage->data + start, text.length};
}

static bool set_sort(struct parsing *parsing, struct text value)
{
    for (unsigned i = 0; i < SORT_COUNT; i++) {
        if (text_equal(value, text_of(sort_names[i]))) {
            parsing->query->sort = (enum table_field)i;
            return true;
        }
    }
    return refuse(parsing, "sort must be one of id, type, speed, mission, "
                           "status, createdAt, updatedAt, lastMessageNumber");
}

static bool set_order(struct parsing *parsing, struct text value)
{
    parsing->query->descending = text_equal(value, TEXT("desc"));
    if (!parsing->query->descending && !text_equal(value, TEXT("asc")))
        return refuse(parsing, "order must be asc or desc");
    return true;
}

static bool set_status(struct parsing *parsing, struct text value)
{
    if (text_equal(value, TEXT("active")))
        parsing->query->filter.status = TABLE_ACTIVE;
    else if (text_equal(value, TEXT("exploded")))
        parsing->query->filter.status = TABLE_EXPLODED;
    else
        return refuse(parsing, "status must be active or exploded");
    return true;
}

static bool set_name(struct parsing *parsing, struct text value,
                     const char *parameter, struct text *name)
{
    if (!message_is_text(value, MESSAGE_MAX_NAME))
        return refuse(parsing,
                      "%s must be 1 to %d bytes without control characters",
                      parameter, MESSAGE_MAX_NAME);
    *name = store(parsing->query, value);
    return true;
}

static bool set_type(struct parsing *parsing, struct text value)
{
    return set_name(parsing, value, "type", &parsing->query->filter.type);
}

static bool set_mission(struct parsing *parsing, struct text value)
{
    return set_name(parsing, value, "mission", &parsing->query->filter.mission);
}

static bool set_limit(struct parsing *parsing, struct text value)
{
    uint64_t limit;

    if (!text_read_unsigned(value, LISTING_MAX_LIMIT, &limit) || limit == 0)
        return refuse(parsing, "limit must be an integer from 1 to %d",
                      LISTING_MAX_LIMIT);
    parsing->query->limit = (size_t)limit;
    return true;
}

/* Looked into at the end, when the rest of the query is known. */
static bool set_cursor(struct parsing *parsing, struct text value)
{
    parsing->cursor = store(parsing->query, value);
    return true;
}

static const struct parameter {
    const char *name;
    bool (*set)(struct parsing *parsing, struct text value);
} parameters[] = {
    {"sort", set_sort},     {"order", set_order},     {"status", set_status},
    {"type", set_type},     {"mission", set_mission}, {"limit", set_limit},
    {"cursor", set_cursor},
};

enum { PARAMETER_COUNT = sizeof(parameters) / sizeof(*parameters) };

static bool set_parameter(struct parsing *parsing,
                          const struct query_pair *pair, unsigned *given)
{
    for (unsigned i = 0; i < PARAMETER_COUNT; i++) {
        if (!text_equal(pair->name, text_of(parameters[i].name)))
            continue;
        if ((*given & 1U << i) != 0)
            return refuse(parsing, "%s is given twice", parameters[i].name);
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
        return refuse(parsing, "the target has a %% that is not followed by "
                               "two hexadecimal digits");
    return true;
}

/* Sort, order and filters: all that a cursor depends on. */
static void write_scope(const struct listing_query *query, struct buffer *out)
{
    buffer_append(out, TEXT("sort="));
    buffer_append(out, text_of(sort_names[query->sort]));
    buffer_append(out, TEXT("&order="));
    buffer_append(out, query->descending ? TEXT("desc") : TEXT("asc"));
    if (query->filter.status == TABLE_ACTIVE)
        buffer_append(out, TEXT("&status=active"));
    if (query->filter.status == TABLE_EXPLODED)
        buffer_append(out, TEXT("&status=exploded"));
    if (query->filter.type.data != NULL) {
        buffer_append(out, TEXT("&type="));
        http_percent_encode(out, query->filter.type);
    }
    if (query->filter.mission.data != NULL) {
        buffer_append(out, TEXT("&mission="));
        http_percent_encode(out, query->filter.mission);
    }
}

bool listing_query_by_name(const struct listing_query *query)
{
    return query->sort == TABLE_TYPE || query->sort == TABLE_MISSION;
}

/* "?" if unknown, "=" and the name, or "major.minor". */
static void write_value(const struct listing_query *query,
                        const struct table_value *value, struct buffer *out)
{
    if (!value->known) {
        buffer_append(out, TEXT("?"));
    } else if (listing_query_by_name(query)) {
        buffer_append(out, TEXT("="));
        buffer_append(out, value->string);
    } else {
        buffer_append_unsigned(out, value->major);
        buffer_append(out, TEXT("."));
        buffer_append_unsigned(out, value->minor);
    }
}

static bool read_value(struct listing_query *query, struct text text)
{
    struct table_value *value = &query->after_value;
    uint64_t minor;

    *value = (struct table_value){.known = !text_equal(text, TEXT("?"))};
    if (!value->known)
        return true;
    if (listing_query_by_name(query)) {
        value->string = (struct text){text.data + 1, text.length - 1};
        return text.data[0] == '=' &&
               message_is_text(value->string, MESSAGE_MAX_NAME);
    }
    struct text major = text_split(&text, '.');
    if (!text_read_unsigned(major, UINT64_MAX, &value->major) ||
        !text_read_unsigned(text, MAX_NANOSECONDS, &minor))
        return false;
    value->minor = (uint32_t)minor;
    return true;
}

static bool fits_scope(const struct listing_query *query, struct text scope,
                       bool *fits)
{
    struct buffer own = BUFFER_INIT;

    write_scope(query, &own);
    *fits = text_equal(buffer_text(&own), scope);
    bool made = !buffer_failed(&own);
    buffer_release(&own);
    return made;
}

static bool refuse_cursor(const struct parsing *parsing)
{
    return refuse(parsing, "cursor is not one of this service's; take it from "
                           "a Link header");
}

/* The three lines of a cursor. */
static bool decode_cursor(struct parsing *parsing, struct text *scope,
                          struct text *value, struct text *id)
{
    struct buffer *storage = &parsing->query->storage;
    struct text cursor = parsing->cursor;
    char *decoded = storage->data + storage->length;
    size_t length;

    if (sodium_base642bin((unsigned char *)decoded, cursor.length, cursor.data,
                          cursor.length, NULL, &length, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return false;
    *id = (struct text){decoded, length};
    *scope = text_split(id, '\n');
    *value = text_split(id, '\n');
    return value->length > 0 && message_is_text(*id, MESSAGE_MAX_CHANNEL);
}

static bool read_cursor(struct parsing *parsing)
{
    struct listing_query *query = parsing->query;
    struct text scope, value;
    bool fits;

    if (!decode_cursor(parsing, &scope, &value, &query->after_id))
        return refuse_cursor(parsing);
    if (!fits_scope(query, scope, &fits))
        return refuse(parsing, "%s", "");
    if (!fits)
        return refuse(parsing, "cursor belongs to another sort, order or "
                               "filter; take it from a Link header and leave "
                               "the rest of the query as it is");
    if (!read_value(query, value))
        return refuse_cursor(parsing);
    query->after = true;
    return true;
}

bool listing_query_parse(struct listing_query *query, struct text raw,
                         char *detail, size_t detail_size)
{
    struct parsing parsing = {query, {NULL, 0}, detail, detail_size};

    *query = (struct listing_query){.storage = BUFFER_INIT};
    detail[0] = '\0';
    /* What is decoded is no longer than the query, nor is the cursor. */
    if (buffer_reserve(&query->storage, 2 * raw.length + 1) &&
        read_pairs(&parsing, raw) &&
        (parsing.cursor.data == NULL || read_cursor(&parsing)))
        return true;
    listing_query_release(query);
    return false;
}

void listing_query_release(struct listing_query *query)
{
    buffer_release(&query->storage);
}

/* Base64 of `bytes`, without padding, needs no percent-encoding. */
static void append_base64url(struct buffer *out, struct text bytes)
{
    int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    size_t size = sodium_base64_encoded_len(bytes.length, variant);

    if (!buffer_reserve(out, size))
        return;
    sodium_bin2base64(out->data + out->length, size,
                      (const unsigned char *)bytes.data, bytes.length, variant);
    out->length += size - 1; /* the NUL */
}

void listing_query_write_next(const struct listing_query *query,
                              const struct table_value *value, struct text id,
                              struct buffer *out)
{
    struct buffer cursor = BUFFER_INIT;

    write_scope(query, &cursor);
    buffer_append(&cursor, TEXT("\n"));
    write_value(query, value, &cursor);
    buffer_append(&cursor, TEXT("\n"));
    buffer_append(&cursor, id);

    buffer_append(out, TEXT("/rockets?"));
    write_scope(query, out);
    if (query->limit != 0) {
        buffer_append(out, TEXT("&limit="));
        buffer_append_unsigned(out, query->limit);
    }
    buffer_append(out, TEXT("&cursor="));
    if (buffer_failed(&cursor))
        out->failed = true;
    else
        append_base64url(out, buffer_text(&cursor));
    buffer_release(&cursor);
}
