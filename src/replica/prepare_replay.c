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

static enum journal_replayed replay_records(struct prepare *prepare,
                                            struct intake *intake,
                                            uint64_t after,
                                            const struct journal_target *target)
{
    uint64_t end = prepare->prepared->end, reported = 0, next;

    while ((next = intake_next(intake)) < end) {
        if (intake_drain(intake, target, NULL, PREPARE_REPORT_MS) > 0)
            patience_renew(&prepare->patience);
        if (intake_halted(intake) != NULL)
            return prepare_fail(prepare, "%s", intake_halted(intake));
        uint64_t now = clock_us(CLOCK_MONOTONIC_COARSE);
        if (now - reported < PREPARE_REPORT_MS * 1000)
            continue;
        reported = now;
        set_progress(&prepare->patience.progress, intake, after, end);
        if (!patience_continue(&prepare->patience, "records"))
            return JOURNAL_INTERRUPTED;
    }
    return JOURNAL_COMPLETE;
}

/* If the record at `after` was not read, its sum is not known. */
static struct intake_place find_place(const struct prepared *prepared,
                                      uint64_t after)
{
    if (after == 0)
        return prepared->begin;
    if (after == prepared->place.position)
        return prepared->place;
    return (struct intake_place){
        .position = after,
        .rules = prepared->begin.rules,
    };
}

enum journal_replayed prepare_replay(const struct prepare_topic *topic,
                                     const struct prepared *prepared,
                                     struct intake *intake, uint64_t after,
                                     const struct journal_target *target,
                                     const struct journal_watch *watch,
                                     char error[JOURNAL_ERROR])
{
    struct prepared now = *prepared;
    struct prepare prepare = {
        .topic = topic,
        .name = rd_kafka_topic_name(topic->consumed),
        .prepared = &now,
        .error = error,
    };
    struct intake_place place = find_place(prepared, after);

    patience_init(&prepare.patience, topic, watch);
    if (now.low > after + 1)
        return prepare_fail(&prepare,
                            "the records of topic %s below offset %ju were "
                            "deleted, and there is no snapshot that reaches so "
                            "far: start with -peer=URL of an instance that "
                            "runs, or copy its snapshot.db",
                            prepare.name, (uintmax_t)now.low);
    enum journal_replayed result = prepare_ask_range(&prepare);
    if (result == JOURNAL_COMPLETE && !intake_begin(intake, &place, error))
        result = JOURNAL_FAILED;
    if (result == JOURNAL_COMPLETE)
        result = replay_records(&prepare, intake, after, target);
    if (result == JOURNAL_COMPLETE)
        intake_serve(intake);
    return result;
}
