/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The methods of the journal, each for the threads that journal.h names, and
 * its begin and end. What the journal's own thread does is in writer.c.
 */
#include "sqlite_journal.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>
#include <sqlite3.h>

#include "base/log.h"
#include "base/sync.h"
#include "error.h"
#include "sqlite_replay.h"
#include "writer.h"

/* A request to begin a new segment: a ticket without records. */
struct roll_mark {
    struct journal_ticket ticket;
    struct sqlite_journal *journal;
    uint64_t position; /* the result */
    sem_t done;
};

static struct sqlite_journal *of_journal(struct journal *journal)
{
    return container_of(journal, struct sqlite_journal, journal);
}

static enum journal_replayed replay(struct journal *journal, uint64_t after,
                                    const struct journal_target *target,
                                    const struct journal_watch *watch,
                                    char error[JOURNAL_ERROR])
{
    struct sqlite_journal *self = of_journal(journal);
    struct sqlite_replay run = {
        .folder = self->options.folder,
        .firsts = self->segments.first,
        .count = self->segments.count,
        .last = self->segment,
        .after = after,
        .target = target,
        .watch = watch,
    };
    enum journal_replayed result = sqlite_replay(&run, error);

    if (result != JOURNAL_COMPLETE)
        return result;
    /*
     * The log may be in the page cache only, if a sync of it has failed before
     * the last end. In the database it is written anew. That the log is empty
     * must be durable, too: after a power cut SQLite would read what is left of
     * it, older pages, in the place of those of the database.
     */
    int code = segment_checkpoint(self->segment, true);
    if (code == SQLITE_OK)
        code = segment_sync_log(self->segment);
    if (code != SQLITE_OK) {
        char reason[JOURNAL_ERROR];
        segment_describe(self->segment, code, reason);
        error_write(
            error,
            "a checkpoint of the journal failed: %.300s. Check that the "
            "disk is neither full nor faulty; nothing is lost.",
            reason);
        return JOURNAL_FAILED;
    }
    atomic_store(&self->position, run.position);
    writer_measure_bytes(self);
    return JOURNAL_COMPLETE;
}

static bool start(struct journal *journal, const struct journal_target *target)
{
    struct sqlite_journal *self = of_journal(journal);

    self->target = target;
    self->started = pthread_create(&self->thread, NULL, writer_run, self) == 0;
    return self->started;
}

static bool append(struct journal *journal, struct journal_ticket *ticket)
{
    return ticket_queue_push(&of_journal(journal)->queue, ticket);
}

static void read_status(struct journal *journal, struct journal_status *status)
{
    struct sqlite_journal *self = of_journal(journal);

    sync_lock(&self->lock);
    uint64_t old = self->old_bytes;
    sync_unlock(&self->lock);
    *status = (struct journal_status){
        .position = atomic_load(&self->position),
        .bytes = old + atomic_load(&self->bytes),
        .queued = ticket_queue_pending(&self->queue),
        .problem = atomic_load(&self->problem),
    };
}

/* On the journal's thread: all tickets before the mark are settled. */
static void reach_mark(struct journal_ticket *ticket)
{
    struct roll_mark *mark = container_of(ticket, struct roll_mark, ticket);

    mark->position = writer_begin_segment(mark->journal)
                         ? segment_first(mark->journal->segment) - 1
                         : 0;
    sync_semaphore_post(&mark->done);
}

static uint64_t roll(struct journal *journal)
{
    struct sqlite_journal *self = of_journal(journal);
    struct roll_mark mark = {.ticket.settled = reach_mark, .journal = self};

    sync_semaphore_init(&mark.done);
    ticket_queue_push_mark(&self->queue, &mark.ticket);
    sync_semaphore_wait(&mark.done);
    sem_destroy(&mark.done);
    return mark.position;
}

/*
 * Take the first segment off the list if it has no record behind `position`.
 * False if there is none; the last one always stays.
 */
static bool pop_segment(struct sqlite_journal *journal, uint64_t position,
                        uint64_t *first)
{
    struct folder_segments *segments = &journal->segments;

    sync_lock(&journal->lock);
    bool popped = segments->count > 1 && segments->first[1] - 1 <= position;
    if (popped) {
        *first = segments->first[0];
        segments->count--;
        memmove(segments->first, segments->first + 1,
                segments->count * sizeof(segments->first[0]));
    }
    sync_unlock(&journal->lock);
    return popped;
}

