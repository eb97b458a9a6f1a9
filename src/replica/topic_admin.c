/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each request is one event of librdkafka's administrator (rdkafka.h, Admin
 * API). What it says of errors names the broker's reason.
 */
#include "topic_admin.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "replica_error.h"

/*
 * Every record, in the order in which it came, until -trim-topic. A broker that
 * lacks acknowledged records never leads. The time of a record is the broker's:
 * brokers refuse records of an instance whose clock is fast otherwise.
 */
static const struct setting {
    const char *name, *value;
    const char *otherwise; /* what another value does; NULL: no harm */
} settings[] = {
    {"cleanup.policy", "delete", "deletes messages of a rocket behind others"},
    {"retention.ms", "-1", "deletes messages by their age"},
    {"retention.bytes", "-1", "deletes messages by their size"},
    {"unclean.leader.election.enable", "false",
     "may lose messages that were "
     "acknowledged"},
    {"message.timestamp.type", "LogAppendTime", NULL},
};

enum {
    SETTINGS = sizeof(settings) / sizeof(settings[0]),
    AGAIN_MS = 100, /* until a broker is asked again */
};

/* A request, and the queue of its answer. */
struct request {
    rd_kafka_AdminOptions_t *options;
    rd_kafka_queue_t *queue;
    rd_kafka_event_t *event; /* the answer */
};

static struct request begin_request(const struct topic_admin *admin,
                                    rd_kafka_admin_op_t operation)
{
    struct request request = {
        .options = rd_kafka_AdminOptions_new(admin->client, operation),
        .queue = rd_kafka_queue_new(admin->client),
    };
    char ignored[64];

    rd_kafka_AdminOptions_set_request_timeout(
        request.options, admin->timeout_ms, ignored, sizeof(ignored));
    if (operation == RD_KAFKA_ADMIN_OP_CREATETOPICS ||
        operation == RD_KAFKA_ADMIN_OP_DELETERECORDS)
        rd_kafka_AdminOptions_set_operation_timeout(
            request.options, admin->timeout_ms, ignored, sizeof(ignored));
    return request;
}

static void end_request(struct request *request)
{
    if (request->event != NULL)
        rd_kafka_event_destroy(request->event);
    rd_kafka_queue_destroy(request->queue);
    rd_kafka_AdminOptions_destroy(request->options);
}

/* False if the answer is that it failed as a whole. */
static bool await_answer(struct request *request, const char *what,
                         char error[JOURNAL_ERROR])
{
    /* The request's own time-out ends it before. */
    request->event = rd_kafka_queue_poll(request->queue, 2 * TOPIC_ADMIN_MS);
    if (request->event == NULL) {
        replica_error(error, "%s: no broker answers", what);
        return false;
    }
    if (rd_kafka_event_error(request->event) == RD_KAFKA_RESP_ERR_NO_ERROR)
        return true;
    replica_error(error, "%s: %.300s", what,
                  rd_kafka_event_error_string(request->event));
    return false;
}

/* What the brokers know of the topic. */
struct found {
    bool exists, led; /* it has a leader, or an error of the topic says why */
    unsigned brokers, partitions, copies;
};

