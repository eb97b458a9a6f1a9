/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One step of a walk: a few blocks of one stripe, 64 rockets each. A block
 * is first a word with a bit a rocket, for what the filter wants and for
 * what lies in the window; only for the bits that are left are rockets read.
 * Types and missions have no column: they are read from the rockets, and
 * compared once for each name that the stripe has and not once a rocket.
 */
#include "table/table_scan.h"

#include <assert.h>
#include <string.h>

#include "stripe.h"
#include "table/abbreviation.h"

enum {
    /* Blocks under one lock; fewer where all rockets must be looked at. */
    BLOCKS = 16,
    BLOCKS_OF_ENTRIES = 4,
    CACHED_NAMES = 64, /* a power of two */
};

static_assert((int)TABLE_SCAN_ROWS == (int)COLUMNS_ROCKETS,
              "a block fits into a step");

/* Ranks of names, by what they are to the ends of the window. */
enum { BEFORE_FIRST = 0, AS_FIRST = 2, BETWEEN = 4, AS_LAST = 6, AFTER = 8 };

struct cached_name {
    const struct interned *name;
    uint32_t rank;
};

/* What holds for one stripe as long as it is locked. */
struct pass {
    struct table_scan *scan;
    const struct stripe *stripe;
    struct table_entry_filter filter;
    bool open; /* the window is all there is */
    struct columns_window window;
    struct cached_name cache[CACHED_NAMES];
    const struct interned *names[TABLE_SCAN_ROWS]; /* the rows' */
};

void table_scan_init(struct table_scan *scan, enum table_field field,
                     bool descending, const struct table_filter *filter)
{
    scan->field = field;
    scan->descending = descending;
    scan->filter = *filter;
    scan->first = scan->last = (struct table_place){.set = false};
    scan->stripe = scan->block = 0;
}

void table_scan_from(struct table_scan *scan, const struct table_value *value,
                     struct text id)
{
    scan->first = (struct table_place){true, *value, id};
}

void table_scan_to(struct table_scan *scan, const struct table_value *value,
                   struct text id)
{
    scan->last = (struct table_place){true, *value, id};
}

static bool by_name(const struct table_scan *scan)
{
    return scan->field == TABLE_TYPE || scan->field == TABLE_MISSION;
}

/* Before (less than 0), at or after the place, whose name may be unknown. */
static int compare_name(const struct table_scan *scan, struct text name,
                        const struct table_place *place)
{
    if (!place->value.known)
        return -1;
    int order = text_compare(name, place->value.name);
    return scan->descending ? -order : order;
}

static uint32_t rank_of_name(const struct table_scan *scan, struct text name)
{
    int order = scan->first.set ? compare_name(scan, name, &scan->first) : 1;

    if (order <= 0)
        return order == 0 ? AS_FIRST : BEFORE_FIRST;
    /* All names come before an end that is not set, whose name is unknown. */
    order = compare_name(scan, name, &scan->last);
    if (order <= 0)
        return order == 0 ? AS_LAST : BETWEEN;
    return AFTER;
}

/* The key that a rocket with this value has in its column. */
static uint32_t key_of(const struct pass *pass, const struct table_value *value,
                       struct text id)
{
    struct timestamp time;

    switch (pass->scan->field) {
    case TABLE_ID:
        return abbreviation_of_text(id);
    case TABLE_SPEED:
        return abbreviation_of_integer(table_entry_integer(value));
    case TABLE_CREATED:
    case TABLE_UPDATED:
        time = (struct timestamp){.seconds = table_entry_integer(value),
                                  .nanoseconds = value->minor};
        return abbreviation_of_time(&time, pass->stripe->reference);
    default:
        return abbreviation_of_number(value->major);
    }
}

static uint32_t rank_of(const struct pass *pass,
                        const struct table_place *place)
{
    const struct table_scan *scan = pass->scan;

    if (!place->value.known)
        return ABBREVIATION_UNKNOWN;
    if (by_name(scan))
        return rank_of_name(scan, place->value.name);
    return columns_rank(key_of(pass, &place->value, place->id),
                        scan->descending);
}

/*
 * An end of the window. Where several values have this rank, the id says
 * nothing, and all of them are let in: `any_id` is the id that does so.
 */
static struct columns_place end_of(const struct pass *pass,
                                   const struct table_place *place,
                                   uint32_t any_id)
{
    uint32_t rank = rank_of(pass, place);
    bool one = abbreviation_is_exact(rank) && pass->scan->field != TABLE_ID;

    return (struct columns_place){rank, one ? abbreviation_of_text(place->id)
                                            : any_id};
}

static void set_window(struct pass *pass)
{
    const struct table_scan *scan = pass->scan;
    struct columns_window *window = &pass->window;

    pass->open = !scan->first.set && !scan->last.set;
    window->descending = scan->descending && !by_name(scan);
    window->first = (struct columns_place){0, 0};
    window->last = (struct columns_place){UINT32_MAX, UINT32_MAX};
    if (scan->first.set)
        window->first = end_of(pass, &scan->first, 0);
    if (scan->last.set)
        window->last = end_of(pass, &scan->last, UINT32_MAX);
}

/* The rank of a name of this stripe, looked up by its address. */
static uint32_t rank_of_entry(struct pass *pass, uint32_t index)
{
    const struct interned *name =
        table_entry_string(stripe_at(pass->stripe, index), pass->scan->field);
    if (name == NULL)
        return ABBREVIATION_UNKNOWN;

    struct cached_name *cached =
        &pass->cache[(uintptr_t)name / 16 % CACHED_NAMES];
    if (cached->name != name)
        *cached = (struct cached_name){
            name, rank_of_name(pass->scan, interned_text(name))};
    return cached->rank;
}

