/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A journal on SQLite in a folder of its own, for tests that close and open it
 * again.
 */
#ifndef LUNAR_TESTS_STORE_FOLDER_H
#define LUNAR_TESTS_STORE_FOLDER_H

#include "lib/folder.h"
#include "lib/unit_check.h"

#include "store/folder.h"
#include "store/journal.h"
#include "store/sqlite_journal.h"

struct store_folder {
    char path[FOLDER_ROOT];
    struct folder *folder;
    struct sqlite_journal_options options; /* its sizes may be set */
    struct journal *journal;               /* NULL while it is closed */
};

static inline void store_folder_make(struct store_folder *folder)
{
    *folder = (struct store_folder){0};
    folder_make(folder->path);
}

static inline void store_folder_make_fast(struct store_folder *folder)
{
    *folder = (struct store_folder){0};
    folder_make_fast(folder->path);
}

/* Open the journal. NULL, with the reason in `error`. */
static inline struct journal *store_folder_try_open(struct store_folder *folder,
                                                    char error[JOURNAL_ERROR])
{
    folder->folder = folder_open(folder->path, error);
    if (folder->folder == NULL)
        return NULL;
    folder->options.folder = folder->folder;
    folder->journal = sqlite_journal_open(&folder->options, error);
    if (folder->journal == NULL) {
        folder_close(folder->folder);
        folder->folder = NULL;
    }
    return folder->journal;
}

static inline struct journal *store_folder_open(struct store_folder *folder)
{
    char error[JOURNAL_ERROR] = "";

    if (store_folder_try_open(folder, error) == NULL)
        fail_msg("cannot open the journal: %s", error);
    return folder->journal;
}

static inline void store_folder_stop(struct store_folder *folder)
{
    if (folder->journal != NULL)
        folder->journal->methods->stop(folder->journal);
    folder_close(folder->folder);
    folder->journal = NULL;
    folder->folder = NULL;
}

static inline void store_folder_remove(struct store_folder *folder)
{
    store_folder_stop(folder);
    folder_remove(folder->path);
}

#endif
