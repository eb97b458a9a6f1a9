/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each check has its reason: to apply records of another history, or to leave
 * some out, would give a state that no other instance has.
 */
#include "prepare_parts.h"

#include <stdio.h>

#include <sodium.h>

#include "base/clock.h"
#include "base/log.h"
#include "replica/replica.h"

enum {
    AGAIN_MS = 500,
    /* As many records are replayed sooner than a snapshot is fetched. */
    FEW_RECORDS = 100000,
};

/*
 * The topic is empty, so it becomes ours. Another instance may do the same: the
 * record that comes first counts.
 */
static enum journal_replayed write_history(struct prepare *prepare)
{
    const struct prepare_topic *topic = prepare->topic;
    enum journal_replayed result = JOURNAL_COMPLETE;
    char value[TOPIC_CONTROL_MAX];
    uint64_t id;

    do
        randombytes_buf(&id, sizeof(id));
    while (id == 0);
    size_t length = topic_record_write_history(id, REPLICA_RULES, value);
    while (result == JOURNAL_COMPLETE && prepare->prepared->end == 0) {
        /* If it is not written in time, it is given up, and written again. */
        if (rd_kafka_outq_len(topic->producer) == 0)
            rd_kafka_produce(topic->produced, 0, RD_KAFKA_MSG_F_COPY, value,
                             length, NULL, 0, NULL);
        if (!patience_pause(&prepare->patience,
                            "the first record to be written",
                            PREPARE_REPORT_MS))
            return JOURNAL_INTERRUPTED;
        uint64_t logged = prepare->patience.logged;
        result = prepare_ask_range(prepare);
        prepare->patience.logged = logged;
    }
    return result;
}

static enum journal_replayed read_history(struct prepare *prepare)
{
    struct prepared *prepared = prepare->prepared;
    struct prepare_record record;
    enum journal_replayed result =
        prepare_read(prepare, 0, "the first record", &record);

    if (result != JOURNAL_COMPLETE)
        return result;
    if (record.offset != 0 || record.kind != TOPIC_HISTORY)
        return prepare_fail(prepare,
                            "offset 0 of topic %s is not the first record of "
                            "lunar.service, so it is a topic of something "
                            "else: make a new one with -create-topic",
                            prepare->name);
    if (record.rules > REPLICA_RULES)
        return prepare_fail(prepare,
                            "the messages of topic %s are accepted by the "
                            "rules of version %ju, but this lunar.service "
                            "knows them up to %d: start a later one",
                            prepare->name, (uintmax_t)record.rules,
                            REPLICA_RULES);
    prepared->id = record.history;
    prepared->born = record.timestamp;
    prepared->begin =
        (struct intake_place){.check = record.check, .rules = record.rules};
    return JOURNAL_COMPLETE;
}

/* Whether the topic reaches the end of the snapshot. */
static enum journal_replayed compare_end(struct prepare *prepare,
                                         const struct journal_place *snapshot)
{
    uint64_t begin = clock_us(CLOCK_MONOTONIC);
    enum journal_replayed result = JOURNAL_COMPLETE;

    while (prepare->prepared->end <= snapshot->through) {
        if (clock_us(CLOCK_MONOTONIC) - begin >
            INTAKE_DOUBT_MS * UINT64_C(1000))
            return prepare_fail(
                prepare,
                "topic %s ends before offset %ju, but the snapshot has records "
                "up to %ju: the topic was made anew, or its brokers have lost "
                "records: see docs/replicas.md before starting any instance",
                prepare->name, (uintmax_t)prepare->prepared->end,
                (uintmax_t)snapshot->through);
        if (!patience_pause(&prepare->patience, "its end", AGAIN_MS))
            return JOURNAL_INTERRUPTED;
        result = prepare_ask_range(prepare);
        if (result != JOURNAL_COMPLETE)
            return result;
    }
    return result;
}

