/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows in an array stand for the disk. Its thread settles tickets as the real
 * one does: apply all, then settle each, then say that they are committed.
 */
#include "memory_journal.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "base/sync.h"

struct row {
    uint64_t last;
    size_t count, length;
    char *bytes;
};

struct memory_journal {
    struct journal journal;
    const struct journal_target *target;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    /* Guarded by `lock`. */
    struct journal_ticket *first, **end;
    size_t pending, limit;
    bool held, stopping;
    const char *problem;
    bool full;   /* is the problem */
    bool notice; /* is due */
    size_t notice_bytes, noticed_bytes;
    unsigned fails; /* a set of enum memory_journal_call */
    unsigned calls[MEMORY_JOURNAL_CALLS];
    uint64_t position; /* of the last record */
    /* The segment that is written begins at position `segment`. */
    struct row *rows;
    size_t row_count, bytes;
    uint64_t segment;
};

static struct memory_journal *of(struct journal *journal)
{
    return container_of(journal, struct memory_journal, journal);
}

static void keep_row_locked(struct memory_journal *self,
                            const struct journal_ticket *ticket)
{
    size_t length = ticket->records.length;
    struct row *rows =
        realloc(self->rows, (self->row_count + 1) * sizeof(*self->rows));
    char *bytes = malloc(length);

    if (rows == NULL || bytes == NULL)
        abort();
    memcpy(bytes, ticket->records.data, length);
    rows[self->row_count++] = (struct row){
        .last = self->position + ticket->count,
        .count = ticket->count,
        .length = length,
        .bytes = bytes,
    };
    self->rows = rows;
    self->bytes += length;
}

static void apply_records(const struct journal_target *target,
                          struct text records, size_t count, uint64_t position,
                          struct journal_ticket *ticket)
{
    struct record record;

    for (size_t i = 0; i < count; i++) {
        if (record_read(&records, &record) != RECORD_OK)
            abort();
        target->apply(target->context, position + i, &record, ticket, i);
    }
}

/* Make the tickets durable and apply them. */
static void keep_tickets(struct memory_journal *self,
                         struct journal_ticket *first)
{
    for (struct journal_ticket *ticket = first; ticket != NULL;
         ticket = ticket->next) {
        sync_lock(&self->lock);
        bool refuse = self->problem != NULL && ticket->count > 0;
        if (!refuse && ticket->count > 0)
            keep_row_locked(self, ticket);
        uint64_t position = self->position + 1;
        sync_unlock(&self->lock);
        ticket->outcome = refuse ? JOURNAL_REFUSED : JOURNAL_SETTLED;
        ticket->last = refuse ? 0 : position + ticket->count - 1;
        if (refuse)
            continue;
        apply_records(self->target, ticket->records, ticket->count, position,
                      ticket);
        sync_lock(&self->lock);
        self->position = ticket->last;
        sync_unlock(&self->lock);
    }
}

static void settle_tickets(struct memory_journal *self,
                           struct journal_ticket *first)
{
    const struct journal_target *target = self->target;
    struct journal_ticket *next = NULL;
    bool marks_only = true;

    for (struct journal_ticket *ticket = first; ticket != NULL; ticket = next) {
        next = ticket->next;
        marks_only = marks_only && ticket->count == 0;
        sync_lock(&self->lock);
        self->pending -= ticket->records.length;
        sync_unlock(&self->lock);
        ticket->settled(ticket);
    }
    if (!marks_only && target->committed != NULL)
        target->committed(target->context);
}

/* Wait for tickets, or a notice. False: none will come any more. */
static bool take_tickets(struct memory_journal *self,
                         struct journal_ticket **first)
{
    sync_lock(&self->lock);
    while (!self->stopping && !self->notice &&
           (self->first == NULL || self->held))
        sync_wait(&self->wake, &self->lock);
    bool goes_on = self->first != NULL || !self->stopping;
    *first = NULL;
    if (!self->held || self->stopping) {
        *first = self->first;
        self->first = NULL;
        self->end = &self->first;
    }
    sync_unlock(&self->lock);
    return goes_on;
}

