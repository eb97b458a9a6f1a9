/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queries of GET /rockets: a line that is one, and, if there are more lines,
 * those of a cursor in plain, since nobody guesses base64. What is taken is
 * within bounds; the cursor of any place in a list leads back to there, and
 * nowhere with another order; and a list that goes on from a cursor, whoever
 * made it, is the end of the whole list, also page by page.
 */
#include "fuzz.h"

#include <sodium.h>

#include "http/target.h"
#include "listing/listing.h"
#include "listing/listing_query.h"
#include "table/table.h"

#include "lib/messages.h"

enum { ROCKETS = 10 };

static void deliver(struct table *table, struct message message)
{
    FUZZ_CHECK(table_apply(table, &message) == MESSAGE_APPLIED);
}

/* A few rockets with equal, different and unknown values. */
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

/* What is refused is refused with a reason. */
static bool parse(struct listing_query *query, struct text raw)
{
    struct text copy = fuzz_copy(raw);
    char detail[256];
    bool taken = listing_query_parse(query, copy, detail, sizeof(detail));

    FUZZ_CHECK(taken || (detail[0] != '\0' && strlen(detail) < 250));
    fuzz_free(copy);
    return taken;
}

static bool is_value(const struct listing_query *query,
                     const struct table_value *value)
{
    if (!value->known)
        return value->major == 0 && value->minor == 0 &&
               value->name.data == NULL;
    if (listing_query_by_name(query))
        return message_is_text(value->name, MESSAGE_MAX_NAME);
    return value->minor <= 999999999 && value->name.data == NULL;
}

static bool is_filter(struct text name)
{
    return name.data == NULL || message_is_text(name, MESSAGE_MAX_NAME);
}

static void check_bounds(const struct listing_query *query)
{
    FUZZ_CHECK(query->sort <= TABLE_LAST_NUMBER);
    FUZZ_CHECK(query->limit <= LISTING_MAX_LIMIT);
    FUZZ_CHECK(query->filter.status <= TABLE_EXPLODED);
    FUZZ_CHECK(is_filter(query->filter.type));
    FUZZ_CHECK(is_filter(query->filter.mission));
    if (query->after) {
        FUZZ_CHECK(message_is_text(query->after_id, MESSAGE_MAX_CHANNEL));
        FUZZ_CHECK(is_value(query, &query->after_value));
    }
}

static bool same_text(struct text a, struct text b)
{
    return (a.data == NULL) == (b.data == NULL) && text_equal(a, b);
}

/* But for where they go on. */
static bool same_scope(const struct listing_query *a,
                       const struct listing_query *b)
{
    return a->sort == b->sort && a->descending == b->descending &&
           a->limit == b->limit && a->filter.status == b->filter.status &&
           same_text(a->filter.type, b->filter.type) &&
           same_text(a->filter.mission, b->filter.mission);
}

static bool same_value(const struct table_value *a, const struct table_value *b)
{
    return a->known == b->known && a->major == b->major &&
           a->minor == b->minor && same_text(a->name, b->name);
}

/* The query of the target in `target`. */
static struct text query_of(const struct buffer *target)
{
    struct text path, query;

    FUZZ_CHECK(!buffer_failed(target));
    http_target_split(buffer_text(target), &path, &query);
    FUZZ_CHECK(text_equal(path, TEXT("/rockets")));
    return query;
}

/* With "asc" for "desc" or the other way round, the cursor does not fit. */
static void check_other_order(struct text raw, bool descending)
{
    static const char mark[] = "&order=";
    const char *found = memmem(raw.data, raw.length, mark, sizeof(mark) - 1);
    struct buffer other = BUFFER_INIT;
    struct listing_query query;

    FUZZ_CHECK(found != NULL);
    const char *rest =
        found + strlen(mark) + strlen(descending ? "desc" : "asc");
    buffer_append(&other, (struct text){raw.data, (size_t)(found - raw.data)});
    buffer_append(&other,
                  descending ? TEXT("&order=asc") : TEXT("&order=desc"));
    buffer_append(&other,
                  (struct text){rest, (size_t)(raw.data + raw.length - rest)});
    FUZZ_CHECK(!parse(&query, buffer_text(&other)));
    buffer_release(&other);
}

