/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole tables as images, and what must be the same of a rocket in two tables.
 */
#ifndef LUNAR_TESTS_TABLE_IMAGES_H
#define LUNAR_TESTS_TABLE_IMAGES_H

#include <assert.h>
#include <stdlib.h>

#include "lib/messages.h"
#include "table/table.h"
#include "table/table_image.h"

/* Append all rockets. Aborts unless they are as many as the table counts. */
static inline void table_images_save(struct table *table, struct buffer *images)
{
    struct table_walk walk = {0};
    uint64_t count = 0;

    while (table_walk_next(table, &walk, images, &count) == TABLE_WALK_MORE)
        continue;
    if (count != table_count(table))
        abort();
}

/* Load all; the first result that is not TABLE_LOADED ends it. */
static inline enum table_loaded table_images_load(struct table *table,
                                                  struct text images)
{
    enum table_loaded loaded = TABLE_LOADED;

    while (loaded == TABLE_LOADED && images.length > 0)
        loaded = table_load(table, &images);
    return loaded;
}

/* The part of the views that differs; NULL if none. Static. */
static inline const char *table_images_difference(const struct rocket_view *a,
                                                  const struct rocket_view *b)
{
    static_assert(offsetof(struct rocket_view, strings) ==
                      4 * sizeof(struct text) + 4 * sizeof(uint64_t) +
                          2 * sizeof(struct timestamp) + 2 * sizeof(bool),
                  "compare a new member of struct rocket_view here");
    if (!messages_same_text(a->id, b->id))
        return "id";
    if (!messages_same_text(a->type, b->type) ||
        !messages_same_text(a->mission, b->mission) ||
        !messages_same_text(a->reason, b->reason))
        return "type, mission or reason";
    if (a->speed != b->speed || a->exploded != b->exploded)
        return "speed or status";
    if (a->launched != b->launched ||
        !messages_same_time(&a->created, &b->created) ||
        !messages_same_time(&a->updated, &b->updated))
        return "launch or times";
    if (a->last_number != b->last_number || a->missing != b->missing)
        return "last number, or missing messages";
    return a->revision == b->revision ? NULL : "revision";
}

#endif
