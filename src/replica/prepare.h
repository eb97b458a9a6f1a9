/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start of a replica: the topic is reached and checked, compared with the
 * last snapshot, and read to its end.
 *
 * Both functions wait for brokers as long as none can be reached, log every 10
 * seconds what they wait for, and report to the watch at least every 100 ms.
 */
#ifndef LUNAR_REPLICA_PREPARE_H
#define LUNAR_REPLICA_PREPARE_H

#include <stdbool.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "intake.h"
#include "store/journal.h"

enum {
    PREPARE_REPORT_MS = 50, /* between two calls of the watch */
    PREPARE_LOG_MS = 10000, /* between two lines about what is awaited */
};

/* The topic, and how it is reached. All borrowed. */
struct prepare_topic {
    /*
     * The first record is produced without an opaque: `serve` has to ignore
     * such reports.
     */
    rd_kafka_t *producer;
    rd_kafka_topic_t *produced;
    rd_kafka_t *consumer;
    rd_kafka_topic_t *consumed; /* is not consumed yet */
    const char *brokers;
    bool has_peers; /* a snapshot can be had from another instance */
    /*
     * Write what librdkafka has last said about a broker that it cannot reach
     * or use, in one line; "" if nothing. May be NULL.
     */
    void (*problem)(void *context, char text[JOURNAL_ERROR]);
    /* Serve what is queued for both clients, other than records. */
    void (*serve)(void *context);
    void *context;
};

/* What was found. */
struct prepared {
    uint64_t id;         /* of the history; 0: a snapshot has to say it */
    uint64_t low, end;   /* first offset, and the one behind the last record */
    bool needs_snapshot; /* a newer one than that which was given, if any */
    int64_t born;        /* time of the first record in milliseconds since 1970;
                            -1: not known */
    struct intake_place begin; /* of the first record, if it is there */
    struct intake_place place; /* of the snapshot, if one was given */
};

/*
 * To be called again with a snapshot that was fetched. `snapshot` may be NULL.
 * JOURNAL_FAILED: `error` is a sentence that says what to do.
 */
enum journal_replayed prepare_run(const struct prepare_topic *topic,
                                  const struct journal_place *snapshot,
                                  const struct journal_watch *watch,
                                  struct prepared *prepared,
                                  char error[JOURNAL_ERROR]);

/* What is replayed, and to whom. All borrowed. */
struct prepare_records {
    const struct prepared *prepared;
    struct intake *intake; /* has not begun */
    const struct journal_target *target;
    uint64_t after; /* position behind which to begin */
};

/*
 * Hand every record behind `after` to the target, up to the end that the topic
 * has now. The intake goes on from there.
 */
enum journal_replayed prepare_replay(const struct prepare_topic *topic,
                                     const struct prepare_records *records,
                                     const struct journal_watch *watch,
                                     char error[JOURNAL_ERROR]);

#endif
