/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records are taken in groups, as the target is faster with many. What was
 * taken is published once all is applied. A record that must not be applied
 * ends the group before it, and all that was consumed behind it is thrown away.
 */
#include "intake.h"

#include <assert.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/sync.h"
#include "replica/replica.h"
#include "topic_offset.h"
#include "topic_record.h"

enum {
    GROUP = 64,     /* as the target's */
    ASK_MS = 1000,  /* for the range of offsets, when one is not in it */
    LOG_EVERY = 10, /* seconds from one line about an error to the next */
    /* See wake_fetcher(): records that wait, and times in milliseconds. */
    FEW_WAITING = 50000,
    WAKE_EVERY_MS = 20,
    BEHIND_MS = 2000,
    FORGIVEN_MS = 5000, /* without a further answer of that kind */
    REFUSED_MS = 500,   /* until an offset is asked for again */
    /* Between two calls, this process has stood still, so much may be new. */
    STANDSTILL_MS = 10000,
};

struct intake {
    /* Set at start, then read-only. */
    struct intake_options options;
    /* Any thread. */
    _Atomic uint64_t next;
    _Atomic bool suspected;
    _Atomic bool serving;
    _Atomic(const char *) halted; /* `halt_text` once that is written */
    /* Guarded by `lock`. */
    pthread_mutex_t lock;
    bool halting; /* somebody writes `halt_text`, or has */
    struct intake_place place;
    struct intake_status status;
    char halt_text[JOURNAL_ERROR];
    /* Owned by the thread that drains. */
    bool consuming;
    bool verifying;      /* the record at the place is to come again */
    uint64_t noticed;    /* bytes at the last notice */
    uint64_t behind_ms;  /* when as many as can be were taken at once */
    uint64_t woken_ms;   /* the last wake_fetcher() */
    uint64_t drained_ms; /* the last call; 0: there was none */
    /* Brokers that do not have the offset that was asked for. */
    unsigned refused;    /* answers, one after the other */
    uint64_t refused_ms; /* the first of them */
    uint64_t last_refused_ms;
    uint64_t low;              /* of the topic, at the last of them */
    uint64_t again_ms;         /* when to ask again; 0: not at all */
    struct timespec log_again; /* about an error, not before this */
    rd_kafka_message_t *events[INTAKE_BATCH];
    struct topic_record records[GROUP];
};

/* What one call hands over. */
struct drain {
    struct intake *intake;
    const struct journal_target *target;
    const struct intake_finder *finder;
    size_t count;             /* of parsed records of the group */
    uint64_t next;            /* as in the intake, for what was taken */
    rd_kafka_message_t *last; /* record, or NULL */
    uint64_t messages, bytes, records, rules;
    uint64_t skipped[JOURNAL_SKIP_REASONS];
    uint64_t last_skipped;
    enum journal_skip last_reason;
};

static const char *topic_name(const struct intake *intake)
{
    return rd_kafka_topic_name(intake->options.topic);
}

struct intake *intake_new(const struct intake_options *options)
{
    struct intake *intake = calloc(1, sizeof(*intake));

    if (intake == NULL)
        return NULL;
    intake->options = *options;
    sync_mutex_init(&intake->lock);
    return intake;
}

void intake_free(struct intake *intake)
{
    if (intake == NULL)
        return;
    if (intake->consuming)
        rd_kafka_consume_stop(intake->options.topic, 0);
    pthread_mutex_destroy(&intake->lock);
    free(intake);
}

static bool start_consuming(struct intake *intake, uint64_t offset)
{
    intake->consuming =
        rd_kafka_consume_start_queue(intake->options.topic, 0, (int64_t)offset,
                                     intake->options.queue) == 0;
    return intake->consuming;
}

