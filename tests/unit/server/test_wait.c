/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of who may cancel a wait: the sweep and a stop may want to at the same
 * time. Threads wait here, which needs no libmicrohttpd.
 */
#include "lib/unit_check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/sync.h"
#include "server/wait.h"

enum { MOMENT_MS = 20, ROUNDS = 2000, CANCELLERS = 2 };

struct scene {
    struct waits all;
    struct wait wait;
    _Atomic unsigned cancelled; /* calls of the target */
    _Atomic bool ended;         /* the wait */
    _Atomic bool over;          /* no more rounds */
};

static void cancel_target(void *target)
{
    struct scene *scene = target;

    /* Freed at its end, were this not a test. */
    assert_false(atomic_load(&scene->ended));
    if (atomic_fetch_add(&scene->cancelled, 1) == 0)
        http_wake(&scene->wait.waiter);
}

static int set_up(void **state)
{
    static struct scene scene;

    scene = (struct scene){.all = {.threads = true}};
    wait_init(&scene.wait, &scene.all, NULL);
    activity_enter(&scene.wait.activity); /* connections wait in callbacks */
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    wait_release(&scene->wait);
    return atomic_load(&scene->all.open) == 0 ? 0 : -1;
}

static void begin(struct scene *scene)
{
    atomic_store(&scene->cancelled, 0);
    atomic_store(&scene->ended, false);
    assert_non_null(wait_begin(&scene->wait, cancel_target, scene, true));
}

static void *end_wait(void *context)
{
    struct scene *scene = context;

    wait_end(&scene->wait);
    atomic_store(&scene->ended, true);
    return NULL;
}

static void wait_is_not_cancelled_before_it_is_known(void **state)
{
    struct scene *scene = *state;

    begin(scene);
    assert_false(wait_pin(&scene->wait));
    wait_allow_cancel(&scene->wait);
    assert_true(wait_pin(&scene->wait));
    wait_cancel(&scene->wait);
    assert_false(wait_sleep(&scene->wait));
    end_wait(scene);
}

static void wait_is_cancelled_once(void **state)
{
    struct scene *scene = *state;

    begin(scene);
    wait_allow_cancel(&scene->wait);
    assert_true(wait_pin(&scene->wait));
    assert_false(wait_pin(&scene->wait));
    wait_cancel(&scene->wait);
    assert_false(wait_pin(&scene->wait));
    assert_int_equal(atomic_load(&scene->cancelled), 1);
    end_wait(scene);
    assert_false(wait_pin(&scene->wait));
}

/* One has it pinned, and another one, which pins in vain, must not end that. */
static void wait_does_not_end_while_it_is_pinned(void **state)
{
    struct timespec moment = {.tv_nsec = MOMENT_MS * 1000000L};
    struct scene *scene = *state;
    pthread_t thread;

    begin(scene);
    wait_allow_cancel(&scene->wait);
    assert_true(wait_pin(&scene->wait));
    assert_false(wait_pin(&scene->wait));
    http_wake(&scene->wait.waiter);
    atomic_store(&scene->cancelled, 1); /* as it is woken */
    assert_int_equal(pthread_create(&thread, NULL, end_wait, scene), 0);
    nanosleep(&moment, NULL);
    assert_false(atomic_load(&scene->ended));
    wait_cancel(&scene->wait);
    sync_join(thread);
}

static void *run_canceller(void *context)
{
    struct scene *scene = context;

    while (!atomic_load(&scene->over))
        if (wait_pin(&scene->wait))
            wait_cancel(&scene->wait);
    return NULL;
}

/* Each wait is ended by one of them. */
static void cancellers_may_meet(void **state)
{
    struct scene *scene = *state;
    pthread_t threads[CANCELLERS];

    for (size_t i = 0; i < CANCELLERS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, run_canceller, scene), 0);
    for (size_t round = 0; round < ROUNDS; round++) {
        begin(scene);
        wait_allow_cancel(&scene->wait);
        assert_false(wait_sleep(&scene->wait));
        end_wait(scene);
        assert_int_equal(atomic_load(&scene->cancelled), 1);
    }
    atomic_store(&scene->over, true);
    for (size_t i = 0; i < CANCELLERS; i++)
        sync_join(threads[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(wait_is_not_cancelled_before_it_is_known),
        FIXTURE_TEST(wait_is_cancelled_once),
        FIXTURE_TEST(wait_does_not_end_while_it_is_pinned),
        FIXTURE_TEST(cancellers_may_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