static void give_notice(struct memory_journal *self)
{
    sync_lock(&self->lock);
    bool due = self->notice ||
               (self->notice_bytes != 0 &&
                self->bytes >= self->noticed_bytes + self->notice_bytes);
    self->notice = false;
    if (due)
        self->noticed_bytes = self->bytes;
    sync_unlock(&self->lock);
    if (due && self->target->notice != NULL)
        self->target->notice(self->target->context);
}

static void *run_journal(void *context)
{
    struct memory_journal *self = context;
    struct journal_ticket *first = NULL;

    while (take_tickets(self, &first)) {
        if (first != NULL) {
            keep_tickets(self, first);
            self->target->applied(self->target->context);
            settle_tickets(self, first);
        }
        give_notice(self);
    }
    return NULL;
}

static enum journal_replayed replay(struct journal *journal, uint64_t after,
                                    const struct journal_target *target,
                                    const struct journal_watch *watch,
                                    char error[JOURNAL_ERROR])
{
    struct memory_journal *self = of(journal);
    struct journal_progress progress = {.total = self->bytes};

    (void)error;
    for (size_t i = 0; i < self->row_count; i++) {
        const struct row *row = &self->rows[i];
        if (row->last > after)
            apply_records(target, (struct text){row->bytes, row->length},
                          row->count, row->last - row->count + 1, NULL);
        progress.done += row->length;
        progress.records += row->count;
        if (watch != NULL && !watch->report(watch->context, &progress)) {
            target->applied(target->context);
            return JOURNAL_INTERRUPTED;
        }
    }
    target->applied(target->context);
    return JOURNAL_COMPLETE;
}

static bool start(struct journal *journal, const struct journal_target *target)
{
    struct memory_journal *self = of(journal);

    self->target = target;
    self->started = pthread_create(&self->thread, NULL, run_journal, self) == 0;
    return self->started;
}

static bool append(struct journal *journal, struct journal_ticket *ticket)
{
    struct memory_journal *self = of(journal);

    sync_lock(&self->lock);
    bool fits = self->pending <= self->limit &&
                ticket->records.length <= self->limit - self->pending;
    if (fits) {
        ticket->next = NULL;
        *self->end = ticket;
        self->end = &ticket->next;
        self->pending += ticket->records.length;
        sync_signal(&self->wake);
    }
    sync_unlock(&self->lock);
    return fits;
}

static void read_status(struct journal *journal, struct journal_status *status)
{
    struct memory_journal *self = of(journal);

    sync_lock(&self->lock);
    *status = (struct journal_status){
        .position = self->position,
        .bytes = self->bytes,
        .queued = self->pending,
        .problem = self->problem,
        .full = self->full,
    };
    sync_unlock(&self->lock);
}

/* Count a call. Whether it is to fail. */
static bool count_call(struct memory_journal *self,
                       enum memory_journal_call call)
{
    sync_lock(&self->lock);
    bool fails = (self->fails & 1U << call) != 0;
    self->calls[call]++;
    sync_unlock(&self->lock);
    return fails;
}

/* A mark that is behind all tickets so far. */
struct mark {
    struct journal_ticket ticket;
    struct memory_journal *journal;
    sem_t done;
};

static void reach_mark(struct journal_ticket *ticket)
{
    struct mark *mark = container_of(ticket, struct mark, ticket);
    struct memory_journal *self = mark->journal;

    sync_lock(&self->lock);
    self->segment = ticket->last + 1;
    sync_unlock(&self->lock);
    sync_semaphore_post(&mark->done);
}

static uint64_t roll(struct journal *journal)
{
    struct memory_journal *self = of(journal);
    struct mark mark = {.ticket = {.records = TEXT(""), .settled = reach_mark},
                        .journal = self};

    if (count_call(self, MEMORY_JOURNAL_ROLL))
        return 0;
    sync_semaphore_init(&mark.done);
    append(journal, &mark.ticket);
    sync_semaphore_wait(&mark.done);
    sem_destroy(&mark.done);
    return mark.ticket.last;
}

