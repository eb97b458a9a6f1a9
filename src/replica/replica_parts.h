/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the journal, grouped by the thread that owns them.
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
#include "replica/replica.h"
#include "replica_metrics.h"
#include "store/journal.h"
#include "topic_watch.h"

enum {
    REPLICA_NOTICE = 16 * 1024 * 1024, /* bytes: as the journal on SQLite */
    REPLICA_FLUSH_MS = 5000,           /* at the stop */
};

/* How far the records are applied. */
struct replica_place {
    uint64_t position; /* the last record that is applied or skipped */
    uint64_t check;    /* its record_check() */
    uint64_t bytes;    /* of the records since the start: keys and values */
};

struct replica {
    struct journal journal; /* first: what the store has */

    /* Set at start, then read-only. */
    struct replica_options options;
    struct replica_counts counts;
    struct clients clients;
    const struct journal_target *target; /* from `replay` on */
    int wake_fd; /* an eventfd: ends the wait of the journal's thread */
    pthread_t thread;
    bool started;

    /* Any thread. */
    _Atomic bool stopping;
    _Atomic uint64_t position;    /* as in `place` */
    _Atomic bool caught_up;       /* set by the replay */
    _Atomic(const char *) halted; /* `halt_text`, or NULL */
    _Atomic uint64_t skipped[JOURNAL_SKIP_REASONS];
    _Atomic uint64_t last_skipped; /* set before its reason */
    _Atomic int last_reason;
    _Atomic uint64_t forgotten; /* bytes: as `place.bytes` */
    struct topic_watch watch;

    /* Guarded by `lock`, a leaf. */
    pthread_mutex_t lock;
    struct replica_place place;
    bool halting; /* somebody writes, or has written, `halt_text` */

    /* Owned by the thread of roll and forget. */
    struct replica_place rolled; /* what the last roll returned */

    /* Owned by the journal's thread. */
    struct outbox outbox;
    struct intake intake;
    uint64_t noticed;    /* bytes, as `place.bytes`, at the last notice */
    const char *problem; /* at the last notice */

    char halt_text[JOURNAL_ERROR];
};

/*
 * All records up to `place->position` are applied or skipped. Once for all that
 * were taken together, before the target's tickets are settled.
 * Locking: the journal's thread.
 */
void replica_publish(struct replica *replica,
                     const struct replica_place *place);

/*
 * Apply no more records, from now on: the first text stays. It says what, of
 * which topic and offset, and behind a colon what to do. Logs it.
 * Locking: any thread, but not under a lock.
 */
__attribute__((format(printf, 2, 3))) void
replica_halt(struct replica *replica, const char *format, ...);

bool replica_is_halted(const struct replica *replica);

/* A record was skipped. Locking: the journal's thread. */
void replica_skip(struct replica *replica, uint64_t position,
                  enum journal_skip reason);

#endif
