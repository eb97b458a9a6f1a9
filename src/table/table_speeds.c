/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts rockets by speed, by their keys in the column of speeds. Keys are in
 * the order of the speeds (abbreviation.h), so the keys of the bounds divide
 * them in the same way. A rocket itself is read only if its key is that of a
 * bound and stands for other speeds, too.
 */
#include <assert.h>
#include <string.h>

#include "abbreviation.h"
#include "base/sync.h"
#include "table/table_fleet.h"
#include "table_parts.h"

/* The numbers of ISO 3 from one power of ten to the next. */
#define R10(power)                                                             \
    INT64_C(100) * (power), INT64_C(125) * (power), INT64_C(160) * (power),    \
        INT64_C(200) * (power), INT64_C(250) * (power),                        \
        INT64_C(315) * (power), INT64_C(400) * (power),                        \
        INT64_C(500) * (power), INT64_C(630) * (power), INT64_C(800) * (power)

const int64_t table_speed_bounds[TABLE_SPEED_BOUNDS] = {
    0,
    R10(1),
    R10(10),
    R10(100),
    R10(1000),
    R10(10000),
    R10(100000),
    R10(1000000),
    INT64_C(1000000000),
    INT64_C(10000000000),
    INT64_C(100000000000),
};

enum {
    BLOCKS = 16,       /* of a step, under one lock */
    SEARCH = 128,      /* a power of two above TABLE_SPEED_BOUNDS */
    KEYS = SEARCH - 1, /* that a search can reach */
};

static_assert((int)TABLE_SPEED_BOUNDS <= (int)KEYS, "a search finds all");

struct speed_count {
    /* Of the bounds; behind them ABBREVIATION_UNKNOWN, which no speed has. */
    uint32_t keys[KEYS];
    struct table_speeds *speeds;
};

static void init_count(struct speed_count *count, struct table_speeds *speeds)
{
    memset(speeds, 0, sizeof(*speeds));
    count->speeds = speeds;
    for (unsigned i = 0; i < KEYS; i++)
        count->keys[i] = i < TABLE_SPEED_BOUNDS
                             ? abbreviation_of_integer(table_speed_bounds[i])
                             : ABBREVIATION_UNKNOWN;
}

/*
 * How many bounds have this key or a lower one. All searches take the same
 * steps, without branches, so that those of several rockets overlap.
 */
static uint32_t search_keys(const struct speed_count *count, uint32_t key)
{
    uint32_t found = 0;

    for (uint32_t step = SEARCH / 2; step > 0; step /= 2)
        found += step * (uint32_t)(count->keys[found + step - 1] <= key);
    return found;
}

/* Whether the speed with this key, of the rocket at `index`, is below a bound
 * that has the same key. */
static bool is_below(const struct stripe *stripe, uint32_t index, int64_t bound)
{
    return rocket_state(&stripe_at(stripe, index)->rocket)->speed < bound;
}

static void count_block(struct speed_count *count, const struct stripe *stripe,
                        uint32_t block)
{
    const uint32_t *keys = stripe_columns(stripe, block)->keys[COLUMN_SPEED];
    uint32_t start = block * COLUMNS_ROCKETS, end = stripe->count - start;

    for (uint32_t i = 0; i < COLUMNS_ROCKETS && i < end; i++) {
        uint32_t bucket = search_keys(count, keys[i]);
        if (!abbreviation_is_exact(keys[i]) && bucket > 0 &&
            count->keys[bucket - 1] == keys[i] &&
            is_below(stripe, start + i, table_speed_bounds[bucket - 1]))
            bucket--;
        count->speeds->rockets[bucket]++;
    }
}

/* Count up to BLOCKS blocks from `block` on. */
static void count_step(struct speed_count *count, const struct stripe *stripe,
                       uint32_t block)
{
    for (uint32_t end = block + BLOCKS;
         block < end && block * COLUMNS_ROCKETS < stripe->count; block++)
        count_block(count, stripe, block);
}

void table_count_speeds(struct table *table, struct table_speeds *speeds)
{
    struct speed_count count;

    init_count(&count, speeds);
    for (uint32_t i = 0; i < TABLE_STRIPES; i++) {
        struct locked_stripe *locked = &table->stripes[i];
        for (uint32_t block = 0;
             block * COLUMNS_ROCKETS < atomic_load(&table->sizes[i]);
             block += BLOCKS) {
            sync_read_lock(&locked->lock);
            count_step(&count, &locked->stripe, block);
            sync_rwlock_unlock(&locked->lock);
        }
    }
}