bool intake_begin(struct intake *intake, const struct intake_place *place,
                  char error[JOURNAL_ERROR])
{
    assert(!intake->consuming);
    intake->place = *place;
    intake->status.position = place->position;
    atomic_store(&intake->next, place->position + 1);
    if (start_consuming(intake, place->position + 1))
        return true;
    snprintf(error, JOURNAL_ERROR,
             "topic %s cannot be consumed: %s: start again", topic_name(intake),
             rd_kafka_err2str(rd_kafka_last_error()));
    return false;
}

void intake_suspect(struct intake *intake)
{
    atomic_store(&intake->suspected, true);
}

void intake_halt(struct intake *intake, const char *format, ...)
{
    va_list arguments;

    sync_lock(&intake->lock);
    bool first = !intake->halting;
    intake->halting = true;
    sync_unlock(&intake->lock);
    if (!first)
        return;
    va_start(arguments, format);
    vsnprintf(intake->halt_text, sizeof(intake->halt_text), format, arguments);
    va_end(arguments);
    /* Whoever sees the pointer sees the text, which never changes again. */
    atomic_store(&intake->halted, intake->halt_text);
    if (atomic_load(&intake->serving))
        log_line(LOG_ERROR, "this instance has halted: %s", intake->halt_text);
}

void intake_serve(struct intake *intake)
{
    atomic_store(&intake->serving, true);
}

const char *intake_halted(struct intake *intake)
{
    return atomic_load(&intake->halted);
}

uint64_t intake_next(struct intake *intake)
{
    return atomic_load(&intake->next);
}

void intake_place(struct intake *intake, struct intake_place *place)
{
    sync_lock(&intake->lock);
    *place = intake->place;
    sync_unlock(&intake->lock);
}

void intake_status(struct intake *intake, struct intake_status *status)
{
    sync_lock(&intake->lock);
    *status = intake->status;
    sync_unlock(&intake->lock);
}

static uint64_t now_ms(void)
{
    return clock_us(CLOCK_MONOTONIC_COARSE) / 1000;
}

/* The brokers say again and again that they do not have the offset. */
static void halt_out_of_range(struct intake *intake)
{
    uint64_t next = intake_next(intake), end;
    const char *name = topic_name(intake);

    if (topic_offset_ask(intake->options.consumer, name, TOPIC_OFFSET_END,
                         ASK_MS, &end) == 0 &&
        end < next)
        intake_halt(intake,
                    "topic %s ends before offset %ju, but this instance has "
                    "applied records up to %ju: the topic was made anew, or "
                    "its brokers have lost records: see docs/replicas.md "
                    "before starting any instance again",
                    name, (uintmax_t)end, (uintmax_t)next - 1);
    else
        intake_halt(intake,
                    "the brokers do not have offset %ju of topic %s: records "
                    "were deleted, or the topic was made anew: start this "
                    "instance again, which tells which of these",
                    (uintmax_t)next, name);
}

/* The offset is not there: halt if that is certain, else ask for it again. */
static void doubt_offset(struct intake *intake)
{
    uint64_t next = intake_next(intake), now = now_ms();
    const char *name = topic_name(intake);

    /* What was deleted stays so: an old leader can only know less of it. */
    if (topic_offset_ask(intake->options.consumer, name, TOPIC_OFFSET_LOW,
                         ASK_MS, &intake->low) == 0 &&
        intake->low > next) {
        intake_halt(intake,
                    "the records from offset %ju to %ju of topic %s were "
                    "deleted before this instance has read them: start it "
                    "again with -peer=URL of an instance that has them",
                    (uintmax_t)next, (uintmax_t)intake->low - 1, name);
        return;
    }
    if (now - intake->last_refused_ms > FORGIVEN_MS)
        intake->refused = 0;
    if (intake->refused++ == 0)
        intake->refused_ms = now;
    intake->last_refused_ms = now;
    if (intake->refused >= INTAKE_DOUBT_TIMES &&
        now - intake->refused_ms >= INTAKE_DOUBT_MS)
        halt_out_of_range(intake);
    intake->again_ms = now + REFUSED_MS;
}

