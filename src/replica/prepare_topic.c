/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to the brokers. Those that may be answered otherwise in a moment
 * are asked again: brokers that have just started, or have just heard of a
 * topic, do not know all of it.
 */
#include "prepare_parts.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "topic_offset.h"

enum {
    AGAIN_MS = 200,    /* until the next question */
    MISSING_MS = 3000, /* a topic that does not exist until then does not */
};

struct metadata {
    const struct prepare_topic *topic;
    rd_kafka_resp_err_t error; /* of the topic */
    int partitions;
};

struct range {
    const struct prepare_topic *topic;
    uint64_t low, end;
};

enum journal_replayed prepare_fail(struct prepare *prepare, const char *format,
                                   ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(prepare->error, JOURNAL_ERROR, format, arguments);
    va_end(arguments);
    return JOURNAL_FAILED;
}

static rd_kafka_resp_err_t ask_metadata(void *context)
{
    struct metadata *metadata = context;
    const struct prepare_topic *topic = metadata->topic;
    const struct rd_kafka_metadata *answer;
    rd_kafka_resp_err_t error = rd_kafka_metadata(
        topic->consumer, 0, topic->consumed, &answer, QUESTION_MS);

    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return error;
    metadata->error = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (answer->topic_cnt == 1) {
        metadata->error = answer->topics[0].err;
        metadata->partitions = answer->topics[0].partition_cnt;
    }
    rd_kafka_metadata_destroy(answer);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static bool is_unauthorised(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
           error == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
}

static enum journal_replayed fail_unauthorised(struct prepare *prepare)
{
    return prepare_fail(prepare,
                        "the brokers %s do not allow this user to use topic "
                        "%s: allow it to describe, read and write the topic",
                        prepare->topic->brokers, prepare->name);
}

static enum journal_replayed check_metadata(struct prepare *prepare,
                                            const struct metadata *metadata)
{
    if (is_unauthorised(metadata->error))
        return fail_unauthorised(prepare);
    if (metadata->error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        return prepare_fail(prepare,
                            "the brokers %s have no topic %s: make it with "
                            "-create-topic, or correct the name in -topic",
                            prepare->topic->brokers, prepare->name);
    if (metadata->error == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION)
        return prepare_fail(prepare,
                            "%s cannot be the name of a topic: correct it in "
                            "-topic",
                            prepare->name);
    if (metadata->partitions != 1)
        return prepare_fail(prepare,
                            "topic %s has %d partitions, but the order of all "
                            "messages needs exactly one: make a new one with "
                            "-create-topic",
                            prepare->name, metadata->partitions);
    return JOURNAL_COMPLETE;
}

enum journal_replayed prepare_reach(struct prepare *prepare)
{
    static const char what[] = "an answer";
    struct metadata metadata = {.topic = prepare->topic};
    uint64_t missing = 0; /* since when, in milliseconds */
    rd_kafka_resp_err_t error;

    for (;;) {
        if (!question_ask(&prepare->patience, what, ask_metadata, &metadata,
                          &error))
            return JOURNAL_INTERRUPTED;
        uint64_t now = clock_ms(CLOCK_MONOTONIC);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
            if (metadata.error != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART &&
                (metadata.error != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
                 metadata.partitions > 0))
                break;
            if (missing == 0)
                missing = now;
            if (metadata.error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART &&
                now - missing >= MISSING_MS)
                break;
        }
        if (!patience_pause(&prepare->patience, what, AGAIN_MS))
            return JOURNAL_INTERRUPTED;
    }
    patience_renew(&prepare->patience);
    return check_metadata(prepare, &metadata);
}

static rd_kafka_resp_err_t ask_range(void *context)
{
    struct range *range = context;
    /* The consumer may have a request that waits for more records. */
    rd_kafka_t *client = range->topic->producer;
    const char *name = rd_kafka_topic_name(range->topic->consumed);
    rd_kafka_resp_err_t error = topic_offset_ask(client, name, TOPIC_OFFSET_LOW,
                                                 QUESTION_MS, &range->low);

    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        error = topic_offset_ask(client, name, TOPIC_OFFSET_END, QUESTION_MS,
                                 &range->end);
    return error;
}

enum journal_replayed prepare_ask_range(struct prepare *prepare)
{
    static const char what[] = "its end";
    struct range range = {.topic = prepare->topic};
    rd_kafka_resp_err_t error;

    for (;;) {
        if (!question_ask(&prepare->patience, what, ask_range, &range, &error))
            return JOURNAL_INTERRUPTED;
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR && range.end >= range.low)
            break;
        if (is_unauthorised(error))
            return fail_unauthorised(prepare);
        if (!patience_pause(&prepare->patience, what, AGAIN_MS))
            return JOURNAL_INTERRUPTED;
    }
    patience_renew(&prepare->patience);
    prepare->prepared->low = range.low;
    prepare->prepared->end = range.end;
    return JOURNAL_COMPLETE;
}

