/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over the table collects a small key a rocket. A page of k keeps
 * the best k of at most 2k at a time and narrows the window of the walk to
 * them, so that the top 50 of a million costs a pass over abbreviated
 * values, hardly any keys and hardly any sorting.
 */
#include "listing/list_page.h"

#include <stdlib.h>

#include "base/quota.h"
#include "key_sort.h"
#include "string_ranks.h"

/*
 * Keys are 24 bytes, as there may be millions, and made so that the lowest
 * comes first, whatever the order: `major` is that of the value, the number
 * of the name, or 0 for ids; `minor` has that of the value above the first
 * bytes of the id. These settle most ties without a look at the id itself,
 * which lies somewhere in memory. `item` is the entry.
 */

/* The upper half of `minor` where there is no value; all others are less. */
#define UNKNOWN UINT32_MAX

struct list_page {
    struct table *table;
    const struct listing_query *query;
    bool by_name;
    struct sort_key *keys; /* sorted, once the listing is made */
    size_t count, capacity;
    size_t total; /* rockets that match */
    bool more;    /* there are rockets after those that are kept */
    struct quota quota;
    struct string_ranks strings;
};

/* A listing while it is made. */
struct collection {
    struct list_page *listing;
    struct table_scan scan;
    struct sort_key after; /* the cursor, without an entry */
    bool full;             /* a page; then `worst` is the last key in it */
    struct sort_key worst;
    uint32_t numbers[TABLE_SCAN_ROWS]; /* of the step's names */
};

static uint32_t upper(uint64_t minor)
{
    return (uint32_t)(minor >> 32);
}

static struct text id_of(const void *entry)
{
    return table_entry_id(entry);
}

static struct sort_key make_key(const struct list_page *listing,
                                const struct table_value *value,
                                uint32_t id_start,
                                const struct table_entry *entry)
{
    bool descending = listing->query->descending;
    uint32_t minor = UNKNOWN;
    uint64_t major = UINT64_MAX;

    if (value->known) {
        minor = descending ? UNKNOWN - 1 - value->minor : value->minor;
        major = descending && !listing->by_name ? ~value->major : value->major;
    }
    if (descending && listing->query->sort == TABLE_ID)
        id_start = ~id_start;
    return (struct sort_key){major, (uint64_t)minor << 32 | id_start, entry};
}

/* The value that the key was made of. */
static struct table_value value_of(const struct list_page *listing,
                                   const struct sort_key *key)
{
    bool descending = listing->query->descending;
    uint32_t minor = upper(key->minor);

    if (minor == UNKNOWN)
        return (struct table_value){.known = false};
    if (listing->by_name)
        return (struct table_value){
            .known = true,
            .string =
                string_ranks_text(&listing->strings, (uint32_t)key->major)};
    return (struct table_value){.known = true,
                                .major = descending ? ~key->major : key->major,
                                .minor =
                                    descending ? UNKNOWN - 1 - minor : minor};
}

/* Ids in the order of the list: ascending, unless sorted by. */
static int compare_ids(const struct list_page *listing, struct text a,
                       struct text b)
{
    int order = text_compare(a, b);

    return listing->query->sort == TABLE_ID && listing->query->descending
               ? -order
               : order;
}

/*
 * Numbers of names say nothing of their order before they are sorted. So
 * keys are sorted by ranks, and get their numbers back.
 */
static bool rank_names(struct list_page *listing)
{
    bool descending = listing->query->descending;

    if (!string_ranks_sort(&listing->strings))
        return false;
    for (size_t i = 0; i < listing->count; i++) {
        struct sort_key *key = &listing->keys[i];
        if (upper(key->minor) == UNKNOWN)
            continue;
        uint32_t rank =
            string_ranks_rank(&listing->strings, (uint32_t)key->major);
        key->major = descending ? UINT32_MAX - rank : rank;
    }
    return true;
}

