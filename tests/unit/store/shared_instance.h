/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store with a folder of its own, of several that share a journal: a topic in
 * memory (lib/memory_topic.h). What is not as expected fails the test.
 */
#ifndef LUNAR_TESTS_SHARED_INSTANCE_H
#define LUNAR_TESTS_SHARED_INSTANCE_H

#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/metrics.h"
#include "lib/folder.h"
#include "lib/memory_topic.h"
#include "store/store.h"

enum {
    SHARED_INSTANCE_ID = 7, /* of the topic */
    SHARED_INSTANCE_ROCKETS = 40,
};

struct shared_instance {
    char path[FOLDER_ROOT];
    char snapshot[FOLDER_ROOT + 16]; /* its file */
    struct memory_topic *topic;
    struct metrics *metrics;
    struct table *table;
    struct journal *journal;
    struct store *store;
    uint64_t snapshot_bytes; /* 0: take none by itself */
    size_t max_memory;       /* 0: no limit */
    const char *peer;        /* file of its snapshot */
    bool asks;
    sem_t settled;
};

/* As fixture of a test: one that is started, with a topic of its own. */
int shared_instance_set_up(void **context);
int shared_instance_tear_down(void **context);

/* One more of `topic`, with an empty folder. */
void shared_instance_make(struct shared_instance *instance,
                          struct memory_topic *topic);
void shared_instance_remove(struct shared_instance *instance);

/*
 * Open the store, and recover, which is interrupted unless it `goes_on`.
 * JOURNAL_FAILED with the sentence in `error`. Whatever the result,
 * shared_instance_stop() follows.
 */
enum journal_replayed shared_instance_open(struct shared_instance *instance,
                                           bool goes_on,
                                           char error[JOURNAL_ERROR]);

void shared_instance_start(struct shared_instance *instance);
void shared_instance_stop(struct shared_instance *instance);

/* A start must fail, with `says` in the sentence. */
void shared_instance_expect_failure(struct shared_instance *instance,
                                    const char *says);

/* A message of each rocket, with this number, by others. */
void shared_instance_send_round(struct shared_instance *instance,
                                uint64_t number);

/* Wait for a snapshot at `position` or behind it. */
struct store_snapshot_status
shared_instance_await_snapshot(struct shared_instance *instance,
                               uint64_t position);

/* The same, of all that the topic has. */
struct store_snapshot_status
shared_instance_take_snapshot(struct shared_instance *instance);

/* All rockets are equal, byte for byte. */
void shared_instance_expect_same(struct shared_instance *a,
                                 struct shared_instance *b);

/* Whether its folder has the file. */
bool shared_instance_has_file(const struct shared_instance *instance,
                              const char *name);

/* Change a byte of a file, or cut it there. */
void shared_instance_damage_file(const char *path, off_t at, bool cut);

#endif
