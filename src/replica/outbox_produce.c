/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The side of the outbox that threads append to. A parcel is handed over after
 * its messages are produced, on a stack that the journal's thread takes as a
 * whole: an atomic exchange with acquire, against which the push has release,
 * hands over what was written to the parcel before. Reports may come before
 * that: librdkafka's queues hand over the marks.
 */
#include "outbox_produce.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
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
static void produce_all(struct outbox *outbox, struct parcel *parcel,
                        struct text records)
{
    size_t sent = 0;

    while (sent < parcel->count &&
           produce_record(outbox, &records, &parcel->marks[sent]))
        sent++;
    parcel->left = parcel->count - sent;
}

/* From here on the parcel, and the ticket, may be gone. */
static void hand_over(struct outbox *outbox, struct parcel *parcel)
{
    struct parcel *top =
        atomic_load_explicit(&outbox->handed, memory_order_relaxed);

    do {
        parcel->next = top;
    } while (!atomic_compare_exchange_weak_explicit(
        &outbox->handed, &top, parcel, memory_order_release,
        memory_order_relaxed));
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
    parcel = parcel_new(ticket, clock_us(CLOCK_MONOTONIC));
    if (parcel == NULL) {
        give_room_back(outbox, ticket);
        return false;
    }
    parcel->least = atomic_load_explicit(&outbox->next, memory_order_relaxed);
    produce_all(outbox, parcel, ticket->records);
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
