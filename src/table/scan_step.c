/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A step reads blocks of 64 rockets. The rockets of a block are a bit mask:
 * first those that match the filter, then those of them that also lie in the
 * window. Rows are made for the rockets that are left.
 *
 * Fields whose values are strings have no column. A scan by such a field, or
 * with a filter for one, reads the rockets. It compares a string to the bounds
 * of the window about once a step, not once a rocket, since ranks are cached.
 *
 * The column of ids has the first four bytes of each: a filter for a longer
 * prefix reads only the rockets whose first four bytes match.
 */
#include "scan_step.h"

#include <assert.h>
#include <string.h>

#include "abbreviation.h"
#include "columns.h"
#include "interned.h"
#include "table_entry.h"

enum {
    /* Blocks of a step; fewer if all of their rockets are read. */
    BLOCKS = 16,
    BLOCKS_OF_ENTRIES = 4,
    CACHED_STRINGS = 64, /* a power of two */
};

static_assert((int)TABLE_SCAN_ROWS == (int)COLUMNS_ROCKETS,
              "the rows of a block fit into a step");

/*
 * The ranks of strings: their order relative to the bounds of the window. All
 * are even, which means exact (abbreviation.h), so the bounds' ids are compared
 * as well.
 */
enum { BEFORE_FIRST = 0, AS_FIRST = 2, BETWEEN = 4, AS_LAST = 6, AFTER = 8 };

struct ranked_string {
    const struct interned *string;
    uint32_t rank;
};

/*
 * The state of one step. It points to interned strings, which are valid only
 * while the lock is held. So it is on the stack and not a part of the scan.
 */
struct scan_step {
    struct table_scan *scan;
    const struct stripe *stripe;
    struct table_entry_filter filter; /* what columns do not decide */
    bool by_string;
    enum column column;         /* of the field; COLUMN_COUNT if it has none */
    bool open;                  /* the window has no bounds */
    uint32_t first_id, last_id; /* the keys of ids with the filter's prefix */
    struct columns_window window;
    struct ranked_string cache[CACHED_STRINGS]; /* by address */
    /* The interned strings of `scan->strings`, in the same order. */
    const struct interned *strings[TABLE_SCAN_ROWS];
};

/*
 * Compare in the list's order: less than 0 if `string` comes before the bound,
 * 0 if it is equal, greater than 0 if it comes after. Every string comes before
 * an unknown value.
 */
static int compare_to_bound(const struct table_scan *scan, struct text string,
                            const struct table_bound *bound)
{
    if (!bound->value.known)
        return -1;
    int order = text_compare(string, bound->value.string);
    return scan->descending ? -order : order;
}

static uint32_t rank_string(const struct table_scan *scan, struct text string)
{
    int order =
        scan->first.set ? compare_to_bound(scan, string, &scan->first) : 1;

    if (order <= 0)
        return order == 0 ? AS_FIRST : BEFORE_FIRST;
    /* If the bound is not set, its value is unknown, so strings come before. */
    order = compare_to_bound(scan, string, &scan->last);
    if (order <= 0)
        return order == 0 ? AS_LAST : BETWEEN;
    return AFTER;
}

/*
 * The key that a rocket with the bound's value would have. Strings have ranks
 * but no keys.
 */
static uint32_t bound_key(const struct scan_step *step,
                          const struct table_bound *bound)
{
    const struct table_value *value = &bound->value;
    struct timestamp time;

    assert(!step->by_string);
    switch (step->scan->field) {
    case TABLE_ID:
        return abbreviation_of_text(bound->id);
    case TABLE_SPEED:
        return abbreviation_of_integer(table_entry_integer(value));
    case TABLE_CREATED:
    case TABLE_UPDATED:
        time = (struct timestamp){.seconds = table_entry_integer(value),
                                  .nanoseconds = value->minor};
        return abbreviation_of_time(&time, step->stripe->reference);
    case TABLE_STATUS:
    case TABLE_LAST_NUMBER:
        return abbreviation_of_number(value->major);
    case TABLE_TYPE:
    case TABLE_MISSION:
    case TABLE_FIELD_COUNT:
        break;
    }
    return ABBREVIATION_UNKNOWN;
}