/* The keys of the field, from their column or made up in `buffer`. */
static const uint32_t *keys_of(struct pass *pass, uint32_t block,
                               uint64_t present,
                               uint32_t buffer[COLUMNS_ROCKETS])
{
    static const enum column columns_of[] = {
        [TABLE_ID] = COLUMN_ID,
        [TABLE_SPEED] = COLUMN_SPEED,
        [TABLE_CREATED] = COLUMN_CREATED,
        [TABLE_UPDATED] = COLUMN_UPDATED,
        [TABLE_LAST_NUMBER] = COLUMN_LAST_NUMBER,
    };
    const struct table_scan *scan = pass->scan;
    const struct columns *columns = stripe_columns(pass->stripe, block);

    if (scan->field != TABLE_STATUS && !by_name(scan))
        return columns->keys[columns_of[scan->field]];
    for (uint32_t i = 0; i < COLUMNS_ROCKETS; i++) {
        if (scan->field == TABLE_STATUS)
            buffer[i] = abbreviation_of_number(columns->exploded >> i & 1);
        else if ((present >> i & 1) != 0)
            buffer[i] = rank_of_entry(pass, block * COLUMNS_ROCKETS + i);
        else
            buffer[i] = 0;
    }
    return buffer;
}

/* The rockets of the block, a bit each, that the filter wants. */
static uint64_t match(const struct pass *pass, uint32_t block)
{
    const struct stripe *stripe = pass->stripe;
    const struct table_entry_filter *filter = &pass->filter;
    enum table_status status = pass->scan->filter.status;
    uint32_t start = block * COLUMNS_ROCKETS, count = stripe->count - start;
    uint64_t exploded = stripe_columns(stripe, block)->exploded;
    uint64_t matching =
        count < COLUMNS_ROCKETS ? (UINT64_C(1) << count) - 1 : UINT64_MAX;

    if (status != TABLE_ANY_STATUS)
        matching &= status == TABLE_EXPLODED ? exploded : ~exploded;
    if (filter->type == NULL && filter->mission == NULL)
        return matching;
    for (uint64_t left = matching; left != 0; left &= left - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(left);
        if (!table_entry_has_strings(stripe_at(stripe, start + i), filter))
            matching &= ~(UINT64_C(1) << i);
    }
    return matching;
}

/* The place of `name` among the rows' names; its text is copied once. */
static uint64_t place_of_name(struct pass *pass, const struct interned *name)
{
    struct table_scan *scan = pass->scan;
    size_t place = 0;

    while (place < scan->name_count && pass->names[place] != name)
        place++;
    if (place < scan->name_count)
        return place;

    struct text text = interned_text(name);
    char *copy = &scan->text[scan->name_count * MESSAGE_MAX_NAME];
    memcpy(copy, text.data, text.length);
    pass->names[place] = name;
    scan->names[place] = (struct text){copy, text.length};
    scan->name_count++;
    return place;
}

static struct table_value value_of(struct pass *pass,
                                   const struct table_entry *entry)
{
    enum table_field field = pass->scan->field;

    if (!by_name(pass->scan))
        return table_entry_value(entry, field);
    const struct interned *name = table_entry_string(entry, field);
    if (name == NULL)
        return (struct table_value){.known = false};
    return (struct table_value){.known = true,
                                .major = place_of_name(pass, name)};
}

static void look_at_block(struct pass *pass, uint32_t block)
{
    struct table_scan *scan = pass->scan;
    const uint32_t *ids = stripe_columns(pass->stripe, block)->keys[COLUMN_ID];
    uint32_t buffer[COLUMNS_ROCKETS];
    uint64_t wanted = match(pass, block);

    scan->matched += (size_t)__builtin_popcountll(wanted);
    if (wanted != 0 && !pass->open)
        wanted &= columns_inside(keys_of(pass, block, wanted, buffer), ids,
                                 &pass->window);
    for (; wanted != 0; wanted &= wanted - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(wanted);
        const struct table_entry *entry =
            stripe_at(pass->stripe, block * COLUMNS_ROCKETS + i);
        scan->rows[scan->count++] =
            (struct table_row){entry, value_of(pass, entry), ids[i]};
    }
}

/* False if no rocket of the stripe can match. */
static bool start(struct pass *pass, struct table_scan *scan,
                  const struct stripe *stripe)
{
    pass->scan = scan;
    pass->stripe = stripe;
    if (!table_entry_filter_init(&pass->filter, &scan->filter,
                                 &stripe->strings))
        return false;
    set_window(pass);
    if (by_name(scan))
        memset(pass->cache, 0, sizeof(pass->cache));
    return true;
}

void table_scan_stripe(struct table_scan *scan, const struct stripe *stripe)
{
    uint32_t end = (stripe->count + COLUMNS_ROCKETS - 1) / COLUMNS_ROCKETS;
    struct pass pass;

    if (!start(&pass, scan, stripe)) {
        scan->block = end;
        return;
    }
    bool entries = by_name(scan) || pass.filter.type != NULL ||
                   pass.filter.mission != NULL;
    uint32_t most = entries ? BLOCKS_OF_ENTRIES : BLOCKS;
    if (end > scan->block + most)
        end = scan->block + most;
    while (scan->block < end && scan->count == 0)
        look_at_block(&pass, scan->block++);
}
