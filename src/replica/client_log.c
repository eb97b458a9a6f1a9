/* SPDX-License-Identifier: Apache-2.0 */
#include "client_log.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/sync.h"

void client_log_init(struct client_log *log)
{
    *log = (struct client_log){.last = ""};
    sync_mutex_init(&log->lock);
}

void client_log_release(struct client_log *log)
{
    pthread_mutex_destroy(&log->lock);
}

/* Any thread of librdkafka, which may hold its locks: ours is not taken. */
static void log_detail(const rd_kafka_t *client, int level,
                       const char *facility, const char *text)
{
    char escaped[LOG_MAX_LINE];

    (void)client;
    (void)level;
    if (log_wants(LOG_DEBUG))
        log_line(LOG_DEBUG, "librdkafka: %s: %s", facility,
                 log_escape(text_of(text), escaped, sizeof(escaped)));
}

/*
 * Note the error. Whether to log it: it is of another broker than the last one,
 * or that was long ago. librdkafka's texts begin with "sasl_ssl://host:port/1:
 * ".
 */
static bool note_error(struct client_log *log, const char *reason)
{
    uint64_t now = clock_ms(CLOCK_MONOTONIC);
    const char *end = strstr(reason, ": ");
    size_t length = end == NULL ? 0 : (size_t)(end - reason);
    bool repeated;

    if (length >= CLIENT_LOG_BROKER)
        length = CLIENT_LOG_BROKER - 1;
    sync_lock(&log->lock);
    snprintf(log->last, sizeof(log->last), "%s", reason);
    repeated = log->logged_ms != 0 &&
               now - log->logged_ms < CLIENT_LOG_REPEAT_MS &&
               strncmp(log->broker, reason, length) == 0 &&
               log->broker[length] == '\0';
    if (!repeated) {
        memcpy(log->broker, reason, length);
        log->broker[length] = '\0';
        log->logged_ms = now;
    }
    sync_unlock(&log->lock);
    return !repeated;
}

static void note_state(rd_kafka_t *client, int code, const char *reason,
                       void *opaque)
{
    struct client_log *log = opaque;
    char last[CLIENT_LOG_ERROR];

    (void)client;
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        if (atomic_exchange(&log->down, true))
            return;
        client_log_last(log, last);
        log_line(LOG_WARN,
                 "no broker of Kafka is connected: %s: check the brokers, "
                 "and -kafka",
                 last);
        return;
    }
    log_escape(text_of(reason), last, sizeof(last));
    /* While there is none, it is clear that this one cannot be reached. */
    if (note_error(log, last) && !atomic_load(&log->down))
        log_line(LOG_INFO, "a broker of Kafka cannot be reached: %s", last);
}

void client_log_attach(rd_kafka_conf_t *conf, struct client_log *log)
{
    rd_kafka_conf_set_opaque(conf, log);
    rd_kafka_conf_set_log_cb(conf, log_detail);
    rd_kafka_conf_set_error_cb(conf, note_state);
}

void client_log_answer(struct client_log *log)
{
    if (atomic_load_explicit(&log->down, memory_order_relaxed) &&
        atomic_exchange(&log->down, false))
        log_line(LOG_INFO, "brokers of Kafka answer again");
}

void client_log_last(struct client_log *log, char out[CLIENT_LOG_ERROR])
{
    sync_lock(&log->lock);
    snprintf(out, CLIENT_LOG_ERROR, "%s",
             log->last[0] == '\0' ? "no broker answers" : log->last);
    sync_unlock(&log->lock);
}
