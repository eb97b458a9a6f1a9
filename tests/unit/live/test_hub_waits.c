/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads that wait for a change.
 */
#include "lib/hub_scene.h"

#include "base/sync.h"

struct read {
    struct hub_wait wait;
    unsigned wakes;
};

static void wake_read(struct hub_wait *wait)
{
    container_of(wait, struct read, wait)->wakes++;
}

static void start(struct hub_scene *scene, struct read *read, uint64_t after,
                  unsigned ms)
{
    *read =
        (struct read){.wait = {.after = after, .ms = ms, .wake = wake_read}};
    assert_int_equal(hub_add_wait(scene->hub), HUB_ADDED);
    hub_wait_start(scene->hub, &read->wait);
}

static void end(struct hub_scene *scene, const struct read *read)
{
    assert_int_equal(read->wakes, 1);
    hub_wait_free(scene->hub);
}

static void change_ends_a_wait(void **context)
{
    struct hub_scene *scene = *context;
    struct read reads[2];

    change(scene, "a");
    start(scene, &reads[0], 1, 30000);
    start(scene, &reads[1], 2, 30000);
    pass(scene, 1000);
    assert_int_equal(reads[0].wakes, 0);
    change(scene, "a");
    tick(scene, 100);
    end(scene, &reads[0]);
    assert_int_equal(reads[1].wakes, 0);
    change(scene, "b");
    tick(scene, 100);
    end(scene, &reads[1]);
    tick(scene, 100);
    assert_int_equal(reads[0].wakes, 1);
}

static void change_before_the_start_ends_it_at_once(void **context)
{
    struct hub_scene *scene = *context;
    struct read read;

    change(scene, "a");
    start(scene, &read, 0, 30000);
    end(scene, &read);
    tick(scene, 100);
    assert_int_equal(read.wakes, 1);
}

/* It begins up to a tick before the first one that sees it. */
static void deadline_ends_a_wait(void **context)
{
    struct hub_scene *scene = *context;
    struct read reads[2];

    start(scene, &reads[0], 0, 2000);
    start(scene, &reads[1], 0, 50);
    tick(scene, 1);
    end(scene, &reads[1]);
    pass(scene, 1800);
    assert_int_equal(reads[0].wakes, 0);
    pass(scene, 100);
    end(scene, &reads[0]);
}

static void wait_is_cancelled(void **context)
{
    struct hub_scene *scene = *context;
    struct read reads[3];

    for (size_t i = 0; i < 3; i++)
        start(scene, &reads[i], 0, 30000);
    hub_wait_cancel(scene->hub, &reads[1].wait);
    assert_int_equal(reads[1].wakes, 1);
    change(scene, "a");
    tick(scene, 100);
    hub_wait_cancel(scene->hub, &reads[0].wait);
    for (size_t i = 0; i < 3; i++)
        end(scene, &reads[i]);
}

static void stop_ends_waits(void **context)
{
    struct hub_scene *scene = *context;
    struct read reads[3];

    start(scene, &reads[0], 0, 30000);
    start(scene, &reads[1], 0, 30000);
    assert_int_equal(hub_add_wait(scene->hub), HUB_ADDED);
    hub_stop(scene->hub);
    end(scene, &reads[0]);
    end(scene, &reads[1]);
    assert_int_equal(hub_add_wait(scene->hub), HUB_STOPPING);
    reads[2] = (struct read){.wait = {.ms = 30000, .wake = wake_read}};
    hub_wait_start(scene->hub, &reads[2].wait);
    end(scene, &reads[2]);
}

static void waits_take_the_places_of_readers(void **context)
{
    struct hub_scene *scene = *context;
    struct hub_reader_options options = {.events = ROCKETS};

    assert_int_equal(hub_add_wait(scene->hub), HUB_ADDED);
    for (size_t i = 1; i < HUB_SCENE_READERS; i++)
        assert_int_equal(add_reader(scene, i, options), HUB_ADDED);
    assert_int_equal(hub_readers(scene->hub), HUB_SCENE_READERS);
    assert_int_equal(metric(scene, "lunar_event_waits", 0), 1);
    assert_int_equal(metric(scene, "lunar_event_streams", 0),
                     HUB_SCENE_READERS - 1);
    assert_int_equal(add_reader(scene, 0, options), HUB_TOO_MANY);
    assert_int_equal(hub_add_wait(scene->hub), HUB_TOO_MANY);
    hub_wait_free(scene->hub);
    assert_int_equal(add_reader(scene, 0, options), HUB_ADDED);
    free_reader(scene, 0);
    assert_int_equal(hub_add_wait(scene->hub), HUB_ADDED);
    hub_wait_free(scene->hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(change_ends_a_wait),
        FIXTURE_TEST(change_before_the_start_ends_it_at_once),
        FIXTURE_TEST(deadline_ends_a_wait),
        FIXTURE_TEST(wait_is_cancelled),
        FIXTURE_TEST(stop_ends_waits),
        FIXTURE_TEST(waits_take_the_places_of_readers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
