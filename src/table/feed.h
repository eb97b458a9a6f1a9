/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Launches and explosions since the last collection.
 *
 * Locking: each function locks the feed's mutex, a leaf: the caller holds no
 * lock.
 */
#ifndef LUNAR_TABLE_FEED_H
#define LUNAR_TABLE_FEED_H

#include <pthread.h>

#include "table/table_changes.h"

struct feed {
    pthread_mutex_t lock;
    /* Guarded by `lock`. */
    struct table_feed launched, exploded;
};

void feed_init(struct feed *feed);

/* Locking: no other thread may use the feed any more. */
void feed_release(struct feed *feed);

void feed_add_launch(struct feed *feed, const struct table_entry *entry);
void feed_add_explosion(struct feed *feed, const struct table_entry *entry);

/* Move all to `launched` and `exploded`. */
void feed_take(struct feed *feed, struct table_feed *launched,
               struct table_feed *exploded);

#endif