static void unrank_names(struct list_page *listing)
{
    bool descending = listing->query->descending;

    for (size_t i = 0; i < listing->count; i++) {
        struct sort_key *key = &listing->keys[i];
        if (upper(key->minor) == UNKNOWN)
            continue;
        uint32_t rank = (uint32_t)key->major;
        key->major = string_ranks_number(&listing->strings,
                                         descending ? UINT32_MAX - rank : rank);
    }
}

/* Rockets whose keys are equal go by their ids. */
static void sort_ties(const struct list_page *listing)
{
    struct sort_key *keys = listing->keys;
    bool descending =
        listing->query->sort == TABLE_ID && listing->query->descending;

    for (size_t i = 0, end; i < listing->count; i = end) {
        end = key_sort_run(keys, listing->count, i);
        if (end - i == 1)
            continue;
        struct sort_key key = keys[i];
        key_sort_by_text(&keys[i], end - i, id_of, descending);
        for (size_t j = i; j < end; j++) {
            keys[j].major = key.major;
            keys[j].minor = key.minor;
        }
    }
}

/* False where memory ends. */
static bool sort_keys(struct list_page *listing)
{
    if (listing->by_name && !rank_names(listing))
        return false;
    key_sort(listing->keys, listing->count);
    sort_ties(listing);
    if (listing->by_name)
        unrank_names(listing);
    return true;
}

/* Keep the best of a page, if it is one; the keys are sorted. */
static void cut_keys(struct list_page *listing)
{
    size_t limit = listing->query->limit;

    if (limit == 0 || listing->count <= limit)
        return;
    listing->count = limit;
    listing->more = true;
}

static bool reserve_key(struct list_page *listing)
{
    if (listing->count < listing->capacity)
        return true;

    size_t capacity = listing->capacity + listing->capacity / 2 + 64;
    struct sort_key *keys =
        realloc(listing->keys, capacity * sizeof(*listing->keys));
    if (keys == NULL)
        return false;
    listing->keys = keys;
    listing->capacity = capacity;
    return true;
}

/* From now on only what is better than the worst of the page is wanted. */
static void narrow_window(struct collection *collection)
{
    struct list_page *listing = collection->listing;
    const struct sort_key *worst = &listing->keys[listing->count - 1];
    struct table_value value = value_of(listing, worst);

    collection->full = true;
    collection->worst = *worst;
    table_scan_to(&collection->scan, &value, id_of(worst->item));
}

/*
 * Add a key. With a limit of k, a full 2k is sorted and cut to the best k;
 * the last of these is then the one to beat.
 */
static bool keep_key(struct collection *collection, const struct sort_key *key)
{
    struct list_page *listing = collection->listing;
    size_t limit = listing->query->limit;

    if (!reserve_key(listing))
        return false;
    listing->keys[listing->count++] = *key;
    if (limit != 0 && listing->count == 2 * limit) {
        if (!sort_keys(listing))
            return false;
        cut_keys(listing);
        narrow_window(collection);
    }
    return true;
}

/* Whether the rocket comes after the one that the cursor names. */
static bool is_after(const struct collection *collection,
                     const struct table_row *row, const struct sort_key *key)
{
    const struct list_page *listing = collection->listing;
    const struct listing_query *query = listing->query;
    const struct sort_key *after = &collection->after;

    if (listing->by_name && row->value.known && query->after_value.known) {
        int order = text_compare(collection->scan.strings[row->value.major],
                                 query->after_value.string);
        if (order != 0)
            return query->descending ? order < 0 : order > 0;
    } else if (key->major != after->major) {
        return key->major > after->major;
    }
    if (key->minor != after->minor)
        return key->minor > after->minor;
    return compare_ids(listing, id_of(row->entry), query->after_id) > 0;
}

/*
 * Whether the rocket is better than the worst one of a full page. One that
 * has another name is, or it would not have come through the window.
 */
