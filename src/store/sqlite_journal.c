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

#include <sodium.h>
#include <sqlite3.h>

#include "base/log.h"
#include "base/sync.h"
#include "error.h"
#include "snapshot_file.h"
#include "sqlite_fault.h"
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
    const struct snapshot_info *snapshot = self->options.snapshot;
    struct sqlite_replay run = {
        .folder = self->options.folder,
        .firsts = self->found.first,
        .count = self->found.count,
        .last = self->segment,
        .after = after,
        .through = snapshot == NULL ? after : snapshot->through,
        .target = target,
        .watch = watch,
    };
    enum journal_replayed result = sqlite_replay(&run, error);

    if (result != JOURNAL_COMPLETE)
        return result;
    atomic_store(&self->position, run.position);
    old_segments_measure(&self->old);
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

    const char *problem = atomic_load(&self->problem);

    *status = (struct journal_status){
        .position = atomic_load(&self->position),
        .bytes = old_segments_bytes(&self->old) + atomic_load(&self->bytes),
        .queued = ticket_queue_pending(&self->queue),
        .problem = problem,
        .full = problem == sqlite_fault(SQLITE_FULL)->problem,
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

static bool forget(struct journal *journal, uint64_t position,
                   const _Atomic bool *stop)
{
    return old_segments_forget(&of_journal(journal)->old, position, stop);
}

static bool tidy(struct journal *journal)
{
    return old_segments_tidy(&of_journal(journal)->old);
}

static void free_journal(struct sqlite_journal *journal)
{
    segment_close(journal->segment);
    old_segments_release(&journal->old);
    folder_segments_release(&journal->found);
    buffer_release(&journal->row);
    ticket_queue_release(&journal->queue);
    free(journal);
}

static void stop(struct journal *journal)
{
    struct sqlite_journal *self = of_journal(journal);

    if (self->started) {
        ticket_queue_close(&self->queue);
        sync_join(self->thread);
        /* If that fails, nothing is lost: the next start reads the logs. */
        old_segments_tidy(&self->old);
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

/*
 * The segment behind the snapshot is not there; what was acknowledged since is
 * not either. Always false.
 */
static bool fail_missing(const struct sqlite_journal *journal,
                         char error[JOURNAL_ERROR])
{
    char name[FOLDER_NAME];

    folder_segment_name(journal->options.snapshot->position + 1, "", name);
    error_write(error,
                "the records behind the snapshot are missing: %.200s/%s is not "
                "there: restore the folder from a backup, or choose another "
                "one to begin without its rockets; nothing was changed",
                folder_path(journal->options.folder), name);
    return false;
}

/* List the segments; of a new history make the first. */
static bool find_segments(struct sqlite_journal *journal,
                          char error[JOURNAL_ERROR])
{
    struct folder *folder = journal->options.folder;
    struct folder_segments *found = &journal->found;

    if (!folder_list(folder, found, error))
        return false;
    if (found->count > 0)
        return true;
    if (journal->options.snapshot != NULL)
        return fail_missing(journal, error);
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
    folder_segments_release(found);
    return folder_list(folder, found, error);
}

/*
 * A segment was begun behind the last position of the snapshot before that was
 * taken. It is there, even if there were no records since.
 */
static bool check_snapshot(const struct sqlite_journal *journal,
                           char error[JOURNAL_ERROR])
{
    const struct snapshot_info *snapshot = journal->options.snapshot;
    const struct folder_segments *found = &journal->found;
    size_t i = 0;

    if (snapshot == NULL)
        return true;
    if (snapshot->id != journal->journal.id) {
        error_write(error,
                    "the snapshot in %.200s and %.200s are of different "
                    "histories: put back the files that belong together; "
                    "nothing was changed",
                    folder_path(journal->options.folder),
                    segment_path(journal->segment));
        return false;
    }
    while (i < found->count && found->first[i] != snapshot->position + 1)
        i++;
    return i < found->count || fail_missing(journal, error);
}

/* All but the last one. False if memory is exhausted. */
static bool note_old_segments(struct sqlite_journal *journal)
{
    const struct folder_segments *found = &journal->found;

    for (size_t i = 0; i + 1 < found->count; i++) {
        const struct old_segment old = {
            .first = found->first[i],
            .last = found->first[i + 1] - 1,
            .bytes =
                segment_file_bytes(journal->options.folder, found->first[i]),
        };
        if (!old_segments_reserve(&journal->old))
            return false;
        old_segments_add(&journal->old, &old);
    }
    return true;
}

static bool open_segments(struct sqlite_journal *journal,
                          char error[JOURNAL_ERROR])
{
    if (!find_segments(journal, error))
        return false;
    journal->segment =
        segment_open(journal->options.folder,
                     journal->found.first[journal->found.count - 1], error);
    /* Its log was made, if there was none: see writer.c. */
    if (journal->segment == NULL ||
        !folder_sync(journal->options.folder, error))
        return false;
    journal->journal.id = segment_id(journal->segment);
    if (!check_snapshot(journal, error))
        return false;
    if (!note_old_segments(journal)) {
        error_write(error, "memory is exhausted");
        return false;
    }
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
    if (options->notice == 0)
        journal->options.notice = JOURNAL_NOTICE;
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
    old_segments_init(&journal->old, options->folder);
    if (open_segments(journal, error))
        return &journal->journal;
    free_journal(journal);
    return NULL;
}
