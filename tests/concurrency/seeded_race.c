/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program with a race on purpose: a callback that librdkafka calls counts
 * without a lock what another thread counts. ThreadSanitizer must report it, as
 * what is ignored in librdkafka must not hide our own code; and nothing else,
 * such as what is handed to the callback by the thread that produces. With an
 * argument it has no race.
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { MESSAGES = 100 };

struct scene {
    bool race;
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
    pthread_mutex_t lock;
    unsigned count;   /* guarded by `lock`, or else raced for */
    unsigned reports; /* of the main thread */
};

/* What is handed from the thread that produces to the callback. */
struct produced {
    unsigned number;
};

static void count_one(struct scene *scene)
{
    if (!scene->race)
        pthread_mutex_lock(&scene->lock);
    scene->count++;
    if (!scene->race)
        pthread_mutex_unlock(&scene->lock);
}

static void note_report(rd_kafka_t *client, const rd_kafka_message_t *message,
                        void *context)
{
    struct scene *scene = context;
    struct produced *produced = message->_private;

    (void)client;
    produced->number++;
    free(produced);
    count_one(scene);
    scene->reports++;
}

static void *produce_messages(void *context)
{
    struct scene *scene = context;
    char text[] = "text";

    for (unsigned i = 0; i < MESSAGES; i++) {
        struct produced *produced = malloc(sizeof(*produced));
        if (produced == NULL)
            abort();
        produced->number = i;
        if (rd_kafka_produce(scene->topic, 0, RD_KAFKA_MSG_F_COPY, text, 4,
                             "key", 3, produced) != 0)
            abort();
    }
    return NULL;
}

static void *count_beside(void *context)
{
    count_one(context);
    return NULL;
}

static rd_kafka_t *new_client(rd_kafka_conf_t *settings)
{
    char error[256];
    rd_kafka_t *client =
        rd_kafka_new(RD_KAFKA_PRODUCER, settings, error, sizeof(error));

    if (client == NULL)
        abort();
    return client;
}

static void set(rd_kafka_conf_t *settings, const char *name, const char *value)
{
    if (rd_kafka_conf_set(settings, name, value, NULL, 0) != RD_KAFKA_CONF_OK)
        abort();
}

int main(int count, char **arguments)
{
    struct scene scene = {.race = count == 1};
    rd_kafka_t *host = new_client(rd_kafka_conf_new());
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(host, 1);
    rd_kafka_conf_t *settings = rd_kafka_conf_new();
    pthread_t thread, beside;

    (void)arguments;
    pthread_mutex_init(&scene.lock, NULL);
    set(settings, "bootstrap.servers",
        rd_kafka_mock_cluster_bootstraps(cluster));
    set(settings, "linger.ms", "0");
    rd_kafka_conf_set_opaque(settings, &scene);
    rd_kafka_conf_set_dr_msg_cb(settings, note_report);
    scene.client = new_client(settings);
    scene.topic = rd_kafka_topic_new(scene.client, "topic", NULL);
    if (pthread_create(&beside, NULL, count_beside, &scene) != 0 ||
        pthread_create(&thread, NULL, produce_messages, &scene) != 0)
        abort();
    while (scene.reports < MESSAGES)
        rd_kafka_poll(scene.client, 10);
    pthread_join(thread, NULL);
    pthread_join(beside, NULL);
    rd_kafka_topic_destroy(scene.topic);
    rd_kafka_destroy(scene.client);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(host);
    puts("all is reported");
    return EXIT_SUCCESS;
}