static bool forget(struct journal *journal, uint64_t position)
{
    struct sqlite_journal *self = of_journal(journal);
    char error[JOURNAL_ERROR];
    uint64_t first = 0;

    /* From the oldest on: those that stay join, wherever this ends. */
    while (pop_segment(self, position, &first)) {
        uint64_t bytes = segment_file_bytes(self->options.folder, first);
        if (!folder_remove_segment(self->options.folder, first, error)) {
            log_line(LOG_WARN, "%s", error);
            return false;
        }
        sync_lock(&self->lock);
        self->old_bytes -= bytes;
        sync_unlock(&self->lock);
    }
    return true;
}

static bool tidy(struct journal *journal)
{
    (void)journal;
    return true;
}

static void free_journal(struct sqlite_journal *journal)
{
    segment_close(journal->segment);
    folder_segments_release(&journal->segments);
    buffer_release(&journal->row);
    ticket_queue_release(&journal->queue);
    pthread_mutex_destroy(&journal->lock);
    free(journal);
}

static void stop(struct journal *journal)
{
    struct sqlite_journal *self = of_journal(journal);

    if (self->started) {
        ticket_queue_close(&self->queue);
        sync_join(self->thread);
        /* If that fails, nothing is lost: the next start reads the log. */
        int code = segment_checkpoint(self->segment, true);
        if (code != SQLITE_OK) {
            char reason[JOURNAL_ERROR];
            segment_describe(self->segment, code, reason);
            log_line(LOG_WARN, "a checkpoint of the journal failed: %s",
                     reason);
        }
    }
    free_journal(self);
}

static const struct journal_methods methods = {
    .replay = replay,
    .start = start,
    .append = append,
    .status = read_status,
    .roll = roll,
    .forget = forget,
    .tidy = tidy,
    .stop = stop,
};

/* List the segments; of a new history make the first. */
static bool find_segments(struct sqlite_journal *journal,
                          char error[JOURNAL_ERROR])
{
    struct folder *folder = journal->options.folder;
    struct folder_segments *segments = &journal->segments;

    if (!folder_list(folder, segments, error))
        return false;
    if (segments->count > 0)
        return true;
    uint64_t id = 0;
    randombytes_buf(&id, sizeof(id));
    int code = segment_make(folder, 1, id);
    if (code != SQLITE_OK) {
        char reason[JOURNAL_ERROR];
        segment_describe(NULL, code, reason);
        error_write(error,
                    "cannot make a journal in %.200s: %.150s: free space on "
                    "the file system, and check the permissions of the folder",
                    folder_path(folder), reason);
        return false;
    }
    folder_segments_release(segments);
    return folder_list(folder, segments, error);
}

static bool open_segments(struct sqlite_journal *journal,
                          char error[JOURNAL_ERROR])
{
    if (!find_segments(journal, error))
        return false;
    const struct folder_segments *segments = &journal->segments;
    journal->segment = segment_open(
        journal->options.folder, segments->first[segments->count - 1], error);
    if (journal->segment == NULL)
        return false;
    for (size_t i = 0; i + 1 < segments->count; i++)
        journal->old_bytes +=
            segment_file_bytes(journal->options.folder, segments->first[i]);
    journal->journal.id = segment_id(journal->segment);
    writer_measure_bytes(journal);
    return true;
}

struct journal *
sqlite_journal_open(const struct sqlite_journal_options *options,
                    char error[JOURNAL_ERROR])
{
    struct sqlite_journal *journal = calloc(1, sizeof(*journal));

    if (journal == NULL || sodium_init() < 0) {
        error_write(error, "memory is exhausted");
        free(journal);
        return NULL;
    }
    journal->journal.methods = &methods;
    journal->options = *options;
    if (options->checkpoint == 0)
        journal->options.checkpoint = JOURNAL_CHECKPOINT;
    if (options->segment == 0)
        journal->options.segment = JOURNAL_SEGMENT;
    if (options->probe_ms == 0)
        journal->options.probe_ms = JOURNAL_PROBE_MS;
    ticket_queue_init(
        &journal->queue,
        options->max_pending != 0 ? options->max_pending : JOURNAL_MAX_PENDING,
        options->max_commit != 0 ? options->max_commit : JOURNAL_MAX_COMMIT);
    sync_mutex_init(&journal->lock);
    if (open_segments(journal, error))
        return &journal->journal;
    free_journal(journal);
    return NULL;
}
