/* SPDX-License-Identifier: Apache-2.0 */
#include "sqlite_journal.h"

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>
#include <sqlite3.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/sync.h"
#include "error.h"
#include "folder.h"
#include "segment.h"
#include "sqlite_fault.h"
#include "sqlite_replay.h"
#include "ticket_queue.h"

struct sqlite_journal {
    struct journal journal;
    /* Set at start, then read-only. */
    struct sqlite_journal_options options;
    const struct journal_target *target;
    pthread_t thread;
    bool started;
    struct ticket_queue queue;
    /* Written by the journal's thread, read by any. */
    _Atomic uint64_t position; /* of the last record that is applied */
    _Atomic uint64_t bytes;    /* of the last segment */
    _Atomic(const char *) problem;
    pthread_mutex_t lock;
    /* Guarded by `lock`. */
    struct folder_segments segments; /* the last one is written */
    uint64_t old_bytes;              /* of the others */
    /* Of the journal's thread; before it, of the one that opens and replays. */
    struct segment *segment; /* the last one */
    uint64_t base_bytes;     /* of its database after the last checkpoint */
    uint64_t log_bytes;      /* of its log on the disk */
    struct buffer row;       /* records of more than one ticket */
    uint64_t commit_us;      /* of the last commit */
    uint64_t slow_us;        /* when a slow commit was logged, or 0 */
    uint64_t probe_us;       /* while there is a problem: the next probe */
};

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

/* Bytes on the disk change with checkpoints, and when the log grows. */
static void count_bytes(struct sqlite_journal *journal)
{
    uint64_t log = segment_log_bytes(journal->segment);

    if (log > journal->log_bytes)
        journal->log_bytes = log;
    atomic_store(&journal->bytes, journal->base_bytes + journal->log_bytes);
}

static void measure_bytes(struct sqlite_journal *journal)
{
    journal->log_bytes = 0;
    journal->base_bytes = segment_bytes(journal->segment);
    count_bytes(journal);
}

static uint64_t next_probe_us(const struct sqlite_journal *journal)
{
    return clock_us(CLOCK_MONOTONIC) +
           journal->options.probe_ms * UINT64_C(1000);
}

/*
 * What could not be done is known not to be done, or the process ends. From
 * then on tickets are refused, until a probe succeeds.
 */
static void handle_fault(struct sqlite_journal *journal, int code,
                         const char *what)
{
    const struct sqlite_fault *fault = sqlite_fault(code);
    char reason[JOURNAL_ERROR];

    segment_describe(journal->segment, code, reason);
    if (!fault->rolled_back) {
        log_line(LOG_ERROR,
                 "%s failed: %s. %s It is not known what is on the disk, so "
                 "the service ends; the next start recovers what is there.",
                 what, reason, fault->problem);
        log_flush(LOG_STOP_MS);
        _exit(EXIT_FAILURE);
    }
    if (atomic_exchange(&journal->problem, fault->problem) != NULL)
        return;
    journal->probe_us = next_probe_us(journal);
    log_line(LOG_ERROR, "%s failed: %s. %s", what, reason, fault->problem);
}

static bool checkpoint(struct sqlite_journal *journal, bool truncate)
{
    int code = segment_checkpoint(journal->segment, truncate);

    if (code != SQLITE_OK) {
        handle_fault(journal, code, "a checkpoint of the journal");
        return false;
    }
    measure_bytes(journal);
    return true;
}

static bool push_segment(struct sqlite_journal *journal, uint64_t first)
{
    struct folder_segments *segments = &journal->segments;

    sync_lock(&journal->lock);
    uint64_t *grown =
        realloc(segments->first, (segments->count + 1) * sizeof(*grown));
    if (grown != NULL) {
        grown[segments->count++] = first;
        segments->first = grown;
        journal->old_bytes += journal->base_bytes;
    }
    sync_unlock(&journal->lock);
    return grown != NULL;
}

/*
 * Begin a new segment. The old one is complete before: then its log is empty.
 * False if it is still the last one.
 */