static void note_record(const rd_kafka_message_t *message,
                        struct prepare_record *record)
{
    struct topic_bytes bytes = topic_bytes_of(message);
    struct topic_record read;

    topic_record_read(&bytes, &read);
    *record = (struct prepare_record){
        .offset = (uint64_t)message->offset,
        .check = topic_record_check(&bytes),
        .timestamp = bytes.timestamp,
        .kind = read.kind,
        .history = read.kind == TOPIC_HISTORY ? read.history : 0,
        .rules = read.kind == TOPIC_HISTORY ? read.rules : 0,
    };
    topic_record_release(&read);
}

static bool is_out_of_range(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
           error == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
}

static bool is_final(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR__BAD_MSG ||
           error == RD_KAFKA_RESP_ERR__BAD_COMPRESSION ||
           error == RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED ||
           is_unauthorised(error);
}

static enum journal_replayed fail_to_read(struct prepare *prepare,
                                          const char *what, const char *why)
{
    return prepare_fail(prepare,
                        "%s of topic %s cannot be read: %s: start again, or "
                        "choose another topic",
                        what, prepare->name, why);
}

/*
 * Wait for the record, while it is being consumed. Sets `refused` if the broker
 * does not have it; `until` then, in milliseconds, that may be wrong.
 */
static enum journal_replayed wait_for_record(struct prepare *prepare,
                                             const char *what, uint64_t until,
                                             struct prepare_record *record,
                                             bool *refused)
{
    enum journal_replayed result = JOURNAL_INTERRUPTED;
    bool done = false;

    *refused = false;
    while (!done && patience_continue(&prepare->patience, what)) {
        rd_kafka_message_t *message =
            rd_kafka_consume(prepare->topic->consumed, 0, PREPARE_REPORT_MS);
        if (message == NULL)
            continue;
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            note_record(message, record);
            result = JOURNAL_COMPLETE;
            done = true;
        } else if (is_out_of_range(message->err) &&
                   clock_ms(CLOCK_MONOTONIC) < until) {
            *refused = done = true;
        } else if (is_out_of_range(message->err) || is_final(message->err)) {
            result =
                fail_to_read(prepare, what, rd_kafka_message_errstr(message));
            done = true;
        }
        rd_kafka_message_destroy(message);
    }
    return result;
}

enum journal_replayed prepare_read(struct prepare *prepare, uint64_t offset,
                                   const char *what,
                                   struct prepare_record *record)
{
    rd_kafka_topic_t *topic = prepare->topic->consumed;
    uint64_t until = clock_ms(CLOCK_MONOTONIC) + INTAKE_DOUBT_MS;
    enum journal_replayed result;
    bool refused;

    do {
        if (rd_kafka_consume_start(topic, 0, (int64_t)offset) != 0)
            return fail_to_read(prepare, what,
                                rd_kafka_err2str(rd_kafka_last_error()));
        result = wait_for_record(prepare, what, until, record, &refused);
        rd_kafka_consume_stop(topic, 0);
        if (refused && !patience_pause(&prepare->patience, what, AGAIN_MS))
            refused = false;
    } while (refused);
    patience_renew(&prepare->patience);
    return result;
}
