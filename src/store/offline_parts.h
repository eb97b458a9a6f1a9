/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources of offline.h share: a folder or a backup, opened so that
 * nothing of it can vanish any more, and the ways through what it holds.
 *
 *     offline_files_open() --> offline_read_blocks() of the snapshot
 *         --> offline_replay_part() of each part of the journal
 *         --> offline_replay_end() --> offline_files_release()
 */
#ifndef LUNAR_STORE_OFFLINE_PARTS_H
#define LUNAR_STORE_OFFLINE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "folder.h"
#include "row_replay.h"
#include "segment_image.h"
#include "snapshot_file.h"
#include "store/offline.h"

enum {
    /* A service removes files while they are opened: begin again so often. */
    OFFLINE_ATTEMPTS = 100,
    OFFLINE_PAUSE_MS = 10, /* between two of them */
};

/* What to do about damage of a backup. */
#define OFFLINE_OTHER_BACKUP "use another backup; nothing was changed"

/* Of a backup: which rows it has; a table beside those of snapshot_file.h. */
#define OFFLINE_JOURNAL_TABLE                                                  \
    "CREATE TABLE journal(first INTEGER NOT NULL, last INTEGER NOT NULL, "     \
    "record_version INTEGER NOT NULL, sum INTEGER NOT NULL)"

struct offline_files {
    struct folder *folder; /* NULL: it is a backup */
    struct snapshot_reader
        *snapshot;              /* NULL: there is none, or it is damaged */
    struct snapshot_info info;  /* all 0 then */
    char damage[JOURNAL_ERROR]; /* of the snapshot; "": it is sound */
    char snapshot_path[FOLDER_FILE];
    /* Parts of the journal that reach behind the snapshot. */
    struct segment_image **images;
    size_t parts; /* of a folder: images; of a backup: 1 */
    bool shared;  /* the journal is elsewhere */
    /* Of a backup. */
    struct segment_rows rows;
    uint64_t last; /* position of its last record, as it says itself */
    /* In all. */
    uint64_t bytes;
    bool in_use;
};

/*
 * Open what `source` has. `tolerant`: a damaged snapshot is no failure, but see
 * `damage`; then all segments are opened. False, with a sentence in `error`.
 * The caller calls offline_files_release(), also after a failure.
 */
bool offline_files_open(struct offline_files *files,
                        const struct offline_source *source, bool tolerant,
                        char error[JOURNAL_ERROR]);

void offline_files_release(struct offline_files *files);

/* A replay of all parts, from the begin on: see row_replay.h. */
struct row_replay offline_replay(const struct offline_files *files,
                                 const struct journal_watch *watch);

/*
 * Find the history, which `replay` then has: it is in the snapshot, or else in
 * the first segment.
 */
enum journal_replayed offline_find_history(struct offline_files *files,
                                           struct row_replay *replay,
                                           char error[JOURNAL_ERROR]);

/* What is done with a block of a snapshot, which has `rockets` images. */
struct offline_block {
    /* NULL: they are only checked. False, with `error`, ends it. */
    bool (*take)(void *context, struct text images, uint64_t rockets,
                 char error[JOURNAL_ERROR]);
    void *context;
};

/*
 * Read all blocks of the snapshot, and check each image in them. `pages`: check
 * the pages of its database, too. `replay` tells its watch how far it is.
 */
enum journal_replayed offline_read_blocks(struct offline_files *files,
                                          bool pages, struct row_replay *replay,
                                          const struct offline_block *block,
                                          char error[JOURNAL_ERROR]);

/*
 * Replay a part of the journal, 0 to `parts` - 1, in order. `pages`: check
 * the pages of its database, too.
 */
enum journal_replayed offline_replay_part(struct offline_files *files,
                                          size_t part, bool pages,
                                          struct row_replay *replay,
                                          char error[JOURNAL_ERROR]);

/* Whether the journal reaches what it has to reach. */
bool offline_replay_end(const struct offline_files *files,
                        const struct row_replay *replay,
                        char error[JOURNAL_ERROR]);

/* All of these, in their order, until one does not succeed. */
enum journal_replayed offline_replay_all(struct offline_files *files,
                                         bool pages, struct row_replay *replay,
                                         const struct offline_block *block,
                                         char error[JOURNAL_ERROR]);

/*
 * Whether the watch ends the work, now that all is written and only has to get
 * its name.
 */
bool offline_is_interrupted(struct row_replay *replay);

/* What was found, after a replay that is complete. */
struct offline_state offline_state_of(const struct offline_files *files,
                                      const struct row_replay *replay);

/* The sum of the row of the table `journal`. */
uint64_t offline_journal_sum(uint64_t id, uint64_t first, uint64_t last,
                             uint64_t record_version);

#endif