static bool begin_segment(struct sqlite_journal *journal)
{
    uint64_t first = atomic_load(&journal->position) + 1;
    char error[JOURNAL_ERROR];

    if (first == segment_first(journal->segment))
        return true;
    if (!checkpoint(journal, true))
        return false;
    int code =
        segment_make(journal->options.folder, first, journal->journal.id);
    if (code != SQLITE_OK) {
        handle_fault(journal, code, "making a segment of the journal");
        return false;
    }
    struct segment *next = segment_open(journal->options.folder, first, error);
    /* It exists, so nothing may be written to the old one any more. */
    if (next == NULL || !push_segment(journal, first)) {
        log_line(LOG_ERROR,
                 "the journal has a new segment, but cannot use it, so the "
                 "service ends; start it again: %s",
                 next == NULL ? error : "memory is exhausted");
        log_flush(LOG_STOP_MS);
        _exit(EXIT_FAILURE);
    }
    segment_close(journal->segment);
    journal->segment = next;
    measure_bytes(journal);
    return true;
}

/* Settle the tickets of `group`, from `first`; with 0, refuse them. */
static void settle_group(struct sqlite_journal *journal,
                         const struct ticket_group *group, uint64_t first)
{
    const struct journal_target *target = journal->target;
    struct journal_ticket *next = NULL;

    /* Before the owners know: what they may see then is true. */
    ticket_queue_settled(&journal->queue, group->bytes);
    for (struct journal_ticket *ticket = group->first; ticket != NULL;
         ticket = next) {
        next = ticket->next;
        ticket->outcome = first != 0 ? JOURNAL_SETTLED : JOURNAL_REFUSED;
        ticket->last = first != 0 ? first + ticket->count - 1 : 0;
        first += first != 0 ? ticket->count : 0;
        ticket->settled(ticket);
    }
    if (target->committed != NULL)
        target->committed(target->context);
}

static void refuse_group(struct sqlite_journal *journal,
                         const struct ticket_group *group)
{
    metric_add(journal->options.counts.refused, 0, group->records);
    settle_group(journal, group, 0);
}

/* As a replay does with rows. */
static void apply_group(struct sqlite_journal *journal,
                        const struct ticket_group *group, uint64_t position)
{
    const struct journal_target *target = journal->target;
    struct record record;

    for (struct journal_ticket *ticket = group->first; ticket != NULL;
         ticket = ticket->next) {
        struct text records = ticket->records;
        for (size_t i = 0; i < ticket->count; i++) {
            if (record_read(&records, &record) != RECORD_OK)
                abort(); /* the ticket was not written by record_write() */
            target->apply(target->context, position++, &record, ticket, i);
        }
    }
    target->applied(target->context);
}

/* The records of all tickets. False if memory is exhausted. */
static bool collect_records(struct sqlite_journal *journal,
                            const struct ticket_group *group,
                            struct text *records)
{
    *records = group->first->records;
    if (group->first->next == NULL)
        return true;
    buffer_clear(&journal->row);
    if (!buffer_reserve(&journal->row, group->bytes)) {
        buffer_release(&journal->row);
        return false;
    }
    for (const struct journal_ticket *ticket = group->first; ticket != NULL;
         ticket = ticket->next)
        buffer_append(&journal->row, ticket->records);
    *records = buffer_text(&journal->row);
    return true;
}

static void measure_commit(struct sqlite_journal *journal, uint64_t start,
                           const struct ticket_group *group)
{
    const struct journal_counts *counts = &journal->options.counts;
    uint64_t now = clock_us(CLOCK_MONOTONIC), us = now - start;

    journal->commit_us = us;
    metric_add(counts->commits, 0, 1);
    metric_observe(counts->seconds, 0, us);
    metric_observe(counts->messages, 0, group->records);
    if (us >= JOURNAL_SLOW_MS * UINT64_C(1000) &&
        (journal->slow_us == 0 ||
         now - journal->slow_us >= JOURNAL_SLOW_EVERY * UINT64_C(1000000))) {
        journal->slow_us = now;
        log_line(LOG_WARN,
                 "a commit of the journal took %ju.%03ju s: the disk is slow",
                 (uintmax_t)us / 1000000, (uintmax_t)us / 1000 % 1000);
    }
}

static void commit_group(struct sqlite_journal *journal,
                         const struct ticket_group *group)
{
    uint64_t position = atomic_load(&journal->position);
    uint64_t start = clock_us(CLOCK_MONOTONIC);
    struct segment_row row = {.last = position + group->records,
                              .count = group->records};
    int code = collect_records(journal, group, &row.records)
                   ? segment_add(journal->segment, &row)
                   : SQLITE_NOMEM;

    if (code != SQLITE_OK) {
        handle_fault(journal, code, "a commit of the journal");
        refuse_group(journal, group);
        return;
    }
    measure_commit(journal, start, group);
    apply_group(journal, group, position + 1);
    count_bytes(journal);
    atomic_store(&journal->position, row.last);
    settle_group(journal, group, position + 1);
}

