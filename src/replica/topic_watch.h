/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread that looks at the topic from outside of the intake: where it ends,
 * each second, so that it is known how far this instance is behind; and whether
 * it still has one partition, each 30 seconds. It halts the intake if the topic
 * is not the one that it was.
 */
#ifndef LUNAR_REPLICA_TOPIC_WATCH_H
#define LUNAR_REPLICA_TOPIC_WATCH_H

#include <stdint.h>

#include <librdkafka/rdkafka.h>

struct intake;
struct topic_watch;

enum {
    TOPIC_WATCH_END_MS = 1000,
    TOPIC_WATCH_PARTITIONS_MS = 30000,
    TOPIC_WATCH_SETTINGS_FIRST_MS = 5000, /* after the start; later: */
    TOPIC_WATCH_SETTINGS_MS = 300000,
    TOPIC_WATCH_TIMEOUT_MS = 2500, /* of one question */
};

/*
 * Start it. All that the topic has now must be applied. `born`: as in
 * `prepared`. NULL if there are no resources for a thread. Ownership: `client`,
 * `topic` and `intake` are borrowed until the stop.
 */
struct topic_watch *topic_watch_start(rd_kafka_t *client,
                                      rd_kafka_topic_t *topic,
                                      struct intake *intake, int64_t born);

/*
 * The position of the last record, as far as known, and for how many
 * milliseconds it has not been known that all records are applied: see
 * `lag_ms` in store/journal.h.
 * Locking: any thread.
 */
void topic_watch_status(struct topic_watch *watch, uint64_t *last,
                        uint64_t *lag_ms);

/* Ends the thread: within TOPIC_WATCH_TIMEOUT_MS. NULL does nothing. */
void topic_watch_stop(struct topic_watch *watch);

#endif
