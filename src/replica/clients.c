/* SPDX-License-Identifier: Apache-2.0 */
#include "clients.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sync.h"
#include "replica_error.h"
#include "settings.h"

enum {
    REASON = 256, /* bytes of a reason of librdkafka */
    NUMBER = 16,  /* bytes of a value that is a number, with its NUL */
    /* A message is given up. Longer than REPLICA_ANSWER_MS. */
    MESSAGE_TIMEOUT_MS = 10000,
};

struct value {
    const char *name, *value;
};

/*
 * Before the settings of the file, which may override some of them. The level
 * of isolation is for the questions of all of them: without it the topic ends
 * where somebody else has begun a transaction.
 */
static const struct value common[] = {
    {"client.id", "lunar.service"},
    {"socket.nagle.disable", "true"},
    {"socket.timeout.ms", "3000"},
    {"socket.keepalive.enable", "true"},
    {"topic.metadata.refresh.interval.ms", "1000"},
    {"reconnect.backoff.max.ms", "500"},
    {"allow.auto.create.topics", "false"},
    {"isolation.level", "read_uncommitted"},
};

/*
 * Not idempotent, as the effects of messages are, and idempotence can end in a
 * fatal error. So one request is under way at a time: it keeps the order, and
 * is what gathers messages into batches. The limits on what waits are above
 * those of the outbox.
 */
static const struct value producer_values[] = {
    {"acks", "all"},
    {"enable.idempotence", "false"},
    {"max.in.flight", "1"},
    {"linger.ms", "0"},
    {"queue.buffering.max.messages", "1000000"},
    {"queue.buffering.max.kbytes", "2000000"},
};

/*
 * A fetch that waits for new records keeps its connection from other questions,
 * and a new consumption from its start, for as long as it waits.
 */
static const struct value consumer_values[] = {
    {"auto.offset.reset", "error"},
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"enable.partition.eof", "true"},
    {"check.crcs", "true"},
    {"fetch.wait.max.ms", "100"},
    {"fetch.error.backoff.ms", "100"},
    {"queued.min.messages", "1000000"},
    {"queued.max.messages.kbytes", "65536"},
};

struct kind {
    const struct value *values;
    size_t count;
};

static const struct kind producing = {
    producer_values, sizeof(producer_values) / sizeof(producer_values[0])};
static const struct kind consuming = {
    consumer_values, sizeof(consumer_values) / sizeof(consumer_values[0])};

static bool set_values(rd_kafka_conf_t *conf, const struct value *values,
                       size_t count, char error[JOURNAL_ERROR])
{
    char reason[REASON];

    for (size_t i = 0; i < count; i++) {
        if (rd_kafka_conf_set(conf, values[i].name, values[i].value, reason,
                              sizeof(reason)) == RD_KAFKA_CONF_OK)
            continue;
        replica_error(error, "librdkafka does not take %s=%.100s: %.200s",
                      values[i].name, values[i].value, reason);
        return false;
    }
    return true;
}

/* The values of the kind of client, if any, come before those of the file. */
static rd_kafka_conf_t *new_conf(const struct replica_options *options,
                                 const struct settings *settings,
                                 const struct kind *kind,
                                 struct client_log *log,
                                 char error[JOURNAL_ERROR])
{
    const struct value brokers = {"bootstrap.servers", options->brokers};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    client_log_attach(conf, log);
    if (set_values(conf, common, sizeof(common) / sizeof(common[0]), error) &&
        set_values(conf, &brokers, 1, error) &&
        (kind == NULL || set_values(conf, kind->values, kind->count, error)) &&
        settings_apply(settings, conf, error))
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

rd_kafka_conf_t *clients_new_conf(const struct replica_options *options,
                                  const struct settings *settings,
                                  struct client_log *log,
                                  char error[JOURNAL_ERROR])
{
    return new_conf(options, settings, NULL, log, error);
}

static void pass_report(rd_kafka_t *producer, const rd_kafka_message_t *message,
                        void *opaque)
{
    struct clients *clients = container_of(opaque, struct clients, log);

    (void)producer;
    if (message->_private != NULL)
        clients->reported.report(clients->reported.context, message);
}

/* A client that is told by `conf`, which becomes its own. NULL with a text. */
static rd_kafka_t *new_client(rd_kafka_type_t type, rd_kafka_conf_t *conf,
                              char error[JOURNAL_ERROR])
{
    char reason[REASON];
    rd_kafka_t *client = rd_kafka_new(type, conf, reason, sizeof(reason));

    if (client == NULL) {
        rd_kafka_conf_destroy(conf);
        replica_error(error,
                      "cannot start librdkafka: %.300s: check -kafka, and the "
                      "settings of -kafka-config",
                      reason);
    }
    return client;
}

static rd_kafka_topic_t *new_topic(rd_kafka_t *client, const char *name,
                                   char error[JOURNAL_ERROR])
{
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);

    if (topic == NULL)
        replica_error(error, "librdkafka does not take the topic %.249s: %s",
                      name, rd_kafka_err2str(rd_kafka_last_error()));
    return topic;
}

