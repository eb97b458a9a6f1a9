/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A topic in memory, which several journals share, for tests: each has a thread
 * that hands over all records in their order, whoever has appended them. A
 * journal can learn late which records are its own, lose records below a
 * position, or find another topic in place of this one.
 *
 * Its first record, at position 0, is of no message. The others get the next
 * positions.
 */
#ifndef LUNAR_TESTS_MEMORY_TOPIC_H
#define LUNAR_TESTS_MEMORY_TOPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "store/journal.h"

struct memory_topic;

enum { MEMORY_TOPIC_RULES = 1 };

/* A topic of the history `id`. Its journals are stopped before it is freed. */
struct memory_topic *memory_topic_new(uint64_t id);

void memory_topic_free(struct memory_topic *topic);

/* A journal of an instance. Ownership: stop() frees it. */
struct journal *memory_topic_join(struct memory_topic *topic);

/* Append a message as another program does. Returns its position. */
uint64_t memory_topic_append(struct memory_topic *topic,
                             const struct message *message);

/* Append a record that is of no message. Returns its position. */
uint64_t memory_topic_skip(struct memory_topic *topic);

/* Delete the records below `first`. */
void memory_topic_trim(struct memory_topic *topic, uint64_t first);

/* From now on all records have other sums, as if the topic was made anew. */
void memory_topic_recreate(struct memory_topic *topic);

/* What all journals tell of the next roll: for rules of a later version. */
void memory_topic_rules(struct memory_topic *topic, uint64_t rules);

/* The position of the last record. */
uint64_t memory_topic_end(struct memory_topic *topic);

/*
 * While late, `journal` hands over its own records without their ticket, and
 * claims them once they are applied.
 */
void memory_topic_be_late(struct journal *journal, bool late);

/* `fetch` copies the file `path`, borrowed; NULL: it fails, as at first. */
void memory_topic_offer(struct journal *journal, const char *path);

/* `prepare` asks for a snapshot also if it only is slower without one. */
void memory_topic_ask(struct journal *journal);

/* Wait until `journal` has applied all records. */
void memory_topic_await(struct journal *journal);

/* Whether it has taken no more records, as the target is full. */
bool memory_topic_is_halted(struct journal *journal);

#endif
