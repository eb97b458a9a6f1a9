/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topic as an administrator sees it: making it, its settings, and deleting
 * its oldest records. Each call waits for a broker, at most TOPIC_ADMIN_MS.
 *
 * Locking: none; one thread.
 */
#ifndef LUNAR_REPLICA_TOPIC_ADMIN_H
#define LUNAR_REPLICA_TOPIC_ADMIN_H

#include <stdbool.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "replica/replica.h"

enum {
    TOPIC_ADMIN_MS = 15000, /* for each answer of the brokers */
};

/* Any client of librdkafka will do. All borrowed. */
struct topic_admin {
    rd_kafka_t *client;
    const char *topic;
    int timeout_ms; /* of one question */
};

/*
 * Make the topic, unless it exists. Sets `topic->existed`. With fewer brokers
 * than REPLICA_COPIES it has as many copies as there are brokers.
 */
bool topic_admin_create(const struct topic_admin *admin,
                        struct replica_topic *topic, char error[JOURNAL_ERROR]);

/*
 * Read how many copies there are, and check the settings: a topic that deletes
 * records by itself, or lets a broker lead that lacks some, cannot be used.
 */
bool topic_admin_check(const struct topic_admin *admin,
                       struct replica_topic *topic, char error[JOURNAL_ERROR]);

/*
 * The same for the settings alone, in one question. If it has no answer, or
 * this user may not ask, `topic->wrong` stays false.
 */
bool topic_admin_look(const struct topic_admin *admin,
                      struct replica_topic *topic, char error[JOURNAL_ERROR]);

/* Delete the records before `offset`. Sets `*first` to the first one left. */
bool topic_admin_delete(const struct topic_admin *admin, uint64_t offset,
                        uint64_t *first, char error[JOURNAL_ERROR]);

#endif
