/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over the table collects a small key a rocket. A page of k keeps
 * the best k of at most 2k at a time and skips whatever is worse than the
 * worst of them, so that the top 50 of a million costs a pass and hardly
 * any sorting.
 */
#include "listing.h"

#include <sodium.h>
#include <stdlib.h>

#include "names.h"
#include "quota.h"

/* The rocket has no value to sort by; no time has so many nanoseconds. */
#define UNKNOWN UINT32_MAX

/*
 * 24 bytes, as there may be millions. The id's first bytes settle most ties
 * without a look at the id itself, which lies somewhere in memory.
 */
struct key {
    union {
        uint64_t major;
        struct name *name; /* in the listing's own names */
    };
    const struct table_entry *entry;
    uint32_t minor;
    uint32_t id_start; /* the id's first bytes, in their order */
};

struct listing {
    struct table *table;
    const struct listing_query *query;
    bool by_name;
    struct key *keys; /* sorted, once the listing is made */
    size_t count, capacity;
    const struct key *worst; /* of a full page; NULL before it is full */
    size_t total;            /* rockets that match */
    size_t following;        /* of them, after the cursor */
    struct quota quota;
    struct names names; /* as the table's may be gone when keys are sorted */
};

/* The first `size` bytes of the id as a number that sorts like them. */
static uint64_t id_prefix(struct text id, size_t size)
{
    uint64_t prefix = 0;
    for (size_t i = 0; i < size; i++)
        prefix = prefix << 8 | (i < id.length ? (unsigned char)id.data[i] : 0U);
    return prefix;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* By value; unknown ones last in both orders. */
static int compare_values(const struct listing *listing, const struct key *a,
                          const struct key *b)
{
    int order;

    if (a->minor == UNKNOWN || b->minor == UNKNOWN)
        return (a->minor == UNKNOWN) - (b->minor == UNKNOWN);
    if (listing->by_name && a->name != b->name)
        order = text_compare(name_text(a->name), name_text(b->name));
    else if (listing->by_name)
        order = 0;
    else if (a->major != b->major)
        order = compare_numbers(a->major, b->major);
    else
        order = compare_numbers(a->minor, b->minor);
    return listing->query->descending ? -order : order;
}

/* Ties go by id, ascending; but the id itself may be what is sorted by. */
static int id_order(const struct listing *listing, int order)
{
    bool reversed =
        listing->query->sort == TABLE_ID && listing->query->descending;
    return reversed ? -order : order;
}

static int compare_keys(const void *first, const void *second, void *context)
{
    const struct listing *listing = context;
    const struct key *a = first, *b = second;
    int order = compare_values(listing, a, b);

    if (order != 0)
        return order;
    order = compare_numbers(a->id_start, b->id_start);
    if (order == 0)
        order =
            text_compare(table_entry_id(a->entry), table_entry_id(b->entry));
    return id_order(listing, order);
}

/* Without the name, for which memory may end: take_name(). */
static struct key make_key(const struct listing *listing,
                           const struct table_value *value, struct text id)
{
    return (struct key){
        .major =
            listing->query->sort == TABLE_ID ? id_prefix(id, 8) : value->major,
        .minor = value->known ? value->minor : UNKNOWN,
        .id_start = (uint32_t)id_prefix(id, 4),
    };
}

/* False where memory ends. */
static bool take_name(struct listing *listing, struct key *key,
                      const struct table_value *value)
{
    if (!listing->by_name)
        return true;
    key->name = value->known ? names_take(&listing->names, value->name) : NULL;
    return !value->known || key->name != NULL;
}

/* Give the names back of keys that are cut off. */
static void cut_keys(struct listing *listing, size_t count)
{
    for (size_t i = count; listing->by_name && i < listing->count; i++)
        names_drop(&listing->names, listing->keys[i].name);
    listing->count = count;
}

static void sort_keys(struct listing *listing)
{
    qsort_r(listing->keys, listing->count, sizeof(*listing->keys), compare_keys,
            listing);
}

static bool reserve_key(struct listing *listing)
{
    if (listing->keys != NULL && listing->count < listing->capacity)
        return true;

    size_t capacity = listing->capacity + listing->capacity / 2 + 64;
    struct key *keys =
        realloc(listing->keys, capacity * sizeof(*listing->keys));
    if (keys == NULL)
        return false;
    listing->keys = keys;
    listing->capacity = capacity;
    return true;
}

/* Whether the rocket comes after the one that the cursor names. */
static bool is_after(const struct listing *listing, const struct key *key,
                     const struct key *cursor)
{
    int order = compare_values(listing, key, cursor);

    if (order == 0)
        order = id_order(listing, text_compare(table_entry_id(key->entry),
                                               listing->query->after_id));
    return order > 0;
}

/*
 * Add a key. With a limit of k, a full 2k is sorted and cut to the best k;
 * the last of these is then the one to beat.
 */
static bool keep_key(struct listing *listing, const struct key *key)
{
    size_t limit = listing->query->limit;

    if (!reserve_key(listing))
        return false;
    listing->keys[listing->count++] = *key;
    if (limit != 0 && listing->count == 2 * limit) {
        sort_keys(listing);
        cut_keys(listing, limit);
        listing->worst = &listing->keys[limit - 1];
    }
    return true;
}

/* Look at one rocket that matches. False where memory ends. */
static bool add_row(struct listing *listing, const struct table_row *row,
                    const struct key *cursor)
{
    struct key key = make_key(listing, &row->value, table_entry_id(row->entry));

    key.entry = row->entry;
    if (!take_name(listing, &key, &row->value))
        return false;
    bool wanted = cursor == NULL || is_after(listing, &key, cursor);
    if (wanted)
        listing->following++;
    if (wanted && (listing->worst == NULL ||
                   compare_keys(&key, listing->worst, listing) < 0))
        return keep_key(listing, &key);
    if (listing->by_name)
        names_drop(&listing->names, key.name);
    return true;
}

/* The cursor as a key, without an entry. */
static bool make_cursor(struct listing *listing, struct key *cursor)
{
    const struct listing_query *query = listing->query;

    *cursor = make_key(listing, &query->after_value, query->after_id);
    return take_name(listing, cursor, &query->after_value);
}

static bool collect(struct listing *listing)
{
    const struct listing_query *query = listing->query;
    struct table_scan scan;
    struct key cursor;

    if (query->after && !make_cursor(listing, &cursor))
        return false;
    table_scan_init(&scan, query->sort, &query->filter);
    while (table_scan_next(listing->table, &scan)) {
        listing->total += scan.count;
        for (size_t i = 0; i < scan.count; i++)
            if (!add_row(listing, &scan.rows[i], query->after ? &cursor : NULL))
                return false;
    }
    return true;
}

/*
 * Room for all keys at once, so that a list of millions does not need half
 * as much again while it grows. 2 * LISTING_MAX_LIMIT bounds a page.
 */
static bool reserve_keys(struct listing *listing)
{
    size_t limit = listing->query->limit;
    size_t capacity = table_count(listing->table) + 1;

    if (limit != 0 && capacity > 2 * limit)
        capacity = 2 * limit;
    listing->keys = malloc(capacity * sizeof(*listing->keys));
    listing->capacity = capacity;
    return listing->keys != NULL;
}

struct listing *listing_new(struct table *table,
                            const struct listing_query *query)
{
    uint8_t key[16];
    struct listing *listing = calloc(1, sizeof(*listing));
    if (listing == NULL)
        return NULL;

    listing->table = table;
    listing->query = query;
    listing->by_name = listing_query_by_name(query);
    randombytes_buf(key, sizeof(key));
    quota_init(&listing->quota, LISTING_MAX_NAMES, 0);
    names_init(&listing->names, &listing->quota, key);
    if (!reserve_keys(listing) || !collect(listing)) {
        listing_free(listing);
        return NULL;
    }
    sort_keys(listing);
    if (query->limit != 0 && listing->count > query->limit)
        cut_keys(listing, query->limit);
    return listing;
}

void listing_free(struct listing *listing)
{
    if (listing == NULL)
        return;
    names_release(&listing->names);
    free(listing->keys);
    free(listing);
}

size_t listing_total(const struct listing *listing)
{
    return listing->total;
}

size_t listing_count(const struct listing *listing)
{
    return listing->count;
}

void listing_read(const struct listing *listing, size_t position,
                  struct rocket_view *view)
{
    table_read(listing->table, listing->keys[position].entry, view);
}

bool listing_next(const struct listing *listing, struct buffer *out)
{
    if (listing->following <= listing->count || listing->count == 0)
        return false;

    const struct key *last = &listing->keys[listing->count - 1];
    struct table_value value = {.known = last->minor != UNKNOWN};
    if (value.known && listing->by_name) {
        value.name = name_text(last->name);
    } else if (value.known) {
        value.major = last->major;
        value.minor = last->minor;
    }
    listing_query_write_next(listing->query, &value,
                             table_entry_id(last->entry), out);
    return true;
}