/* Whether the record that the snapshot was taken behind is still there. */
static enum journal_replayed
compare_record(struct prepare *prepare, const struct journal_place *snapshot)
{
    struct prepare_record record;

    if (prepare->prepared->low > snapshot->position) {
        log_line(LOG_WARN,
                 "topic %s: the record at offset %ju was deleted, so it cannot "
                 "be checked that the snapshot is of this topic",
                 prepare->name, (uintmax_t)snapshot->position);
        return JOURNAL_COMPLETE;
    }
    enum journal_replayed result =
        prepare_read(prepare, snapshot->position,
                     "the record that the snapshot was taken behind", &record);
    if (result != JOURNAL_COMPLETE)
        return result;
    if (record.offset == snapshot->position && record.check == snapshot->check)
        return JOURNAL_COMPLETE;
    return prepare_fail(prepare,
                        "the record at offset %ju of topic %s is not the one "
                        "that the snapshot was taken behind: the topic was "
                        "made anew, or -kafka, -topic and -data do not belong "
                        "together: correct them, or choose an empty folder",
                        (uintmax_t)snapshot->position, prepare->name);
}

enum journal_replayed prepare_compare(struct prepare *prepare,
                                      const struct journal_place *snapshot)
{
    struct prepared *prepared = prepare->prepared;

    if (snapshot->rules > REPLICA_RULES)
        return prepare_fail(prepare,
                            "the snapshot is of version %ju of the rules for "
                            "messages, but this lunar.service knows them up to "
                            "%d: start a later one",
                            (uintmax_t)snapshot->rules, REPLICA_RULES);
    if (prepared->low == 0 && prepared->id != snapshot->id)
        return prepare_fail(prepare,
                            "the snapshot is of history %016jx, but topic %s "
                            "is %016jx: the topic was made anew, or -data is "
                            "of another topic: choose an empty folder",
                            (uintmax_t)snapshot->id, prepare->name,
                            (uintmax_t)prepared->id);
    enum journal_replayed result = compare_end(prepare, snapshot);
    if (result != JOURNAL_COMPLETE)
        return result;
    prepared->id = snapshot->id;
    prepared->place = (struct intake_place){
        .position = snapshot->position,
        .check = snapshot->check,
        .rules = snapshot->rules,
    };
    prepared->needs_snapshot = prepared->low > snapshot->position + 1;
    return prepared->needs_snapshot ? JOURNAL_COMPLETE
                                    : compare_record(prepare, snapshot);
}

static enum journal_replayed prepare_all(struct prepare *prepare,
                                         const struct journal_place *snapshot)
{
    struct prepared *prepared = prepare->prepared;
    enum journal_replayed result = prepare_reach(prepare);

    if (result == JOURNAL_COMPLETE)
        result = prepare_ask_range(prepare);
    if (result == JOURNAL_COMPLETE && prepared->end == 0)
        result = write_history(prepare);
    if (result == JOURNAL_COMPLETE && prepared->low == 0)
        result = read_history(prepare);
    if (result != JOURNAL_COMPLETE)
        return result;
    if (snapshot != NULL)
        result = prepare_compare(prepare, snapshot);
    else
        prepared->needs_snapshot =
            prepared->low > 0 ||
            (prepare->topic->has_peers && prepared->end > FEW_RECORDS);
    if (result != JOURNAL_COMPLETE || !prepared->needs_snapshot ||
        prepare->topic->has_peers)
        return result;
    return prepare_fail(prepare,
                        "the records of topic %s below offset %ju were "
                        "deleted, and the folder has no snapshot that reaches "
                        "so far: start with -peer=URL of an instance that "
                        "runs, or copy its snapshot.db",
                        prepare->name, (uintmax_t)prepared->low);
}

enum journal_replayed prepare_run(const struct prepare_topic *topic,
                                  const struct journal_place *snapshot,
                                  const struct journal_watch *watch,
                                  struct prepared *prepared,
                                  char error[JOURNAL_ERROR])
{
    struct prepare prepare = {
        .topic = topic,
        .name = rd_kafka_topic_name(topic->consumed),
        .prepared = prepared,
        .error = error,
    };

    *prepared = (struct prepared){.born = -1};
    patience_init(&prepare.patience, topic, watch);
    return prepare_all(&prepare, snapshot);
}
