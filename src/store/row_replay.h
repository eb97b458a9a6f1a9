/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays rows of segments, one segment behind the other, and checks all that
 * can be checked: that each begins where the one before it ends, that all have
 * one history, and that each record can be read. A record is either handed to
 * the target exactly as it was written, or the replay fails.
 *
 * Where the rows come from is left to the caller: files at the start of a
 * service, images of them, or a backup.
 */
#ifndef LUNAR_STORE_ROW_REPLAY_H
#define LUNAR_STORE_ROW_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "segment_rows.h"
#include "store/journal.h"

struct row_replay {
    /* Set by the caller. Borrowed. */
    uint64_t after;      /* records up to this position are not handed over */
    uint64_t id;         /* of the history that all rows have to belong to */
    const char *id_path; /* the file that says so, for texts */
    const struct journal_target *target; /* NULL: records are only checked */
    const struct journal_watch *watch;   /* may be NULL */
    /*
     * Called for each row that is right and has a record behind `after`; may be
     * NULL. False, with a sentence in `error`, ends the replay.
     */
    bool (*row)(void *context, const struct segment_row *row,
                char error[JOURNAL_ERROR]);
    void *context;
    /* Results, and to be set at first: what lies before the rows. */
    uint64_t position; /* of the last record */
    struct journal_progress progress;
    /* Private. */
    uint64_t reported; /* the time, in microseconds */
    char *block;
    size_t used;
};

/* False if memory is exhausted, which `error` says. */
bool row_replay_init(struct row_replay *replay, char error[JOURNAL_ERROR]);

/*
 * Replay all rows of one more segment. All records are applied when this
 * returns. Unless it is JOURNAL_COMPLETE, the replay has ended.
 */
enum journal_replayed row_replay_run(struct row_replay *replay,
                                     struct segment_rows *rows,
                                     char error[JOURNAL_ERROR]);

/*
 * Whether the rows reach position `through`, up to which a snapshot has
 * records. False, with a sentence in `error` about `path`, the last file.
 */
bool row_replay_check_end(const struct row_replay *replay, uint64_t through,
                          const char *path, char error[JOURNAL_ERROR]);

/* Tell the watch, if it is time. False if it ends the replay. */
bool row_replay_report(struct row_replay *replay);

void row_replay_release(struct row_replay *replay);

#endif
