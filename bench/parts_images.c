/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Saves all rockets of a large table as images, and loads them into an empty
 * one, with one thread and without a disk. Each rocket has had a few messages.
 */
#include "parts.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "flags.h"
#include "table/table_image.h"

enum { MESSAGES = 4 /* of each rocket */ };

static void save_all(struct table *table, struct buffer *images)
{
    struct table_walk walk = {0};
    uint64_t count = 0;
    enum table_walked walked;

    do
        walked = table_walk_next(table, &walk, images, &count);
    while (walked == TABLE_WALK_MORE);
    if (walked != TABLE_WALK_END || count != table_count(table))
        die("saved %zu of %zu rockets", (size_t)count, table_count(table));
}

static void load_all(struct table *table, struct text images)
{
    uint64_t count = 0;

    while (images.length > 0)
        if (table_load_group(table, &images, &count) != TABLE_LOADED)
            die("a rocket is not loaded");
}

static void print_rate(const char *item, uint32_t rockets, uint64_t took)
{
    parts_print("images", item, "rockets/s", rockets * 1e9 / (double)took);
    parts_print("images", item, "ms", (double)took / 1e6);
}

static struct table *make_rockets(uint32_t rockets)
{
    uint64_t took;
    struct table *table = parts_launch(rockets, PARTS_GROUPS, &took);

    for (uint32_t number = 2; number <= MESSAGES; number++)
        for (uint32_t rocket = 0; rocket < rockets; rocket++)
            parts_apply(table, PARTS_SINGLY, &(struct delivery){rocket, number},
                        1);
    return table;
}

void parts_images(uint32_t rockets)
{
    struct table *table = make_rockets(rockets), *loaded = parts_table_new();
    struct buffer images = BUFFER_INIT;

    /* Memory that is new is the caller's: a snapshot uses its buffer again. */
    save_all(table, &images);
    buffer_clear(&images);
    uint64_t begun = parts_clock();
    save_all(table, &images);
    print_rate("save all rockets", rockets, parts_clock() - begun);
    parts_print("images", "size", "bytes a rocket",
                (double)images.length / rockets);

    begun = parts_clock();
    load_all(loaded, buffer_text(&images));
    print_rate("load all rockets", rockets, parts_clock() - begun);
    if (table_count(loaded) != rockets ||
        table_revision(loaded) != table_revision(table))
        die("the loaded table is another one");
    buffer_release(&images);
    table_free(loaded);
    table_free(table);
}
