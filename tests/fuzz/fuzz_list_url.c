/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes queries of GET /rockets. The first line of the input is a query. Any
 * other lines are the text of its cursor, which is encoded here, as a fuzzer
 * does not find valid base64. An unknown parameter must be refused. An accepted
 * query must be within the limits. The cursor of any rocket must read back as
 * the same `after`. The list after a cursor, also a forged one, as a whole and
 * page by page, must be the end of the whole list.
 */
#include "fuzz.h"

#include <sodium.h>

#include "api/list_cursor.h"
#include "api/list_url.h"
#include "api/parameters.h"
#include "http/query_string.h"
#include "lib/generator.h"
#include "lib/messages.h"
#include "property/lists.h"
#include "table/table.h"

enum { ROCKETS = 10 };

/* A table of a few rockets with equal, different and unknown values. */
static struct table *new_fleet(void)
{
    static const char *const ids[ROCKETS] = {"r1", "r2",   "r3",    "r4",  "r5",
                                             "r6", "r%2F", "r\xff", "r10", "r"};
    struct table *table = table_new(SIZE_MAX);
    struct random random = {8};

    FUZZ_CHECK(table != NULL);
    for (unsigned i = 0; i < 3 * ROCKETS; i++) {
        struct message message =
            generator_message(&random, ids[i % (ROCKETS - i / 6)], 1 + i / 8);
        message.time = messages_time(i % 3);
        table_apply(table, &message);
    }
    return table;
}

/* Parse a query. A refused one must have a detail. */
static bool parse_query(struct list_url *url, struct text raw)
{
    struct text copy = exact_copy(raw);
    char detail[LIST_URL_DETAIL];
    bool accepted = list_url_parse(url, copy, detail, sizeof(detail));

    FUZZ_CHECK(accepted ||
               (detail[0] != '\0' && strlen(detail) < LIST_URL_DETAIL - 6));
    exact_copy_free(copy);
    return accepted;
}

static bool is_absent_or_name(struct text text)
{
    return text.data == NULL || message_is_text(text, MESSAGE_MAX_NAME);
}

static void check_bounds(const struct list_query *query)
{
    const struct table_value *value = &query->after.value;

    FUZZ_CHECK(query->sort < TABLE_FIELD_COUNT);
    FUZZ_CHECK(query->limit <= LIST_URL_MAX_LIMIT);
    FUZZ_CHECK(query->filter.status <= TABLE_EXPLODED);
    FUZZ_CHECK(is_absent_or_name(query->filter.type));
    FUZZ_CHECK(is_absent_or_name(query->filter.mission));
    FUZZ_CHECK(query->filter.launch <= TABLE_NOT_LAUNCHED);
    FUZZ_CHECK(query->filter.completeness <= TABLE_COMPLETE);
    FUZZ_CHECK(query->filter.id_prefix.data == NULL ||
               message_is_text(query->filter.id_prefix, MESSAGE_MAX_CHANNEL));
    if (!query->after.set)
        return;
    FUZZ_CHECK(message_is_text(query->after.id, MESSAGE_MAX_CHANNEL));
    FUZZ_CHECK(is_absent_or_name(value->string));
    FUZZ_CHECK((value->string.data != NULL) ==
               (value->known && table_field_is_string(query->sort)));
    FUZZ_CHECK(value->minor <= 1999999999);
    if (!value->known)
        FUZZ_CHECK(value->major == 0 && value->minor == 0);
}

/* Whether the queries are equal except for `after`. */
static bool same_scope(const struct list_query *a, const struct list_query *b)
{
    return a->sort == b->sort && a->descending == b->descending &&
           a->limit == b->limit && a->filter.status == b->filter.status &&
           a->filter.launch == b->filter.launch &&
           a->filter.completeness == b->filter.completeness &&
           messages_same_text(a->filter.id_prefix, b->filter.id_prefix) &&
           messages_same_text(a->filter.type, b->filter.type) &&
           messages_same_text(a->filter.mission, b->filter.mission);
}

static bool same_value(const struct table_value *a, const struct table_value *b)
{
    return a->known == b->known && a->major == b->major &&
           a->minor == b->minor && messages_same_text(a->string, b->string);
}