static uint32_t bound_rank(const struct scan_step *step,
                           const struct table_bound *bound)
{
    const struct table_scan *scan = step->scan;

    if (!bound->value.known)
        return ABBREVIATION_UNKNOWN;
    if (step->by_string)
        return rank_string(scan, bound->value.string);
    return columns_rank(bound_key(step, bound), scan->descending);
}

/*
 * A bound of the window. If several values can have its rank, ids do not decide
 * which rockets lie inside. Then the bound has the id `any_id`, which includes
 * all rockets of this rank.
 */
static struct columns_bound window_bound(const struct scan_step *step,
                                         const struct table_bound *bound,
                                         uint32_t any_id)
{
    uint32_t rank = bound_rank(step, bound);
    bool one_value =
        abbreviation_is_exact(rank) && step->scan->field != TABLE_ID;

    return (struct columns_bound){
        rank, one_value ? abbreviation_of_text(bound->id) : any_id};
}

static void set_window(struct scan_step *step)
{
    const struct table_scan *scan = step->scan;
    struct columns_window *window = &step->window;

    step->open = !scan->first.set && !scan->last.set;
    /* Ranks of strings are in the order of the list already. */
    window->descending = scan->descending && !step->by_string;
    window->first = (struct columns_bound){0, 0};
    window->last = (struct columns_bound){UINT32_MAX, UINT32_MAX};
    if (scan->first.set)
        window->first = window_bound(step, &scan->first, 0);
    if (scan->last.set)
        window->last = window_bound(step, &scan->last, UINT32_MAX);
}

/* The rank of the string of the stripe's rocket at `index`. */
static uint32_t entry_rank(struct scan_step *step, uint32_t index)
{
    const struct interned *string =
        table_entry_string(stripe_at(step->stripe, index), step->scan->field);
    if (string == NULL)
        return ABBREVIATION_UNKNOWN;

    struct ranked_string *cached =
        &step->cache[(uintptr_t)string / 16 % CACHED_STRINGS];
    if (cached->string != string)
        *cached = (struct ranked_string){
            string, rank_string(step->scan, interned_text(string))};
    return cached->rank;
}

/*
 * The keys of the block: the field's column or, if it has none, `made`, which
 * is filled here. Only the keys of rockets in `wanted` are used.
 */
static const uint32_t *block_keys(struct scan_step *step, uint32_t block,
                                  uint64_t wanted,
                                  uint32_t made[COLUMNS_ROCKETS])
{
    const struct columns *columns = stripe_columns(step->stripe, block);

    if (step->column != COLUMN_COUNT)
        return columns->keys[step->column];
    for (uint32_t i = 0; i < COLUMNS_ROCKETS; i++) {
        if (!step->by_string)
            made[i] = abbreviation_of_number(columns->exploded >> i & 1);
        else if ((wanted >> i & 1) != 0)
            made[i] = entry_rank(step, block * COLUMNS_ROCKETS + i);
        else
            made[i] = 0;
    }
    return made;
}

/* The rockets of the block that match the filter, as far as columns tell. */
static uint64_t match_columns(const struct scan_step *step,
                              const struct columns *columns)
{
    const struct table_filter *filter = &step->scan->filter;
    uint64_t matching = UINT64_MAX;

    if (filter->status != TABLE_ANY_STATUS)
        matching &= filter->status == TABLE_EXPLODED ? columns->exploded
                                                     : ~columns->exploded;
    if (filter->completeness != TABLE_ANY_COMPLETENESS)
        matching &= filter->completeness == TABLE_INCOMPLETE
                        ? columns->incomplete
                        : ~columns->incomplete;
    if (filter->launch != TABLE_ANY_LAUNCH) {
        /* The time of the launch is unknown until it arrives. */
        uint64_t launched = columns_between(columns->keys[COLUMN_CREATED], 0,
                                            ABBREVIATION_UNKNOWN - 1);
        matching &= filter->launch == TABLE_LAUNCHED ? launched : ~launched;
    }
    if (filter->id_prefix.data != NULL)
        matching &= columns_between(columns->keys[COLUMN_ID], step->first_id,
                                    step->last_id);
    return matching;
}

