/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the journal, by the threads that own them:
 *
 *     journal thread   outbox, intake; calls the target
 *     watch thread     asks the leader how far the topic goes
 *     any thread       append, status
 *
 * During `prepare` and `replay` the thread that calls them is the journal's.
 */
#ifndef LUNAR_REPLICA_REPLICA_PARTS_H
#define LUNAR_REPLICA_REPLICA_PARTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "clients.h"
#include "intake.h"
#include "outbox.h"
#include "prepare.h"
#include "replica/replica.h"
#include "replica_metrics.h"
#include "store/journal.h"
#include "topic_watch.h"

enum {
    /* At the stop, for what was appended and has not been acknowledged. */
    REPLICA_FLUSH_MS = 5000,
};

struct replica {
    struct journal journal;

    /* Set at start, then read-only. */
    struct replica_options options;
    struct replica_counts counts;
    struct clients clients;
    struct intake *intake;
    int wake_fd; /* an eventfd: ends the wait of the journal's thread */
    /* Set by `start`, then read-only. */
    const struct journal_target *target;
    _Atomic(struct topic_watch *) watch; /* NULL before */
    pthread_t thread;
    bool started;

    /* Any thread. */
    _Atomic bool stopping;
    _Atomic bool caught_up;
    _Atomic uint64_t forgotten; /* bytes, as those of the intake */

    /* Owned by the thread of `prepare` and `replay`. */
    struct prepared prepared;

    /* Owned by the thread of `roll` and `forget`. */
    struct intake_place rolled; /* what the last `roll` has returned */
    uint64_t rolled_bytes;      /* of the intake, then */

    /* Owned by the journal's thread, but for what its header says. */
    struct outbox outbox;
    const char *problem; /* at the last notice */
};

/* Begin the journal's thread. False if there is none. */
bool replica_loop_start(struct replica *replica);

/*
 * End it: by then all tickets are settled, those that are not acknowledged in
 * REPLICA_FLUSH_MS as perhaps applied, or as refused.
 */
void replica_loop_stop(struct replica *replica);

#endif
