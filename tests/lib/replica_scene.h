/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A journal on a topic of the mock cluster, with a user. Several of these may
 * have the same topic.
 */
#ifndef LUNAR_TESTS_REPLICA_SCENE_H
#define LUNAR_TESTS_REPLICA_SCENE_H

#include "lib/journal_user.h"
#include "lib/mock_topic.h"

#include "replica/replica.h"

struct replica_scene {
    struct mock_topic *topic;
    struct replica_options options; /* its limits may be set before opening */
    struct journal *journal;        /* NULL while it is closed */
    struct user *user;
    char error[JOURNAL_ERROR]; /* of the last call that failed */
};

static inline void replica_scene_make(struct replica_scene *scene,
                                      struct mock_topic *topic)
{
    *scene = (struct replica_scene){
        .topic = topic,
        .options = {.brokers = topic->bootstraps,
                    .topic = topic->name,
                    .settings = topic->settings},
        .user = calloc(1, sizeof(*scene->user)),
    };
    if (scene->user == NULL)
        abort();
    user_init(scene->user);
    scene->user->shared = true;
}

/* Forget what was applied, as at a restart. */
static inline void replica_scene_forget(struct replica_scene *scene)
{
    user_init(scene->user);
    scene->user->shared = true;
}

static inline bool replica_scene_try_open(struct replica_scene *scene)
{
    scene->journal = replica_open(&scene->options, scene->error);
    return scene->journal != NULL;
}

static inline void replica_scene_open(struct replica_scene *scene)
{
    if (!replica_scene_try_open(scene))
        fail_msg("cannot open the journal: %s", scene->error);
}

static inline enum journal_replayed
replica_scene_prepare(struct replica_scene *scene,
                      const struct journal_place *place, bool *needs_snapshot)
{
    struct journal *journal = scene->journal;

    scene->error[0] = '\0';
    return journal->methods->prepare(journal, place, needs_snapshot, NULL,
                                     scene->error);
}

static inline enum journal_replayed
replica_scene_replay(struct replica_scene *scene, uint64_t after)
{
    struct journal *journal = scene->journal;

    scene->error[0] = '\0';
    return journal->methods->replay(journal, after, &scene->user->target, NULL,
                                    scene->error);
}

/* Open it and replay it behind `place`; NULL: from the begin. */
static inline void
replica_scene_replay_behind(struct replica_scene *scene,
                            const struct journal_place *place)
{
    bool needs_snapshot = true;

    replica_scene_open(scene);
    if (replica_scene_prepare(scene, place, &needs_snapshot) !=
        JOURNAL_COMPLETE)
        fail_msg("cannot prepare: %s", scene->error);
    assert_false(needs_snapshot);
    if (replica_scene_replay(scene, place == NULL ? 0 : place->position) !=
        JOURNAL_COMPLETE)
        fail_msg("cannot replay: %s", scene->error);
}

static inline void replica_scene_start(struct replica_scene *scene)
{
    replica_scene_replay_behind(scene, NULL);
    assert_true(
        scene->journal->methods->start(scene->journal, &scene->user->target));
}

static inline void replica_scene_stop(struct replica_scene *scene)
{
    if (scene->journal != NULL)
        scene->journal->methods->stop(scene->journal);
    scene->journal = NULL;
}

static inline void replica_scene_remove(struct replica_scene *scene)
{
    replica_scene_stop(scene);
    free(scene->user);
}

static inline struct journal_status
replica_scene_status(struct replica_scene *scene)
{
    struct journal_status status;

    scene->journal->methods->status(scene->journal, &status);
    return status;
}

static inline struct journal_shared_status
replica_scene_shared(struct replica_scene *scene)
{
    struct journal_shared_status status;

    scene->journal->methods->shared_status(scene->journal, &status);
    return status;
}

/* Wait until the record at `position` is applied. */
struct replica_scene_place {
    struct replica_scene *scene;
    uint64_t position;
};

static inline bool replica_scene_is_at(void *context)
{
    const struct replica_scene_place *place = context;

    return replica_scene_status(place->scene).position >= place->position;
}

static inline void replica_scene_await(struct replica_scene *scene,
                                       uint64_t position)
{
    struct replica_scene_place place = {scene, position};

    mock_topic_await(replica_scene_is_at, &place, "a position");
}

static inline bool replica_scene_is_halted(void *context)
{
    struct replica_scene *scene = context;

    return replica_scene_shared(scene).halted != NULL;
}

/* Wait until it applies no more records. Returns why. */
static inline const char *replica_scene_await_halt(struct replica_scene *scene)
{
    mock_topic_await(replica_scene_is_halted, scene, "a halt");
    return replica_scene_shared(scene).halted;
}

static inline bool replica_scene_has_problem(void *context)
{
    struct replica_scene *scene = context;

    return replica_scene_status(scene).problem != NULL;
}

static inline bool replica_scene_has_none(void *context)
{
    return !replica_scene_has_problem(context);
}

#endif
