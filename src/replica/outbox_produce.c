/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The side of the outbox that threads append to. A parcel is handed over after
 * its messages are produced, or to be gathered, on a stack that the journal's
 * thread takes as a whole: an atomic exchange with acquire, against which the
 * push has release, hands over what was written to the parcel before. Reports
 * may come before that: librdkafka's queues hand over the marks.
 *
 * Whoever hands over what is to be gathered looks behind that whether there is
 * a flight, and the journal's thread looks at the stack behind the end of one.
 * Both are sequentially consistent, so one of them sees the other, and no
 * parcel is left gathered without a flight whose end is to come.
 */
#include "outbox_produce.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "domain/message_write.h"
#include "outbox.h"
#include "parcel.h"
#include "replica/replica.h"
#include "store/record.h"
#include "topic_record.h"

enum { PARTITION = 0 };

/*
 * Each thread adds first and looks at the sum, so that they cannot exceed the
 * limit together. A ticket that is larger than the limit passes if it is alone.
 */
static bool reserve_room(struct outbox *outbox,
                         const struct journal_ticket *ticket)
{
    uint64_t messages = atomic_fetch_add_explicit(
        &outbox->messages, ticket->count, memory_order_relaxed);
    uint64_t bytes = atomic_fetch_add_explicit(
        &outbox->bytes, ticket->records.length, memory_order_relaxed);

    return messages == 0 ||
           (messages + ticket->count <= outbox->limits.max_pending &&
            bytes + ticket->records.length <= outbox->limits.max_pending_bytes);
}

static void give_room_back(struct outbox *outbox,
                           const struct journal_ticket *ticket)
{
    atomic_fetch_sub_explicit(&outbox->messages, ticket->count,
                              memory_order_relaxed);
    atomic_fetch_sub_explicit(&outbox->bytes, ticket->records.length,
                              memory_order_relaxed);
}

/*
 * NULL without memory, or if parcels take as much as they may: the same way.
 * It is not for the breaker, as brokers may be well.
 */
static struct parcel *new_parcel(struct outbox *outbox,
                                 struct journal_ticket *ticket)
{
    size_t size = parcel_size(ticket->count);
    uint64_t kept =
        atomic_fetch_add_explicit(&outbox->kept, size, memory_order_relaxed);
    struct parcel *parcel = NULL;

    if (kept == 0 || kept + size <= outbox->limits.max_kept)
        parcel = parcel_new(ticket, clock_us(CLOCK_MONOTONIC));
    if (parcel == NULL)
        atomic_fetch_sub_explicit(&outbox->kept, size, memory_order_relaxed);
    return parcel;
}

/* librdkafka copies the key and the value. */
static bool produce_record(struct outbox *outbox, struct text *records,
                           struct mark *mark)
{
    struct record record;
    char value[MESSAGE_WRITE_MAX];
    const struct text *key = &record.message.channel;

    if (record_read(records, &record) != RECORD_OK)
        return false;
    return rd_kafka_produce(outbox->topic, PARTITION, RD_KAFKA_MSG_F_COPY,
                            value, message_write(&record.message, value),
                            key->data, key->length, mark) == 0;
}

/*
 * If librdkafka does not take one, the later ones are not tried: they must not
 * come before it.
 */
void outbox_produce(struct outbox *outbox, struct parcel *parcel)
{
    struct text records = parcel->ticket->records;
    size_t sent = 0;

    parcel->least = atomic_load_explicit(&outbox->next, memory_order_relaxed);
    while (sent < parcel->count &&
           produce_record(outbox, &records, &parcel->marks[sent]))
        sent++;
    parcel->left = parcel->count - sent;
    parcel->produced = true;
}

void outbox_wake(const struct outbox *outbox)
{
    const uint64_t one = 1;

    /* If it is full, it is readable already. */
    if (write(outbox->wake_fd, &one, sizeof(one)) < 0 && errno != EAGAIN) {
        log_line(LOG_ERROR, "cannot write an eventfd of the journal");
        abort();
    }
}

/* Whether a parcel may be produced now: then it is a flight, or needs none. */
static bool begins_flight(struct outbox *outbox, const struct parcel *parcel)
{
    uint64_t none = 0;

    return !parcel_is_small(parcel) ||
           atomic_compare_exchange_strong(&outbox->flight, &none,
                                          parcel->count);
}

/* From here on the parcel, and the ticket, may be gone. */
static void hand_over(struct outbox *outbox, struct parcel *parcel)
{
    struct parcel *top = atomic_load(&outbox->handed);
    bool produced = parcel->produced, failed = parcel->left > 0;

    do {
        parcel->next = top;
    } while (!atomic_compare_exchange_weak(&outbox->handed, &top, parcel));
    if (failed || (!produced && atomic_load(&outbox->flight) == 0))
        outbox_wake(outbox);
}

bool outbox_append(struct outbox *outbox, struct journal_ticket *ticket)
{
    struct parcel *parcel;

    if (atomic_load(&outbox->closed) || breaker_is_open(&outbox->breaker))
        return false;
    if (!reserve_room(outbox, ticket)) {
        give_room_back(outbox, ticket);
        breaker_limit_hit(&outbox->breaker);
        return false;
    }
    parcel = new_parcel(outbox, ticket);
    if (parcel == NULL) {
        give_room_back(outbox, ticket);
        return false;
    }
    if (begins_flight(outbox, parcel))
        outbox_produce(outbox, parcel);
    hand_over(outbox, parcel);
    return true;
}

bool outbox_produce_probe(struct outbox *outbox)
{
    char name[TOPIC_PROBE_MAX + 1];
    char value[TOPIC_CONTROL_MAX];
    int length = snprintf(name, sizeof(name), "%016" PRIx64, outbox->instance);
    size_t size =
        topic_record_write_probe((struct text){name, (size_t)length}, value);

    return rd_kafka_produce(outbox->topic, PARTITION, RD_KAFKA_MSG_F_COPY,
                            value, size, NULL, 0, &outbox->probe) == 0;
}
