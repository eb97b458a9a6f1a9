/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of images of rockets: see image_write.c. What a rocket may look like
 * is left to rocket_audit.h.
 *
 * Locking: none.
 */
#ifndef LUNAR_TABLE_IMAGE_H
#define LUNAR_TABLE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "domain/message.h"
#include "format/packed.h"
#include "format/timestamp.h"
#include "table_entry.h"

enum {
    /* Bits of the first byte of an image, beside PACKED_UUID. */
    IMAGE_HAS_GAPS = 1, /* not a single run from number 1 on */
    /* Bits of the first byte of an effect. */
    IMAGE_HAS_TYPE = 1,
    IMAGE_HAS_MISSION = 2,
    IMAGE_HAS_REASON = 4,
    /* The latest strings of an image, which are not written again. */
    IMAGE_STRINGS = 64,
    /* Bytes of a run, at most. */
    IMAGE_RUN_ROOM = 2 * PACKED_VARINT_ROOM + 1 + PACKED_VARINT_ROOM +
                     3 * (2 + MESSAGE_MAX_NAME) + PACKED_TIME_ROOM,
    /* Bytes behind the runs, at most. */
    IMAGE_END_ROOM = PACKED_VARINT_ROOM + PACKED_TIME_ROOM,
    /* Bytes of an image with a single run, at most. */
    IMAGE_ROOM = 1 + 2 + MESSAGE_MAX_CHANNEL + 3 * PACKED_VARINT_ROOM +
                 IMAGE_RUN_ROOM + IMAGE_END_ROOM,
};

/*
 * Write the image of the rocket of `entry` to `at`, up to `end`. Returns the
 * place after it, or NULL if there is not enough room.
 * Locking: the caller holds the stripe's lock, at least for reading.
 */
char *image_write(const struct table_entry *entry, char *at, const char *end);

/* A run of a rocket, with its effect. Texts that it does not have are absent.
 */
struct image_run {
    uint64_t first, last;
    struct text type, mission, reason;
    int64_t speed;
    struct timestamp created;
};

/* What remains of the runs. Private. */
struct image_runs {
    struct packed in;
    bool has_gaps;
    uint64_t last; /* of the run before; 0 before the first */
    uint32_t string_count;
    struct text strings[IMAGE_STRINGS]; /* a ring */
};

/* Ownership: texts are borrowed from the bytes, and the id maybe from here. */
struct image {
    struct text id;
    uint64_t revision;
    uint64_t floor;
    uint64_t applied;
    uint64_t last_number;
    struct timestamp updated;
    uint32_t run_count;
    struct image_run last_run;
    /* Private. */
    bool has_gaps;
    struct text runs; /* and all that follows */
    char uuid[PACKED_UUID_TEXT];
};

/*
 * Read the first image of `images`, any bytes, and remove it from the front.
 * False, with `images` untouched and `image` undefined, if it is damaged: if
 * image_write() cannot have written it.
 */
bool image_read(struct text *images, struct image *image);

/* Begin to read all runs of `image`, lowest first. */
void image_runs_init(struct image_runs *runs, const struct image *image);

/* Read the next run; image->run_count times. */
void image_runs_next(struct image_runs *runs, struct image_run *run);

#endif
