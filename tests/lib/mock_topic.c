/* SPDX-License-Identifier: Apache-2.0 */
#include "mock_topic.h"

#include "lib/unit_check.h"

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    PATIENCE_MS = 60000, /* only a bound */
    REQUEST_MS = 10000,  /* of a question of the test itself */
};

/* What the file has at first. */
static const char quick[] = "fetch.wait.max.ms=5\n"
                            "reconnect.backoff.ms=5\n"
                            "retry.backoff.ms=5\n";

static void set_option(rd_kafka_conf_t *options, const char *name,
                       const char *value)
{
    char error[256];

    if (rd_kafka_conf_set(options, name, value, error, sizeof(error)) !=
        RD_KAFKA_CONF_OK)
        fail_msg("%s", error);
}

/* The clients of the test say nothing. */
static void ignore_log(const rd_kafka_t *client, int level, const char *part,
                       const char *text)
{
    (void)client;
    (void)level;
    (void)part;
    (void)text;
}

static rd_kafka_t *new_producer(rd_kafka_conf_t *options)
{
    char error[256];

    rd_kafka_conf_set_log_cb(options, ignore_log);
    rd_kafka_t *client =
        rd_kafka_new(RD_KAFKA_PRODUCER, options, error, sizeof(error));
    if (client == NULL)
        fail_msg("%s", error);
    return client;
}

/* What became of a record: it is the record's opaque. */
struct written {
    bool reported;
    rd_kafka_resp_err_t error;
    int64_t offset;
};

static void note_report(rd_kafka_t *client, const rd_kafka_message_t *message,
                        void *context)
{
    struct written *written = message->_private;

    (void)client;
    (void)context;
    *written = (struct written){true, message->err, message->offset};
}

