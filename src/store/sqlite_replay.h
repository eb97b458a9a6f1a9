/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the segments of a journal at the start, and checks all that can be
 * checked: a record is either handed to the target exactly as it was written,
 * or the replay fails. When all is right, logs are copied to their databases.
 */
#ifndef LUNAR_STORE_SQLITE_REPLAY_H
#define LUNAR_STORE_SQLITE_REPLAY_H

#include "segment.h"
#include "store/journal.h"

struct sqlite_replay {
    const struct folder *folder;
    /* The first positions of all segments, rising. */
    const uint64_t *firsts;
    size_t count;
    /* The last of them, which is open. */
    struct segment *last;
    uint64_t after;
    uint64_t through; /* a position that must be reached */
    const struct journal_target *target;
    const struct journal_watch *watch;
    /* Result: the position of the last record. */
    uint64_t position;
};

enum journal_replayed sqlite_replay(struct sqlite_replay *replay,
                                    char error[JOURNAL_ERROR]);

#endif
