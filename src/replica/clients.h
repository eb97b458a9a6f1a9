/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clients of librdkafka: one that produces and one that consumes. Each
 * queue of theirs makes an eventfd readable when it is not empty any more, so
 * that one thread can wait for all with poll(2).
 */
#ifndef LUNAR_REPLICA_CLIENTS_H
#define LUNAR_REPLICA_CLIENTS_H

#include <stdbool.h>

#include <librdkafka/rdkafka.h>

#include "client_log.h"
#include "replica/replica.h"
#include "store/journal.h"

struct settings;

/* Who is called by clients_serve(). */
struct clients_reports {
    /* A message was acknowledged, or was not. Without an opaque: not ours. */
    void (*report)(void *context, const rd_kafka_message_t *message);
    void *context;
};

struct clients {
    struct client_log log; /* first: the opaque of both clients */
    /* Set at start, then read-only. */
    rd_kafka_t *producer;
    rd_kafka_topic_t *produced; /* the topic, of the producer */
    rd_kafka_t *consumer;
    rd_kafka_topic_t *consumed; /* the topic, of the consumer */
    /*
     * For rd_kafka_consume_start_queue(consumed, 0, offset, records): there is
     * no group, so no coordinator is asked for.
     */
    rd_kafka_queue_t *records;
    rd_kafka_queue_t *reports;  /* what the producer tells: private */
    int reports_fd, records_fd; /* eventfds, nonblocking */
    struct clients_reports reported;
};

/*
 * Start both clients. Reads the settings; waits for no broker. False, with a
 * sentence in `error`; then there is nothing to close.
 * Ownership: `options` is borrowed until clients_close().
 */
bool clients_open(struct clients *clients,
                  const struct replica_options *options,
                  const struct clients_reports *reports,
                  char error[JOURNAL_ERROR]);

/*
 * Handle the reports of the producer, and what it tells. Does not wait. For the
 * consumer clients_serve_consumer() does the same, but not with records.
 * Locking: the journal's thread.
 */
void clients_serve(struct clients *clients);
void clients_serve_consumer(struct clients *clients);

/*
 * Give up all messages that are not acknowledged. Their reports come with the
 * next clients_serve().
 */
void clients_purge(struct clients *clients);

/*
 * A configuration with what all our clients have: brokers, settings of the
 * file, log; for clients that are made for one call, such as an administrator.
 * `log` is the opaque of the client, and stays until that is destroyed. NULL,
 * with a sentence in `error`.
 */
rd_kafka_conf_t *clients_new_conf(const struct replica_options *options,
                                  const struct settings *settings,
                                  struct client_log *log,
                                  char error[JOURNAL_ERROR]);

/* Destroys both. Messages that are not acknowledged get no report. */
void clients_close(struct clients *clients);

#endif