void mock_topic_set(struct mock_topic *topic, const char *settings)
{
    FILE *file = fopen(topic->settings, "w");

    assert_non_null(file);
    assert_true(fputs(settings, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(topic->settings, 0600), 0);
}

void mock_topic_make(struct mock_topic *topic, int brokers, int partitions)
{
    rd_kafka_conf_t *options = rd_kafka_conf_new();

    *topic = (struct mock_topic){.name = "messages", .brokers = brokers};
    topic->host = new_producer(rd_kafka_conf_new());
    topic->cluster = rd_kafka_mock_cluster_new(topic->host, brokers);
    assert_non_null(topic->cluster);
    topic->bootstraps = rd_kafka_mock_cluster_bootstraps(topic->cluster);
    assert_int_equal(rd_kafka_mock_topic_create(topic->cluster, topic->name,
                                                partitions, brokers),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    set_option(options, "bootstrap.servers", topic->bootstraps);
    set_option(options, "linger.ms", "0");
    set_option(options, "message.timeout.ms", "60000");
    rd_kafka_conf_set_dr_msg_cb(options, note_report);
    topic->other = new_producer(options);
    topic->produced = rd_kafka_topic_new(topic->other, topic->name, NULL);
    assert_non_null(topic->produced);
    folder_make(topic->folder);
    snprintf(topic->settings, sizeof(topic->settings), "%s/settings",
             topic->folder);
    mock_topic_set(topic, quick);
}

void mock_topic_remove(struct mock_topic *topic)
{
    rd_kafka_topic_destroy(topic->produced);
    rd_kafka_destroy(topic->other);
    rd_kafka_mock_cluster_destroy(topic->cluster);
    rd_kafka_destroy(topic->host);
    folder_remove(topic->folder);
}

uint64_t mock_topic_put(struct mock_topic *topic, struct text key,
                        struct text value)
{
    struct written written = {0};
    char *copy = NULL; /* the client's from then on */

    if (value.data != NULL) {
        copy = malloc(value.length + 1);
        if (copy == NULL)
            abort();
        memcpy(copy, value.data, value.length);
    }
    if (rd_kafka_produce(topic->produced, 0, RD_KAFKA_MSG_F_FREE, copy,
                         value.length, key.data, key.length, &written) != 0)
        fail_msg("%s", rd_kafka_err2str(rd_kafka_last_error()));
    while (!written.reported)
        rd_kafka_poll(topic->other, 100);
    if (written.error != RD_KAFKA_RESP_ERR_NO_ERROR)
        fail_msg("%s", rd_kafka_err2str(written.error));
    return (uint64_t)written.offset;
}

uint64_t mock_topic_put_control(struct mock_topic *topic, const char *value)
{
    return mock_topic_put(topic, (struct text){0}, text_of(value));
}

uint64_t mock_topic_put_message(struct mock_topic *topic, const char *channel,
                                uint64_t number)
{
    char value[512];

    snprintf(value, sizeof(value),
             "{\"metadata\":{\"channel\":\"%s\",\"messageNumber\":%ju,"
             "\"messageTime\":\"2026-11-27T10:00:01Z\","
             "\"messageType\":\"RocketSpeedIncreased\"},"
             "\"message\":{\"by\":3000}}",
             channel, (uintmax_t)number);
    return mock_topic_put(topic, text_of(channel), text_of(value));
}

void mock_topic_fail(struct mock_topic *topic, enum mock_request request,
                     rd_kafka_resp_err_t error, size_t count)
{
    for (size_t i = 0; i < count; i++)
        rd_kafka_mock_push_request_errors(topic->cluster, (int16_t)request, 1,
                                          error);
}

void mock_topic_heal(struct mock_topic *topic, enum mock_request request)
{
    rd_kafka_mock_clear_request_errors(topic->cluster, (int16_t)request);
}

/* Of the only broker, in the order of the calls. */
static void set_answers(struct mock_topic *topic, enum mock_request request,
                        rd_kafka_resp_err_t error, int ms, size_t count)
{
    assert_int_equal(topic->brokers, 1);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(rd_kafka_mock_broker_push_request_error_rtts(
                             topic->cluster, 1, (int16_t)request, 1, error, ms),
                         RD_KAFKA_RESP_ERR_NO_ERROR);
}

void mock_topic_delay(struct mock_topic *topic, enum mock_request request,
                      int ms, size_t count)
{
    set_answers(topic, request, RD_KAFKA_RESP_ERR_NO_ERROR, ms, count);
}

void mock_topic_fail_next(struct mock_topic *topic, enum mock_request request,
                          rd_kafka_resp_err_t error, size_t count)
{
    set_answers(topic, request, error, 0, count);
}

void mock_topic_slow(struct mock_topic *topic, int ms)
{
    for (int broker = 1; broker <= topic->brokers; broker++)
        rd_kafka_mock_broker_set_rtt(topic->cluster, broker, ms);
}

void mock_topic_down(struct mock_topic *topic)
{
    for (int broker = 1; broker <= topic->brokers; broker++)
        rd_kafka_mock_broker_set_down(topic->cluster, broker);
}

void mock_topic_up(struct mock_topic *topic)
{
    for (int broker = 1; broker <= topic->brokers; broker++)
        rd_kafka_mock_broker_set_up(topic->cluster, broker);
}

static void find_bounds(struct mock_topic *topic, int64_t *first, int64_t *end)
{
    rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(
        topic->other, topic->name, 0, first, end, REQUEST_MS);

    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        fail_msg("%s", rd_kafka_err2str(error));
}

uint64_t mock_topic_end(struct mock_topic *topic)
{
    int64_t first = 0, end = 0;

    find_bounds(topic, &first, &end);
    return (uint64_t)end;
}

/* The mock keeps 5 MiB of a partition. */
void mock_topic_push_out(struct mock_topic *topic, uint64_t first)
{
    enum { LARGE = 900 * 1024 };
    int64_t low = 0, end = 0;
    char *large = malloc(LARGE);

    assert_non_null(large);
    memset(large, 'x', LARGE);
    for (find_bounds(topic, &low, &end); (uint64_t)low < first;
         find_bounds(topic, &low, &end))
        mock_topic_put(topic, TEXT("large"), (struct text){large, LARGE});
    free(large);
}

void mock_topic_await(bool (*condition)(void *context), void *context,
                      const char *what)
{
    for (unsigned ms = 0; !condition(context); ms++) {
        if (ms >= PATIENCE_MS)
            fail_msg("waited in vain: %s", what);
        poll(NULL, 0, 1);
    }
}