/* A cursor that is written and read must give the same `after`. */
static void check_cursor(const struct list_query *query,
                         const struct table_value *value, struct text id)
{
    struct list_query next = *query;
    struct buffer target = BUFFER_INIT;
    struct list_url url;

    next.after = (struct table_bound){true, *value, id};
    list_url_write(&next, &target);
    FUZZ_CHECK(parse_query(&url, lists_query_of(&target)));
    FUZZ_CHECK(same_scope(&url.query, query));
    FUZZ_CHECK(text_equal(url.query.after.id, id));
    FUZZ_CHECK(same_value(&url.query.after.value, value));
    list_url_release(&url);
    buffer_release(&target);
}

/* The list after a cursor must be the end of the whole list. */
static void check_lists(struct table *table, const struct list_query *query)
{
    static struct listed whole, rest;
    struct list_query all = *query;

    all.limit = 0;
    all.after.set = false;
    lists_read(table, &all, NULL, NULL, &whole);
    lists_read(table, query, NULL, NULL, &rest);
    FUZZ_CHECK(whole.total == whole.count && rest.total == whole.count);
    FUZZ_CHECK(query->after.set || rest.count == whole.count);
    FUZZ_CHECK(rest.count <= whole.count);
    for (size_t i = 0; i < rest.count; i++)
        FUZZ_CHECK(rest.ids[i].data ==
                   whole.ids[whole.count - rest.count + i].data);
}

/*
 * The first line becomes the query; the rest, if any, its cursor. The first
 * line of that is hashed, unless it begins with a digit.
 */
static void make_query(struct text input, struct buffer *raw)
{
    const int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    struct text line = text_split(&input, '\n');
    struct buffer cursor = BUFFER_INIT;

    buffer_append(raw, line);
    if (input.data == NULL)
        return;
    buffer_append(raw, line.length > 0 ? TEXT("&cursor=") : TEXT("cursor="));
    struct text scope = input;
    scope.length = text_split(&input, '\n').length;
    if (scope.length > 0 && (scope.data[0] < '0' || scope.data[0] > '9'))
        buffer_append_unsigned(&cursor, list_cursor_hash(scope));
    else
        buffer_append(&cursor, scope);
    if (input.data != NULL) {
        buffer_append(&cursor, TEXT("\n"));
        buffer_append(&cursor, input);
    }
    size_t size = sodium_base64_encoded_len(cursor.length, variant);
    FUZZ_CHECK(buffer_reserve(raw, size));
    sodium_bin2base64(buffer_end(raw), size, (const unsigned char *)cursor.data,
                      cursor.length, variant);
    raw->length += size - 1;
    buffer_release(&cursor);
}

static bool is_known(struct text name)
{
    static const char *const known[] = {
        "sort",     "order",      "status",   "type",  "mission",
        "launched", "incomplete", "idPrefix", "limit", "cursor"};

    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (text_equal(name, text_of(known[i])))
            return true;
    return name.length > 0 && name.data[0] == '_';
}

/* The first unknown name must be refused, and nothing odd be quoted of it. */
static void check_parameters(struct text raw)
{
    struct http_response response;
    struct query pairs;
    struct query_pair pair;
    bool known = true;

    query_init(&pairs, raw);
    while (known && query_next(&pairs, &pair) == QUERY_PAIR)
        known = is_known(pair.name);
    http_response_init(&response);
    FUZZ_CHECK(parameters_check(raw, list_url_parameter, &response) == known);
    FUZZ_CHECK(response.status == (known ? 0 : 400));
    for (size_t i = 0; i < response.body.length; i++)
        FUZZ_CHECK(response.body.data[i] >= ' ' &&
                   response.body.data[i] <= '~' &&
                   response.body.data[i] != '\\');
    http_response_release(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct table_value unknown,
        zero = {.known = true},
        string = {.known = true, .string = {"A\xc3\xa9", 3}};
    static struct table *table;
    struct buffer raw = BUFFER_INIT;
    struct list_url url;

    if (table == NULL)
        table = new_fleet();
    make_query(fuzz_text(data, size), &raw);
    check_parameters(buffer_text(&raw));
    if (parse_query(&url, buffer_text(&raw))) {
        const struct list_query *query = &url.query;
        bool by_string = table_field_is_string(query->sort);
        check_bounds(query);
        check_cursor(query, &unknown, TEXT("r1"));
        check_cursor(query, by_string ? &string : &zero, TEXT("\xff&=\"+"));
        if (query->after.set)
            check_cursor(query, &query->after.value, query->after.id);
        check_lists(table, query);
        list_url_release(&url);
    }
    buffer_release(&raw);
    return 0;
}
