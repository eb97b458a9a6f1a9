/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service with a store: its folder, which tests start it on again and again,
 * and a disk that does not answer in time (slow_disk.c).
 */
#ifndef LUNAR_TESTS_STORE_SCENE_H
#define LUNAR_TESTS_STORE_SCENE_H

#include "lib/data_folder.h"
#include "lib/harness.h"

enum { STORE_SCENE_PATH = 256 /* of a file in the folder, or a variable */ };

struct store_scene {
    struct data_folder folder;
    struct instance instance;
};

/* A test with a scene as its state. */
#define STORE_SCENE_TEST(test)                                                 \
    cmocka_unit_test_setup_teardown(test, store_scene_set_up,                  \
                                    store_scene_tear_down)

int store_scene_set_up(void **state);
int store_scene_tear_down(void **state);

/* Start the service, and wait until it is ready. */
void store_scene_start(struct store_scene *scene);

/* Post messages 1 to `count` of the rocket "moon", one after the other. */
void store_scene_post(const struct instance *instance, uint64_t count);

/* From now on "reads", "syncs" or "openings" are slow, or not any more. */
void store_scene_set_slow(const struct store_scene *scene, const char *what,
                          bool slow);

/*
 * Wait until a sync waits for the disk: only while "syncs" or "openings" are
 * slow.
 */
void store_scene_wait_sync(const struct store_scene *scene);

/* The environment that makes the disk a slow one. */
void store_scene_slow_variables(const struct store_scene *scene,
                                char library[512], char disk[STORE_SCENE_PATH]);

/*
 * Start on that disk, with another flag, and return when the service listens.
 */
void store_scene_start_slow(struct store_scene *scene, const char *flag);

#endif
