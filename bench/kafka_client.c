/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_kafka, the baseline of replicas: a client of librdkafka that does what
 * an instance does with a topic, and nothing else. Its rounds are in
 * kafka_rounds.c.
 *
 * usage: bench_kafka BROKERS TOPIC echo|batch|replay [-flag=number ...]
 */
#include "kafka_client.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "flags.h"

enum { POLL_MS = 100, ASK_MS = 10000, REASON = 256 };

struct value {
    const char *name, *value;
};

/* As src/replica/clients.c has them. */
static const struct value producing[] = {
    {"acks", "all"},
    {"enable.idempotence", "false"},
    {"max.in.flight", "1"},
    {"linger.ms", "0"},
    {"socket.nagle.disable", "true"},
    {"queue.buffering.max.messages", "1000000"},
    {"queue.buffering.max.kbytes", "2000000"},
    {NULL, NULL},
};
static const struct value consuming[] = {
    {"socket.nagle.disable", "true"},
    {"isolation.level", "read_uncommitted"},
    {"check.crcs", "true"},
    {"fetch.wait.max.ms", "100"},
    {"queued.min.messages", "1000000"},
    {"queued.max.messages.kbytes", "65536"},
    {NULL, NULL},
};

static void set_value(rd_kafka_conf_t *conf, const char *name,
                      const char *value)
{
    char reason[REASON];

    if (rd_kafka_conf_set(conf, name, value, reason, sizeof(reason)) !=
        RD_KAFKA_CONF_OK)
        die("%s=%s: %s", name, value, reason);
}

static void check_report(rd_kafka_t *producer,
                         const rd_kafka_message_t *message, void *opaque)
{
    (void)producer;
    (void)opaque;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        die("a message was not acknowledged: %s",
            rd_kafka_err2str(message->err));
}

static rd_kafka_t *open_client(const struct kafka_client *client,
                               rd_kafka_type_t type, const struct value *values)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char reason[REASON];
    rd_kafka_t *opened;

    set_value(conf, "bootstrap.servers", client->brokers);
    for (; values->name != NULL; values++)
        set_value(conf, values->name, values->value);
    if (type == RD_KAFKA_PRODUCER)
        rd_kafka_conf_set_dr_msg_cb(conf, check_report);
    opened = rd_kafka_new(type, conf, reason, sizeof(reason));
    if (opened == NULL)
        die("librdkafka: %s", reason);
    return opened;
}

static void open_all(struct kafka_client *client)
{
    client->producer = open_client(client, RD_KAFKA_PRODUCER, producing);
    client->consumer = open_client(client, RD_KAFKA_CONSUMER, consuming);
    client->produced =
        rd_kafka_topic_new(client->producer, client->topic, NULL);
    client->consumed =
        rd_kafka_topic_new(client->consumer, client->topic, NULL);
    client->records = rd_kafka_queue_new(client->consumer);
    if (client->produced == NULL || client->consumed == NULL)
        die("topic %s: %s", client->topic,
            rd_kafka_err2str(rd_kafka_last_error()));
}

static void *serve(void *context)
{
    for (;;)
        rd_kafka_poll(context, POLL_MS);
    return NULL;
}

void kafka_serve_reports(struct kafka_client *client)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, serve, client->producer) != 0)
        die("cannot start a thread");
    pthread_detach(thread);
}

void kafka_consume(struct kafka_client *client, int64_t offset)
{
    if (rd_kafka_consume_start_queue(client->consumed, KAFKA_PARTITION, offset,
                                     client->records) != 0)
        die("cannot consume: %s", rd_kafka_err2str(rd_kafka_last_error()));
}

void kafka_range(struct kafka_client *client, int64_t *begin, int64_t *end)
{
    rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(
        client->consumer, client->topic, KAFKA_PARTITION, begin, end, ASK_MS);

    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        die("topic %s: %s", client->topic, rd_kafka_err2str(error));
}

void kafka_produce(struct kafka_client *client, struct kafka_text key,
                   struct kafka_text value)
{
    const struct timespec full = {.tv_nsec = 500000};

    while (rd_kafka_produce(client->produced, KAFKA_PARTITION,
                            RD_KAFKA_MSG_F_COPY, (char *)value.data,
                            value.length, key.data, key.length, NULL) != 0) {
        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            die("cannot produce: %s", rd_kafka_err2str(rd_kafka_last_error()));
        nanosleep(&full, NULL);
    }
}

size_t kafka_take(struct kafka_client *client, rd_kafka_message_t **messages)
{
    ssize_t more;

    messages[0] = rd_kafka_consume_queue(client->records, KAFKA_PATIENCE_MS);
    if (messages[0] == NULL)
        die("no record came for %d s", KAFKA_PATIENCE_MS / 1000);
    more = rd_kafka_consume_batch_queue(client->records, 0, messages + 1,
                                        KAFKA_TAKE - 1);
    size_t count = 1 + (more < 0 ? 0 : (size_t)more);
    for (size_t i = 0; i < count; i++) {
        if (messages[i]->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            die("cannot consume: %s", rd_kafka_message_errstr(messages[i]));
    }
    return count;
}

static uint64_t read_clock(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t kafka_now_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t kafka_cpu_us(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

int main(int argc, char *argv[])
{
    static const struct {
        const char *name;
        void (*run)(struct kafka_client *client, int argc, char *argv[]);
    } rounds[] = {
        {"echo", kafka_echo},
        {"batch", kafka_batch},
        {"replay", kafka_replay},
    };
    struct kafka_client client = {0};

    for (size_t i = 0; argc > 3 && i < sizeof(rounds) / sizeof(rounds[0]);
         i++) {
        if (strcmp(argv[3], rounds[i].name) != 0)
            continue;
        client.brokers = argv[1];
        client.topic = argv[2];
        open_all(&client);
        rounds[i].run(&client, argc - 3, argv + 3);
        fflush(stdout);
        /* No message may come in the midst of the next round. */
        rd_kafka_flush(client.producer, KAFKA_PATIENCE_MS);
        _Exit(0);
    }
    fprintf(stderr, "usage: bench_kafka BROKERS TOPIC echo|batch|replay "
                    "[-flag=number ...]\n");
    return 2;
}
