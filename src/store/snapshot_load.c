/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each thread has a reader of its own, and takes some blocks at a time, so all
 * of them end at about the same time, whatever is in the blocks. Rockets may be
 * loaded in any order. The thread that has called waits for them, and tells the
 * watch how far they are.
 */
#include "snapshot_load.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/machine.h"
#include "base/sync.h"
#include "domain/rocket.h"
#include "error.h"
#include "table/table.h"
#include "table/table_image.h"

enum { REPORT_MS = 50 }; /* between two calls of the watch */

struct load;

/* One thread. */
struct loader {
    struct load *load;
    struct snapshot_reader *reader;
    pthread_t thread;
};

struct load {
    /* Set at start, then read-only. */
    const char *path;
    struct table *table;
    struct snapshot_info info;
    struct loader loaders[SNAPSHOT_LOADERS];
    unsigned count; /* of these */
    /* The first block that no thread has taken. */
    _Atomic uint64_t next;
    /* No thread goes on, as one has failed, or the watch wants no more. */
    _Atomic bool ended;
    pthread_mutex_t lock;
    pthread_cond_t ready;
    /* Guarded by `lock`. */
    unsigned running; /* threads */
    struct journal_progress progress;
    bool failed;
    char error[JOURNAL_ERROR]; /* of the first that has */
};

/* Load the rockets of a block. False, with a sentence in `error`. */
static bool load_images(struct loader *loader, struct text images,
                        uint64_t *rockets, char error[JOURNAL_ERROR])
{
    for (*rockets = 0; images.length > 0;) {
        switch (table_load_group(loader->load->table, &images, rockets)) {
        case TABLE_LOADED:
            break;
        case TABLE_LOAD_DAMAGED:
            snapshot_reader_write_damage(
                loader->reader,
                "a rocket in it cannot be read, or is in it twice", error);
            return false;
        case TABLE_LOAD_NO_MEMORY:
            error_write(error,
                        "memory is exhausted while %s is loaded: give the "
                        "service more",
                        loader->load->path);
            return false;
        }
    }
    return true;
}

static bool load_blocks(struct loader *loader, char error[JOURNAL_ERROR])
{
    struct load *load = loader->load;
    struct text images;
    uint64_t rockets;

    while (!atomic_load(&load->ended)) {
        switch (snapshot_reader_next(loader->reader, &images, error)) {
        case SNAPSHOT_END:
            return true;
        case SNAPSHOT_BAD:
            return false;
        case SNAPSHOT_BLOCK_READ:
            break;
        }
        if (!load_images(loader, images, &rockets, error))
            return false;
        sync_lock(&load->lock);
        load->progress.done += images.length;
        load->progress.rockets += rockets;
        sync_unlock(&load->lock);
    }
    return true;
}

/* Take the next blocks. False if there are none. */
static bool take_blocks(struct loader *loader)
{
    struct load *load = loader->load;
    uint64_t end = load->info.blocks + 1;
    uint64_t first = atomic_fetch_add(&load->next, SNAPSHOT_LOAD_BLOCKS);

    if (first >= end)
        return false;
    if (end - first > SNAPSHOT_LOAD_BLOCKS)
        end = first + SNAPSHOT_LOAD_BLOCKS;
    snapshot_reader_range(loader->reader, first, end);
    return true;
}

static void *run_loader(void *context)
{
    struct loader *loader = context;
    struct load *load = loader->load;
    char error[JOURNAL_ERROR];
    bool loaded = true;

    pthread_setname_np(pthread_self(), "lunar-load");
    while (loaded && !atomic_load(&load->ended) && take_blocks(loader))
        loaded = load_blocks(loader, error);
    sync_lock(&load->lock);
    if (!loaded && !load->failed) {
        load->failed = true;
        memcpy(load->error, error, sizeof(error));
    }
    if (!loaded)
        atomic_store(&load->ended, true);
    load->running--;
    sync_signal(&load->ready);
    sync_unlock(&load->lock);
    return NULL;
}

/*
 * Wait until all threads have ended, and tell the watch meanwhile. It is not
 * called again once it has ended the work, however long a read takes.
 */
static void await_loaders(struct load *load, const struct journal_watch *watch)
{
    sync_lock(&load->lock);
    while (load->running > 0) {
        struct timespec deadline = sync_deadline(REPORT_MS);
        if (sync_wait_until(&load->ready, &load->lock, &deadline) ||
            watch == NULL || atomic_load(&load->ended))
            continue;
        struct journal_progress progress = load->progress;
        sync_unlock(&load->lock);
        if (!watch->report(watch->context, &progress))
            atomic_store(&load->ended, true);
        sync_lock(&load->lock);
    }
    sync_unlock(&load->lock);
}

