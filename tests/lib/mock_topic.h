/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A topic on the mock cluster of librdkafka, which runs in this process, for
 * tests of the room `replica`; and somebody else who produces to it. What a
 * test does not expect ends it.
 *
 * The mock answers as soon as it can, but a request for records that finds none
 * only after the time that the consumer lets it wait. So the settings file has
 * a short one.
 */
#ifndef LUNAR_TESTS_MOCK_TOPIC_H
#define LUNAR_TESTS_MOCK_TOPIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "base/text.h"

#include "lib/temporary_folder.h"

/* Kinds of requests, as the protocol of Kafka numbers them. */
enum mock_request {
    MOCK_PRODUCE = 0,
    MOCK_FETCH = 1,
    MOCK_LIST_OFFSETS = 2,
    MOCK_METADATA = 3,
};

struct mock_topic {
    const char *name;
    int brokers; /* their numbers are 1 to this */
    rd_kafka_t *host;
    rd_kafka_mock_cluster_t *cluster;
    const char *bootstraps;
    char folder[FOLDER_ROOT];
    char settings[FOLDER_ROOT + 16]; /* path of the file */
    rd_kafka_t *other;               /* another producer */
    rd_kafka_topic_t *produced;
};

/* A cluster with a topic of this many partitions. */
void mock_topic_make(struct mock_topic *topic, int brokers, int partitions);
void mock_topic_remove(struct mock_topic *topic);

/* Write another settings file. */
void mock_topic_set(struct mock_topic *topic, const char *settings);

/*
 * Produce a record, and wait until it is written. Absent texts are null.
 * Returns its offset.
 */
uint64_t mock_topic_put(struct mock_topic *topic, struct text key,
                        struct text value);

/* The same for a control record: its value is the text. */
uint64_t mock_topic_put_control(struct mock_topic *topic, const char *value);

/* A message, as JSON that is not written by the service. */
uint64_t mock_topic_put_message(struct mock_topic *topic, const char *channel,
                                uint64_t number);

/* Let the next `count` requests of a kind fail with `error`. */
void mock_topic_fail(struct mock_topic *topic, enum mock_request request,
                     rd_kafka_resp_err_t error, size_t count);
/* No request of that kind fails any more. */
void mock_topic_heal(struct mock_topic *topic, enum mock_request request);

/*
 * The next `count` requests of a kind are handled at once, but answered only
 * after `ms`. For a topic with one broker.
 */
void mock_topic_delay(struct mock_topic *topic, enum mock_request request,
                      int ms, size_t count);
/* The `count` requests behind those of mock_topic_delay() fail. */
void mock_topic_fail_next(struct mock_topic *topic, enum mock_request request,
                          rd_kafka_resp_err_t error, size_t count);

/* All answers take so long. */
void mock_topic_slow(struct mock_topic *topic, int ms);

/* All brokers close their connections, and accept none. */
void mock_topic_down(struct mock_topic *topic);
void mock_topic_up(struct mock_topic *topic);

/* The offset behind the last record. */
uint64_t mock_topic_end(struct mock_topic *topic);

/* Produce until the first offset that is left is at least `first`. */
void mock_topic_push_out(struct mock_topic *topic, uint64_t first);

/*
 * Poll until `*condition(context)` is true; a test that waits for a minute
 * fails with `what`.
 */
void mock_topic_await(bool (*condition)(void *context), void *context,
                      const char *what);

#endif
