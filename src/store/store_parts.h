/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources of store.h share.
 */
#ifndef LUNAR_STORE_STORE_PARTS_H
#define LUNAR_STORE_STORE_PARTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "snapshot_file.h"
#include "store/store.h"
#include "store_metrics.h"

struct folder;
struct snapshots;

struct store {
    struct store_options options;
    struct store_counts counts;
    struct folder *folder;
    bool has_snapshot; /* at the start: */
    struct snapshot_info snapshot;
    struct journal *journal;
    struct table *table; /* these are NULL until store_attach() */
    struct commit *commit;
    struct snapshots *snapshots;
    _Atomic uint64_t recovery_us;
};

/* Of the folder's snapshot. */
static inline enum snapshot_kind store_snapshot_kind(const struct store *store)
{
    return store->options.journal != NULL ? SNAPSHOT_OF_TOPIC
                                          : SNAPSHOT_OF_FOLDER;
}

#endif
