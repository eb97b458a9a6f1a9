/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the start share.
 */
#ifndef LUNAR_REPLICA_PREPARE_PARTS_H
#define LUNAR_REPLICA_PREPARE_PARTS_H

#include "prepare.h"
#include "question.h"
#include "topic_record.h"

/* A start that is on its way. */
struct prepare {
    const struct prepare_topic *topic;
    const char *name; /* of the topic */
    struct prepared *prepared;
    struct patience patience;
    char *error; /* as in prepare_run() */
};

/* Write the error. Returns JOURNAL_FAILED. */
__attribute__((format(printf, 2, 3))) enum journal_replayed
prepare_fail(struct prepare *prepare, const char *format, ...);

/* Wait until the topic can be reached, and check that it has one partition. */
enum journal_replayed prepare_reach(struct prepare *prepare);

/* Wait until the leader says where the topic begins and ends. */
enum journal_replayed prepare_ask_range(struct prepare *prepare);

/* What a record was when it was read, without its bytes. */
struct prepare_record {
    uint64_t offset;
    uint64_t check;
    int64_t timestamp; /* as in topic_record.h */
    enum topic_kind kind;
    uint64_t history, rules; /* as in topic_record.h */
};

/*
 * Read the first record at `offset` or behind it. There must be one. `what` it
 * is, for the log, as in "the first record".
 */
enum journal_replayed prepare_read(struct prepare *prepare, uint64_t offset,
                                   const char *what,
                                   struct prepare_record *record);

/* Compare the topic with a snapshot. The range is known. */
enum journal_replayed prepare_compare(struct prepare *prepare,
                                      const struct journal_place *snapshot);

#endif
