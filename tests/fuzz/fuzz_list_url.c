/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes queries of GET /rockets. The first line of the input is a query. Any
 * other lines are the text of its cursor, which is encoded here, as a fuzzer
 * does not find valid base64. An accepted query must be within the limits. The
 * cursor of any rocket must read back as the same `after`, and be refused with
 * another order. The list after a cursor, also a forged one, as a whole and
 * page by page, must be the end of the whole list.
 */
#include "fuzz.h"

#include <sodium.h>

#include "api/list_url.h"
#include "http/target.h"
#include "listing/list_page.h"
#include "table/table.h"

#include "lib/messages.h"

enum { ROCKETS = 10 };

static void deliver(struct table *table, struct message message)
{
    FUZZ_CHECK(table_apply(table, &message) == MESSAGE_APPLIED);
}

/* A table of a few rockets with equal, different and unknown values. */
static struct table *new_fleet(void)
{
    static const struct {
        const char *id, *type, *mission;
        int speed;
    } rockets[ROCKETS] = {
        {"r1", "Falcon-9", "ARTEMIS", 500}, {"r2", "Falcon-9", "APOLLO", 500},
        {"r3", "Juno-I", "ARTEMIS", 100},   {"r10", "J", "\xc3\xa9 & =?", 0},
        {"r%2F", "T", "A", 1000000000},     {"r\xff", "Falcon-9", "A", 7},
        {"r4", NULL, "APOLLO", 0},          {"r5", NULL, NULL, 100},
        {"r6", NULL, NULL, -100},           {"r7", "Juno-I", "A", 7},
    };
    struct table *table = table_new(SIZE_MAX);

    FUZZ_CHECK(table != NULL);
    for (size_t i = 0; i < ROCKETS; i++) {
        const char *id = rockets[i].id, *mission = rockets[i].mission;
        uint64_t number = i % 3 + 1;
        int speed = rockets[i].speed;
        if (rockets[i].type != NULL)
            deliver(table, message_launched(id, number, rockets[i].type,
                                            mission, speed));
        else if (mission != NULL)
            deliver(table, message_mission(id, number, mission));
        else
            deliver(table, message_speed(id, number, speed));
        if (i % 4 == 0)
            deliver(table, message_exploded(id, number + 4, "O"));
    }
    return table;
}

/* Parse a query. A refused one must have a detail. */
static bool parse_query(struct list_url *url, struct text raw)
{
    struct text copy = fuzz_copy(raw);
    char detail[LIST_URL_DETAIL];
    bool accepted = list_url_parse(url, copy, detail, sizeof(detail));

    FUZZ_CHECK(accepted ||
               (detail[0] != '\0' && strlen(detail) < LIST_URL_DETAIL - 6));
    fuzz_free(copy);
    return accepted;
}

static bool is_valid_value(const struct list_query *query,
                           const struct table_value *value)
{
    if (!value->known)
        return value->major == 0 && value->minor == 0 &&
               value->string.data == NULL;
    if (table_field_is_string(query->sort))
        return message_is_text(value->string, MESSAGE_MAX_NAME);
    return value->minor <= 999999999 && value->string.data == NULL;
}

static bool is_valid_filter(struct text name)
{
    return name.data == NULL || message_is_text(name, MESSAGE_MAX_NAME);
}

static void check_bounds(const struct list_query *query)
{
    FUZZ_CHECK(query->sort < TABLE_FIELD_COUNT);
    FUZZ_CHECK(query->limit <= LIST_URL_MAX_LIMIT);
    FUZZ_CHECK(query->filter.status <= TABLE_EXPLODED);
    FUZZ_CHECK(is_valid_filter(query->filter.type));
    FUZZ_CHECK(is_valid_filter(query->filter.mission));
    if (query->after.set) {
        FUZZ_CHECK(message_is_text(query->after.id, MESSAGE_MAX_CHANNEL));
        FUZZ_CHECK(is_valid_value(query, &query->after.value));
    }
}

static bool same_text(struct text a, struct text b)
{
    return (a.data == NULL) == (b.data == NULL) && text_equal(a, b);
}

/* Whether the queries are equal except for `after`. */
static bool same_scope(const struct list_query *a, const struct list_query *b)
{
    return a->sort == b->sort && a->descending == b->descending &&
           a->limit == b->limit && a->filter.status == b->filter.status &&
           same_text(a->filter.type, b->filter.type) &&
           same_text(a->filter.mission, b->filter.mission);
}

static bool same_value(const struct table_value *a, const struct table_value *b)
{
    return a->known == b->known && a->major == b->major &&
           a->minor == b->minor && same_text(a->string, b->string);
}

/* The query component of `target`. */
static struct text query_of(const struct buffer *target)
{
    struct text path, query;

    FUZZ_CHECK(!buffer_failed(target));
    http_target_split(buffer_text(target), &path, &query);
    FUZZ_CHECK(text_equal(path, TEXT("/rockets")));
    return query;
}

