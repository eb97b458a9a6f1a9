/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records are in an array; the place of each is its position. One lock
 * guards the topic and what all its journals have. A journal copies some
 * records out, and hands them over without it.
 */
#include "memory_topic.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sync.h"

enum { GROUP = 16 /* records that are handed over together, at most */ };

struct shared_journal;

struct topic_record {
    char bytes[RECORD_MAX];
    size_t length;                 /* 0: of no message */
    struct shared_journal *author; /* NULL: another program */
    struct journal_ticket *ticket;
    size_t index;
};

struct memory_topic {
    uint64_t id;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Guarded by `lock`. */
    struct topic_record *records;
    uint64_t count;
    uint64_t first; /* that is not deleted */
    uint64_t salt;  /* of the sums */
    uint64_t rules;
    struct shared_journal *joined; /* all, those that are stopped too */
};

struct shared_journal {
    struct journal journal;
    struct memory_topic *topic;
    struct shared_journal *before; /* as in the topic's list */
    const struct journal_target *target;
    pthread_t thread;
    bool started;
    /* Guarded by the topic's lock. */
    uint64_t next; /* position to hand over */
    bool late, asks, halted, stopping;
    const char *offer;
    uint64_t forgotten; /* position */
};

static struct shared_journal *of(struct journal *journal)
{
    return container_of(journal, struct shared_journal, journal);
}

struct memory_topic *memory_topic_new(uint64_t id)
{
    struct memory_topic *topic = calloc(1, sizeof(*topic));

    if (topic == NULL)
        abort();
    topic->id = id;
    topic->rules = MEMORY_TOPIC_RULES;
    sync_mutex_init(&topic->lock);
    sync_cond_init(&topic->changed);
    memory_topic_skip(topic); /* what begins the history */
    return topic;
}

void memory_topic_free(struct memory_topic *topic)
{
    while (topic->joined != NULL) {
        struct shared_journal *journal = topic->joined;
        topic->joined = journal->before;
        free(journal);
    }
    free(topic->records);
    pthread_cond_destroy(&topic->changed);
    pthread_mutex_destroy(&topic->lock);
    free(topic);
}

static struct topic_record *add_record_locked(struct memory_topic *topic)
{
    struct topic_record *records =
        realloc(topic->records, (topic->count + 1) * sizeof(*topic->records));

    if (records == NULL)
        abort();
    topic->records = records;
    sync_broadcast(&topic->changed);
    struct topic_record *record = &topic->records[topic->count++];
    record->length = 0;
    record->author = NULL;
    record->ticket = NULL;
    record->index = 0;
    return record;
}

uint64_t memory_topic_append(struct memory_topic *topic,
                             const struct message *message)
{
    sync_lock(&topic->lock);
    struct topic_record *record = add_record_locked(topic);
    record->length = record_write(message, record->bytes);
    uint64_t position = topic->count - 1;
    sync_unlock(&topic->lock);
    return position;
}

uint64_t memory_topic_skip(struct memory_topic *topic)
{
    sync_lock(&topic->lock);
    add_record_locked(topic);
    uint64_t position = topic->count - 1;
    sync_unlock(&topic->lock);
    return position;
}

void memory_topic_trim(struct memory_topic *topic, uint64_t first)
{
    sync_lock(&topic->lock);
    topic->first = first;
    sync_unlock(&topic->lock);
}

void memory_topic_recreate(struct memory_topic *topic)
{
    sync_lock(&topic->lock);
    topic->salt++;
    sync_unlock(&topic->lock);
}

void memory_topic_rules(struct memory_topic *topic, uint64_t rules)
{
    sync_lock(&topic->lock);
    topic->rules = rules;
    sync_unlock(&topic->lock);
}

uint64_t memory_topic_end(struct memory_topic *topic)
{
    sync_lock(&topic->lock);
    uint64_t end = topic->count - 1;
    sync_unlock(&topic->lock);
    return end;
}

/* What a record is known by: any function of the topic and the position. */
static uint64_t check_of_locked(const struct memory_topic *topic,
                                uint64_t position)
{
    return (topic->salt << 32 | position) * UINT64_C(0x9e3779b97f4a7c15);
}

