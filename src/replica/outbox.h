/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of this instance on their way: produced, acknowledged at an
 * offset, consumed at that offset, applied. A ticket is settled when all of its
 * messages have come so far, whichever of report and record came first; or
 * after REPLICA_ANSWER_MS, as perhaps applied, or as refused if it was not even
 * produced.
 *
 *     append -> report: its offset -> outbox_find() when it is consumed
 *     append -> consumed -> report: its offset, which is applied -> claim
 *
 * Each ticket has one parcel here, which librdkafka's reports refer to. It
 * outlives the ticket if that is answered first.
 *
 * Small tickets are produced in flights: while the messages of one are under
 * way, later ones are gathered, and are produced together when it has ended. So
 * a request to the broker takes nearly all there are, where librdkafka would
 * give each message that comes meanwhile a request of its own.
 *
 * Locking: outbox_append() from any thread; it takes no lock of ours. So are
 * those that say so. All else from the journal's thread.
 */
#ifndef LUNAR_REPLICA_OUTBOX_H
#define LUNAR_REPLICA_OUTBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "breaker.h"
#include "replica/replica.h"
#include "store/journal.h"

struct parcel;
struct replica_counts;

enum {
    OUTBOX_SMALL = 16,          /* messages: below, a ticket is gathered */
    OUTBOX_LOOK_MS = 50,        /* between two looks at the time */
    OUTBOX_COMPLAIN_MS = 10000, /* between lines about messages that failed */
};

/* A message, by its offset. */
struct mark {
    struct mark *next; /* with a higher offset */
    uint64_t offset;
    size_t index; /* in its ticket */
};

/* A list of parcels. */
struct parcel_list {
    struct parcel *first, *last;
};

struct outbox {
    /* Set at start, then read-only. */
    struct replica_limits limits; /* none is 0 */
    rd_kafka_topic_t *topic;
    const struct replica_counts *counts;
    int wake_fd; /* an eventfd: ends the wait of the journal's thread */
    const struct journal_target *target;
    uint64_t instance; /* random: the name in its probes */

    /* Any thread. */
    _Atomic bool closed;       /* takes no tickets */
    _Atomic uint64_t messages; /* of tickets without all reports */
    _Atomic uint64_t bytes;    /* the same */
    /*
     * Bytes of parcels that are not freed. What was acknowledged and is not
     * consumed is not among `messages`, but kept however long that takes: if
     * the topic cannot be read, or is far ahead.
     */
    _Atomic uint64_t kept;
    /*
     * Messages of small tickets that were produced since there was no flight;
     * 0: there is none. Who changes it from 0 begins one; only the journal's
     * thread ends it.
     */
    _Atomic uint64_t flight;
    _Atomic(struct parcel *) handed; /* produced, or gathered: a stack */
    struct breaker breaker;

    /* Owned by the journal's thread. */
    uint64_t now_us;    /* of the monotonic clock, read once a turn */
    uint64_t looked_us; /* the last look */
    uint64_t landed;    /* of `flight`: they have a report, or get none */
    struct parcel_list gathered; /* not produced yet; by age */
    struct parcel_list waiting;  /* their tickets are not settled; by age */
    struct parcel_list answered; /* too late: their tickets are */
    struct parcel_list ready;    /* all is known: to be settled and freed */
    struct mark *first, *last;   /* acknowledged, and not consumed yet */
    size_t early; /* parcels of which all is known, but that were not handed */
    _Atomic uint64_t next; /* records below have been consumed; any thread
                              may read it */
    bool rewound;          /* see outbox_is_rewound() */
    struct mark probe;
    uint64_t failed;        /* messages, since the last line about that */
    uint64_t complained_us; /* when that was */
};

/*
 * Closed at first. `wake_fd` is an eventfd that the thread waits for.
 * Ownership: borrowed until outbox_release().
 */
void outbox_init(struct outbox *outbox, const struct replica_limits *limits,
                 rd_kafka_topic_t *topic, const struct replica_counts *counts,
                 int wake_fd);

/* Take tickets from now on. All records below `next` are applied. */
void outbox_open(struct outbox *outbox, const struct journal_target *target,
                 uint64_t next);

/* As the method of that name of the journal. Locking: any thread. */
bool outbox_append(struct outbox *outbox, struct journal_ticket *ticket);

/* Begin a turn of the thread: note the time, and take what was appended. */
void outbox_begin(struct outbox *outbox);

/*
 * Behind all reports of a turn: produce what was gathered, if nothing of that
 * kind is under way; or refuse it, if the breaker is open.
 */
void outbox_send(struct outbox *outbox);

/* Instead of that, if nothing may be written any more: refuse it. */
void outbox_refuse(struct outbox *outbox);

/* The report of the producer about one message. */
void outbox_report(void *outbox, const rd_kafka_message_t *message);

/*
 * As `find` of struct intake_finder, for each message in the order of offsets.
 * NULL also if the ticket is answered, or if the report has not come yet.
 */
struct journal_ticket *outbox_find(void *outbox, uint64_t offset,
                                   size_t *index);

/*
 * End a turn: what was found is applied. Settles tickets; each OUTBOX_LOOK_MS
 * also those that are too late, and looks after the breaker.
 */
void outbox_end(struct outbox *outbox);

/*
 * Whether a message was written at an offset that had been consumed before it
 * was produced: the topic is not the one that it was. Such messages are
 * answered as perhaps applied.
 */
bool outbox_is_rewound(const struct outbox *outbox);

/* How long the thread may wait for the next turn, in milliseconds. */
int outbox_wait_ms(const struct outbox *outbox);

/* Take no tickets any more. Locking: any thread. */
void outbox_close(struct outbox *outbox);

/* Whether no ticket waits. */
bool outbox_is_empty(const struct outbox *outbox);

/* Settle all tickets that wait: as refused if they are not produced. */
void outbox_give_up(struct outbox *outbox);

/* Messages and bytes that wait for reports. Locking: any thread. */
uint64_t outbox_messages(const struct outbox *outbox);
uint64_t outbox_bytes(const struct outbox *outbox);

/* NULL, or why the breaker is open: a static text. Locking: any thread. */
const char *outbox_problem(const struct outbox *outbox);

/* Frees what is left. No ticket waits, and the producer is destroyed. */
void outbox_release(struct outbox *outbox);

#endif
