/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients of librdkafka tell of themselves, put into our log. Their own
 * lines are many, and say the same again and again, so they are of the level
 * debug. What an operator should know is a line of ours: that a broker cannot
 * be reached, that none can, and that one answers again.
 *
 * Locking: any thread.
 */
#ifndef LUNAR_REPLICA_CLIENT_LOG_H
#define LUNAR_REPLICA_CLIENT_LOG_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

enum {
    CLIENT_LOG_ERROR = 256,       /* bytes of an error, with its NUL */
    CLIENT_LOG_BROKER = 64,       /* bytes of a broker's name, with its NUL */
    CLIENT_LOG_REPEAT_MS = 10000, /* between lines about the same broker */
};

struct client_log {
    _Atomic bool down; /* no broker answers */
    pthread_mutex_t lock;
    /* Guarded by `lock`. */
    char last[CLIENT_LOG_ERROR];    /* the last error; "" if there was none */
    char broker[CLIENT_LOG_BROKER]; /* of the last line about one */
    uint64_t logged_ms;             /* when that was; 0: never */
};

void client_log_init(struct client_log *log);
void client_log_release(struct client_log *log);

/* Let the clients of this configuration tell `log`, which is their opaque. */
void client_log_attach(rd_kafka_conf_t *conf, struct client_log *log);

/* A broker has answered. Costs next to nothing. */
void client_log_answer(struct client_log *log);

/* Copy the last error; "no broker answers" if there was none. */
void client_log_last(struct client_log *log, char out[CLIENT_LOG_ERROR]);

#endif
