/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of the topic, from the consumer to the target of the journal, in
 * the order of their offsets. Counts what it skips, and halts where it must not
 * go on: then it takes no more records until the process ends, as a replica may
 * not leave one out.
 *
 * Locking: one thread at a time drains. Any thread may ask for the status, and
 * halt it.
 */
#ifndef LUNAR_REPLICA_INTAKE_H
#define LUNAR_REPLICA_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "store/journal.h"

struct intake;
struct metric;

enum {
    INTAKE_BATCH = 1024, /* events that one call takes, at most */
    /*
     * A broker that was the leader a moment ago may answer from what it had
     * then: that the topic ends before what is applied. So no such answer
     * counts, but all of those in so many milliseconds.
     */
    INTAKE_DOUBT_MS = 15000,
    INTAKE_DOUBT_TIMES = 3,
    /* The target gets a notice each time so many bytes were applied. */
    INTAKE_NOTICE = 16 * 1024 * 1024,
};

/* A record up to which all are applied, or skipped. */
struct intake_place {
    uint64_t position;
    uint64_t check; /* its sum; 0: not known, as the record was deleted */
    uint64_t rules; /* by which the messages from here on are accepted */
};

/* Borrowed until intake_free(). */
struct intake_options {
    rd_kafka_t *consumer;
    rd_kafka_topic_t *topic; /* of it */
    rd_kafka_queue_t *queue; /* that its records shall come to */
    /* Counters; may be NULL. */
    struct metric *applied; /* records of messages */
    struct metric *skipped; /* by enum journal_skip */
};

/* Who knows which records are of tickets of this instance. */
struct intake_finder {
    void *context;
    /*
     * The ticket whose record, its `*index`th, is at `position`; NULL if it is
     * not known to be of this instance. Positions rise.
     */
    struct journal_ticket *(*find)(void *context, uint64_t position,
                                   size_t *index);
};

/* NULL if memory is exhausted. */
struct intake *intake_new(const struct intake_options *options);

/* Ends the consumption. NULL does nothing. */
void intake_free(struct intake *intake);

/*
 * Consume the records behind `place`. Once. False, with a sentence in `error`.
 */
bool intake_begin(struct intake *intake, const struct intake_place *place,
                  char error[JOURNAL_ERROR]);

/*
 * Something hints that the topic may be another one by now. The record at the
 * place is read again, and if it is another one, the intake halts.
 * Locking: any thread.
 */
void intake_suspect(struct intake *intake);

/*
 * Wait up to `timeout_ms` for an event, take up to INTAKE_BATCH of them, and
 * hand the records to `target`, whose `applied` is called at the end. Returns
 * how many events were taken: if that is INTAKE_BATCH, there may be more, and
 * the queue tells nobody. 0 at once if it is halted. `finder` may be NULL.
 */
size_t intake_drain(struct intake *intake, const struct journal_target *target,
                    const struct intake_finder *finder, int timeout_ms);

/* The replay is complete: from now on a halt is logged here. */
void intake_serve(struct intake *intake);

/*
 * Halt with a sentence of the form "what: what to do". The first one stays.
 * Locking: any thread, but not under a lock.
 */
__attribute__((format(printf, 2, 3))) void intake_halt(struct intake *intake,
                                                       const char *format, ...);

/* NULL, or why it is halted; borrowed until intake_free(). */
const char *intake_halted(struct intake *intake);

/*
 * The offset from which on records are not applied. It may lie behind the last
 * record by more than one, as some offsets have none.
 */
uint64_t intake_next(struct intake *intake);

void intake_place(struct intake *intake, struct intake_place *place);

struct intake_status {
    uint64_t position; /* as in intake_place */
    uint64_t bytes;    /* keys and values since intake_begin() */
    uint64_t records;  /* since then, of all kinds */
    uint64_t skipped[JOURNAL_SKIP_REASONS];
    uint64_t last_skipped; /* its position, if one was skipped */
    enum journal_skip last_reason;
};

void intake_status(struct intake *intake, struct intake_status *status);

#endif
