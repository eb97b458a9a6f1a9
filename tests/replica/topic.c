/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topic: looks at topics of Kafka, and does to them what tests need. Not
 * shipped. Settings: acks=all, and no record is written twice.
 *
 *     topic BROKERS create TOPIC [PARTITIONS [NAME=VALUE...]]
 *     topic BROKERS delete TOPIC
 *     topic BROKERS grow TOPIC PARTITIONS     to have so many partitions
 *     topic BROKERS trim TOPIC BEFORE         delete the records below BEFORE
 *     topic BROKERS where TOPIC               JSON: leader, replicas, those in
 *                                             sync, first offset and end
 *     topic BROKERS dump TOPIC [FROM [END]]   lines: offset, key and value
 *     topic BROKERS produce TOPIC [PARTITION] from such lines without offsets;
 *                                             prints the offset of each
 *     topic BROKERS transact TOPIC HOW        the same in a transaction, which
 *                                             is aborted, or left open
 *
 * The fields of a line are separated by tabs. \N is NULL; backslashes, control
 * characters and bytes past 127 are \xHH. Exit status: 0, or 1 with a sentence
 * on stderr.
 */
#include <errno.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE_MS = 10000, POLL_MS = 100, PENDING = 10000 };

struct session {
    const char *brokers, *topic;
    rd_kafka_t *client;
    const char *transaction; /* its id, or NULL */
    size_t waiting;          /* records that are not acknowledged */
};

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "topic: %s: %s\n", what, why);
    exit(EXIT_FAILURE); /* NOLINT(concurrency-mt-unsafe): one thread */
}

static void check(const char *what, rd_kafka_resp_err_t error)
{
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        die(what, rd_kafka_err2str(error));
}

static int64_t read_number(const char *text)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || number < 0)
        die(text, "not a number");
    return number;
}

static void set(rd_kafka_conf_t *settings, const char *name, const char *value)
{
    char error[512];
    if (rd_kafka_conf_set(settings, name, value, error, sizeof(error)) !=
        RD_KAFKA_CONF_OK)
        die(name, error);
}

/* The lines of librdkafka: only the errors of a command matter. */
static void drop_line(const rd_kafka_t *client, int level, const char *facility,
                      const char *line)
{
    (void)client;
    (void)level;
    (void)facility;
    (void)line;
}

/* The offset of each record in the order of the lines: one partition. */
static void print_report(rd_kafka_t *client, const rd_kafka_message_t *report,
                         void *context)
{
    struct session *session = context;
    (void)client;
    check("produce", report->err);
    printf("%" PRId64 "\n", report->offset);
    session->waiting--;
}

static void connect_as(struct session *session, rd_kafka_type_t type)
{
    char error[512];
    rd_kafka_conf_t *settings = rd_kafka_conf_new();

    set(settings, "bootstrap.servers", session->brokers);
    set(settings, "reconnect.backoff.max.ms", "500");
    set(settings, "topic.metadata.refresh.interval.ms", "1000");
    rd_kafka_conf_set_log_cb(settings, drop_line);
    rd_kafka_conf_set_opaque(settings, session);
    set(settings, "isolation.level", "read_uncommitted");
    if (session->transaction != NULL)
        set(settings, "transactional.id", session->transaction);
    if (type == RD_KAFKA_PRODUCER) {
        set(settings, "enable.idempotence", "true");
        rd_kafka_conf_set_dr_msg_cb(settings, print_report);
    } else {
        set(settings, "group.id", "none");
        set(settings, "enable.auto.commit", "false");
        set(settings, "auto.offset.reset", "error");
        set(settings, "check.crcs", "true");
    }
    session->client = rd_kafka_new(type, settings, error, sizeof(error));
    if (session->client == NULL)
        die("connect", error);
}

/* The result of an operation of an administrator. */
static rd_kafka_event_t *await_event(rd_kafka_queue_t *queue)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, PATIENCE_MS);
    if (event == NULL)
        die("wait for the brokers", "no answer");
    if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
        die("ask the brokers", rd_kafka_event_error_string(event));
    return event;
}

static void check_topics(const char *what,
                         const rd_kafka_topic_result_t **results, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rd_kafka_topic_result_error(results[i]) !=
            RD_KAFKA_RESP_ERR_NO_ERROR)
            die(what, rd_kafka_topic_result_error_string(results[i]));
    }
}

static void create_topic(struct session *session, int count, char **arguments)
{
    char error[512];
    size_t results;
    int partitions = count > 0 ? (int)read_number(arguments[0]) : 1;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(session->client);
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(
        session->topic, partitions, -1, error, sizeof(error));

    if (topic == NULL)
        die("create", error);
    for (int i = 1; i < count; i++) {
        char *value = strchr(arguments[i], '=');
        if (value == NULL)
            die(arguments[i], "not NAME=VALUE");
        *value = '\0';
        check("create",
              rd_kafka_NewTopic_set_config(topic, arguments[i], value + 1));
    }
    rd_kafka_CreateTopics(session->client, &topic, 1, NULL, queue);
    rd_kafka_event_t *event = await_event(queue);
    const rd_kafka_topic_result_t **made = rd_kafka_CreateTopics_result_topics(
        rd_kafka_event_CreateTopics_result(event), &results);
    check_topics("create", made, results);
    rd_kafka_event_destroy(event);
    rd_kafka_NewTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
}

