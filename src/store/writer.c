/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread's loop: take tickets, commit, apply, settle; between commits it
 * copies the log and begins segments. After a fault it refuses tickets and
 * probes until the disk can be written again. Only this thread uses the
 * segment, so nothing here holds a lock while it writes.
 */
#include "writer.h"

#include <stdlib.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "sqlite_fault.h"

static void notify_target(struct sqlite_journal *journal)
{
    const struct journal_target *target = journal->target;

    journal->noticed_bytes = atomic_load(&journal->bytes);
    if (target->notice != NULL)
        target->notice(target->context);
}

/*
 * Bytes on the disk change with checkpoints, when the log grows, and with a new
 * segment.
 */
static void count_bytes(struct sqlite_journal *journal)
{
    uint64_t log = segment_log_bytes(journal->segment);

    if (log > journal->log_bytes)
        journal->log_bytes = log;
    uint64_t bytes = journal->base_bytes + journal->log_bytes;
    atomic_store(&journal->bytes, bytes);
    if (bytes < journal->noticed_bytes)
        journal->noticed_bytes = bytes;
    if (journal->target != NULL &&
        bytes - journal->noticed_bytes >= journal->options.notice)
        notify_target(journal);
}

void writer_measure_bytes(struct sqlite_journal *journal)
{
    /* Later frames are written over those that the file has already. */
    journal->log_bytes = segment_log_file_bytes(journal->segment);
    journal->base_bytes = segment_bytes(journal->segment) - journal->log_bytes;
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
static void report_fault(struct sqlite_journal *journal, int code,
                         const char *what, const char *reason)
{
    const struct sqlite_fault *fault = sqlite_fault(code);

    if (!fault->rolled_back) {
        log_line(LOG_ERROR,
                 "%s failed (%s): %s; it is not known what is on the disk, so "
                 "the service ends, and the next start recovers what is there",
                 what, reason, fault->problem);
        log_flush(LOG_STOP_MS);
        _exit(EXIT_FAILURE);
    }
    const char *before = atomic_exchange(&journal->problem, fault->problem);
    if (before == NULL) {
        journal->probe_us = next_probe_us(journal);
        log_line(LOG_ERROR, "%s failed (%s): %s", what, reason, fault->problem);
    }
    if (before != fault->problem)
        notify_target(journal);
}

/* The same for an error of the last segment's connection. */
static void handle_fault(struct sqlite_journal *journal, int code,
                         const char *what)
{
    char reason[JOURNAL_ERROR];

    segment_describe(journal->segment, code, reason);
    report_fault(journal, code, what, reason);
}

static bool checkpoint(struct sqlite_journal *journal, bool truncate)
{
    int code = segment_checkpoint(journal->segment, truncate);

    if (code != SQLITE_OK) {
        handle_fault(journal, code, "a checkpoint of the journal");
        return false;
    }
    if (truncate)
        journal->unsettled = false;
    writer_measure_bytes(journal);
    return true;
}

/*
 * Make and open the segment that begins at `first`. NULL: it is not there. To
 * open it makes its log; SQLite syncs the folder with the first commit, but
 * ignores it if that fails, and a power cut could take the log and all that is
 * in it.
 */
static struct segment *make_segment(struct sqlite_journal *journal,
                                    uint64_t first)
{
    static const char what[] = "making a segment of the journal";
    const struct folder *folder = journal->options.folder;
    char error[JOURNAL_ERROR];

    int code = old_segments_reserve(&journal->old)
                   ? segment_make(folder, first, journal->journal.id)
                   : SQLITE_NOMEM;
    if (code != SQLITE_OK) {
        segment_describe(NULL, code, error);
        report_fault(journal, code, what, error);
        return NULL;
    }
    struct segment *segment = segment_open(folder, first, error);
    if (segment != NULL && folder_sync(folder, error))
        return segment;
    if (segment != NULL) { /* the process ends */
        report_fault(journal, SQLITE_IOERR_DIR_FSYNC, what, error);
        abort();
    }
    /* It must not be there while the one before it is written. */
    char removal[JOURNAL_ERROR];
    bool removed = folder_remove_segment(folder, first, removal);
    report_fault(journal, removed ? SQLITE_CANTOPEN : SQLITE_IOERR_DIR_FSYNC,
                 what, error);
    return NULL;
}

/*
 * The segment before keeps its log, which the list's thread copies later. A
 * commit that was refused may be whole in it, but for one that found the disk
 * full (see sqlite_fault.c): then the log is emptied before, so that a start
 * does not read records whose positions the new segment uses again. The frames
 * of one that found the disk full lie behind the last whole commit, as after a
 * power cut.
 */
bool writer_begin_segment(struct sqlite_journal *journal)
{
    uint64_t position = atomic_load(&journal->position);

    if (position + 1 == segment_first(journal->segment))
        return true;
    if (journal->unsettled && !checkpoint(journal, true))
        return false;
    struct segment *segment = make_segment(journal, position + 1);
    if (segment == NULL)
        return false;
    const struct old_segment old = {
        .first = segment_first(journal->segment),
        .last = position,
        .bytes = journal->base_bytes + journal->log_bytes,
        .segment = journal->segment,
    };
    old_segments_add(&journal->old, &old);
    journal->segment = segment;
    journal->unsettled = false;
    writer_measure_bytes(journal);
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
        journal->unsettled = code != SQLITE_FULL;
        handle_fault(journal, code, "a commit of the journal");
        refuse_group(journal, group);
        return;
    }
    measure_commit(journal, start, group);
    apply_group(journal, group, position + 1);
    atomic_store(&journal->position, row.last);
    /* Behind it: whoever gets a notice looks at the position, too. */
    count_bytes(journal);
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
    if (journal->base_bytes >= journal->options.segment &&
        writer_begin_segment(journal))
        notify_target(journal);
}

/*
 * Whether the journal can be written again. The log is copied and emptied
 * before anything is written to it: what a refused commit has left there must
 * not lie behind later commits (wal.h).
 */
static void probe(struct sqlite_journal *journal)
{
    char reason[JOURNAL_ERROR];

    /* As much as a commit may need. */
    if (!folder_probe(journal->options.folder, JOURNAL_MAX_COMMIT, reason) ||
        !checkpoint(journal, true))
        return;
    int code = segment_probe(journal->segment);
    if (code != SQLITE_OK) {
        handle_fault(journal, code, "a write to the journal");
        return;
    }
    atomic_store(&journal->problem, NULL);
    log_line(LOG_INFO, "the journal can be written again");
    notify_target(journal);
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

void *writer_run(void *context)
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
        uint64_t gather = JOURNAL_GATHER_COMMITS * journal->commit_us;
        if (gather > JOURNAL_GATHER_US)
            gather = JOURNAL_GATHER_US;
        if (!ticket_queue_take(&journal->queue, gather, failing ? &until : NULL,
                               &group))
            return NULL;
        if (group.first != NULL)
            take_group(journal, &group);
    }
}
