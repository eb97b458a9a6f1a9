/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A segment and its log as an image in memory: to read a segment without
 * writing anything, and without the locks of SQLite, also while a service adds
 * rows to it.
 *
 * Its files are opened at first, so that it can be read even if the service
 * removes it meanwhile. The image has all rows that were acknowledged when it
 * was loaded, and perhaps some of those that came meanwhile, in order.
 *
 * Locking: none; one thread uses an image. It must not be used in a process
 * that has the segment open by SQLite, whose locks would be lost when its files
 * are closed here (fcntl(2), F_SETLK).
 */
#ifndef LUNAR_STORE_SEGMENT_IMAGE_H
#define LUNAR_STORE_SEGMENT_IMAGE_H

#include <stdint.h>

#include "folder.h"
#include "row_replay.h"
#include "store/journal.h"

struct segment_image;

/*
 * Open the files of the segment that begins with `first`. NULL, with a sentence
 * in `error`; errno is ENOENT if there is no such segment.
 * Ownership: `folder` is borrowed.
 */
struct segment_image *segment_image_new(const struct folder *folder,
                                        uint64_t first,
                                        char error[JOURNAL_ERROR]);

/* NULL does nothing. */
void segment_image_free(struct segment_image *image);

/* Bytes of the database and its log on the disk. */
uint64_t segment_image_bytes(const struct segment_image *image);

uint64_t segment_image_first(const struct segment_image *image);

/*
 * Copy the segment to memory, check whose it is, and prepare to read its rows.
 * `replay` tells its watch how far it is. Does nothing if it is loaded.
 */
enum journal_replayed segment_image_load(struct segment_image *image,
                                         struct row_replay *replay,
                                         char error[JOURNAL_ERROR]);

/* The rows of an image that is loaded. */
struct segment_rows *segment_image_rows(struct segment_image *image);

/* Give back the memory of the copy. */
void segment_image_unload(struct segment_image *image);

#endif