static void delete_topic(struct session *session)
{
    size_t results;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(session->client);
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(session->topic);

    rd_kafka_DeleteTopics(session->client, &topic, 1, NULL, queue);
    rd_kafka_event_t *event = await_event(queue);
    const rd_kafka_topic_result_t **gone = rd_kafka_DeleteTopics_result_topics(
        rd_kafka_event_DeleteTopics_result(event), &results);
    check_topics("delete", gone, results);
    rd_kafka_event_destroy(event);
    rd_kafka_DeleteTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
}

static void grow_topic(struct session *session, size_t partitions)
{
    char error[512];
    size_t results;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(session->client);
    rd_kafka_NewPartitions_t *more = rd_kafka_NewPartitions_new(
        session->topic, partitions, error, sizeof(error));

    if (more == NULL)
        die("grow", error);
    rd_kafka_CreatePartitions(session->client, &more, 1, NULL, queue);
    rd_kafka_event_t *event = await_event(queue);
    const rd_kafka_topic_result_t **grown =
        rd_kafka_CreatePartitions_result_topics(
            rd_kafka_event_CreatePartitions_result(event), &results);
    check_topics("grow", grown, results);
    rd_kafka_event_destroy(event);
    rd_kafka_NewPartitions_destroy(more);
    rd_kafka_queue_destroy(queue);
}

static void trim_topic(struct session *session, int64_t before)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(session->client);
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(1);

    rd_kafka_topic_partition_list_add(list, session->topic, 0)->offset = before;
    rd_kafka_DeleteRecords_t *records = rd_kafka_DeleteRecords_new(list);
    rd_kafka_DeleteRecords(session->client, &records, 1, NULL, queue);
    rd_kafka_event_t *event = await_event(queue);
    const rd_kafka_topic_partition_list_t *trimmed =
        rd_kafka_DeleteRecords_result_offsets(
            rd_kafka_event_DeleteRecords_result(event));
    check("trim", trimmed->elems[0].err);
    rd_kafka_event_destroy(event);
    rd_kafka_DeleteRecords_destroy(records);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_queue_destroy(queue);
}

/*
 * The offset that stands for `time`, such as RD_KAFKA_OFFSET_END.
 * rd_kafka_query_watermark_offsets() of librdkafka 2.0.2 would hang if the
 * leader died.
 */
static int64_t get_offset(struct session *session, int64_t time)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(1);

    rd_kafka_topic_partition_list_add(list, session->topic, 0)->offset = time;
    check("ask for the offsets",
          rd_kafka_offsets_for_times(session->client, list, PATIENCE_MS));
    check("ask for the offsets", list->elems[0].err);
    int64_t offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    return offset;
}

static void get_bounds(struct session *session, int64_t *first, int64_t *end)
{
    *first = get_offset(session, RD_KAFKA_OFFSET_BEGINNING);
    *end = get_offset(session, RD_KAFKA_OFFSET_END);
}

static void print_ids(const char *name, const int32_t *ids, int count)
{
    printf(",\"%s\":[", name);
    for (int i = 0; i < count; i++)
        printf("%s%" PRId32, i > 0 ? "," : "", ids[i]);
    printf("]");
}

static void print_where(struct session *session)
{
    int64_t first, end;
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *topic =
        rd_kafka_topic_new(session->client, session->topic, NULL);

    check("ask for the topic",
          rd_kafka_metadata(session->client, 0, topic, &metadata, PATIENCE_MS));
    check("ask for the topic", metadata->topics[0].err);
    const struct rd_kafka_metadata_partition *partition =
        &metadata->topics[0].partitions[0];
    printf("{\"partitions\":%d,\"leader\":%" PRId32,
           metadata->topics[0].partition_cnt, partition->leader);
    print_ids("replicas", partition->replicas, partition->replica_cnt);
    print_ids("inSync", partition->isrs, partition->isr_cnt);
    if (partition->leader >= 0) {
        get_bounds(session, &first, &end);
        printf(",\"first\":%" PRId64 ",\"end\":%" PRId64, first, end);
    }
    printf("}\n");
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(topic);
}

static void print_field(const void *bytes, size_t length)
{
    const unsigned char *data = bytes;

    putchar('\t');
    if (data == NULL) {
        fputs("\\N", stdout);
        return;
    }
    for (size_t i = 0; i < length; i++) {
        if (data[i] < ' ' || data[i] == '\\' || data[i] > '~')
            printf("\\x%02x", data[i]);
        else
            putchar(data[i]);
    }
}

