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

#include "store/journal.h"

struct intake;

enum {
    PREPARE_REPORT_MS = 50, /* between two calls of the watch */
    PREPARE_LOG_MS = 10000, /* between two lines about what is awaited */
};

/* The topic, and how it is reached. All borrowed. */
struct prepare_topic {
    /*
     * Records are produced to it without an opaque, so whoever serves its
     * delivery reports has to ignore those without one.
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
    void *context;
};

/* What was found. */
struct prepared {
    uint64_t id;         /* of the history */
    uint64_t low, end;   /* first offset, and the one behind the last record */
    bool needs_snapshot; /* a newer one than that which was given, if any */
};

/*
 * `snapshot` may be NULL. JOURNAL_FAILED: `error` is a sentence that says what
 * to do.
 */
enum journal_replayed prepare_run(const struct prepare_topic *topic,
                                  const struct journal_place *snapshot,
                                  const struct journal_watch *watch,
                                  struct prepared *prepared,
                                  char error[JOURNAL_ERROR]);

/*
 * Whether a snapshot that was fetched since then can be used: as for the one of
 * prepare_run(). NULL: none could be fetched, so the topic is read from its
 * begin, if that is there.
 */
enum journal_replayed prepare_check(const struct prepare_topic *topic,
                                    const struct journal_place *snapshot,
                                    const struct journal_watch *watch,
                                    const struct prepared *prepared,
                                    char error[JOURNAL_ERROR]);

/*
 * Hand every record behind position `after` to `target`, up to the end that the
 * topic has now. `intake` is at that place then, and goes on.
 */
enum journal_replayed prepare_replay(const struct prepare_topic *topic,
                                     struct intake *intake, uint64_t after,
                                     const struct journal_target *target,
                                     const struct journal_watch *watch,
                                     char error[JOURNAL_ERROR]);

#endif
