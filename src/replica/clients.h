/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clients of librdkafka: one that produces and one that consumes. Each
 * queue of theirs makes an eventfd readable when it is not empty any more, so
 * that one thread can wait for all with poll(2).
 *
 * What librdkafka logs is put into our log. Its threads never block for that.
 */
#ifndef LUNAR_REPLICA_CLIENTS_H
#define LUNAR_REPLICA_CLIENTS_H

#include <stdatomic.h>
#include <stdbool.h>

#include <librdkafka/rdkafka.h>

#include "replica/replica.h"
#include "store/journal.h"

enum {
    CLIENTS_ERROR = 256, /* bytes of the last error, with its NUL */
    /* The message is given up. Longer than REPLICA_ANSWER_MS. */
    CLIENTS_MESSAGE_TIMEOUT_MS = 10000,
    CLIENTS_SOCKET_TIMEOUT_MS = 3000, /* of a request */
};

struct settings;

/* What a client of librdkafka tells. Embedded in `clients`. */
struct client_log {
    /* The last error of a connection; "" when there was none. */
    pthread_mutex_t lock;
    char last[CLIENTS_ERROR]; /* guarded by `lock` */
    /* Whether all brokers were down, which is logged when it changes. */
    _Atomic bool down;
};

struct clients {
    /* Set at start, then read-only. */
    rd_kafka_t *producer;
    rd_kafka_topic_t *produced; /* the topic, of the producer */
    rd_kafka_queue_t *reports;  /* main queue of the producer */
    rd_kafka_t *consumer;
    rd_kafka_topic_t *consumed; /* the topic, of the consumer */
    /*
     * For rd_kafka_consume_start_queue(consumed, 0, offset, records): there is
     * no group, so no coordinator is asked for.
     */
    rd_kafka_queue_t *records;
    int reports_fd, records_fd; /* eventfds, nonblocking */
    struct settings *settings;
    struct client_log log;
};

/*
 * Start both clients. Reads the settings; waits for no broker. The producer
 * calls `report` with each message that was acknowledged or was not, and
 * `context` as the opaque of the client, from clients_serve(). False, with a
 * sentence in `error`; then there is nothing to close.
 * Ownership: `options` is borrowed until clients_close().
 */
bool clients_open(struct clients *clients,
                  const struct replica_options *options,
                  void (*report)(rd_kafka_t *producer,
                                 const rd_kafka_message_t *message,
                                 void *context),
                  void *context, char error[JOURNAL_ERROR]);

/*
 * Handle what waits for the producer (reports) and what both clients tell, but
 * not the records. Does not wait.
 * Locking: the thread that owns the outbox.
 */
void clients_serve(struct clients *clients);

/* Make `fd`, an eventfd, not readable any more. */
void clients_drain_fd(int fd);

/*
 * Write the last error of a connection into `out`, for a text about what was
 * awaited; "no broker answers" if there was none. Locking: any thread.
 */
void clients_last_error(struct clients *clients, char out[CLIENTS_ERROR]);

/* Whether there was an error of a connection, and none has come up since. */
bool clients_are_down(struct clients *clients);

/*
 * A configuration with what all our clients have: brokers, settings of the
 * file, log. For clients that are made for one call, such as an administrator:
 * `log` stays until the client is destroyed. NULL, with a sentence in `error`.
 */
rd_kafka_conf_t *clients_new_conf(const struct replica_options *options,
                                  const struct settings *settings,
                                  struct client_log *log,
                                  char error[JOURNAL_ERROR]);

void client_log_init(struct client_log *log);
void client_log_release(struct client_log *log);

/* Destroys both. Messages that are not acknowledged get no report. */
void clients_close(struct clients *clients);

#endif
