/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One scan of the table collects a small key for each rocket. With a limit
 * of k, at most 2k keys are held: when there are 2k, they are sorted and cut
 * to the first k, and the scan's window is narrowed to the rockets before
 * the last of these. So the top 50 of a million rockets take one scan of
 * abbreviated values, few keys and little sorting.
 */
#include "listing/list_page.h"

#include <stdlib.h>

#include "base/quota.h"
#include "key_sort.h"
#include "string_ranks.h"

/*
 * A key has 24 bytes, since there may be millions. The lowest key comes first,
 * whether the list is ascending or descending. `major` is the value's major,
 * a string's number in `strings`, or 0 for TABLE_ID. `minor` has the value's
 * minor in its upper half and the first bytes of the id in its lower half. In
 * a descending list, known values are inverted; for strings, rank_keys()
 * inverts the ranks. The bytes of the id are inverted only in a descending
 * list by id. They decide most ties without a read of the id itself, which may
 * be anywhere in memory. `item` is the table's entry.
 */

/* The upper half of `minor` for an unknown value; all others are less. */
#define UNKNOWN UINT32_MAX

struct list_page {
    /* Set at start, then read-only. */
    struct table *table;
    const struct list_query *query;
    bool by_string;
    struct quota quota;
    struct string_ranks strings;
    /* The result; the keys are sorted when list_page_new() returns. */
    struct sort_key *keys;
    size_t count, capacity;
    size_t total; /* rockets that match the filter */
    bool more;    /* there are rockets after the last key */
    /* Used during the scan. */
    struct sort_key after; /* key of the query's `after`, without an entry */
    bool full;             /* a full page was found; `last` is its last key */
    struct sort_key last;
};

static uint32_t upper_half(uint64_t minor)
{
    return (uint32_t)(minor >> 32);
}

static struct text entry_id(const void *entry)
{
    return table_entry_id(entry);
}

/*
 * Among equal values ids are ascending, in a descending list as well. Only a
 * list that is sorted by id can have descending ids.
 */
static bool ids_descend(const struct list_page *page)
{
    return page->query->sort == TABLE_ID && page->query->descending;
}

static struct sort_key make_key(const struct list_page *page,
                                const struct table_value *value,
                                uint32_t id_start,
                                const struct table_entry *entry)
{
    bool descending = page->query->descending;
    uint32_t minor = UNKNOWN;
    uint64_t major = UINT64_MAX;

    if (value->known) {
        minor = descending ? UNKNOWN - 1 - value->minor : value->minor;
        major = descending && !page->by_string ? ~value->major : value->major;
    }
    if (ids_descend(page))
        id_start = ~id_start;
    return (struct sort_key){major, (uint64_t)minor << 32 | id_start, entry};
}

/* The value that `key` was made from. */
static struct table_value key_value(const struct list_page *page,
                                    const struct sort_key *key)
{
    bool descending = page->query->descending;
    uint32_t minor = upper_half(key->minor);

    if (minor == UNKNOWN)
        return (struct table_value){.known = false};
    if (page->by_string)
        return (struct table_value){
            .known = true,
            .string = string_ranks_text(&page->strings, (uint32_t)key->major)};
    return (struct table_value){.known = true,
                                .major = descending ? ~key->major : key->major,
                                .minor =
                                    descending ? UNKNOWN - 1 - minor : minor};
}

static int compare_ids(const struct list_page *page, struct text a,
                       struct text b)
{
    int order = text_compare(a, b);

    return ids_descend(page) ? -order : order;
}

/*
 * Replace the numbers of strings in keys by ranks. Keys are sorted with ranks,
 * since numbers are in the order of arrival. False if memory is exhausted.
 */