static void log_error(struct intake *intake, const rd_kafka_message_t *event)
{
    struct timespec now = sync_deadline(0);

    if (now.tv_sec < intake->log_again.tv_sec)
        return;
    intake->log_again = now;
    intake->log_again.tv_sec += LOG_EVERY;
    log_line(LOG_WARN,
             "topic %s cannot be consumed from offset %ju on: %s; it is tried "
             "again",
             topic_name(intake), (uintmax_t)intake_next(intake),
             rd_kafka_message_errstr(event));
}

/* Not by rd_kafka_seek(), which needs a leader. */
static bool consume_again(struct intake *intake, uint64_t offset)
{
    rd_kafka_consume_stop(intake->options.topic, 0);
    if (start_consuming(intake, offset))
        return true;
    intake_halt(intake,
                "topic %s cannot be consumed any more: %s: start this instance "
                "again",
                topic_name(intake), rd_kafka_err2str(rd_kafka_last_error()));
    return false;
}

/* Consume the record at the place again, to see whether it is the same. */
static void verify_place(struct intake *intake)
{
    struct intake_place place;

    intake_place(intake, &place);
    if (place.check == 0 || intake->verifying)
        return;
    intake->verifying = consume_again(intake, place.position);
}

/*
 * Ask again for an offset that the brokers did not have. If they have it by
 * now, it may be of a topic that was made anew: so look at the record before it
 * first, unless that was deleted.
 */
static void try_again(struct intake *intake)
{
    struct intake_place place;

    if (intake->again_ms == 0 || now_ms() < intake->again_ms)
        return;
    intake->again_ms = 0;
    intake_place(intake, &place);
    intake->verifying = place.check != 0 && intake->low <= place.position;
    consume_again(intake,
                  intake->verifying ? place.position : intake_next(intake));
}

static void take_error(struct intake *intake, const rd_kafka_message_t *event)
{
    switch (event->err) {
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        doubt_offset(intake);
        break;
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
        intake_halt(intake,
                    "the record at offset %jd of topic %s cannot be read: "
                    "%s: start this instance again; if that does not help, "
                    "the brokers' copy is damaged",
                    (intmax_t)event->offset, topic_name(intake),
                    rd_kafka_message_errstr(event));
        return;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        intake_suspect(intake);
        break;
    default:
        break;
    }
    log_error(intake, event);
}

/* The first record after verify_place(). */
static void verify_record(struct intake *intake,
                          const rd_kafka_message_t *event)
{
    struct topic_bytes bytes = topic_bytes_of(event);

    intake->verifying = false;
    if ((uint64_t)event->offset == intake->place.position &&
        topic_record_check(&bytes) == intake->place.check)
        return;
    intake_halt(intake,
                "the record at offset %ju of topic %s is not the one that this "
                "instance has applied: the topic was made anew, or is of "
                "another cluster: see docs/replicas.md before starting any "
                "instance again",
                (uintmax_t)intake->place.position, topic_name(intake));
}

static void count_skipped(struct drain *drain, uint64_t offset,
                          enum journal_skip reason)
{
    drain->skipped[reason]++;
    drain->last_skipped = offset;
    drain->last_reason = reason;
}

/* False if the record, and all behind it, must not be applied. */
static bool take_parsed(struct drain *drain, uint64_t offset,
                        const struct topic_record *parsed,
                        struct journal_ticket *ticket, size_t index)
{
    struct intake *intake = drain->intake;
    struct record record;

