/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The replay: the same way as later, without tickets. What comes meanwhile is
 * left for later.
 */
#include <stdio.h>

#include "base/clock.h"
#include "prepare_parts.h"

/* How much is done, by the records; in bytes, as those of a snapshot are. */
static void set_progress(struct journal_progress *progress,
                         struct intake *intake, uint64_t after, uint64_t end)
{
    struct intake_status status;
    uint64_t read = intake_next(intake) - after - 1;

    intake_status(intake, &status);
    progress->records = status.records;
    progress->done = status.bytes;
    if (read > 0)
        progress->total = (uint64_t)((double)status.bytes / (double)read *
                                     (double)(end - after - 1));
    if (progress->total < progress->done)
        progress->total = progress->done;
}

static enum journal_replayed
replay_records(struct prepare *prepare, const struct prepare_records *records)
{
    struct intake *intake = records->intake;
    uint64_t end = prepare->prepared->end, reported = 0;

    while (intake_next(intake) < end) {
        if (intake_drain(intake, records->target, NULL, PREPARE_REPORT_MS) > 0)
            patience_renew(&prepare->patience);
        if (intake_halted(intake) != NULL)
            return prepare_fail(prepare, "%s", intake_halted(intake));
        uint64_t now = clock_ms(CLOCK_MONOTONIC_COARSE);
        if (now - reported < PREPARE_REPORT_MS)
            continue;
        reported = now;
        set_progress(&prepare->patience.progress, intake, records->after, end);
        if (!patience_continue(&prepare->patience, "records"))
            return JOURNAL_INTERRUPTED;
    }
    return JOURNAL_COMPLETE;
}

/* If the record at `after` was not read, its sum is not known. */
static struct intake_place find_place(const struct prepare_records *records)
{
    const struct prepared *prepared = records->prepared;

    if (records->after == 0)
        return prepared->begin;
    if (records->after == prepared->place.position)
        return prepared->place;
    return (struct intake_place){
        .position = records->after,
        .rules = prepared->begin.rules,
    };
}

enum journal_replayed prepare_replay(const struct prepare_topic *topic,
                                     const struct prepare_records *records,
                                     const struct journal_watch *watch,
                                     char error[JOURNAL_ERROR])
{
    struct prepared now = *records->prepared;
    struct intake_place place = find_place(records);
    struct prepare prepare = {
        .topic = topic,
        .name = rd_kafka_topic_name(topic->consumed),
        .prepared = &now,
        .error = error,
    };

    patience_init(&prepare.patience, topic, watch);
    if (now.low > records->after + 1)
        return prepare_fail(&prepare,
                            "the records of topic %s below offset %ju were "
                            "deleted, and there is no snapshot that reaches so "
                            "far: start with -peer=URL of an instance that "
                            "runs, or copy its snapshot.db",
                            prepare.name, (uintmax_t)now.low);
    enum journal_replayed result = prepare_ask_range(&prepare);
    if (result == JOURNAL_COMPLETE &&
        !intake_begin(records->intake, &place, error))
        result = JOURNAL_FAILED;
    if (result == JOURNAL_COMPLETE)
        result = replay_records(&prepare, records);
    if (result == JOURNAL_COMPLETE)
        intake_serve(records->intake);
    return result;
}