static bool rank_keys(struct list_page *page)
{
    bool descending = page->query->descending;

    if (!string_ranks_sort(&page->strings))
        return false;
    for (size_t i = 0; i < page->count; i++) {
        struct sort_key *key = &page->keys[i];
        if (upper_half(key->minor) == UNKNOWN)
            continue;
        uint32_t rank = string_ranks_rank(&page->strings, (uint32_t)key->major);
        key->major = descending ? UINT32_MAX - rank : rank;
    }
    return true;
}

/* Replace the ranks in keys by numbers again. */
static void unrank_keys(struct list_page *page)
{
    bool descending = page->query->descending;

    for (size_t i = 0; i < page->count; i++) {
        struct sort_key *key = &page->keys[i];
        if (upper_half(key->minor) == UNKNOWN)
            continue;
        uint32_t rank = (uint32_t)key->major;
        key->major = string_ranks_number(&page->strings,
                                         descending ? UINT32_MAX - rank : rank);
    }
}

/* Sort equal keys by their ids. */
static void sort_ties(const struct list_page *page)
{
    struct sort_key *keys = page->keys;

    for (size_t i = 0, end; i < page->count; i = end) {
        end = key_sort_run(keys, page->count, i);
        if (end - i == 1)
            continue;
        struct sort_key key = keys[i];
        key_sort_by_text(&keys[i], end - i, entry_id, ids_descend(page));
        for (size_t j = i; j < end; j++) {
            keys[j].major = key.major;
            keys[j].minor = key.minor;
        }
    }
}

/* False if memory is exhausted. */
static bool sort_keys(struct list_page *page)
{
    if (page->by_string && !rank_keys(page))
        return false;
    key_sort(page->keys, page->count);
    sort_ties(page);
    if (page->by_string)
        unrank_keys(page);
    return true;
}

/* Cut the sorted keys to the limit, if there is one. */
static void cut_keys(struct list_page *page)
{
    size_t limit = page->query->limit;

    if (limit == 0 || page->count <= limit)
        return;
    page->count = limit;
    page->more = true;
}

static bool reserve_key(struct list_page *page)
{
    if (page->count < page->capacity)
        return true;

    size_t capacity = page->capacity + page->capacity / 2 + 64;
    struct sort_key *keys = realloc(page->keys, capacity * sizeof(*page->keys));
    if (keys == NULL)
        return false;
    page->keys = keys;
    page->capacity = capacity;
    return true;
}

/* Narrow the scan's window to the rockets before the last one of the page. */
static void narrow_window(struct list_page *page, struct table_scan *scan)
{
    page->full = true;
    page->last = page->keys[page->count - 1];

    struct table_value value = key_value(page, &page->last);
    table_scan_to(scan, &value, entry_id(page->last.item));
}

/*
 * Add a key. With a limit of k, if there are 2k keys, sort them and keep the
 * first k. False if memory is exhausted.
 */
static bool add_key(struct list_page *page, struct table_scan *scan,
                    const struct sort_key *key)
{
    size_t limit = page->query->limit;

    if (!reserve_key(page))
        return false;
    page->keys[page->count++] = *key;
    if (limit != 0 && page->count == 2 * limit) {
        if (!sort_keys(page))
            return false;
        cut_keys(page);
        narrow_window(page, scan);
    }
    return true;
}

/* Whether the row comes after the query's `after`. */
static bool is_after(const struct list_page *page,
                     const struct table_scan *scan, const struct table_row *row,
                     const struct sort_key *key)
{
    const struct table_bound *after = &page->query->after;

    if (page->by_string && row->value.known && after->value.known) {
        int order =
            text_compare(scan->strings[row->value.major], after->value.string);
        if (order != 0)
            return page->query->descending ? order < 0 : order > 0;
    } else if (key->major != page->after.major) {
        return key->major > page->after.major;
    }
    if (key->minor != page->after.minor)
        return key->minor > page->after.minor;
    return compare_ids(page, entry_id(row->entry), after->id) > 0;
}

/*
 * Whether the key comes before the last one of a full page. A key with another
 * string always does, since the window excludes all later strings.
 */
