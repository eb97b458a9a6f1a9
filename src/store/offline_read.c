/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the state as a start does, but one block after the other: the snapshot
 * is read by the connection that holds it, as its file may be replaced
 * meanwhile.
 */
#include "error.h"
#include "offline_parts.h"
#include "store/commit.h"
#include "table/table.h"
#include "table/table_image.h"

struct loading {
    struct offline_files *files;
    struct table *table;
};

/* For a struct offline_block. */
static bool load_block(void *context, struct text images, uint64_t rockets,
                       char error[JOURNAL_ERROR])
{
    struct loading *loading = context;

    (void)rockets;
    while (images.length > 0) {
        switch (table_load(loading->table, &images)) {
        case TABLE_LOADED:
            break;
        case TABLE_LOAD_DAMAGED:
            snapshot_reader_write_damage(loading->files->snapshot,
                                         "a rocket is in it twice", error);
            return false;
        case TABLE_LOAD_NO_MEMORY:
            error_write(error, "memory is exhausted");
            return false;
        }
    }
    return true;
}

/* Replay through a commit, whose target applies messages in groups. */
static enum journal_replayed read_all(struct offline_files *files,
                                      struct table *table,
                                      const struct journal_watch *watch,
                                      struct offline_state *state,
                                      char error[JOURNAL_ERROR])
{
    struct row_replay replay = offline_replay(files, watch);
    struct loading loading = {files, table};
    const struct offline_block block = {load_block, &loading};
    struct commit *commit = commit_new(NULL, table, NULL, NULL);
    enum journal_replayed result = JOURNAL_FAILED;

    if (commit == NULL) {
        error_write(error, "memory is exhausted");
        return JOURNAL_FAILED;
    }
    table_limit_admission(table, 100);
    replay.target = commit_target(commit);
    if (row_replay_init(&replay, error)) {
        result = offline_replay_all(files, false, &replay, &block, error);
        row_replay_release(&replay);
    }
    if (result == JOURNAL_COMPLETE)
        *state = offline_state_of(files, &replay);
    commit_free(commit);
    return result;
}

enum journal_replayed offline_read(const struct offline_source *source,
                                   struct table *table,
                                   const struct journal_watch *watch,
                                   struct offline_state *state,
                                   char error[JOURNAL_ERROR])
{
    struct offline_files files;
    enum journal_replayed result = JOURNAL_FAILED;

    if (offline_files_open(&files, source, false, error))
        result = read_all(&files, table, watch, state, error);
    offline_files_release(&files);
    return result;
}
