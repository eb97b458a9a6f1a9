/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images of rockets: all that a table holds of them, as bytes, so that a table
 * can be saved and loaded again. Images follow each other; one has the id, the
 * revision, the runs with their effects, the highest number given up, and the
 * time of the latest message.
 *
 * A rocket that was loaded is the one that was saved: the same view, and the
 * same outcome of every later message.
 *
 * Locking: each function says so.
 */
#ifndef LUNAR_TABLE_TABLE_IMAGE_H
#define LUNAR_TABLE_TABLE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/text.h"

struct table;

enum {
    /* Of the form: stored with the images, and raised when it changes. */
    TABLE_IMAGE_VERSION = 1,
    /* Bytes of a step of a walk, apart from its last rocket. */
    TABLE_IMAGE_STEP = 16 * 1024,
};

/* A walk over all rockets. All zero: at the begin. */
struct table_walk {
    uint64_t revision;      /* the highest of the images so far */
    uint32_t stripe, index; /* private */
};

enum table_walked {
    TABLE_WALK_MORE,
    TABLE_WALK_END,       /* there was nothing left: nothing was appended */
    TABLE_WALK_NO_MEMORY, /* nothing was appended; it may be tried again */
};

/*
 * Append the images of the next rockets to `images`, at least one, and add
 * their number to `*count`. A walk sees each rocket that was there at its begin
 * once, as it was at one moment of the walk, and each that is added later once
 * or not at all.
 * Locking: read-locks one stripe, for about TABLE_IMAGE_STEP bytes or a single
 * rocket; allocates nothing meanwhile. One thread at a time uses a walk.
 */
enum table_walked table_walk_next(struct table *table, struct table_walk *walk,
                                  struct buffer *images, uint64_t *count);

enum table_loaded {
    TABLE_LOADED,
    TABLE_LOAD_DAMAGED,   /* not the form of any image, or its id is there */
    TABLE_LOAD_NO_MEMORY, /* malloc(3) has failed, or the limit is reached */
};

/*
 * Add the rocket of the first image of `images`, and remove that from the
 * front; with any other result than TABLE_LOADED both are untouched. The bytes
 * may be anything. table_revision() becomes at least the rocket's revision.
 * Locking: write-locks one stripe. Several threads may load at once.
 */
enum table_loaded table_load(struct table *table, struct text *images);

enum { TABLE_LOAD_GROUP = 16 /* rockets of one call */ };

/*
 * Load one rocket after the other as table_load() does, up to TABLE_LOAD_GROUP,
 * and add their number to `*count`. Faster, as the memory of some is fetched
 * while others are loaded. Images of which no more can be read are left for the
 * next call: TABLE_LOADED means that at least one was loaded.
 */
enum table_loaded table_load_group(struct table *table, struct text *images,
                                   uint64_t *count);

/* What is in an image, for those who have no table. */
struct table_image {
    uint64_t revision;
    uint64_t last_number;
    uint64_t applied; /* distinct messages */
    uint32_t runs;
};

/*
 * Read the first image of `images` into `image`, and remove it from the front.
 * False, with both untouched, if table_load() would say that it is damaged.
 * Locking: none.
 */
bool table_image_read(struct text *images, struct table_image *image);

#endif