static enum journal_replayed compare_locked(const struct shared_journal *self,
                                            const struct journal_place *place,
                                            bool *needs_snapshot,
                                            char error[JOURNAL_ERROR])
{
    const struct memory_topic *topic = self->topic;
    const char *problem = NULL;

    if (place->id != topic->id)
        problem = "the snapshot is of another topic";
    else if (place->rules > MEMORY_TOPIC_RULES)
        problem = "the snapshot has later rules";
    else if (place->through >= topic->count)
        problem = "the topic ends before the snapshot";
    else if (place->position + 1 < topic->first)
        *needs_snapshot = true;
    else if (place->position >= topic->first &&
             place->check != check_of_locked(topic, place->position))
        problem = "the topic was made anew";
    if (problem != NULL)
        snprintf(error, JOURNAL_ERROR, "%s", problem);
    return problem == NULL ? JOURNAL_COMPLETE : JOURNAL_FAILED;
}

static enum journal_replayed prepare(struct journal *journal,
                                     const struct journal_place *snapshot,
                                     bool *needs_snapshot,
                                     const struct journal_watch *watch,
                                     char error[JOURNAL_ERROR])
{
    struct shared_journal *self = of(journal);
    const struct journal_progress progress = {.total = 0};
    enum journal_replayed result = JOURNAL_COMPLETE;

    if (watch != NULL && !watch->report(watch->context, &progress))
        return JOURNAL_INTERRUPTED;
    sync_lock(&self->topic->lock);
    journal->id = self->topic->id;
    if (snapshot != NULL)
        result = compare_locked(self, snapshot, needs_snapshot, error);
    else
        *needs_snapshot = self->asks || self->topic->first > 0;
    sync_unlock(&self->topic->lock);
    return result;
}

static enum journal_replayed fetch(struct journal *journal, const char *path,
                                   const struct journal_watch *watch,
                                   char error[JOURNAL_ERROR])
{
    struct shared_journal *self = of(journal);
    char bytes[4096];
    ssize_t length = 0;

    (void)watch;
    int from = self->offer == NULL ? -1 : open(self->offer, O_RDONLY);
    if (from < 0) {
        snprintf(error, JOURNAL_ERROR, "no peer answers");
        return JOURNAL_FAILED;
    }
    int to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (to < 0)
        abort();
    while ((length = read(from, bytes, sizeof(bytes))) > 0)
        if (write(to, bytes, (size_t)length) != length)
            abort();
    close(from);
    close(to);
    return JOURNAL_COMPLETE;
}

/* Some records that are handed over together. */
struct group {
    uint64_t position; /* of the first */
    size_t count;
    struct topic_record records[GROUP];
};

static void copy_group_locked(struct shared_journal *self, struct group *group)
{
    const struct memory_topic *topic = self->topic;

    group->position = self->next;
    for (group->count = 0;
         group->count < GROUP && group->position + group->count < topic->count;
         group->count++)
        group->records[group->count] =
            topic->records[group->position + group->count];
}

static bool is_own(const struct shared_journal *self,
                   const struct topic_record *record)
{
    return record->ticket != NULL && record->author == self;
}

static void apply_group(const struct shared_journal *self,
                        const struct journal_target *target,
                        struct group *group, bool late)
{
    struct record read;

    for (size_t i = 0; i < group->count; i++) {
        struct topic_record *record = &group->records[i];
        struct text bytes = {record->bytes, record->length};
        bool with_ticket = is_own(self, record) && !late;
        if (record->length == 0)
            continue;
        if (record_read(&bytes, &read) != RECORD_OK)
            abort();
        target->apply(target->context, group->position + i, &read,
                      with_ticket ? record->ticket : NULL, record->index);
    }
    target->applied(target->context);
}

