/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal on a topic of Apache Kafka, which many instances share: each
 * produces the messages that it admits, and each applies all records that it
 * consumes, in the order of their offsets. So each is a full replica, and any
 * may die. A position is an offset.
 *
 * The topic has one partition, as its order is that of all changes. Its first
 * record says which history it is. A message is a record with the channel as
 * its key, and its JSON as the value, so that others can read and write them.
 *
 * Builds without librdkafka have these functions too: all fail.
 */
#ifndef LUNAR_REPLICA_REPLICA_H
#define LUNAR_REPLICA_REPLICA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/journal.h"

struct metrics;

enum {
    /* Of the rules for messages; raised when they change. */
    REPLICA_RULES = 1,
    /* A message that is not acknowledged by then is answered: perhaps applied,
       or not written, if it waited for others. */
    REPLICA_ANSWER_MS = 5000,
    /* Messages that are not acknowledged, at most, and the bytes of them. */
    REPLICA_MAX_PENDING = 200000,
    REPLICA_MAX_PENDING_BYTES = 64 * 1024 * 1024,
    /*
     * Bytes that are kept for messages until they are applied, at most: more
     * than for REPLICA_MAX_PENDING, as those come first.
     */
    REPLICA_MAX_KEPT = 64 * 1024 * 1024,
    /* Copies of each record that a topic should have, */
    REPLICA_COPIES = 3,
    REPLICA_IN_SYNC = 2, /* and of these, before it is acknowledged. */
};

/* For tests. 0: the constant above, or what the sources say. */
struct replica_limits {
    unsigned answer_ms;          /* REPLICA_ANSWER_MS */
    unsigned message_timeout_ms; /* librdkafka gives a message up */
    /* The breaker opens only if nothing was acknowledged for so long. */
    unsigned breaker_full_ms;
    unsigned probe_ms;    /* from a probe that failed to the next */
    uint64_t max_pending; /* REPLICA_MAX_PENDING */
    uint64_t max_pending_bytes;
    uint64_t max_kept; /* REPLICA_MAX_KEPT */
};

struct replica_options {
    const char *brokers; /* host:port,... */
    const char *topic;
    const char *settings; /* file of librdkafka's settings; NULL: none */
    const char *peers;    /* URLs of other instances, with commas; NULL: none */
    /* A file with the token for them, and one with the authorities that are
       trusted, as in client/token.h and client/connection.h; NULL: none. */
    const char *peer_token, *ca_file;
    struct metrics *metrics; /* borrowed; NULL: none */
    struct replica_limits limits;
};

/* Whether this build can use Kafka. */
bool replica_is_built(void);

/*
 * The journal, which is `shared`. Reads the settings, and starts librdkafka,
 * but waits for no broker: `prepare` does. NULL, with a sentence in `error`
 * that says what to do.
 * Ownership: the strings are borrowed until `stop`.
 */
struct journal *replica_open(const struct replica_options *options,
                             char error[JOURNAL_ERROR]);

/* What -create-topic made, or found. */
struct replica_topic {
    bool existed;
    unsigned replication; /* copies of each record */
    unsigned min_in_sync; /* that have a record before it is acknowledged */
    bool wrong;           /* with one of its settings it cannot be used */
};

/*
 * Make the topic, with one partition, and write its first record. One that
 * exists is checked instead. With fewer than three brokers it has fewer copies.
 * Blocks for up to half a minute. False, with a sentence in `error`.
 */
bool replica_create_topic(const struct replica_options *options,
                          struct replica_topic *topic,
                          char error[JOURNAL_ERROR]);

/* What -trim-topic has done. */
struct replica_trim {
    uint64_t first, before; /* the first offset now, and before */
    const char *lowest;     /* the peer whose snapshot is the oldest; borrowed
                               from the options, to the next comma */
};

/*
 * Ask all `peers` for their last snapshots, and delete the records below the
 * oldest one. If one of them does not answer, is of another topic, or has no
 * snapshot, nothing is deleted. Blocks. False, with a sentence in `error`.
 */
bool replica_trim_topic(const struct replica_options *options,
                        struct replica_trim *trim, char error[JOURNAL_ERROR]);

#endif