static bool is_before_last(const struct list_page *page,
                           const struct sort_key *key)
{
    const struct sort_key *last = &page->last;

    if (key->major != last->major)
        return page->by_string || key->major < last->major;
    if (key->minor != last->minor)
        return key->minor < last->minor;
    return compare_ids(page, entry_id(key->item), entry_id(last->item)) < 0;
}

/* Add the keys of the rows of a step. False if memory is exhausted. */
static bool add_rows(struct list_page *page, struct table_scan *scan)
{
    uint32_t numbers[TABLE_SCAN_ROWS] = {0}; /* of the step's strings */

    for (size_t i = 0; i < scan->string_count; i++)
        if (!string_ranks_add(&page->strings, scan->strings[i], &numbers[i]))
            return false;
    for (size_t i = 0; i < scan->count; i++) {
        struct table_row *row = &scan->rows[i];
        struct sort_key key =
            make_key(page, &row->value, row->id_start, row->entry);
        if (page->by_string && row->value.known)
            key.major = numbers[row->value.major];
        if (page->query->after.set && !is_after(page, scan, row, &key))
            continue;
        if (page->full && !is_before_last(page, &key))
            continue;
        if (!add_key(page, scan, &key))
            return false;
    }
    return true;
}

/* Scan the table and collect the keys. False if memory is exhausted. */
static bool scan_table(struct list_page *page)
{
    const struct list_query *query = page->query;
    const struct table_bound *after = &query->after;
    struct table_scan scan;

    table_scan_init(&scan, query->sort, query->descending, &query->filter);
    if (after->set) {
        table_scan_from(&scan, &after->value, after->id);
        page->after =
            make_key(page, &after->value, table_scan_id_start(after->id), NULL);
    }
    while (table_scan_next(page->table, &scan)) {
        page->total += scan.matched;
        if (!add_rows(page, &scan))
            return false;
    }
    return true;
}

/*
 * Allocate the memory for all keys at once: a list of millions of keys would
 * need half as much again while it grows. With a limit of k, it is memory for
 * 2k keys at most. False if memory is exhausted.
 */
static bool reserve_keys(struct list_page *page)
{
    size_t limit = page->query->limit;
    size_t capacity = table_count(page->table) + 1;

    if (limit != 0 && capacity > 2 * limit)
        capacity = 2 * limit;
    page->keys = malloc(capacity * sizeof(*page->keys));
    page->capacity = capacity;
    return page->keys != NULL;
}

struct list_page *list_page_new(struct table *table,
                                const struct list_query *query)
{
    struct list_page *page = calloc(1, sizeof(*page));
    if (page == NULL)
        return NULL;

    page->table = table;
    page->query = query;
    page->by_string = table_field_is_string(query->sort);
    quota_init(&page->quota, LIST_PAGE_MAX_STRINGS, 0);
    string_ranks_init(&page->strings, &page->quota);
    if (!reserve_keys(page) || !scan_table(page) || !sort_keys(page)) {
        list_page_free(page);
        return NULL;
    }
    cut_keys(page);
    return page;
}

void list_page_free(struct list_page *page)
{
    if (page == NULL)
        return;
    string_ranks_release(&page->strings);
    free(page->keys);
    free(page);
}

size_t list_page_total(const struct list_page *page)
{
    return page->total;
}

size_t list_page_count(const struct list_page *page)
{
    return page->count;
}

void list_page_read(const struct list_page *page, size_t position,
                    struct rocket_view *view)
{
    table_read(page->table, page->keys[position].item, view);
}

bool list_page_next(const struct list_page *page, struct list_query *next)
{
    if (!page->more || page->count == 0)
        return false;

    const struct sort_key *last = &page->keys[page->count - 1];
    *next = *page->query;
    next->after =
        (struct table_bound){true, key_value(page, last), entry_id(last->item)};
    return true;
}