static bool look_up(const struct topic_admin *admin, struct found *found,
                    char error[JOURNAL_ERROR])
{
    rd_kafka_topic_t *topic =
        rd_kafka_topic_new(admin->client, admin->topic, NULL);
    const struct rd_kafka_metadata *data = NULL;
    rd_kafka_resp_err_t result = rd_kafka_last_error();

    if (topic != NULL)
        result =
            rd_kafka_metadata(admin->client, 0, topic, &data, TOPIC_ADMIN_MS);
    *found = (struct found){.exists = false};
    if (result == RD_KAFKA_RESP_ERR_NO_ERROR && data != NULL) {
        result = data->topics[0].err;
        found->brokers = (unsigned)data->broker_cnt;
        found->partitions = (unsigned)data->topics[0].partition_cnt;
        if (found->partitions > 0) {
            found->copies = (unsigned)data->topics[0].partitions[0].replica_cnt;
            found->led = data->topics[0].partitions[0].leader >= 0;
        }
        rd_kafka_metadata_destroy(data);
    }
    if (topic != NULL)
        rd_kafka_topic_destroy(topic);
    /* A leader that is being elected is no fault of the topic. */
    found->exists = result == RD_KAFKA_RESP_ERR_NO_ERROR ||
                    result == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
    if (found->exists || result == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        return true;
    if (result == RD_KAFKA_RESP_ERR__TRANSPORT ||
        result == RD_KAFKA_RESP_ERR__TIMED_OUT)
        replica_error(error, "no broker answers: see whether they run, and "
                             "check -kafka and -kafka-config");
    else
        replica_error(error, "cannot look up topic %s: %s", admin->topic,
                      rd_kafka_err2str(result));
    return false;
}

/* The result for our topic, of a request that came through. */
static bool take_created(const struct request *request, bool *existed,
                         const char *name, char error[JOURNAL_ERROR])
{
    size_t count = 0;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(
            rd_kafka_event_CreateTopics_result(request->event), &count);

    if (count != 1) {
        replica_error(error, "cannot make topic %s: no broker says why", name);
        return false;
    }
    rd_kafka_resp_err_t result = rd_kafka_topic_result_error(results[0]);
    /* Another administrator was faster. */
    *existed = result == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS;
    if (*existed || result == RD_KAFKA_RESP_ERR_NO_ERROR)
        return true;
    const char *text = rd_kafka_topic_result_error_string(results[0]);
    replica_error(error, "cannot make topic %s: %.300s", name,
                  text != NULL ? text : rd_kafka_err2str(result));
    return false;
}

static rd_kafka_NewTopic_t *describe_topic(const char *name, unsigned copies,
                                           char error[JOURNAL_ERROR])
{
    unsigned in_sync = copies < REPLICA_IN_SYNC ? copies : REPLICA_IN_SYNC;
    char reason[256], number[16];
    rd_kafka_NewTopic_t *topic =
        rd_kafka_NewTopic_new(name, 1, (int)copies, reason, sizeof(reason));

    if (topic == NULL) {
        replica_error(error, "cannot make topic %s: %s", name, reason);
        return NULL;
    }
    snprintf(number, sizeof(number), "%u", in_sync);
    rd_kafka_NewTopic_set_config(topic, "min.insync.replicas", number);
    for (size_t i = 0; i < SETTINGS; i++)
        rd_kafka_NewTopic_set_config(topic, settings[i].name,
                                     settings[i].value);
    return topic;
}

bool topic_admin_create(const struct topic_admin *admin,
                        struct replica_topic *topic, char error[JOURNAL_ERROR])
{
    struct found found;

    if (!look_up(admin, &found, error))
        return false;
    topic->existed = found.exists;
    if (found.exists)
        return true;
    unsigned copies =
        found.brokers < REPLICA_COPIES ? found.brokers : REPLICA_COPIES;
    rd_kafka_NewTopic_t *made = describe_topic(admin->topic, copies, error);
    if (made == NULL)
        return false;
    struct request request =
        begin_request(admin, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_CreateTopics(admin->client, &made, 1, request.options,
                          request.queue);
    bool good = await_answer(&request, "cannot make the topic", error) &&
                take_created(&request, &topic->existed, admin->topic, error);
    end_request(&request);
    rd_kafka_NewTopic_destroy(made);
    return good;
}

/* Other brokers learn of a topic that was just made a moment later. */
static void wait_a_moment(void)
{
    const struct timespec moment = {.tv_nsec = AGAIN_MS * 1000000L};

    nanosleep(&moment, NULL);
}

static bool await_leader(const struct topic_admin *admin, struct found *found,
                         char error[JOURNAL_ERROR])
{
    for (unsigned ms = 0; ms < TOPIC_ADMIN_MS; ms += AGAIN_MS) {
        if (!look_up(admin, found, error))
            return false;
        if (found->led)
            return true;
        wait_a_moment();
    }
    replica_error(error, "topic %s has no leader: start its brokers",
                  admin->topic);
    return false;
}

/* Check one setting of the topic. */
static bool check_entry(const char *topic, const char *name, const char *value,
                        struct replica_topic *out, char error[JOURNAL_ERROR])
{
    uint64_t number;

    if (strcmp(name, "min.insync.replicas") == 0 &&
        text_read_unsigned(text_of(value), UINT_MAX, &number))
        out->min_in_sync = (unsigned)number;
    for (size_t i = 0; i < SETTINGS; i++) {
        if (settings[i].otherwise == NULL ||
            strcmp(name, settings[i].name) != 0 ||
            strcmp(value, settings[i].value) == 0)
            continue;
        replica_error(error,
                      "topic %s has %s=%.64s, which %s: set it with "
                      "kafka-configs.sh --alter --topic %s --add-config %s=%s",
                      topic, name, value, settings[i].otherwise, topic, name,
                      settings[i].value);
        out->wrong = true;
        return false;
    }
    return true;
}

/* `*unknown`: this broker does not know the topic yet. */
static bool check_entries(const struct request *request, const char *topic,
                          struct replica_topic *out, bool *unknown,
                          char error[JOURNAL_ERROR])
{
    size_t resources = 0, count = 0;
    const rd_kafka_ConfigResource_t **results =
        rd_kafka_DescribeConfigs_result_resources(
            rd_kafka_event_DescribeConfigs_result(request->event), &resources);
    rd_kafka_resp_err_t result = resources == 1
                                     ? rd_kafka_ConfigResource_error(results[0])
                                     : RD_KAFKA_RESP_ERR__BAD_MSG;

    *unknown = result == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (result != RD_KAFKA_RESP_ERR_NO_ERROR) {
        replica_error(error, "cannot read the settings of topic %s: %s", topic,
                      rd_kafka_err2str(result));
        return false;
    }
    const rd_kafka_ConfigEntry_t **entries =
        rd_kafka_ConfigResource_configs(results[0], &count);
    for (size_t i = 0; i < count; i++) {
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);
        if (value != NULL &&
            !check_entry(topic, rd_kafka_ConfigEntry_name(entries[i]), value,
                         out, error))
            return false;
    }
    return true;
}

static bool ask_settings(const struct topic_admin *admin,
                         struct replica_topic *topic, bool *unknown,
                         char error[JOURNAL_ERROR])
{
    rd_kafka_ConfigResource_t *resource =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, admin->topic);
    struct request request =
        begin_request(admin, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);

    rd_kafka_DescribeConfigs(admin->client, &resource, 1, request.options,
                             request.queue);
    bool good = await_answer(&request, "cannot read the settings of the topic",
                             error) &&
                check_entries(&request, admin->topic, topic, unknown, error);
    end_request(&request);
    rd_kafka_ConfigResource_destroy(resource);
    return good;
}