static bool is_better(const struct collection *collection,
                      const struct sort_key *key)
{
    const struct list_page *listing = collection->listing;
    const struct sort_key *worst = &collection->worst;

    if (key->major != worst->major)
        return listing->by_name || key->major < worst->major;
    if (key->minor != worst->minor)
        return key->minor < worst->minor;
    return compare_ids(listing, id_of(key->item), id_of(worst->item)) < 0;
}

/* The step's rows into keys. False where memory ends. */
static bool add_rows(struct collection *collection)
{
    struct list_page *listing = collection->listing;
    struct table_scan *scan = &collection->scan;

    for (size_t i = 0; i < scan->string_count; i++)
        if (!string_ranks_add(&listing->strings, scan->strings[i],
                              &collection->numbers[i]))
            return false;
    for (size_t i = 0; i < scan->count; i++) {
        struct table_row *row = &scan->rows[i];
        struct sort_key key =
            make_key(listing, &row->value, row->id_start, row->entry);
        if (listing->by_name && row->value.known)
            key.major = collection->numbers[row->value.major];
        if (listing->query->after && !is_after(collection, row, &key))
            continue;
        if (collection->full && !is_better(collection, &key))
            continue;
        if (!keep_key(collection, &key))
            return false;
    }
    return true;
}

static bool collect(struct list_page *listing)
{
    const struct listing_query *query = listing->query;
    struct collection collection = {.listing = listing};
    struct table_scan *scan = &collection.scan;

    table_scan_init(scan, query->sort, query->descending, &query->filter);
    if (query->after) {
        table_scan_from(scan, &query->after_value, query->after_id);
        collection.after = make_key(listing, &query->after_value,
                                    table_scan_id_start(query->after_id), NULL);
    }
    while (table_scan_next(listing->table, scan)) {
        listing->total += scan->matched;
        if (!add_rows(&collection))
            return false;
    }
    return true;
}

/*
 * Room for all keys at once, so that a list of millions does not need half
 * as much again while it grows. 2 * LISTING_MAX_LIMIT bounds a page.
 */
static bool reserve_keys(struct list_page *listing)
{
    size_t limit = listing->query->limit;
    size_t capacity = table_count(listing->table) + 1;

    if (limit != 0 && capacity > 2 * limit)
        capacity = 2 * limit;
    listing->keys = malloc(capacity * sizeof(*listing->keys));
    listing->capacity = capacity;
    return listing->keys != NULL;
}

struct list_page *list_page_new(struct table *table,
                                const struct listing_query *query)
{
    struct list_page *listing = calloc(1, sizeof(*listing));
    if (listing == NULL)
        return NULL;

    listing->table = table;
    listing->query = query;
    listing->by_name = listing_query_by_name(query);
    quota_init(&listing->quota, LIST_PAGE_MAX_STRINGS, 0);
    string_ranks_init(&listing->strings, &listing->quota);
    if (!reserve_keys(listing) || !collect(listing) || !sort_keys(listing)) {
        list_page_free(listing);
        return NULL;
    }
    cut_keys(listing);
    return listing;
}

void list_page_free(struct list_page *listing)
{
    if (listing == NULL)
        return;
    string_ranks_release(&listing->strings);
    free(listing->keys);
    free(listing);
}

size_t list_page_total(const struct list_page *listing)
{
    return listing->total;
}

size_t list_page_count(const struct list_page *listing)
{
    return listing->count;
}

void list_page_read(const struct list_page *listing, size_t position,
                    struct rocket_view *view)
{
    table_read(listing->table, listing->keys[position].item, view);
}

bool list_page_next(const struct list_page *listing, struct buffer *out)
{
    if (!listing->more || listing->count == 0)
        return false;

    const struct sort_key *last = &listing->keys[listing->count - 1];
    struct table_value value = value_of(listing, last);
    listing_query_write_next(listing->query, &value, id_of(last->item), out);
    return true;
}
