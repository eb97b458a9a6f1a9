/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports and records, on the journal's thread. A report says at which offset a
 * message was written, and its mark is kept until the record of that offset is
 * consumed, which finds the ticket by it. If the record came first, the report
 * claims it.
 */
#include <stdint.h>

#include "base/log.h"
#include "base/metrics.h"
#include "outbox.h"
#include "outbox_parts.h"
#include "parcel.h"
#include "replica_metrics.h"

/* Whether it would refuse any other message of ours, too. */
static bool refuses_all(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
           error == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
           error == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP;
}

/* Offsets rise from report to report, but nothing here relies on that. */
static void add_mark(struct outbox *outbox, struct mark *mark)
{
    struct mark **place = &outbox->first;

    mark->next = NULL;
    if (outbox->last != NULL && outbox->last->offset < mark->offset)
        place = &outbox->last->next;
    while (*place != NULL && (*place)->offset < mark->offset)
        place = &(*place)->next;
    mark->next = *place;
    *place = mark;
    if (mark->next == NULL)
        outbox->last = mark;
}

static struct mark *take_mark(struct outbox *outbox)
{
    struct mark *mark = outbox->first;

    outbox->first = mark->next;
    if (outbox->first == NULL)
        outbox->last = NULL;
    return mark;
}

static void acknowledge(struct outbox *outbox)
{
    if (breaker_acknowledge(&outbox->breaker,
                            outbox->now_us / OUTBOX_MILLISECOND))
        log_line(LOG_INFO,
                 "brokers of Kafka acknowledge messages again, so messages are "
                 "taken again");
}

/* The message is written at its offset. */
static void place_mark(struct outbox *outbox, struct parcel *parcel,
                       struct mark *mark, uint64_t offset)
{
    acknowledge(outbox);
    metric_add(outbox->counts->produced, REPLICA_ACKNOWLEDGED, 1);
    metric_observe(outbox->counts->acknowledgement, 0,
                   outbox->now_us > parcel->sent_us
                       ? outbox->now_us - parcel->sent_us
                       : 0);
    if (offset < parcel->least) {
        outbox->rewound = true;
        parcel->lost++;
        return;
    }
    mark->offset = offset;
    if (offset > parcel->last)
        parcel->last = offset;
    if (offset >= outbox->next) {
        add_mark(outbox, mark);
        return;
    }
    if (parcel->ticket != NULL)
        outbox->target->claim(outbox->target->context, offset, parcel->ticket);
    parcel->applied++;
}

static void note_failure(struct outbox *outbox, struct parcel *parcel,
                         const rd_kafka_message_t *message)
{
    bool refused =
        rd_kafka_message_status(message) == RD_KAFKA_MSG_STATUS_NOT_PERSISTED;

    if (refused)
        parcel->refused++;
    else
        parcel->lost++;
    if (refuses_all(message->err))
        outbox_note_refusal(outbox);
    outbox->failed++;
    metric_add(outbox->counts->produced,
               refused ? REPLICA_REFUSED : REPLICA_UNKNOWN, 1);
    if (outbox->complained_us != 0 &&
        outbox->now_us - outbox->complained_us <
            (uint64_t)OUTBOX_COMPLAIN_MS * OUTBOX_MILLISECOND)
        return;
    log_line(LOG_WARN,
             "brokers of Kafka did not acknowledge messages (%ju since the "
             "last such line), which may be sent again: %s: check the brokers, "
             "and the rights to write to the topic %s",
             (uintmax_t)outbox->failed, rd_kafka_err2str(message->err),
             rd_kafka_topic_name(outbox->topic));
    outbox->complained_us = outbox->now_us;
    outbox->failed = 0;
}

void outbox_report(void *context, const rd_kafka_message_t *message)
{
    struct outbox *outbox = context;
    struct mark *mark = message->_private;
    struct parcel *parcel;

    if (mark == &outbox->probe) {
        breaker_probe_ended(&outbox->breaker,
                            outbox->now_us / OUTBOX_MILLISECOND);
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
            acknowledge(outbox);
        return;
    }
    parcel = parcel_of(mark);
    parcel->reported++;
    if (parcel_is_small(parcel))
        outbox->landed++;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && message->offset >= 0)
        place_mark(outbox, parcel, mark, (uint64_t)message->offset);
    else
        note_failure(outbox, parcel, message);
    if (parcel->reported + parcel->unsent == parcel->count)
        outbox_forget_parcel(outbox, parcel);
    outbox_check_parcel(outbox, parcel);
}

struct journal_ticket *outbox_find(void *context, uint64_t offset,
                                   size_t *index)
{
    struct outbox *outbox = context;
    struct journal_ticket *ticket = NULL;

    outbox->next = offset + 1;
    while (outbox->first != NULL && outbox->first->offset <= offset) {
        struct mark *mark = take_mark(outbox);
        struct parcel *parcel = parcel_of(mark);
        if (mark->offset == offset) {
            ticket = parcel->ticket;
            *index = mark->index;
            parcel->applied++;
        } else {
            /* It was consumed, but was not taken for a message. */
            parcel->lost++;
        }
        outbox_check_parcel(outbox, parcel);
    }
    return ticket;
}

bool outbox_is_rewound(const struct outbox *outbox)
{
    return outbox->rewound;
}
