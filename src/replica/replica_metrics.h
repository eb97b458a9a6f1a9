/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the room counts and shows: lunar_replica_...
 *
 * Locking: as metrics.h.
 */
#ifndef LUNAR_REPLICA_REPLICA_METRICS_H
#define LUNAR_REPLICA_REPLICA_METRICS_H

struct metric;
struct replica;

/* Results of messages that were produced: the label of `produced`. */
enum replica_result {
    REPLICA_ACKNOWLEDGED,
    REPLICA_REFUSED, /* known not to be written */
    REPLICA_UNKNOWN,
};

/* All may be NULL. */
struct replica_counts {
    struct metric *applied; /* messages */
    struct metric *skipped; /* records, by enum journal_skip */
    struct metric *produced;
    struct metric *acknowledgement; /* histogram of microseconds */
};

/* Add the families to those of the options, and set the counts. */
void replica_metrics_add(struct replica *replica);

/* The replica is not read any more. */
void replica_metrics_forget(struct replica *replica);

#endif
