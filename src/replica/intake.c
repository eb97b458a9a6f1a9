/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records are taken in groups, as the target is faster with many. What was
 * taken is published once all is applied. A record that must not be applied
 * ends the group before it, and all that was consumed behind it is thrown away.
 */
#include "intake.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/sync.h"
#include "replica/replica.h"
#include "intake_parts.h"
#include "topic_offset.h"

enum {
    /* See wake_fetcher(): records that wait, and times in milliseconds. */
    FEW_WAITING = 50000,
    WAKE_EVERY_MS = 20,
    BEHIND_MS = 2000,
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

bool intake_consume(struct intake *intake, uint64_t offset)
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
    if (intake_consume(intake, place->position + 1))
        return true;
    snprintf(
        error, JOURNAL_ERROR, "topic %s cannot be consumed: %s: start again",
        intake_topic_name(intake), rd_kafka_err2str(rd_kafka_last_error()));
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
                        (uintmax_t)offset, intake_topic_name(intake),
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
                    (uintmax_t)offset, intake_topic_name(intake));
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
        if ((uint64_t)event->offset > drain->next && !intake->doubt.verifying)
            drain->next = (uint64_t)event->offset;
    } else if (event->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        intake_doubt_error(intake, event);
        return intake_halted(intake) == NULL;
    } else if (intake->doubt.verifying) {
        intake_doubt_verify(intake, event);
    } else if ((uint64_t)event->offset >= drain->next) {
        /* A broker has the offset, so the others were wrong. */
        intake->doubt.refused = 0;
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
                (uintmax_t)drain->next, intake_topic_name(intake));
    return false;
}

/* Take up to INTAKE_GROUP of the events. Returns how many; 0 if it has halted.
 */
static size_t take_group(struct drain *drain, rd_kafka_message_t **events,
                         size_t count)
{
    struct intake *intake = drain->intake;
    size_t taken = 0;

    drain->count = 0;
    if (intake_halted(intake) != NULL || !has_room(drain))
        return 0;
    while (taken < count && drain->count < INTAKE_GROUP &&
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

/*
 * While the records that wait reach its limits, librdkafka asks for no more,
 * and before version 2.2.0 it then sleeps for a second, however soon they are
 * taken. It wakes up for any request: one without a use, whose answer nobody
 * waits for. Without this, a replay stands still for a quarter of its time.
 */
static void wake_fetcher(struct intake *intake, bool full_batch)
{
    uint64_t now = clock_ms(CLOCK_MONOTONIC_COARSE), end;

    if (full_batch)
        intake->behind_ms = now;
    if (now - intake->behind_ms > BEHIND_MS ||
        now - intake->woken_ms < WAKE_EVERY_MS ||
        rd_kafka_queue_length(intake->options.queue) >= FEW_WAITING)
        return;
    intake->woken_ms = now;
    topic_offset_ask(intake->options.consumer, intake_topic_name(intake),
                     TOPIC_OFFSET_END, 0, &end);
}

size_t intake_drain(struct intake *intake, const struct journal_target *target,
                    const struct intake_finder *finder, int timeout_ms)
{
    if (intake_halted(intake) != NULL)
        return 0;
    intake_doubt_look(intake);
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