    switch (parsed->kind) {
    case TOPIC_MESSAGE:
        record.kind = RECORD_MESSAGE;
        record.message = parsed->parsed.message;
        drain->target->apply(drain->target->context, offset, &record, ticket,
                             index);
        drain->messages++;
        break;
    case TOPIC_RULES:
        if (parsed->rules > REPLICA_RULES) {
            intake_halt(intake,
                        "from offset %ju of topic %s on, messages are accepted "
                        "by the rules of version %ju, but this lunar.service "
                        "knows them up to %d: start a later one",
                        (uintmax_t)offset, topic_name(intake),
                        (uintmax_t)parsed->rules, REPLICA_RULES);
            return false;
        }
        drain->rules = parsed->rules;
        break;
    case TOPIC_SKIPPED:
        count_skipped(drain, offset, parsed->reason);
        break;
    case TOPIC_NO_MEMORY:
        intake_halt(intake,
                    "memory is exhausted at offset %ju of topic %s: start this "
                    "instance again with more",
                    (uintmax_t)offset, topic_name(intake));
        return false;
    case TOPIC_HISTORY: /* of an instance that was not the first */
    case TOPIC_OTHER:
        break;
    }
    return true;
}

/* False if the record must not be applied. */
static bool take_record(struct drain *drain, rd_kafka_message_t *event)
{
    struct topic_record *parsed = &drain->intake->records[drain->count++];
    struct topic_bytes bytes = topic_bytes_of(event);
    uint64_t offset = (uint64_t)event->offset;
    struct journal_ticket *ticket = NULL;
    size_t index = 0;

    topic_record_read(&bytes, parsed);
    /* What is found counts as applied. */
    if (drain->finder != NULL && parsed->kind != TOPIC_NO_MEMORY)
        ticket = drain->finder->find(drain->finder->context, offset, &index);
    if (!take_parsed(drain, offset, parsed, ticket, index))
        return false;
    drain->next = offset + 1;
    drain->last = event;
    drain->records++;
    drain->bytes += bytes.key.length + bytes.value.length;
    return true;
}

/* False if the intake has halted. */
static bool take_event(struct drain *drain, rd_kafka_message_t *event)
{
    struct intake *intake = drain->intake;

    if (event->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        /* Offsets at the end that have no record, as of a transaction. */
        if ((uint64_t)event->offset > drain->next && !intake->verifying)
            drain->next = (uint64_t)event->offset;
    } else if (event->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        take_error(intake, event);
        return intake_halted(intake) == NULL;
    } else if (intake->verifying) {
        verify_record(intake, event);
    } else if ((uint64_t)event->offset >= drain->next) {
        /* A broker has the offset, so the others were wrong. */
        intake->refused = 0;
        return take_record(drain, event);
    }
    return intake_halted(intake) == NULL;
}

static void publish_drain(struct drain *drain)
{
    struct intake *intake = drain->intake;
    struct intake_status *status = &intake->status;
    struct topic_bytes bytes;
    uint64_t check = 0;

    if (drain->last != NULL) {
        bytes = topic_bytes_of(drain->last);
        check = topic_record_check(&bytes);
    }
    sync_lock(&intake->lock);
    if (drain->last != NULL) {
        intake->place = (struct intake_place){
            .position = (uint64_t)drain->last->offset,
            .check = check,
            .rules = drain->rules,
        };
        status->position = intake->place.position;
    }
    status->bytes += drain->bytes;
    status->records += drain->records;
    for (size_t i = 0; i < JOURNAL_SKIP_REASONS; i++) {
        status->skipped[i] += drain->skipped[i];
        if (drain->skipped[i] > 0) {
            status->last_skipped = drain->last_skipped;
            status->last_reason = drain->last_reason;
        }
    }
    sync_unlock(&intake->lock);
    atomic_store(&intake->next, drain->next);
}

static void count_drain(const struct drain *drain)
{
    const struct intake_options *options = &drain->intake->options;

    metric_add(options->applied, 0, drain->messages);
    for (size_t i = 0; i < JOURNAL_SKIP_REASONS; i++) {
        if (drain->skipped[i] > 0)
            metric_add(options->skipped, i, drain->skipped[i]);
    }
}