/* With the opposite order the cursor must be refused. */
static void check_other_order(struct text raw, bool descending)
{
    static const char mark[] = "&order=";
    const char *found = memmem(raw.data, raw.length, mark, sizeof(mark) - 1);
    struct buffer other = BUFFER_INIT;
    struct list_url url;

    FUZZ_CHECK(found != NULL);
    const char *rest =
        found + strlen(mark) + strlen(descending ? "desc" : "asc");
    buffer_append(&other, (struct text){raw.data, (size_t)(found - raw.data)});
    buffer_append(&other,
                  descending ? TEXT("&order=asc") : TEXT("&order=desc"));
    buffer_append(&other,
                  (struct text){rest, (size_t)(raw.data + raw.length - rest)});
    FUZZ_CHECK(!parse_query(&url, buffer_text(&other)));
    buffer_release(&other);
}

/* A cursor that is written and read must give the same `after`. */
static void check_cursor(const struct list_query *query,
                         const struct table_value *value, struct text id)
{
    struct list_query next = *query;
    struct buffer target = BUFFER_INIT;
    struct buffer again = BUFFER_INIT;
    struct list_url url;

    next.after = (struct table_bound){true, *value, id};
    list_url_write(&next, &target);
    struct text raw = query_of(&target);
    FUZZ_CHECK(parse_query(&url, raw));
    FUZZ_CHECK(same_scope(&url.query, query));
    FUZZ_CHECK(url.query.after.set);
    FUZZ_CHECK(text_equal(url.query.after.id, id));
    FUZZ_CHECK(same_value(&url.query.after.value, value));
    list_url_write(&url.query, &again);
    FUZZ_CHECK(text_equal(buffer_text(&again), buffer_text(&target)));
    check_other_order(raw, query->descending);
    list_url_release(&url);
    buffer_release(&again);
    buffer_release(&target);
}

/* The ids of a list, in order. The table owns their bytes. */
struct list_ids {
    const char *ids[ROCKETS];
    size_t count, total;
};

/* Add the ids of a page. True, with the target of the next page, if any. */
static bool add_page(struct table *table, const struct list_query *query,
                     struct list_ids *ids, struct buffer *target)
{
    struct list_page *page = list_page_new(table, query);
    struct list_query next;
    struct rocket_view view;

    FUZZ_CHECK(page != NULL);
    size_t count = list_page_count(page);
    FUZZ_CHECK(query->limit == 0 || count <= query->limit);
    FUZZ_CHECK(ids->count + count <= ROCKETS);
    ids->total = list_page_total(page);
    for (size_t i = 0; i < count; i++) {
        list_page_read(page, i, &view);
        ids->ids[ids->count++] = view.id.data;
    }
    bool more = list_page_next(page, &next);
    FUZZ_CHECK(!more || (query->limit != 0 && count == query->limit));
    if (more)
        list_url_write(&next, target);
    list_page_free(page);
    return more;
}

/* Add the ids of the page of `query` and of all pages after it. */
static void add_pages(struct table *table, const struct list_query *query,
                      struct list_ids *ids)
{
    struct buffer target = BUFFER_INIT;
    struct list_url next;
    bool more = add_page(table, query, ids, &target);

    while (more) {
        FUZZ_CHECK(parse_query(&next, query_of(&target)));
        FUZZ_CHECK(same_scope(&next.query, query));
        buffer_clear(&target);
        more = add_page(table, &next.query, ids, &target);
        list_url_release(&next);
    }
    buffer_release(&target);
}

static void check_lists(struct table *table, const struct list_query *query)
{
    struct list_query all = *query;
    struct list_ids whole = {{NULL}, 0, 0};
    struct list_ids rest = {{NULL}, 0, 0};
    struct buffer unused = BUFFER_INIT;

    all.limit = 0;
    all.after.set = false;
    FUZZ_CHECK(!add_page(table, &all, &whole, &unused));
    add_pages(table, query, &rest);
    FUZZ_CHECK(whole.total == whole.count);
    FUZZ_CHECK(rest.total == whole.total);
    FUZZ_CHECK(query->after.set || rest.count == whole.count);
    FUZZ_CHECK(rest.count <= whole.count);
    for (size_t i = 0; i < rest.count; i++)
        FUZZ_CHECK(rest.ids[i] == whole.ids[whole.count - rest.count + i]);
    buffer_release(&unused);
}

/* The first line becomes the query; the rest, if any, its cursor. */
static void make_query(struct text input, struct buffer *raw)
{
    const int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    struct text line = text_split(&input, '\n');

    buffer_append(raw, line);
    if (input.data == NULL)
        return;
    buffer_append(raw, line.length > 0 ? TEXT("&cursor=") : TEXT("cursor="));
    size_t size = sodium_base64_encoded_len(input.length, variant);
    FUZZ_CHECK(buffer_reserve(raw, size));
    sodium_bin2base64(buffer_end(raw), size, (const unsigned char *)input.data,
                      input.length, variant);
    raw->length += size - 1;
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
