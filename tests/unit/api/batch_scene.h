/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An application with a store that the test drives, for batches of messages.
 */
#ifndef LUNAR_TESTS_BATCH_SCENE_H
#define LUNAR_TESTS_BATCH_SCENE_H

#include "api/api.h"
#include "base/buffer.h"
#include "base/workers.h"
#include "http/response.h"
#include "lib/toy_store.h"

enum { BATCH_SCENE_PART = 12 * 1024 };

struct batch_scene {
    struct api api; /* with one worker */
    struct store store;
    struct http_response response;
    struct worker_job job;
    uint64_t next; /* number of the next message of "a" */
};

/* With the scene as the state of the test. */
int batch_scene_set_up(void **context);

/* By now all memory of what was pending must have been freed. */
int batch_scene_tear_down(void **context);

/* How many messages with `result` the metrics have. */
uint64_t batch_scene_counted(struct batch_scene *scene, enum api_result result);

/*
 * Some BATCH_SCENE_PART bytes of new messages of "a". Ownership: the caller's.
 */
struct buffer batch_scene_part(struct batch_scene *scene);

#endif