static bool open_producer(struct clients *clients,
                          const struct replica_options *options,
                          const struct settings *settings,
                          char error[JOURNAL_ERROR])
{
    unsigned limit = options->limits.message_timeout_ms;
    char text[NUMBER];
    const struct value timeout = {"message.timeout.ms", text};
    rd_kafka_conf_t *conf =
        new_conf(options, settings, &producing, &clients->log, error);

    if (conf == NULL)
        return false;
    snprintf(text, sizeof(text), "%u", limit > 0 ? limit : MESSAGE_TIMEOUT_MS);
    if (!set_values(conf, &timeout, 1, error)) {
        rd_kafka_conf_destroy(conf);
        return false;
    }
    rd_kafka_conf_set_dr_msg_cb(conf, pass_report);
    clients->producer = new_client(RD_KAFKA_PRODUCER, conf, error);
    if (clients->producer == NULL)
        return false;
    clients->produced = new_topic(clients->producer, options->topic, error);
    return clients->produced != NULL;
}

static bool open_consumer(struct clients *clients,
                          const struct replica_options *options,
                          const struct settings *settings,
                          char error[JOURNAL_ERROR])
{
    rd_kafka_conf_t *conf =
        new_conf(options, settings, &consuming, &clients->log, error);

    if (conf == NULL)
        return false;
    clients->consumer = new_client(RD_KAFKA_CONSUMER, conf, error);
    if (clients->consumer == NULL)
        return false;
    clients->consumed = new_topic(clients->consumer, options->topic, error);
    return clients->consumed != NULL;
}

/* The queues write an integer to an eventfd when they are not empty any more.
 */
static bool open_queues(struct clients *clients, char error[JOURNAL_ERROR])
{
    static const uint64_t one = 1;

    clients->reports_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    clients->records_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (clients->reports_fd < 0 || clients->records_fd < 0) {
        replica_error(error, "cannot make an eventfd: %s",
                      strerrordesc_np(errno));
        return false;
    }
    clients->reports = rd_kafka_queue_get_main(clients->producer);
    clients->records = rd_kafka_queue_new(clients->consumer);
    rd_kafka_queue_io_event_enable(clients->reports, clients->reports_fd, &one,
                                   sizeof(one));
    rd_kafka_queue_io_event_enable(clients->records, clients->records_fd, &one,
                                   sizeof(one));
    return true;
}

bool clients_open(struct clients *clients,
                  const struct replica_options *options,
                  const struct clients_reports *reports,
                  char error[JOURNAL_ERROR])
{
    struct settings *settings = settings_read(options->settings, error);
    bool opened;

    if (settings == NULL)
        return false;
    *clients = (struct clients){
        .reports_fd = -1, .records_fd = -1, .reported = *reports};
    client_log_init(&clients->log);
    opened = open_producer(clients, options, settings, error) &&
             open_consumer(clients, options, settings, error) &&
             open_queues(clients, error);
    settings_free(settings);
    if (!opened)
        clients_close(clients);
    return opened;
}

void clients_serve(struct clients *clients)
{
    rd_kafka_poll(clients->producer, 0);
}

void clients_serve_consumer(struct clients *clients)
{
    rd_kafka_poll(clients->consumer, 0);
}

void clients_purge(struct clients *clients)
{
    rd_kafka_purge(clients->producer, RD_KAFKA_PURGE_F_QUEUE |
                                          RD_KAFKA_PURGE_F_INFLIGHT |
                                          RD_KAFKA_PURGE_F_NON_BLOCKING);
}

static void close_client(rd_kafka_t *client, rd_kafka_topic_t *topic,
                         rd_kafka_queue_t *queue)
{
    if (queue != NULL) {
        rd_kafka_queue_io_event_enable(queue, -1, NULL, 0);
        rd_kafka_queue_destroy(queue);
    }
    if (topic != NULL)
        rd_kafka_topic_destroy(topic);
    if (client != NULL)
        rd_kafka_destroy(client);
}

void clients_close(struct clients *clients)
{
    close_client(clients->producer, clients->produced, clients->reports);
    close_client(clients->consumer, clients->consumed, clients->records);
    if (clients->reports_fd >= 0)
        close(clients->reports_fd);
    if (clients->records_fd >= 0)
        close(clients->records_fd);
    client_log_release(&clients->log);
}
