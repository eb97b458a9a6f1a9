/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the room counts and shows: lunar_replica_...
 *
 * Locking: as metrics.h.
 */
#ifndef LUNAR_REPLICA_REPLICA_METRICS_H
#define LUNAR_REPLICA_REPLICA_METRICS_H

struct metric;
struct metrics;
struct replica;

/* Results of messages that were produced: the label of `produced`. */
enum replica_result {
    REPLICA_ACKNOWLEDGED,
    REPLICA_REFUSED, /* known not to be written */
    REPLICA_UNKNOWN,
};

/* All may be NULL. */
struct replica_counts {
    struct metric *applied; /* records */
    struct metric *skipped; /* by enum journal_skip */
    struct metric *produced;
    struct metric *acknowledgement; /* histogram of microseconds */
};

/*
 * Add the families. `metrics` may be NULL. Those that are read from `replica`
 * are forgotten by replica_metrics_forget().
 */
void replica_metrics_add(struct replica *replica, struct metrics *metrics);
void replica_metrics_forget(struct replica *replica, struct metrics *metrics);

#endif
