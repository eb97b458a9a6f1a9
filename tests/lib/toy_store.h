/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store that the test drives: nothing is settled before the test says so, and
 * then as many tickets as it says, on its own thread; so every moment is
 * certain. It stands for that of store.h: a test that links toy_store.c gets
 * these functions instead. The commit is the service's.
 *
 * Locking: any thread may append, as workers do.
 */
#ifndef LUNAR_TESTS_TOY_STORE_H
#define LUNAR_TESTS_TOY_STORE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/commit.h"
#include "store/journal.h"
#include "store/store.h"

enum { TOY_STORE_ID = 0x1234 };

struct store {
    struct journal journal;
    struct commit *commit;
    struct journal_status status;          /* that store_status() gives */
    struct store_snapshot_status snapshot; /* the same of the snapshot */
    struct journal_shared_status shared; /* that store_shared_status() gives */
    bool busy;                           /* append() fails */
    int file;        /* that store_open_snapshot() opens again; -1: none */
    uint64_t wanted; /* of the last store_want_snapshot() */
    unsigned wants;  /* how many there were */
    pthread_mutex_t lock;
    /* Guarded by `lock`: the tickets that are pending, in order. */
    struct journal_ticket *first, **end;
    size_t tickets;
};

/* Ownership: released by toy_store_release(), when nothing is pending. */
void toy_store_init(struct store *store);
void toy_store_release(struct store *store);

/* How many tickets are pending. */
size_t toy_store_pending(struct store *store);

/* Commit the first `tickets` that are pending, or all if there are fewer. */
void toy_store_settle(struct store *store, size_t tickets);

/* The same, but they cannot be written. */
void toy_store_refuse(struct store *store, size_t tickets);

/* The same, but nobody knows whether they are written. */
void toy_store_lose(struct store *store, size_t tickets);

/*
 * Make its journal one that is shared, as if it had caught up. Before the store
 * is used.
 */
void toy_store_share(struct store *store);

/* The same message as from another instance, at the next position. */
void toy_store_apply(struct store *store, const struct message *message);

/* Nothing has happened, but JOURNAL_TICK_MS is over. */
void toy_store_tick(struct store *store);

#endif