/* A ticket is settled with its last record, when all are applied. */
static void settle_group(struct shared_journal *self, struct group *group,
                         bool late)
{
    const struct journal_target *target = self->target;

    for (size_t i = 0; i < group->count; i++) {
        struct topic_record *record = &group->records[i];
        uint64_t position = group->position + i;
        if (!is_own(self, record))
            continue;
        if (late)
            target->claim(target->context, position, record->ticket);
        if (record->index + 1 < record->ticket->count)
            continue;
        record->ticket->outcome = JOURNAL_SETTLED;
        record->ticket->last = position;
        record->ticket->settled(record->ticket);
    }
    if (target->committed != NULL)
        target->committed(target->context);
    if (target->notice != NULL)
        target->notice(target->context);
}

/* Wait for records. False: the journal is stopped. */
static bool take_group(struct shared_journal *self, struct group *group,
                       bool *late)
{
    struct memory_topic *topic = self->topic;

    sync_lock(&topic->lock);
    while (!self->stopping && (self->halted || self->next == topic->count))
        sync_wait(&topic->changed, &topic->lock);
    bool goes_on = !self->stopping || self->next < topic->count;
    copy_group_locked(self, group);
    *late = self->late;
    sync_unlock(&topic->lock);
    return goes_on && !self->halted;
}

static void *run_journal(void *context)
{
    struct shared_journal *self = context;
    const struct journal_target *target = self->target;
    static _Thread_local struct group group;
    bool late;

    while (take_group(self, &group, &late)) {
        bool full = target->full(target->context);
        if (!full) {
            apply_group(self, target, &group, late);
            settle_group(self, &group, late);
        }
        sync_lock(&self->topic->lock);
        self->halted = full;
        if (!full)
            self->next = group.position + group.count;
        sync_broadcast(&self->topic->changed);
        sync_unlock(&self->topic->lock);
    }
    return NULL;
}

static enum journal_replayed replay(struct journal *journal, uint64_t after,
                                    const struct journal_target *target,
                                    const struct journal_watch *watch,
                                    char error[JOURNAL_ERROR])
{
    struct shared_journal *self = of(journal);
    static _Thread_local struct group group;
    struct journal_progress progress = {.total = self->topic->count};

    sync_lock(&self->topic->lock);
    self->next = after + 1;
    bool missing = self->next < self->topic->first;
    sync_unlock(&self->topic->lock);
    if (missing) {
        snprintf(error, JOURNAL_ERROR, "records are deleted");
        return JOURNAL_FAILED;
    }
    do {
        sync_lock(&self->topic->lock);
        copy_group_locked(self, &group);
        sync_unlock(&self->topic->lock);
        apply_group(self, target, &group, true);
        self->next = group.position + group.count;
        progress.done = self->next;
        progress.records = self->next - 1 - after;
        if (watch != NULL && !watch->report(watch->context, &progress))
            return JOURNAL_INTERRUPTED;
    } while (group.count > 0);
    return JOURNAL_COMPLETE;
}

static bool start(struct journal *journal, const struct journal_target *target)
{
    struct shared_journal *self = of(journal);

    self->target = target;
    self->started = pthread_create(&self->thread, NULL, run_journal, self) == 0;
    return self->started;
}

static bool append(struct journal *journal, struct journal_ticket *ticket)
{
    struct shared_journal *self = of(journal);
    struct text rest = ticket->records;
    struct record read;

    sync_lock(&self->topic->lock);
    for (size_t i = 0; i < ticket->count; i++) {
        const char *begin = rest.data;
        if (record_read(&rest, &read) != RECORD_OK)
            abort();
        struct topic_record *record = add_record_locked(self->topic);
        record->length = (size_t)(rest.data - begin);
        memcpy(record->bytes, begin, record->length);
        record->author = self;
        record->ticket = ticket;
        record->index = i;
    }
    sync_unlock(&self->topic->lock);
    return true;
}

static uint64_t applied_locked(const struct shared_journal *self)
{
    return self->next == 0 ? 0 : self->next - 1;
}

static void read_status(struct journal *journal, struct journal_status *status)
{
    struct shared_journal *self = of(journal);

    sync_lock(&self->topic->lock);
    *status = (struct journal_status){.position = applied_locked(self)};
    if (status->position > self->forgotten)
        status->bytes = (status->position - self->forgotten) * RECORD_MAX;
    sync_unlock(&self->topic->lock);
}

