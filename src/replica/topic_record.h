/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a record of the topic means. A record with a key is a message, or is
 * skipped. A record without one, whose value is an object with the only member
 * `lunar`, is a control record:
 *
 *     {"lunar":{"history":"0123456789abcdef","rules":1}}   the first record
 *     {"lunar":{"probe":"89abcdef"}}                       changes nothing
 *     {"lunar":{"rules":2}}        from here on, messages are accepted by these
 *
 * Every instance reads a record in the same way, its own ones too, so nothing
 * here may depend on anything but the bytes and the rules' version.
 *
 * Locking: none.
 */
#ifndef LUNAR_REPLICA_TOPIC_RECORD_H
#define LUNAR_REPLICA_TOPIC_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/text.h"
#include "domain/message_parse.h"
#include "store/journal.h"

enum {
    TOPIC_CONTROL_MAX = 128,  /* bytes of a control record of ours */
    TOPIC_PROBE_MAX = 32,     /* characters of the name in a probe */
    TOPIC_HISTORY_DIGITS = 16 /* of the id, hexadecimal */
};

enum topic_kind {
    TOPIC_MESSAGE,
    TOPIC_HISTORY,
    TOPIC_RULES,     /* a control record that names rules, and no history */
    TOPIC_OTHER,     /* a probe, or a control record of a later version */
    TOPIC_SKIPPED,   /* see `reason` */
    TOPIC_NO_MEMORY, /* memory is exhausted: it may be any of these */
};

/* A record as it was consumed. Absent texts are null there. */
struct topic_bytes {
    struct text key, value;
    int64_t timestamp; /* milliseconds since 1970; -1: none */
};

/* Of a consumed message that is no error. Borrowed from it. */
struct topic_bytes topic_bytes_of(const rd_kafka_message_t *message);

struct topic_record {
    enum topic_kind kind;
    enum journal_skip reason; /* TOPIC_SKIPPED */
    uint64_t history;         /* TOPIC_HISTORY: the id, not 0 */
    uint64_t rules;           /* TOPIC_HISTORY, TOPIC_RULES */
    /* TOPIC_MESSAGE: `parsed.message`, until topic_record_release(). */
    struct parsed_message parsed;
};

/*
 * Read a record, whatever its bytes are.
 * Ownership: the texts of the message are borrowed from `bytes` and `record`.
 */
void topic_record_read(const struct topic_bytes *bytes,
                       struct topic_record *record);

/* Free what was allocated for a message; does nothing for other kinds. */
void topic_record_release(struct topic_record *record);

/*
 * The sum of a record, by which a snapshot recognises that the record at its
 * position is still the one that it was taken behind.
 */
uint64_t topic_record_check(const struct topic_bytes *bytes);

/*
 * Write the value of a control record. Returns the length; no NUL is added.
 * `name` has at most TOPIC_PROBE_MAX letters, digits or hyphens.
 */
size_t topic_record_write_history(uint64_t id, uint64_t rules,
                                  char out[TOPIC_CONTROL_MAX]);
size_t topic_record_write_probe(struct text name, char out[TOPIC_CONTROL_MAX]);
size_t topic_record_write_rules(uint64_t rules, char out[TOPIC_CONTROL_MAX]);

#endif