static bool forget(struct journal *journal, uint64_t position,
                   const _Atomic bool *stop)
{
    struct memory_journal *self = of(journal);
    size_t kept = 0;

    (void)stop; /* it takes no time */
    if (count_call(self, MEMORY_JOURNAL_FORGET))
        return false;
    sync_lock(&self->lock);
    for (size_t i = 0; i < self->row_count; i++) {
        struct row *row = &self->rows[i];
        if (row->last <= position && row->last < self->segment) {
            self->bytes -= row->length;
            free(row->bytes);
        } else {
            self->rows[kept++] = *row;
        }
    }
    self->row_count = kept;
    if (self->noticed_bytes > self->bytes)
        self->noticed_bytes = self->bytes;
    sync_unlock(&self->lock);
    return true;
}

static bool tidy(struct journal *journal)
{
    return !count_call(of(journal), MEMORY_JOURNAL_TIDY);
}

static void end_thread(struct memory_journal *self)
{
    if (!self->started)
        return;
    sync_lock(&self->lock);
    self->stopping = true;
    sync_signal(&self->wake);
    sync_unlock(&self->lock);
    sync_join(self->thread);
    self->started = false;
}

static void stop(struct journal *journal)
{
    struct memory_journal *self = of(journal);

    end_thread(self);
    for (size_t i = 0; i < self->row_count; i++)
        free(self->rows[i].bytes);
    free(self->rows);
    pthread_cond_destroy(&self->wake);
    pthread_mutex_destroy(&self->lock);
    free(self);
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

struct journal *memory_journal_new(uint64_t id)
{
    struct memory_journal *self = calloc(1, sizeof(*self));

    if (self == NULL)
        abort();
    self->journal = (struct journal){.methods = &methods, .id = id};
    sync_mutex_init(&self->lock);
    sync_cond_init(&self->wake);
    self->end = &self->first;
    self->limit = SIZE_MAX;
    return &self->journal;
}

struct journal *memory_journal_reopen(struct journal *journal)
{
    struct memory_journal *old = of(journal);
    struct memory_journal *self = of(memory_journal_new(journal->id));

    end_thread(old);
    self->rows = old->rows;
    self->row_count = old->row_count;
    self->bytes = old->bytes;
    self->position = old->position;
    self->segment = old->segment;
    old->rows = NULL;
    old->row_count = 0;
    stop(journal);
    return &self->journal;
}

void memory_journal_hold(struct journal *journal, bool held)
{
    struct memory_journal *self = of(journal);

    sync_lock(&self->lock);
    self->held = held;
    sync_signal(&self->wake);
    sync_unlock(&self->lock);
}

void memory_journal_refuse(struct journal *journal, const char *problem)
{
    struct memory_journal *self = of(journal);

    sync_lock(&self->lock);
    self->problem = problem;
    self->full = false;
    self->notice = true;
    sync_signal(&self->wake);
    sync_unlock(&self->lock);
}

void memory_journal_fill(struct journal *journal)
{
    struct memory_journal *self = of(journal);

    memory_journal_refuse(journal, "the disk is full");
    sync_lock(&self->lock);
    self->full = true;
    self->notice = true;
    sync_signal(&self->wake);
    sync_unlock(&self->lock);
}

void memory_journal_notify(struct journal *journal, size_t bytes)
{
    struct memory_journal *self = of(journal);

    sync_lock(&self->lock);
    self->notice_bytes = bytes;
    sync_unlock(&self->lock);
}

void memory_journal_fail(struct journal *journal, unsigned calls)
{
    struct memory_journal *self = of(journal);

    sync_lock(&self->lock);
    self->fails = calls;
    sync_unlock(&self->lock);
}

unsigned memory_journal_calls(struct journal *journal,
                              enum memory_journal_call call)
{
    struct memory_journal *self = of(journal);

    sync_lock(&self->lock);
    unsigned calls = self->calls[call];
    sync_unlock(&self->lock);
    return calls;
}

void memory_journal_limit(struct journal *journal, size_t bytes)
{
    struct memory_journal *self = of(journal);

    sync_lock(&self->lock);
    self->limit = bytes;
    sync_unlock(&self->lock);
}