bool topic_admin_look(const struct topic_admin *admin,
                      struct replica_topic *topic, char error[JOURNAL_ERROR])
{
    bool unknown;

    topic->min_in_sync = 1;
    return ask_settings(admin, topic, &unknown, error);
}

bool topic_admin_check(const struct topic_admin *admin,
                       struct replica_topic *topic, char error[JOURNAL_ERROR])
{
    struct found found;
    bool good = false, unknown = true;

    if (!await_leader(admin, &found, error))
        return false;
    if (found.partitions > 1) {
        replica_error(error,
                      "topic %s has %u partitions, and needs exactly one: make "
                      "another with -create-topic",
                      admin->topic, found.partitions);
        return false;
    }
    topic->replication = found.copies;
    topic->min_in_sync = 1;
    for (unsigned ms = 0; !good && unknown && ms < TOPIC_ADMIN_MS;
         ms += AGAIN_MS) {
        if (ms > 0)
            wait_a_moment();
        unknown = false;
        good = ask_settings(admin, topic, &unknown, error);
    }
    return good;
}

bool topic_admin_delete(const struct topic_admin *admin, uint64_t offset,
                        uint64_t *first, char error[JOURNAL_ERROR])
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(1);
    const rd_kafka_topic_partition_list_t *results;
    bool good;

    rd_kafka_topic_partition_list_add(list, admin->topic, 0)->offset =
        (int64_t)offset;
    rd_kafka_DeleteRecords_t *records = rd_kafka_DeleteRecords_new(list);
    struct request request =
        begin_request(admin, RD_KAFKA_ADMIN_OP_DELETERECORDS);
    rd_kafka_DeleteRecords(admin->client, &records, 1, request.options,
                           request.queue);
    good = await_answer(&request, "cannot delete records", error);
    if (good) {
        results = rd_kafka_DeleteRecords_result_offsets(
            rd_kafka_event_DeleteRecords_result(request.event));
        good = results->cnt == 1 &&
               results->elems[0].err == RD_KAFKA_RESP_ERR_NO_ERROR;
        if (good)
            *first = (uint64_t)results->elems[0].offset;
        else
            replica_error(
                error, "cannot delete records of topic %s: %s", admin->topic,
                results->cnt == 1 ? rd_kafka_err2str(results->elems[0].err)
                                  : "no broker says why");
    }
    end_request(&request);
    rd_kafka_DeleteRecords_destroy(records);
    rd_kafka_topic_partition_list_destroy(list);
    return good;
}