/*
 * Open the readers, all of one file: beside a service that runs, another
 * snapshot may get its name meanwhile.
 */
static bool open_readers(struct load *load, enum snapshot_kind kind,
                         char error[JOURNAL_ERROR])
{
    unsigned most = machine_read("").processors;

    if (most > SNAPSHOT_LOADERS)
        most = SNAPSHOT_LOADERS;
    do {
        struct loader *loader = &load->loaders[load->count];
        loader->load = load;
        loader->reader = snapshot_reader_new(load->path, kind, error);
        if (loader->reader == NULL)
            return false;
        load->count++;
        const struct snapshot_info *info = snapshot_reader_info(loader->reader);
        if (load->count == 1)
            load->info = *info;
        if (memcmp(info, &load->info, sizeof(*info)) != 0) {
            error_write(error, "%s was replaced while it was read: try again",
                        load->path);
            return false;
        }
    } while (load->count < most &&
             load->info.blocks / SNAPSHOT_LOAD_BLOCKS >= load->count);
    return true;
}

/* As many threads as there are; one is enough. */
static bool run_loaders(struct load *load, const struct journal_watch *watch,
                        char error[JOURNAL_ERROR])
{
    unsigned started = 0;

    load->running = load->count;
    while (started < load->count &&
           pthread_create(&load->loaders[started].thread, NULL, run_loader,
                          &load->loaders[started]) == 0)
        started++;
    sync_lock(&load->lock);
    load->running -= load->count - started;
    sync_unlock(&load->lock);
    await_loaders(load, watch);
    for (unsigned i = 0; i < started; i++)
        sync_join(load->loaders[i].thread);
    if (started == 0)
        error_write(error, "cannot load %s: there is no thread for it",
                    load->path);
    else if (load->failed)
        memcpy(error, load->error, sizeof(load->error));
    return started > 0 && !load->failed;
}

/* What no single block shows. */
static bool check_loaded(const struct load *load, char error[JOURNAL_ERROR])
{
    const struct snapshot_reader *reader = load->loaders[0].reader;

    if (load->progress.rockets != load->info.rockets)
        snapshot_reader_write_whole_damage(
            reader, "it has another number of rockets than it says", error);
    else if (table_revision(load->table) > load->info.through)
        snapshot_reader_write_whole_damage(
            reader, "a rocket has a later position than it says", error);
    else
        return true;
    return false;
}

bool snapshot_check_bound(const struct snapshot_info *info, const char *path,
                          char error[JOURNAL_ERROR])
{
    if (info->max_runs == ROCKET_MAX_RUNS)
        return true;
    error_write(error,
                "%s was written with at most %ju runs of messages a rocket, "
                "but lunar.service " LUNAR_VERSION
                " keeps %d: use the version that wrote it",
                path, (uintmax_t)info->max_runs, ROCKET_MAX_RUNS);
    return false;
}

static enum journal_replayed load_snapshot(struct load *load,
                                           const struct journal_watch *watch,
                                           char error[JOURNAL_ERROR])
{
    if (!snapshot_check_bound(&load->info, load->path, error))
        return JOURNAL_FAILED;
    load->next = 1;
    load->progress.total = load->info.bytes;
    if (!run_loaders(load, watch, error))
        return JOURNAL_FAILED;
    if (load->ended)
        return JOURNAL_INTERRUPTED;
    if (!check_loaded(load, error))
        return JOURNAL_FAILED;
    load->progress.done = load->progress.total;
    if (watch != NULL && !watch->report(watch->context, &load->progress))
        return JOURNAL_INTERRUPTED;
    return JOURNAL_COMPLETE;
}

enum journal_replayed snapshot_load(const char *path, enum snapshot_kind kind,
                                    struct table *table,
                                    const struct journal_watch *watch,
                                    char error[JOURNAL_ERROR])
{
    struct load load = {.path = path, .table = table};
    enum journal_replayed result = JOURNAL_FAILED;

    sync_mutex_init(&load.lock);
    sync_cond_init(&load.ready);
    if (open_readers(&load, kind, error))
        result = load_snapshot(&load, watch, error);
    for (unsigned i = 0; i < load.count; i++)
        snapshot_reader_free(load.loaders[i].reader);
    pthread_cond_destroy(&load.ready);
    pthread_mutex_destroy(&load.lock);
    return result;
}