static void read_shared_status(struct journal *journal,
                               struct journal_shared_status *status)
{
    struct shared_journal *self = of(journal);

    sync_lock(&self->topic->lock);
    *status = (struct journal_shared_status){
        .topic = "memory",
        .end = self->topic->count - 1,
        .caught_up = self->next == self->topic->count,
        .halted = self->halted ? "memory is full: give it more" : NULL,
    };
    sync_unlock(&self->topic->lock);
}

static uint64_t roll(struct journal *journal)
{
    struct shared_journal *self = of(journal);

    sync_lock(&self->topic->lock);
    uint64_t position = applied_locked(self);
    sync_unlock(&self->topic->lock);
    return position;
}

static void describe_roll(struct journal *journal, struct journal_place *place)
{
    struct memory_topic *topic = of(journal)->topic;

    sync_lock(&topic->lock);
    place->check = check_of_locked(topic, place->position);
    place->rules = topic->rules;
    sync_unlock(&topic->lock);
}

static bool forget(struct journal *journal, uint64_t position,
                   const _Atomic bool *stop)
{
    struct shared_journal *self = of(journal);

    (void)stop;
    sync_lock(&self->topic->lock);
    self->forgotten = position;
    sync_unlock(&self->topic->lock);
    return true;
}

static bool tidy(struct journal *journal)
{
    (void)journal;
    return true;
}

/*
 * Tickets that are behind a halt are settled, and no journal looks at those of
 * this one any more.
 */
static void leave_topic_locked(struct shared_journal *self)
{
    for (uint64_t i = 0; i < self->topic->count; i++) {
        struct topic_record *record = &self->topic->records[i];
        if (!is_own(self, record))
            continue;
        record->author = NULL;
        if (i < self->next || record->index + 1 < record->ticket->count)
            continue;
        record->ticket->outcome = JOURNAL_UNKNOWN;
        record->ticket->settled(record->ticket);
    }
}

static void stop(struct journal *journal)
{
    struct shared_journal *self = of(journal);

    if (self->started) {
        sync_lock(&self->topic->lock);
        self->stopping = true;
        sync_broadcast(&self->topic->changed);
        sync_unlock(&self->topic->lock);
        sync_join(self->thread);
    }
    sync_lock(&self->topic->lock);
    leave_topic_locked(self);
    sync_unlock(&self->topic->lock);
}

static const struct journal_methods methods = {
    .prepare = prepare,
    .fetch = fetch,
    .replay = replay,
    .start = start,
    .append = append,
    .status = read_status,
    .shared_status = read_shared_status,
    .roll = roll,
    .describe_roll = describe_roll,
    .forget = forget,
    .tidy = tidy,
    .stop = stop,
};

struct journal *memory_topic_join(struct memory_topic *topic)
{
    struct shared_journal *self = calloc(1, sizeof(*self));

    if (self == NULL)
        abort();
    self->journal = (struct journal){.methods = &methods, .shared = true};
    self->topic = topic;
    sync_lock(&topic->lock);
    self->before = topic->joined;
    topic->joined = self;
    sync_unlock(&topic->lock);
    return &self->journal;
}

void memory_topic_be_late(struct journal *journal, bool late)
{
    struct shared_journal *self = of(journal);

    sync_lock(&self->topic->lock);
    self->late = late;
    sync_unlock(&self->topic->lock);
}

void memory_topic_offer(struct journal *journal, const char *path)
{
    of(journal)->offer = path;
}

void memory_topic_ask(struct journal *journal)
{
    of(journal)->asks = true;
}

void memory_topic_await(struct journal *journal)
{
    struct shared_journal *self = of(journal);

    sync_lock(&self->topic->lock);
    while (self->next < self->topic->count && !self->halted)
        sync_wait(&self->topic->changed, &self->topic->lock);
    sync_unlock(&self->topic->lock);
}

bool memory_topic_is_halted(struct journal *journal)
{
    struct shared_journal *self = of(journal);

    sync_lock(&self->topic->lock);
    bool halted = self->halted;
    sync_unlock(&self->topic->lock);
    return halted;
}
