/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service whose events are followed: with event loops and with a thread for
 * each connection, in memory and with a store.
 */
#ifndef LUNAR_TESTS_EVENTS_SCENE_H
#define LUNAR_TESTS_EVENTS_SCENE_H

#include "lib/data_folder.h"
#include "lib/harness.h"

struct events_scene {
    struct instance instance;
    struct data_folder folder;
    const char *threads, *data; /* flags; `data` may be NULL */
};

/*
 * Run the array `tests` in all four ways, against one service each: `*state` is
 * a scene. Evaluates to the number of failures.
 */
#define EVENTS_RUN_IN_ALL_WAYS(tests)                                          \
    (cmocka_run_group_tests_name("event loops", tests, events_set_up_loops,    \
                                 events_tear_down) +                           \
     cmocka_run_group_tests_name("event loops, a store", tests,                \
                                 events_set_up_loops_store,                    \
                                 events_tear_down) +                           \
     cmocka_run_group_tests_name("threads", tests, events_set_up_threads,      \
                                 events_tear_down) +                           \
     cmocka_run_group_tests_name("threads, a store", tests,                    \
                                 events_set_up_threads_store,                  \
                                 events_tear_down))

int events_set_up_loops(void **state);
int events_set_up_loops_store(void **state);
int events_set_up_threads(void **state);
int events_set_up_threads_store(void **state);
int events_tear_down(void **state);

/* Start the service of the scene again, after it has ended. */
void events_restart(struct events_scene *scene);

/* Post a message, and expect that it is applied. */
void events_post(const struct instance *instance, struct fleet_message message);

/* Open a stream, and expect its hello, whose id is in `stream->last_id`. */
void events_follow(const struct instance *instance, struct event_stream *stream,
                   const char *target, const char *fields);

/*
 * Expect a hello, and a reset. Only a reset that comes late has a hello with an
 * id, which is `id`: it is resumed again. NULL: the hello has none.
 */
void events_expect_reset(struct event_stream *stream, const char *id);

/* The revision behind the dash of an id. */
uint64_t events_revision(const char *id);

/* A number that is a member of `object`. */
uint64_t events_number(const cJSON *object, const char *name);

/* Whether the rocket has this id. */
bool events_is_of(const cJSON *rocket, const char *id);

/*
 * Wait for the event `rockets` that has this rocket at this message number.
 * Events before it may have any rockets whose ids begin with `prefix`. Returns
 * the rocket. Ownership: the caller deletes it.
 */
cJSON *events_await_rocket(struct event_stream *stream, const char *id,
                           uint64_t number, const char *prefix);

#endif
