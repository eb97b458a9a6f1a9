/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of waiting for the list of connections to change, as an acceptor
 * without room does. What nobody ends would last longer than a test may.
 */
#include "lib/unit_check.h"

#include <pthread.h>

#include "base/sync.h"
#include "server/connections.h"

enum {
    LIMIT = 16,
    FOREVER_MS = 3600 * 1000,
    ROUNDS = 200, /* so that a change also meets a wait that has begun */
};

struct scene {
    struct connections *connections;
    struct connection connection;
    struct connections_at seen;
};

static int set_up(void **state)
{
    static struct scene scene;

    scene.connections = connections_new(LIMIT, true);
    assert_non_null(scene.connections);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    connections_free(scene->connections);
    return 0;
}

static void add(struct scene *scene, enum peer_kind peer)
{
    connections_prepare(scene->connections, &scene->connection, NULL, -1, peer);
    connections_add(scene->connections, &scene->connection);
}

static void drop(struct scene *scene)
{
    connections_remove(scene->connections, &scene->connection);
}

static void *await(void *context)
{
    struct scene *scene = context;

    connections_await_change(scene->connections, PEER_TCP, &scene->seen,
                             FOREVER_MS);
    return NULL;
}

static pthread_t begin_to_wait(struct scene *scene)
{
    pthread_t thread;

    scene->seen = connections_at(scene->connections, PEER_TCP);
    assert_int_equal(pthread_create(&thread, NULL, await, scene), 0);
    return thread;
}

static void a_wait_ends_with_each_change(void **state)
{
    struct scene *scene = *state;

    for (unsigned i = 0; i < ROUNDS; i++) {
        pthread_t thread = begin_to_wait(scene);
        add(scene, PEER_TCP);
        sync_join(thread);
        assert_int_equal(scene->seen.open, 0);
        thread = begin_to_wait(scene);
        drop(scene);
        sync_join(thread);
        assert_int_equal(scene->seen.open, 1);
        assert_int_equal(scene->seen.added, i + 1);
    }
}

static void an_interrupt_ends_one_wait_even_if_it_comes_first(void **state)
{
    struct scene *scene = *state;

    for (unsigned i = 0; i < ROUNDS; i++) {
        pthread_t thread = begin_to_wait(scene);
        connections_interrupt(scene->connections, PEER_TCP);
        sync_join(thread);
    }
    connections_interrupt(scene->connections, PEER_TCP);
    await(scene);
}

/* It would be over at once if it counted what happens at the other. */
static void a_wait_is_for_one_socket(void **state)
{
    struct scene *scene = *state;

    scene->seen = connections_at(scene->connections, PEER_TCP);
    add(scene, PEER_UNIX);
    connections_interrupt(scene->connections, PEER_UNIX);
    uint64_t start = connection_clock();
    connections_await_change(scene->connections, PEER_TCP, &scene->seen, 10);
    assert_true(connection_clock() - start >= 10 * UINT64_C(1000));
    drop(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_wait_ends_with_each_change),
        FIXTURE_TEST(an_interrupt_ends_one_wait_even_if_it_comes_first),
        FIXTURE_TEST(a_wait_is_for_one_socket),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
