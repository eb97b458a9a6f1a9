/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other instances of -peer: getting a snapshot of one, and asking how far
 * those of all are.
 *
 * Locking: none; one thread.
 */
#ifndef LUNAR_REPLICA_PEER_H
#define LUNAR_REPLICA_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "store/journal.h"

struct peer_access; /* peer_get.h */

enum {
    PEER_HEALTH_MS = 5000, /* until /health has answered */
    /* The same for a snapshot, which may have to be taken first. */
    PEER_SNAPSHOT_MS = 90000,
    /* Of the disk, that a snapshot leaves free, in bytes. */
    PEER_SPARE = 16 * 1024 * 1024,
};

/*
 * Get a snapshot of the first of `peers`, URLs with commas, that has one, into
 * the file `path`: see `fetch` of journal.h. JOURNAL_FAILED: `error` says why
 * the last one has none; the log has all.
 */
enum journal_replayed peer_fetch(const char *peers,
                                 const struct peer_access *access,
                                 const char *path,
                                 const struct journal_watch *watch,
                                 char error[JOURNAL_ERROR]);

enum { PEER_TOPIC = 256 }; /* bytes of a topic's name, with its NUL */

/* What an instance says of itself. */
struct peer_health {
    char topic[PEER_TOPIC]; /* "": it has no topic */
    uint64_t history;       /* 0: not known */
    bool has_snapshot;
    uint64_t snapshot; /* its position */
};

/*
 * Ask the instance `peer` for its /health. False, with a sentence in `error`
 * that begins with the URL.
 */
bool peer_ask_health(struct text peer, const struct peer_access *access,
                     struct peer_health *health, char error[JOURNAL_ERROR]);

#endif
