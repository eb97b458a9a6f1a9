/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the intake share: intake.c takes the records, and
 * intake_doubt.c is about offsets that are not there and topics that are not
 * the one they were.
 */
#ifndef LUNAR_REPLICA_INTAKE_PARTS_H
#define LUNAR_REPLICA_INTAKE_PARTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "intake.h"
#include "topic_record.h"

enum {
    INTAKE_GROUP = 64, /* records that are applied together, as the target's */
};

/* Brokers that do not have the offset that was asked for. */
struct intake_doubt {
    bool verifying;      /* the record at the place is to come again */
    uint64_t drained_ms; /* the last intake_doubt_look(); 0: there was none */
    unsigned refused;    /* answers, one after the other */
    uint64_t refused_ms; /* the first of them */
    uint64_t last_refused_ms;
    uint64_t low;              /* of the topic, at the last of them */
    uint64_t again_ms;         /* when to ask again; 0: not at all */
    struct timespec log_again; /* about an error, not before this */
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
    uint64_t noticed;   /* bytes at the last notice */
    uint64_t behind_ms; /* when as many as can be were taken at once */
    uint64_t woken_ms;  /* the last wake_fetcher() */
    struct intake_doubt doubt;
    rd_kafka_message_t *events[INTAKE_BATCH];
    struct topic_record records[INTAKE_GROUP];
};

static inline const char *intake_topic_name(const struct intake *intake)
{
    return rd_kafka_topic_name(intake->options.topic);
}

/* Let the records from `offset` on come. False: rd_kafka_last_error(). */
bool intake_consume(struct intake *intake, uint64_t offset);

/*
 * intake_doubt.c, on the thread that drains.
 *
 * Before events are taken: verify the record at the place if there was a hint,
 * and ask again for an offset that was not there, when it is time for it.
 */
void intake_doubt_look(struct intake *intake);

/* Take an event that is an error. May halt. */
void intake_doubt_error(struct intake *intake, const rd_kafka_message_t *event);

/* Take the record that was to be verified. Halts if it is another one. */
void intake_doubt_verify(struct intake *intake,
                         const rd_kafka_message_t *event);

#endif