/* The rockets of the block that match the filter: bit i for rocket i. */
static uint64_t match_block(const struct scan_step *step, uint32_t block)
{
    const struct stripe *stripe = step->stripe;
    const struct table_entry_filter *filter = &step->filter;
    uint32_t start = block * COLUMNS_ROCKETS, count = stripe->count - start;
    uint64_t matching = match_columns(step, stripe_columns(stripe, block));

    if (count < COLUMNS_ROCKETS)
        matching &= (UINT64_C(1) << count) - 1;
    if (table_entry_filter_is_empty(filter))
        return matching;
    for (uint64_t left = matching; left != 0; left &= left - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(left);
        if (!table_entry_matches(stripe_at(stripe, start + i), filter))
            matching &= ~(UINT64_C(1) << i);
    }
    return matching;
}

/*
 * The index of `string` in `scan->strings`. If it is new there, its text is
 * copied and added.
 */
static uint64_t index_string(struct scan_step *step,
                             const struct interned *string)
{
    struct table_scan *scan = step->scan;
    size_t index = 0;

    while (index < scan->string_count && step->strings[index] != string)
        index++;
    if (index < scan->string_count)
        return index;

    struct text text = interned_text(string);
    char *copy = &scan->bytes[scan->string_count * MESSAGE_MAX_NAME];
    memcpy(copy, text.data, text.length);
    step->strings[index] = string;
    scan->strings[index] = (struct text){copy, text.length};
    scan->string_count++;
    return index;
}

static struct table_value row_value(struct scan_step *step,
                                    const struct table_entry *entry)
{
    enum table_field field = step->scan->field;

    if (!step->by_string)
        return table_entry_value(entry, field);
    const struct interned *string = table_entry_string(entry, field);
    if (string == NULL)
        return (struct table_value){.known = false};
    return (struct table_value){.known = true,
                                .major = index_string(step, string)};
}

static void read_block(struct scan_step *step, uint32_t block)
{
    struct table_scan *scan = step->scan;
    const uint32_t *ids = stripe_columns(step->stripe, block)->keys[COLUMN_ID];
    uint32_t made[COLUMNS_ROCKETS];
    uint64_t wanted = match_block(step, block);

    scan->matched += (size_t)__builtin_popcountll(wanted);
    if (wanted != 0 && !step->open)
        wanted &= columns_inside(block_keys(step, block, wanted, made), ids,
                                 &step->window);
    for (; wanted != 0; wanted &= wanted - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(wanted);
        const struct table_entry *entry =
            stripe_at(step->stripe, block * COLUMNS_ROCKETS + i);
        scan->rows[scan->count++] =
            (struct table_row){entry, row_value(step, entry), ids[i]};
    }
}

/* False if no rocket of the stripe can match. */
static bool init_step(struct scan_step *step, struct table_scan *scan,
                      const struct stripe *stripe)
{
    step->scan = scan;
    step->stripe = stripe;
    if (!table_entry_filter_init(&step->filter, &scan->filter,
                                 &stripe->strings))
        return false;
    if (scan->filter.id_prefix.data != NULL &&
        abbreviation_of_prefix(scan->filter.id_prefix, &step->first_id,
                               &step->last_id))
        step->filter.id_prefix = (struct text){NULL, 0};
    step->by_string = table_field_is_string(scan->field);
    step->column = columns_of_field(scan->field);
    set_window(step);
    if (step->by_string)
        memset(step->cache, 0, sizeof(step->cache));
    return true;
}

void scan_step_run(struct table_scan *scan, const struct stripe *stripe)
{
    uint32_t end = (stripe->count + COLUMNS_ROCKETS - 1) / COLUMNS_ROCKETS;
    struct scan_step step;

    if (!init_step(&step, scan, stripe)) {
        scan->block = end;
        return;
    }
    bool entries = step.by_string || !table_entry_filter_is_empty(&step.filter);
    uint32_t most = entries ? BLOCKS_OF_ENTRIES : BLOCKS;
    if (end > scan->block + most)
        end = scan->block + most;
    while (scan->block < end && scan->count == 0)
        read_block(&step, scan->block++);
}