/* Whether the target has room. */
static bool has_room(const struct drain *drain)
{
    const struct journal_target *target = drain->target;
    struct intake *intake = drain->intake;

    if (target->full == NULL || !target->full(target->context))
        return true;
    intake_halt(intake,
                "the memory is at the limit of -max-memory at offset %ju of "
                "topic %s: start this instance again with a higher limit",
                (uintmax_t)drain->next, topic_name(intake));
    return false;
}

/* Take up to GROUP of the events. Returns how many; 0 if it has halted. */
static size_t take_group(struct drain *drain, rd_kafka_message_t **events,
                         size_t count)
{
    struct intake *intake = drain->intake;
    size_t taken = 0;

    drain->count = 0;
    if (intake_halted(intake) != NULL || !has_room(drain))
        return 0;
    while (taken < count && drain->count < GROUP &&
           take_event(drain, events[taken]))
        taken++;
    drain->target->applied(drain->target->context);
    for (size_t i = 0; i < drain->count; i++)
        topic_record_release(&intake->records[i]);
    return taken;
}

static void give_notice(struct intake *intake,
                        const struct journal_target *target)
{
    uint64_t bytes = intake->status.bytes;

    if (target->notice == NULL || bytes - intake->noticed < INTAKE_NOTICE)
        return;
    intake->noticed = bytes;
    target->notice(target->context);
}

/*
 * The first with the time-out and the others without, as librdkafka would wait
 * for as many as there is room for.
 */
static size_t take_events(struct intake *intake, int timeout_ms)
{
    rd_kafka_queue_t *queue = intake->options.queue;
    size_t first = 0;

    if (timeout_ms > 0) {
        intake->events[0] = rd_kafka_consume_queue(queue, timeout_ms);
        if (intake->events[0] == NULL)
            return 0;
        first = 1;
    }
    ssize_t more = rd_kafka_consume_batch_queue(
        queue, 0, intake->events + first, INTAKE_BATCH - first);
    return first + (more < 0 ? 0 : (size_t)more);
}

/* Whether the last call is long ago, as after SIGSTOP. */
static bool stood_still(struct intake *intake)
{
    uint64_t now = now_ms();
    uint64_t before = intake->drained_ms;

    intake->drained_ms = now;
    return before != 0 && now - before > STANDSTILL_MS;
}

/*
 * While the records that wait reach its limits, librdkafka asks for no more,
 * and before version 2.2.0 it then sleeps for a second, however soon they are
 * taken. It wakes up for any request: one without a use, whose answer nobody
 * waits for. Without this, a replay stands still for a quarter of its time.
 */
static void wake_fetcher(struct intake *intake, bool full_batch)
{
    uint64_t now = now_ms(), end;

    if (full_batch)
        intake->behind_ms = now;
    if (now - intake->behind_ms > BEHIND_MS ||
        now - intake->woken_ms < WAKE_EVERY_MS ||
        rd_kafka_queue_length(intake->options.queue) >= FEW_WAITING)
        return;
    intake->woken_ms = now;
    topic_offset_ask(intake->options.consumer, topic_name(intake),
                     TOPIC_OFFSET_END, 0, &end);
}

size_t intake_drain(struct intake *intake, const struct journal_target *target,
                    const struct intake_finder *finder, int timeout_ms)
{
    if (intake_halted(intake) != NULL)
        return 0;
    if (atomic_exchange(&intake->suspected, false) || stood_still(intake))
        verify_place(intake);
    try_again(intake);
    size_t count = take_events(intake, timeout_ms), done = 0, taken;

    wake_fetcher(intake, count == INTAKE_BATCH);
    if (count == 0)
        return 0;
    struct drain drain = {
        .intake = intake,
        .target = target,
        .finder = finder,
        .next = intake_next(intake),
        .rules = intake->place.rules,
    };

    while (done < count && (taken = take_group(&drain, intake->events + done,
                                               count - done)) > 0)
        done += taken;
    publish_drain(&drain);
    count_drain(&drain);
    for (size_t i = 0; i < count; i++)
        rd_kafka_message_destroy(intake->events[i]);
    give_notice(intake, target);
    return count;
}
