/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rounds of bench_kafka. A message is one of fleet.h. Each record must come
 * back once, in the order in which it was produced.
 */
#include "kafka_client.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flags.h"
#include "fleet.h"

enum { SECOND = 1000000, ROCKETS = 100000, WARM_US = 500000, KEY = 40 };

/* Produce the next message, as an instance does for a POST. */
static void produce_next(struct kafka_client *client, uint64_t number)
{
    char key[KEY], value[FLEET_MAX_MESSAGE];
    uint64_t rocket = number % ROCKETS + 1;
    int length = snprintf(key, sizeof(key),
                          "00000000-0000-4000-8000-%012" PRIx64, rocket);
    struct kafka_text as_key = {key, (size_t)length};
    struct kafka_text as_value = {value, 0};

    as_value.length = fleet_message(1, rocket, number / ROCKETS + 1, value);
    kafka_produce(client, as_key, as_value);
}

static int compare(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

    return (a > b) - (a < b);
}

struct echo {
    uint64_t outstanding, milliseconds;
    uint64_t sent, received;
    uint64_t *sent_us; /* of those that are under way, by number */
    uint32_t *took_us; /* of those that came back in the time */
    size_t took, room;
};

static void take_echo(struct kafka_client *client, struct echo *echo,
                      uint64_t begun)
{
    rd_kafka_message_t *messages[KAFKA_TAKE];
    size_t count = kafka_take(client, messages);

    for (size_t i = 0; i < count; i++) {
        uint64_t now = kafka_now_us();
        uint64_t *sent = &echo->sent_us[echo->received++ % echo->outstanding];
        if (*sent >= begun && echo->took < echo->room)
            echo->took_us[echo->took++] = (uint32_t)(now - *sent);
        *sent = kafka_now_us();
        produce_next(client, echo->sent++);
        rd_kafka_message_destroy(messages[i]);
    }
}

static double percentile(const struct echo *echo, uint64_t part)
{
    size_t index = (echo->took - 1) * part / 100;

    return (double)echo->took_us[index] / 1000;
}

/*
 * A closed loop, as a load generator with as many connections: each record that
 * is consumed has another one produced. Records come back in their order.
 */
void kafka_echo(struct kafka_client *client, int argc, char *argv[])
{
    struct echo echo = {.outstanding = 1, .milliseconds = 2000};
    const struct flag flags[] = {
        {"outstanding", &echo.outstanding, 1, 10000},
        {"milliseconds", &echo.milliseconds, 1, 60000},
        {NULL, NULL, 0, 0},
    };
    int64_t begin, end;

    flags_read(argc, argv, flags);
    echo.room = (size_t)echo.milliseconds * 1000;
    echo.sent_us = calloc(echo.outstanding, sizeof(*echo.sent_us));
    echo.took_us = calloc(echo.room, sizeof(*echo.took_us));
    if (echo.sent_us == NULL || echo.took_us == NULL)
        die("memory is exhausted");
    kafka_range(client, &begin, &end);
    kafka_serve_reports(client);
    kafka_consume(client, end);
    while (echo.sent < echo.outstanding) {
        echo.sent_us[echo.sent] = kafka_now_us();
        produce_next(client, echo.sent++);
    }
    uint64_t begun = kafka_now_us() + WARM_US, cpu = 0, now;
    uint64_t ends = begun + echo.milliseconds * 1000;
    while ((now = kafka_now_us()) < ends) {
        if (cpu == 0 && now >= begun)
            cpu = kafka_cpu_us();
        take_echo(client, &echo, begun);
    }
    if (echo.took == 0)
        die("no record came back");
    cpu = kafka_cpu_us() - cpu;
    qsort(echo.took_us, echo.took, sizeof(*echo.took_us), compare);
    printf("{\"messages\": %zu, \"seconds\": %.6f, \"cpu\": %.6f, "
           "\"p50\": %.3f, \"p99\": %.3f}\n",
           echo.took, (double)(now - begun) / SECOND, (double)cpu / SECOND,
           percentile(&echo, 50), percentile(&echo, 99));
    free(echo.sent_us);
    free(echo.took_us);
}

struct consumption {
    struct kafka_client *client;
    uint64_t count;
};

static void *consume_all(void *context)
{
    struct consumption *consumption = context;
    rd_kafka_message_t *messages[KAFKA_TAKE];
    uint64_t done = 0;

    while (done < consumption->count) {
        size_t count = kafka_take(consumption->client, messages);
        done += count;
        for (size_t i = 0; i < count; i++)
            rd_kafka_message_destroy(messages[i]);
    }
    return NULL;
}

/* Produce as fast as it is taken, and consume beside it. */
void kafka_batch(struct kafka_client *client, int argc, char *argv[])
{
    struct consumption consumption = {client, 300000};
    const struct flag flags[] = {
        {"messages", &consumption.count, 1, 100000000},
        {NULL, NULL, 0, 0},
    };
    pthread_t thread;
    int64_t begin, end;

    flags_read(argc, argv, flags);
    kafka_range(client, &begin, &end);
    kafka_serve_reports(client);
    kafka_consume(client, end);
    if (pthread_create(&thread, NULL, consume_all, &consumption) != 0)
        die("cannot start a thread");
    uint64_t begun = kafka_now_us(), cpu = kafka_cpu_us();
    for (uint64_t i = 0; i < consumption.count; i++)
        produce_next(client, i);
    pthread_join(thread, NULL);
    printf("{\"messages\": %" PRIu64 ", \"seconds\": %.6f, \"cpu\": %.6f}\n",
           consumption.count, (double)(kafka_now_us() - begun) / SECOND,
           (double)(kafka_cpu_us() - cpu) / SECOND);
}

/* Consume all that the topic has. */
void kafka_replay(struct kafka_client *client, int argc, char *argv[])
{
    const struct flag flags[] = {{NULL, NULL, 0, 0}};
    struct consumption consumption = {client, 0};
    int64_t begin, end;

    flags_read(argc, argv, flags);
    kafka_range(client, &begin, &end);
    consumption.count = (uint64_t)(end - begin);
    if (consumption.count == 0)
        die("topic %s is empty", client->topic);
    uint64_t begun = kafka_now_us(), cpu = kafka_cpu_us();
    kafka_consume(client, begin);
    consume_all(&consumption);
    printf("{\"messages\": %" PRIu64 ", \"seconds\": %.6f, \"cpu\": %.6f}\n",
           consumption.count, (double)(kafka_now_us() - begun) / SECOND,
           (double)(kafka_cpu_us() - cpu) / SECOND);
}