/* A cursor is read back to what it was written of. */
static void check_cursor(const struct listing_query *query,
                         const struct table_value *value, struct text id)
{
    struct buffer target = BUFFER_INIT;
    struct buffer again = BUFFER_INIT;
    struct listing_query next;

    listing_query_write_next(query, value, id, &target);
    struct text raw = query_of(&target);
    FUZZ_CHECK(parse(&next, raw));
    FUZZ_CHECK(same_scope(&next, query));
    FUZZ_CHECK(next.after);
    FUZZ_CHECK(text_equal(next.after_id, id));
    FUZZ_CHECK(same_value(&next.after_value, value));
    listing_query_write_next(&next, &next.after_value, next.after_id, &again);
    FUZZ_CHECK(text_equal(buffer_text(&again), buffer_text(&target)));
    check_other_order(raw, query->descending);
    listing_query_release(&next);
    buffer_release(&again);
    buffer_release(&target);
}

/* Places in a list: ids, which are the table's own. */
struct places {
    const char *ids[ROCKETS];
    size_t count, total;
};

/* Add those of the list; what comes after it is put into `target`. */
static bool add_places(struct table *table, const struct listing_query *query,
                       struct places *places, struct buffer *target)
{
    struct listing *listing = listing_new(table, query);
    struct rocket_view view;

    FUZZ_CHECK(listing != NULL);
    size_t count = listing_count(listing);
    FUZZ_CHECK(query->limit == 0 || count <= query->limit);
    FUZZ_CHECK(places->count + count <= ROCKETS);
    places->total = listing_total(listing);
    for (size_t i = 0; i < count; i++) {
        listing_read(listing, i, &view);
        places->ids[places->count++] = view.id.data;
    }
    bool more = listing_next(listing, target);
    FUZZ_CHECK(!more || (query->limit != 0 && count == query->limit));
    listing_free(listing);
    return more;
}

/* All that is left from `query` on, a page after another. */
static void add_pages(struct table *table, const struct listing_query *query,
                      struct places *places)
{
    struct buffer target = BUFFER_INIT;
    struct listing_query next;
    bool more = add_places(table, query, places, &target);

    while (more) {
        FUZZ_CHECK(parse(&next, query_of(&target)));
        FUZZ_CHECK(same_scope(&next, query));
        buffer_clear(&target);
        more = add_places(table, &next, places, &target);
        listing_query_release(&next);
    }
    buffer_release(&target);
}

static void check_lists(struct table *table, const struct listing_query *query)
{
    struct listing_query all = *query;
    struct places whole = {{NULL}, 0, 0};
    struct places rest = {{NULL}, 0, 0};
    struct buffer unused = BUFFER_INIT;

    all.limit = 0;
    all.after = false;
    FUZZ_CHECK(!add_places(table, &all, &whole, &unused));
    add_pages(table, query, &rest);
    FUZZ_CHECK(whole.total == whole.count);
    FUZZ_CHECK(rest.total == whole.total);
    FUZZ_CHECK(query->after || rest.count == whole.count);
    FUZZ_CHECK(rest.count <= whole.count);
    for (size_t i = 0; i < rest.count; i++)
        FUZZ_CHECK(rest.ids[i] == whole.ids[whole.count - rest.count + i]);
    buffer_release(&unused);
}

/* The first line is a query; the rest, if any, becomes its cursor. */
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
        named = {.known = true, .name = {"A\xc3\xa9", 3}};
    static struct table *table;
    struct buffer raw = BUFFER_INIT;
    struct listing_query query;

    if (table == NULL)
        table = new_fleet();
    make_query(fuzz_text(data, size), &raw);
    if (parse(&query, buffer_text(&raw))) {
        bool by_name = listing_query_by_name(&query);
        check_bounds(&query);
        check_cursor(&query, &unknown, TEXT("r1"));
        check_cursor(&query, by_name ? &named : &zero, TEXT("\xff&=\"+"));
        if (query.after)
            check_cursor(&query, &query.after_value, query.after_id);
        check_lists(table, &query);
        listing_query_release(&query);
    }
    buffer_release(&raw);
    return 0;
}
