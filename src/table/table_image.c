/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Saves and loads rockets one by one, under the lock of their stripe. The form
 * of an image is left to image_write.c and image_read.c.
 */
#include "table/table_image.h"

#include <stdlib.h>

#include "base/sync.h"
#include "image.h"
#include "prefetch.h"
#include "table_parts.h"

/*
 * Append images of rockets of the walk's stripe until TABLE_IMAGE_STEP bytes
 * are written or there is no more room. Returns how many.
 */
static uint32_t write_images(const struct stripe *stripe,
                             struct table_walk *walk, struct buffer *images)
{
    const char *end = images->data + images->capacity;
    char *at = buffer_end(images);
    const char *enough = at + TABLE_IMAGE_STEP;
    uint32_t first = walk->index;

    while (walk->index < stripe->count && at < enough) {
        const struct table_entry *entry = stripe_at(stripe, walk->index);
        char *next = image_write(entry, at, end);
        if (next == NULL)
            break;
        if (table_entry_revision(entry) > walk->revision)
            walk->revision = table_entry_revision(entry);
        at = next;
        walk->index++;
    }
    buffer_set_end(images, at);
    return walk->index - first;
}

/* Step to the next stripe that has rockets left. False if there is none. */
static bool find_stripe(struct table *table, struct table_walk *walk)
{
    while (walk->stripe < TABLE_STRIPES &&
           walk->index >= atomic_load(&table->sizes[walk->stripe])) {
        walk->stripe++;
        walk->index = 0;
    }
    return walk->stripe < TABLE_STRIPES;
}

/*
 * The room is for a step and a rocket with one run. If the first rocket does
 * not fit, it has many runs, and there is more room at each try.
 */
enum table_walked table_walk_next(struct table *table, struct table_walk *walk,
                                  struct buffer *images, uint64_t *count)
{
    if (!find_stripe(table, walk))
        return TABLE_WALK_END;

    struct locked_stripe *locked = &table->stripes[walk->stripe];
    for (size_t room = TABLE_IMAGE_STEP + IMAGE_ROOM;; room *= 2) {
        if (!buffer_reserve(images, room)) {
            images->failed = false;
            return TABLE_WALK_NO_MEMORY;
        }
        sync_read_lock(&locked->lock);
        uint32_t written = write_images(&locked->stripe, walk, images);
        sync_rwlock_unlock(&locked->lock);
        if (written > 0) {
            *count += written;
            return TABLE_WALK_MORE;
        }
    }
}

/* A rocket on its way into the table. */
struct arrival {
    struct image image;
    struct table_location location;
    /*
     * Its memory is fetched as for a message, but for strings: most rockets of
     * a stripe have the same few.
     */
    struct message message;
    struct prefetch prefetch;
};

/* The rocket that was added to the stripe last is new to who watches. */
static void list_loaded_locked(struct table *table, uint32_t index)
{
    const struct stripe *stripe = &table->stripes[index].stripe;

    table_list_change_locked(table, index, stripe_at(stripe, stripe->count - 1),
                             0);
}

static enum table_loaded
load_into(struct table *table, const struct arrival *arrival, struct run *runs)
{
    struct locked_stripe *locked = &table->stripes[arrival->location.index];
    const struct image *image = &arrival->image;

    sync_write_lock(&locked->lock);
    enum stripe_loaded loaded =
        stripe_load(&locked->stripe, arrival->location.tag, image, runs);
    if (loaded == STRIPE_LOADED) {
        table_count_rocket_locked(table, arrival->location.index);
        if (table_is_watched(table))
            list_loaded_locked(table, arrival->location.index);
        table_raise_revision(table, image->revision);
    }
    sync_rwlock_unlock(&locked->lock);
    switch (loaded) {
    case STRIPE_LOADED:
        return TABLE_LOADED;
    case STRIPE_HAS_ID:
        return TABLE_LOAD_DAMAGED;
    case STRIPE_LOAD_NO_MEMORY:
        break;
    }
    return TABLE_LOAD_NO_MEMORY;
}

static enum table_loaded load_arrival(struct table *table,
                                      const struct arrival *arrival)
{
    struct run only, *runs = &only;

    if (arrival->image.run_count > 1)
        runs = malloc(arrival->image.run_count * sizeof(*runs));
    if (runs == NULL)
        return TABLE_LOAD_NO_MEMORY;
    enum table_loaded loaded = load_into(table, arrival, runs);
    if (runs != &only)
        free(runs);
    return loaded;
}

static bool read_arrival(struct table *table, struct text *images,
                         struct arrival *arrival)
{
    if (!image_read(images, &arrival->image))
        return false;
    arrival->location = table_locate(table, arrival->image.id);
    return true;
}

enum table_loaded table_load(struct table *table, struct text *images)
{
    struct arrival arrival;
    struct text rest = *images;

    if (!read_arrival(table, &rest, &arrival))
        return TABLE_LOAD_DAMAGED;
    enum table_loaded loaded = load_arrival(table, &arrival);
    if (loaded == TABLE_LOADED)
        *images = rest;
    return loaded;
}

static void prefetch_stripe(struct table *table, struct arrival *arrival)
{
    arrival->message = (struct message){.channel = arrival->image.id};
    prefetch_init(&arrival->prefetch, arrival->location.tag, &arrival->message);
    prefetch_memory(&table->stripes[arrival->location.index],
                    sizeof(struct locked_stripe));
}

static void prefetch_rocket(struct table *table, struct arrival *arrival,
                            unsigned step)
{
    struct locked_stripe *locked = &table->stripes[arrival->location.index];

    sync_read_lock(&locked->lock);
    prefetch_step(&arrival->prefetch, &locked->stripe, step);
    sync_rwlock_unlock(&locked->lock);
}

/*
 * All take a step before one takes the next, so that memory has the time to
 * arrive.
 */
enum table_loaded table_load_group(struct table *table, struct text *images,
                                   uint64_t *count)
{
    struct arrival arrivals[TABLE_LOAD_GROUP];
    struct text rests[TABLE_LOAD_GROUP], rest = *images;
    size_t read = 0;

    for (;
         read < TABLE_LOAD_GROUP && read_arrival(table, &rest, &arrivals[read]);
         read++) {
        prefetch_stripe(table, &arrivals[read]);
        rests[read] = rest;
    }
    for (unsigned step = 0; step < PREFETCH_STEPS; step++)
        for (size_t i = 0; i < read; i++)
            prefetch_rocket(table, &arrivals[i], step);
    for (size_t i = 0; i < read; i++) {
        enum table_loaded loaded = load_arrival(table, &arrivals[i]);
        if (loaded != TABLE_LOADED)
            return loaded;
        *images = rests[i];
        ++*count;
    }
    return read > 0 ? TABLE_LOADED : TABLE_LOAD_DAMAGED;
}

bool table_image_read(struct text *images, struct table_image *result)
{
    struct image image;

    if (!image_read(images, &image))
        return false;
    *result = (struct table_image){
        .revision = image.revision,
        .last_number = image.last_number,
        .applied = image.applied,
        .runs = image.run_count,
    };
    return true;
}