static void dump(struct session *session, int count, char **arguments)
{
    int64_t first, end;

    get_bounds(session, &first, &end);
    if (count > 0 && read_number(arguments[0]) > first)
        first = read_number(arguments[0]);
    if (count > 1 && read_number(arguments[1]) < end)
        end = read_number(arguments[1]);
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, session->topic, 0)->offset = first;
    check("dump", rd_kafka_assign(session->client, list));
    while (first < end) {
        rd_kafka_message_t *record =
            rd_kafka_consumer_poll(session->client, PATIENCE_MS);
        if (record == NULL)
            die("dump", "no record comes");
        check("dump", record->err);
        first = record->offset + 1;
        if (record->offset < end) {
            printf("%" PRId64, record->offset);
            print_field(record->key, record->key_len);
            print_field(record->payload, record->len);
            putchar('\n');
        }
        rd_kafka_message_destroy(record);
    }
    rd_kafka_topic_partition_list_destroy(list);
}

/* The byte of \xHH; dies if that is not there. */
static char escaped_byte(const char *text)
{
    char digits[3] = {0}, *end;

    if (strnlen(text, 4) < 4 || text[1] != 'x')
        die(text, "not an escaped byte");
    digits[0] = text[2];
    digits[1] = text[3];
    unsigned long byte = strtoul(digits, &end, 16);
    if (end != digits + 2)
        die(text, "not an escaped byte");
    return (char)byte;
}

/*
 * Decode a field in place. Returns its bytes, or NULL for \N. A key or value of
 * no bytes is not NULL.
 */
static char *decode_field(char *field, size_t *length)
{
    char *to = field;

    *length = 0;
    if (strcmp(field, "\\N") == 0)
        return NULL;
    for (const char *from = field; *from != '\0'; to++) {
        if (*from == '\\') {
            *to = escaped_byte(from);
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *length = (size_t)(to - field);
    return field;
}

static void produce_line(struct session *session, int32_t partition, char *line)
{
    size_t key_length, length;
    char *tab = strchr(line, '\t');
    rd_kafka_resp_err_t error;

    if (tab == NULL)
        die(line, "a line needs a key, a tab and a value");
    *tab = '\0';
    char *key = decode_field(line, &key_length);
    char *value = decode_field(tab + 1, &length);
    do {
        error = rd_kafka_producev(
            session->client, RD_KAFKA_V_TOPIC(session->topic),
            RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_KEY(key, key_length),
            RD_KAFKA_V_VALUE(value, length),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
        rd_kafka_poll(session->client,
                      session->waiting >= PENDING ? POLL_MS : 0);
    } while (error == RD_KAFKA_RESP_ERR__QUEUE_FULL);
    check("produce", error);
    session->waiting++;
}

static void produce(struct session *session, int32_t partition)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;

    while ((length = getline(&line, &size, stdin)) > 0) {
        if (line[length - 1] == '\n')
            line[length - 1] = '\0';
        produce_line(session, partition, line);
    }
    free(line);
    while (session->waiting > 0)
        rd_kafka_poll(session->client, POLL_MS);
}

static void check_transaction(const char *what, rd_kafka_error_t *error)
{
    if (error != NULL)
        die(what, rd_kafka_error_string(error));
}

static void transact(struct session *session, bool aborts)
{
    check_transaction("init",
                      rd_kafka_init_transactions(session->client, PATIENCE_MS));
    check_transaction("begin", rd_kafka_begin_transaction(session->client));
    produce(session, 0);
    if (aborts)
        check_transaction(
            "abort", rd_kafka_abort_transaction(session->client, PATIENCE_MS));
}

static bool run(struct session *session, const char *command, int count,
                char **arguments)
{
    bool dumps = strcmp(command, "dump") == 0;
    bool transacts = strcmp(command, "transact") == 0 && count == 1;

    session->transaction = transacts ? session->topic : NULL;
    connect_as(session, dumps ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER);
    if (dumps && count <= 2)
        dump(session, count, arguments);
    else if (strcmp(command, "create") == 0)
        create_topic(session, count, arguments);
    else if (strcmp(command, "delete") == 0 && count == 0)
        delete_topic(session);
    else if (strcmp(command, "grow") == 0 && count == 1)
        grow_topic(session, (size_t)read_number(arguments[0]));
    else if (strcmp(command, "trim") == 0 && count == 1)
        trim_topic(session, read_number(arguments[0]));
    else if (strcmp(command, "where") == 0 && count == 0)
        print_where(session);
    else if (strcmp(command, "produce") == 0 && count <= 1)
        produce(session, count > 0 ? (int32_t)read_number(arguments[0]) : 0);
    else if (transacts && strcmp(arguments[0], "abort") == 0)
        transact(session, true);
    else if (transacts && strcmp(arguments[0], "open") == 0)
        transact(session, false);
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    if (argc < 4)
        die("arguments", "BROKERS COMMAND TOPIC...");
    struct session session = {.brokers = argv[1], .topic = argv[3]};
    if (!run(&session, argv[2], argc - 4, argv + 4))
        die(argv[2], "no such command, or other arguments");
    rd_kafka_destroy(session.client);
    if (fflush(stdout) != 0)
        die("print", "failed");
    return EXIT_SUCCESS;
}
