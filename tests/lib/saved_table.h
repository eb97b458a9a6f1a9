/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table in the file of a snapshot, for tests and benchmarks, and whether two
 * tables have the same rockets.
 */
#ifndef LUNAR_TESTS_SAVED_TABLE_H
#define LUNAR_TESTS_SAVED_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "lib/table_images.h"
#include "store/snapshot_file.h"
#include "table/table.h"
#include "table/table_image.h"

/*
 * Write all rockets of `table` to the new file `path`, in blocks of at least
 * `block` bytes. `info` is as snapshot_writer_finish() needs it. False, with
 * `error`. The second one is for a folder that has the journal.
 */
static inline bool saved_table_write_kind(struct table *table, const char *path,
                                          enum snapshot_kind kind, size_t block,
                                          struct snapshot_info *info,
                                          char error[JOURNAL_ERROR])
{
    struct snapshot_writer *writer =
        snapshot_writer_new(path, kind, info->id, error);
    struct table_walk walk = {0};
    struct buffer images = BUFFER_INIT;
    enum table_walked walked = TABLE_WALK_MORE;
    uint64_t count = 0;
    bool written = writer != NULL;

    while (written && walked == TABLE_WALK_MORE) {
        walked = table_walk_next(table, &walk, &images, &count);
        if (walked == TABLE_WALK_NO_MEMORY)
            abort();
        if (count == 0 || (walked == TABLE_WALK_MORE && images.length < block))
            continue;
        written =
            snapshot_writer_add(writer, buffer_text(&images), count, error);
        buffer_clear(&images);
        count = 0;
    }
    written = written && snapshot_writer_finish(writer, info, error);
    snapshot_writer_free(writer);
    buffer_release(&images);
    return written;
}

static inline bool saved_table_write(struct table *table, const char *path,
                                     size_t block, struct snapshot_info *info,
                                     char error[JOURNAL_ERROR])
{
    return saved_table_write_kind(table, path, SNAPSHOT_OF_FOLDER, block, info,
                                  error);
}

/* The images of all rockets, each once, in order of their bytes. */
struct saved_images {
    struct buffer bytes;
    struct text *images;
    size_t count;
};

static inline int saved_images_compare(const void *a, const void *b)
{
    const struct text *left = a, *right = b;
    size_t length = left->length < right->length ? left->length : right->length;
    int order = memcmp(left->data, right->data, length);

    return order != 0 ? order
                      : (left->length > right->length) -
                            (left->length < right->length);
}

static inline struct saved_images saved_images_make(struct table *table)
{
    struct saved_images saved = {.bytes = BUFFER_INIT};
    size_t count = table_count(table);
    struct table_image image;

    table_images_save(table, &saved.bytes);
    struct text rest = buffer_text(&saved.bytes);
    saved.images = calloc(count + 1, sizeof(*saved.images));
    if (saved.images == NULL)
        abort();
    while (rest.length > 0) {
        const char *begin = rest.data;
        if (saved.count == count || !table_image_read(&rest, &image))
            abort();
        saved.images[saved.count++] =
            (struct text){begin, (size_t)(rest.data - begin)};
    }
    qsort(saved.images, saved.count, sizeof(*saved.images),
          saved_images_compare);
    return saved;
}

static inline void saved_images_release(struct saved_images *saved)
{
    buffer_release(&saved->bytes);
    free(saved->images);
}

/* Whether `table` has these images, byte for byte, and no others. */
static inline bool saved_images_same(const struct saved_images *saved,
                                     struct table *table)
{
    struct saved_images others = saved_images_make(table);
    bool same = saved->count == others.count;

    for (size_t i = 0; same && i < saved->count; i++)
        same = saved_images_compare(&saved->images[i], &others.images[i]) == 0;
    saved_images_release(&others);
    return same;
}

/* The same of two tables. */
static inline bool saved_table_same(struct table *a, struct table *b)
{
    struct saved_images saved = saved_images_make(a);
    bool same = saved_images_same(&saved, b);

    saved_images_release(&saved);
    return same;
}

#endif
