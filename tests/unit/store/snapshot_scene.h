/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of a snapshot, written and read. The blocks have any bytes, as the
 * file does not know what is in them. What is not as expected fails the test.
 */
#ifndef LUNAR_TESTS_SNAPSHOT_SCENE_H
#define LUNAR_TESTS_SNAPSHOT_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "lib/folder.h"
#include "store/snapshot_file.h"

enum {
    SNAPSHOT_SCENE_ID = 77,    /* of the journal */
    SNAPSHOT_SCENE_BLOCKS = 3, /* of the small contents */
};

/* Of the test that runs. */
extern struct snapshot_scene {
    char root[FOLDER_ROOT];
    char path[96]; /* of the snapshot */
    char error[JOURNAL_ERROR];
} scene;

/* The blocks of a snapshot. */
struct snapshot_contents {
    uint64_t seed;
    uint64_t blocks;
    size_t bytes; /* of a block, at least; the others have some more */
};

extern const struct snapshot_contents snapshot_small;

int snapshot_scene_set_up(void **context);
int snapshot_scene_tear_down(void **context);

/* The bytes of a block, which the next call changes. */
struct text snapshot_scene_block(const struct snapshot_contents *contents,
                                 uint64_t number);

/* Write a snapshot. False as snapshot_writer_new() and the others do. */
bool snapshot_scene_try_write(const struct snapshot_contents *contents,
                              enum snapshot_kind kind,
                              struct snapshot_info *info);

/* Write it in place of the one that is there. */
struct snapshot_info
snapshot_scene_write(const struct snapshot_contents *contents,
                     enum snapshot_kind kind);

struct snapshot_reader *snapshot_scene_open(enum snapshot_kind kind);

/*
 * Read the snapshot, whose blocks and info must be these. False, with
 * `scene.error`, if it cannot be read.
 */
bool snapshot_scene_try_read(const struct snapshot_contents *contents,
                             const struct snapshot_info *info);

/* The error names the file, once, and nothing is cut off. */
void snapshot_scene_check_sentence(void);

/* The error is the path between these. */
void snapshot_scene_expect_error(const char *before, const char *after);

#endif
