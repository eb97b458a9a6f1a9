/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lists of the outbox, on the journal's thread. How messages are produced
 * is in outbox_produce.c, and what reports and records say of them in
 * outbox_report.c.
 *
 * A parcel is in one of four lists from when it is handed over: gathered,
 * waiting, answered, ready. It becomes ready when all is known of all its
 * messages, which is when no report and no mark refers to it any more, so that
 * it can be freed.
 */
#include "outbox.h"

#include <stdlib.h>

#include <sodium.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "outbox_parts.h"
#include "outbox_produce.h"
#include "parcel.h"
#include "replica/replica.h"
#include "replica_metrics.h"

enum {
    HURRY_MS = 1,     /* until a parcel is handed over */
    SILENT_MS = 1000, /* nothing was acknowledged */
    PROBE_MS = 1000,
};

static void set_limits(struct replica_limits *limits)
{
    const struct replica_limits usual = {
        .answer_ms = REPLICA_ANSWER_MS,
        .breaker_full_ms = SILENT_MS,
        .probe_ms = PROBE_MS,
        .max_pending = REPLICA_MAX_PENDING,
        .max_pending_bytes = REPLICA_MAX_PENDING_BYTES,
        .max_kept = REPLICA_MAX_KEPT,
    };

    if (limits->answer_ms == 0)
        limits->answer_ms = usual.answer_ms;
    if (limits->breaker_full_ms == 0)
        limits->breaker_full_ms = usual.breaker_full_ms;
    if (limits->probe_ms == 0)
        limits->probe_ms = usual.probe_ms;
    if (limits->max_pending == 0)
        limits->max_pending = usual.max_pending;
    if (limits->max_pending_bytes == 0)
        limits->max_pending_bytes = usual.max_pending_bytes;
    if (limits->max_kept == 0)
        limits->max_kept = usual.max_kept;
}

void outbox_init(struct outbox *outbox, const struct replica_limits *limits,
                 rd_kafka_topic_t *topic, const struct replica_counts *counts,
                 int wake_fd)
{
    *outbox = (struct outbox){
        .limits = *limits,
        .topic = topic,
        .counts = counts,
        .wake_fd = wake_fd,
        .closed = true,
    };
    set_limits(&outbox->limits);
    breaker_init(&outbox->breaker, outbox->limits.breaker_full_ms,
                 outbox->limits.probe_ms);
    randombytes_buf(&outbox->instance, sizeof(outbox->instance));
}

void outbox_open(struct outbox *outbox, const struct journal_target *target,
                 uint64_t next)
{
    outbox->target = target;
    outbox->next = next;
    outbox->now_us = clock_us(CLOCK_MONOTONIC);
    breaker_start(&outbox->breaker, outbox->now_us / OUTBOX_MILLISECOND);
    atomic_store(&outbox->closed, false);
}

void outbox_check_parcel(struct outbox *outbox, struct parcel *parcel)
{
    if (!parcel_is_complete(parcel))
        return;
    if (!parcel->handed) {
        outbox->early++;
        return;
    }
    parcel_list_remove(
        parcel->ticket != NULL ? &outbox->waiting : &outbox->answered, parcel);
    parcel_list_add(&outbox->ready, parcel);
}

void outbox_forget_parcel(struct outbox *outbox, const struct parcel *parcel)
{
    atomic_fetch_sub_explicit(&outbox->messages, parcel->count,
                              memory_order_relaxed);
    atomic_fetch_sub_explicit(&outbox->bytes, parcel->bytes,
                              memory_order_relaxed);
}

void outbox_note_refusal(struct outbox *outbox)
{
    if (breaker_refuse(&outbox->breaker, outbox->now_us / OUTBOX_MILLISECOND))
        log_line(LOG_WARN,
                 "messages to topic %s are refused, so new ones get 503 until "
                 "a probe is acknowledged: check the rights of this user to "
                 "write to it, and the clock of this machine",
                 rd_kafka_topic_name(outbox->topic));
}

/* The messages that are not sent get no report. */
static void note_unsent(struct outbox *outbox, struct parcel *parcel,
                        size_t unsent)
{
    parcel->unsent = unsent;
    metric_add(outbox->counts->produced, REPLICA_REFUSED, unsent);
    if (parcel->reported + unsent == parcel->count)
        outbox_forget_parcel(outbox, parcel);
}

/* It is produced, as far as librdkafka took it. */
static void add_waiting(struct outbox *outbox, struct parcel *parcel)
{
    parcel_list_add(&outbox->waiting, parcel);
    if (parcel_is_small(parcel))
        outbox->landed += parcel->left;
    if (parcel->left > 0) {
        outbox->failed += parcel->left;
        note_unsent(outbox, parcel, parcel->left);
        outbox_note_refusal(outbox);
        outbox_check_parcel(outbox, parcel);
    } else if (parcel_is_complete(parcel)) {
        outbox->early--;
        outbox_check_parcel(outbox, parcel);
    }
}

static void take_parcel(struct outbox *outbox, struct parcel *parcel)
{
    parcel->handed = true;
    if (parcel->produced)
        add_waiting(outbox, parcel);
    else
        parcel_list_add(&outbox->gathered, parcel);
}

static void take_handed(struct outbox *outbox)
{
    struct parcel *newest = NULL;
    struct parcel *oldest = NULL;

    if (atomic_load(&outbox->handed) == NULL)
        return;
    newest = atomic_exchange(&outbox->handed, NULL);
    while (newest != NULL) {
        struct parcel *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest != NULL) {
        struct parcel *next = oldest->next;
        take_parcel(outbox, oldest);
        oldest = next;
    }
}

