/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rounds of bench_kafka share: a producer and a consumer with the
 * settings that the service gives them where they affect speed, and messages.
 */
#ifndef LUNAR_BENCH_KAFKA_CLIENT_H
#define LUNAR_BENCH_KAFKA_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

enum {
    KAFKA_PARTITION = 0,
    KAFKA_TAKE = 1024, /* messages that are taken from a queue at once */
    KAFKA_PATIENCE_MS = 60000,
};

struct kafka_client {
    const char *brokers, *topic;
    rd_kafka_t *producer, *consumer;
    rd_kafka_topic_t *produced, *consumed;
    rd_kafka_queue_t *records; /* of the consumer */
};

/* The rounds, each with its own flags. They print a line of JSON. */
void kafka_echo(struct kafka_client *client, int argc, char *argv[]);
void kafka_batch(struct kafka_client *client, int argc, char *argv[]);
void kafka_replay(struct kafka_client *client, int argc, char *argv[]);

/* Serve the reports of the producer in the background until the end. */
void kafka_serve_reports(struct kafka_client *client);

/* Consume from this offset on; RD_KAFKA_OFFSET_BEGINNING and others, too. */
void kafka_consume(struct kafka_client *client, int64_t offset);

/* The offsets that the topic has. */
void kafka_range(struct kafka_client *client, int64_t *begin, int64_t *end);

struct kafka_text {
    const char *data;
    size_t length;
};

/*
 * Produce a message, whose key and value are copied. Waits while the queue is
 * full.
 */
void kafka_produce(struct kafka_client *client, struct kafka_text key,
                   struct kafka_text value);

/*
 * Wait for records, and take up to KAFKA_TAKE. Dies on an error, or if none
 * comes for KAFKA_PATIENCE_MS. To be destroyed by the caller.
 */
size_t kafka_take(struct kafka_client *client, rd_kafka_message_t **messages);

/* Microseconds of the monotonic clock, and of the process's CPU time. */
uint64_t kafka_now_us(void);
uint64_t kafka_cpu_us(void);

#endif
