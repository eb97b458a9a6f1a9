/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of this instance on their way: produced, acknowledged at an
 * offset, consumed at that offset, applied. A ticket is settled when all of its
 * messages have come so far, whichever of report and record came first; or
 * after REPLICA_ANSWER_MS, as perhaps applied.
 *
 *     append -> (report: offset) -> outbox_match() when it is consumed
 *     append -> (consumed) -> (report: offset, applied already) -> claim
 *
 * Each ticket has one parcel here: what librdkafka's reports refer to. It
 * outlives the ticket if that is answered first.
 *
 * Locking: outbox_append() from any thread; it takes no lock. All else from the
 * journal's thread.
 */
#ifndef LUNAR_REPLICA_OUTBOX_H
#define LUNAR_REPLICA_OUTBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "breaker.h"
#include "store/journal.h"

struct mark;
struct parcel;
struct replica_counts;

/* A list of parcels by their age. */
struct parcel_list {
    struct parcel *first, *last;
};

struct outbox {
    /* Set at start, then read-only. */
    rd_kafka_topic_t *topic;
    const struct journal_target *target; /* NULL before the start */
    const struct replica_counts *counts;
    uint64_t instance; /* random: in the value of its probes */

    /* Any thread. */
    _Atomic bool closed;   /* takes no tickets: before the start, at the stop */
    _Atomic uint64_t messages, bytes; /* appended, and without a report */
    _Atomic(struct parcel *) handed;  /* appended: a stack, newest first */
    struct breaker breaker;

    /* Owned by the journal's thread. */
    struct parcel_list waiting;  /* tickets that are not answered */
    struct parcel_list answered; /* by their time-out; not all reports came */
    struct parcel *ready;        /* all applied, to be settled; a stack */
    struct mark *first, *last;   /* have an offset, which is not consumed */
    uint64_t early; /* parcels that were reported before they were handed */
    /* All records below are consumed; those below are applied too, except
       within intake. */
    uint64_t next;
    bool settled; /* a ticket, since the last outbox_settle() */
};

void outbox_init(struct outbox *outbox, rd_kafka_topic_t *topic,
                 const struct replica_counts *counts);

/* Take tickets from now on. All records below `next` are applied. */
void outbox_start(struct outbox *outbox, const struct journal_target *target,
                  uint64_t next);

/* As `append` of the journal. Locking: any thread. */
bool outbox_append(struct outbox *outbox, struct journal_ticket *ticket);

/* The producer's report: dr_msg_cb, with the outbox as opaque of the client. */
void outbox_report(rd_kafka_t *producer, const rd_kafka_message_t *message,
                   void *outbox);

/*
 * The record at `offset` is consumed; each offset is named, in order. Returns
 * the ticket that it is of, for the target's `apply`, and its `index` there;
 * NULL if it is another instance's, if its ticket is answered, or if its report
 * has not come yet. Also for records that are skipped.
 */
struct journal_ticket *outbox_match(struct outbox *outbox, uint64_t offset,
                                    size_t *index);

/*
 * All records that were matched so far are applied: the target's `applied` has
 * returned. Settles tickets.
 */
void outbox_settle(struct outbox *outbox);

/*
 * Once in a while: time-outs, the breaker, probes. No record may be matched and
 * not applied. `now`: milliseconds of the monotonic clock.
 */
void outbox_look(struct outbox *outbox, uint64_t now);

/* Whether the thread has to come back in a millisecond. */
bool outbox_is_hurried(const struct outbox *outbox);

/* Take no tickets any more. Locking: any thread. */
void outbox_close(struct outbox *outbox);

/* Whether no ticket waits. */
bool outbox_is_empty(struct outbox *outbox);

/* Settle all tickets that wait: perhaps applied. */
void outbox_give_up(struct outbox *outbox);

/* Frees all parcels. The producer is destroyed already. */
void outbox_release(struct outbox *outbox);

#endif