/*
 * Between commits. If it fails, the data stay in the log, and nothing more is
 * written until a checkpoint succeeds.
 */
static void limit_log(struct sqlite_journal *journal)
{
    if (segment_log_bytes(journal->segment) < journal->options.checkpoint ||
        !checkpoint(journal, false))
        return;
    if (journal->base_bytes >= journal->options.segment)
        begin_segment(journal);
}

/* Write as much as a commit may need. The file is removed again. */
static bool probe_space(struct sqlite_journal *journal)
{
    int folder = folder_descriptor(journal->options.folder);
    static const char zeros[4096];
    bool written = true;
    int fd = openat(folder, "probe.new",
                    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0)
        return false;
    for (size_t size = 0; written && size < JOURNAL_MAX_COMMIT;
         size += sizeof(zeros))
        written = write(fd, zeros, sizeof(zeros)) == (ssize_t)sizeof(zeros);
    written = written && fsync(fd) == 0;
    close(fd);
    unlinkat(folder, "probe.new", 0);
    return written;
}

/*
 * Whether the journal can be written again. The log is copied and emptied
 * before anything is written to it: what a refused commit has left there must
 * not lie behind later commits (wal.h).
 */
static void probe(struct sqlite_journal *journal)
{
    if (!probe_space(journal) || !checkpoint(journal, true))
        return;
    int code = segment_probe(journal->segment);
    if (code != SQLITE_OK) {
        handle_fault(journal, code, "a write to the journal");
        return;
    }
    atomic_store(&journal->problem, NULL);
    log_line(LOG_INFO, "the journal can be written again");
}

static void take_group(struct sqlite_journal *journal,
                       const struct ticket_group *group)
{
    if (group->records == 0) {
        group->first->settled(group->first);
    } else if (atomic_load(&journal->problem) != NULL) {
        refuse_group(journal, group);
    } else {
        commit_group(journal, group);
        if (atomic_load(&journal->problem) == NULL)
            limit_log(journal);
    }
}

static void *run_journal(void *context)
{
    struct sqlite_journal *journal = context;
    struct ticket_group group;

    for (;;) {
        bool failing = atomic_load(&journal->problem) != NULL;
        if (failing && clock_us(CLOCK_MONOTONIC) >= journal->probe_us) {
            probe(journal);
            journal->probe_us = next_probe_us(journal);
            continue;
        }
        struct timespec until = {(time_t)(journal->probe_us / 1000000),
                                 (long)(journal->probe_us % 1000000) * 1000};
        uint64_t gather = journal->commit_us < JOURNAL_GATHER_US
                              ? journal->commit_us
                              : JOURNAL_GATHER_US;
        if (!ticket_queue_take(&journal->queue, gather, failing ? &until : NULL,
                               &group))
            return NULL;
        if (group.first != NULL)
            take_group(journal, &group);
    }
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
     * the last end. In the database it is written anew.
     */
    int code = segment_checkpoint(self->segment, true);
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
    measure_bytes(self);
    return JOURNAL_COMPLETE;
}

static bool start(struct journal *journal, const struct journal_target *target)
{
    struct sqlite_journal *self = of_journal(journal);

    self->target = target;
    self->started = pthread_create(&self->thread, NULL, run_journal, self) == 0;
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

    mark->position = begin_segment(mark->journal)
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

static void forget(struct journal *journal, uint64_t position)
{
    struct sqlite_journal *self = of_journal(journal);
    char error[JOURNAL_ERROR];
    uint64_t first = 0;

    /* From the oldest on: those that stay join, wherever this ends. */
    while (pop_segment(self, position, &first)) {
        uint64_t bytes = segment_file_bytes(self->options.folder, first);
        if (!folder_remove_segment(self->options.folder, first, error)) {
            log_line(LOG_WARN, "%s", error);
            return;
        }
        sync_lock(&self->lock);
        self->old_bytes -= bytes;
        sync_unlock(&self->lock);
    }
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
        error_write(error, "cannot make a journal in %.200s: %.250s",
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
    measure_bytes(journal);
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
