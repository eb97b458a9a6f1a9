/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes one snapshot: writes the images of all rockets to a new file, and
 * publishes it. When that is done, and what follows, is up to snapshots.h.
 */
#ifndef LUNAR_STORE_SNAPSHOT_TAKE_H
#define LUNAR_STORE_SNAPSHOT_TAKE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "snapshot_file.h"
#include "store/journal.h"

struct folder;
struct table;

/* What it is taken of. */
struct snapshot_source {
    const struct folder *folder;
    struct table *table;
    uint64_t id; /* of the history */
    enum snapshot_kind kind;
    /* Looked at at least every few milliseconds, but for a slow disk. */
    const _Atomic bool *stop;
};

enum snapshot_taken {
    SNAPSHOT_TAKEN,
    SNAPSHOT_STOPPED,
    SNAPSHOT_FAILED, /* a sentence is in `error`; see errno */
};

/*
 * Take a snapshot. The table has applied all records up to `place`, of which
 * `position`, and for SNAPSHOT_OF_TOPIC `check` and `rules` are used; others
 * are applied meanwhile. `info` is set if it was taken; else the snapshot
 * before is still there.
 */
enum snapshot_taken snapshot_take(const struct snapshot_source *source,
                                  const struct journal_place *place,
                                  struct snapshot_info *info,
                                  char error[JOURNAL_ERROR]);

#endif