void outbox_begin(struct outbox *outbox)
{
    outbox->now_us = clock_us(CLOCK_MONOTONIC);
    take_handed(outbox);
}

/* Those that were appended at `until` or before. Whether there were some. */
static bool refuse_gathered(struct outbox *outbox, uint64_t until)
{
    struct parcel *parcel;
    bool refused = false;

    while ((parcel = outbox->gathered.first) != NULL &&
           parcel->sent_us <= until) {
        refused = true;
        outbox->failed += parcel->count;
        note_unsent(outbox, parcel, parcel->count);
        parcel_list_remove(&outbox->gathered, parcel);
        parcel_list_add(&outbox->ready, parcel);
    }
    return refused;
}

void outbox_refuse(struct outbox *outbox)
{
    take_handed(outbox);
    refuse_gathered(outbox, UINT64_MAX);
}

static void produce_gathered(struct outbox *outbox)
{
    struct parcel *parcel;

    while ((parcel = outbox->gathered.first) != NULL) {
        parcel_list_remove(&outbox->gathered, parcel);
        atomic_fetch_add(&outbox->flight, parcel->count);
        outbox_produce(outbox, parcel);
        add_waiting(outbox, parcel);
    }
}

void outbox_send(struct outbox *outbox)
{
    if (breaker_is_open(&outbox->breaker)) {
        outbox_refuse(outbox);
        return;
    }
    while (outbox->landed == atomic_load(&outbox->flight)) {
        take_handed(outbox);
        if (outbox->gathered.first != NULL) {
            produce_gathered(outbox);
        } else if (outbox->landed == 0) {
            return;
        } else {
            /* It ends, and then what was handed over before is looked at. */
            outbox->landed = 0;
            atomic_store(&outbox->flight, 0);
        }
    }
}

static void settle_ready(struct outbox *outbox)
{
    struct parcel *parcel;

    while ((parcel = outbox->ready.first) != NULL) {
        parcel_list_remove(&outbox->ready, parcel);
        if (parcel->ticket != NULL)
            parcel_settle(parcel);
        atomic_fetch_sub_explicit(&outbox->kept, parcel_size(parcel->count),
                                  memory_order_relaxed);
        free(parcel);
    }
}

/*
 * Settle tickets from `until` or before: as refused, if they are not produced.
 * Whether one had no report.
 */
static bool give_up_until(struct outbox *outbox, uint64_t until)
{
    struct parcel *parcel;
    bool unanswered = refuse_gathered(outbox, until);

    while ((parcel = outbox->waiting.first) != NULL &&
           parcel->sent_us <= until) {
        unanswered = unanswered || parcel->reported < parcel->count;
        parcel_list_remove(&outbox->waiting, parcel);
        parcel_list_add(&outbox->answered, parcel);
        parcel_give_up(parcel);
    }
    return unanswered;
}

static void look_at_breaker(struct outbox *outbox, bool unanswered)
{
    struct breaker *breaker = &outbox->breaker;
    uint64_t now = outbox->now_us / OUTBOX_MILLISECOND;
    bool outstanding = outbox_messages(outbox) > 0;

    if (breaker_look(breaker, now, outstanding, unanswered))
        log_line(LOG_WARN,
                 "brokers of Kafka do not acknowledge messages, so new ones "
                 "get 503 until a probe is acknowledged: check that enough "
                 "replicas of the topic %s are in sync",
                 rd_kafka_topic_name(outbox->topic));
    if (breaker_take_probe(breaker, now, outstanding) &&
        !outbox_produce_probe(outbox))
        breaker_probe_ended(breaker, now);
}

void outbox_end(struct outbox *outbox)
{
    uint64_t limit = (uint64_t)outbox->limits.answer_ms * OUTBOX_MILLISECOND;

    bool unanswered = false;

    if (outbox->now_us - outbox->looked_us >=
        (uint64_t)OUTBOX_LOOK_MS * OUTBOX_MILLISECOND) {
        outbox->looked_us = outbox->now_us;
        unanswered = outbox->now_us > limit &&
                     give_up_until(outbox, outbox->now_us - limit);
        look_at_breaker(outbox, unanswered);
    }
    settle_ready(outbox);
}

int outbox_wait_ms(const struct outbox *outbox)
{
    return outbox->early > 0 ? HURRY_MS : JOURNAL_TICK_MS;
}

void outbox_close(struct outbox *outbox)
{
    atomic_store(&outbox->closed, true);
}

bool outbox_is_empty(const struct outbox *outbox)
{
    return outbox->waiting.first == NULL && outbox->gathered.first == NULL &&
           atomic_load(&outbox->handed) == NULL;
}

void outbox_give_up(struct outbox *outbox)
{
    outbox_begin(outbox);
    give_up_until(outbox, UINT64_MAX);
    settle_ready(outbox);
}

uint64_t outbox_messages(const struct outbox *outbox)
{
    return atomic_load_explicit(&outbox->messages, memory_order_relaxed);
}

uint64_t outbox_bytes(const struct outbox *outbox)
{
    return atomic_load_explicit(&outbox->bytes, memory_order_relaxed);
}

const char *outbox_problem(const struct outbox *outbox)
{
    return breaker_is_open(&outbox->breaker)
               ? "the brokers of Kafka do not acknowledge messages, so "
                 "messages get 503: check that enough brokers run, that "
                 "enough replicas of the topic are in sync, and that this "
                 "user may write to it"
               : NULL;
}

void outbox_release(struct outbox *outbox)
{
    outbox_begin(outbox);
    parcel_list_release(&outbox->ready);
    parcel_list_release(&outbox->gathered);
    parcel_list_release(&outbox->waiting);
    parcel_list_release(&outbox->answered);
}
