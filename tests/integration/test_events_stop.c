/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stop of the service ends streams of events, so that it need not wait for
 * them: those that wait, and those in the middle of events that their clients
 * have not read yet.
 */
#include "events_scene.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WAITING = 20, /* streams */
    ROCKETS = 4000,
    PADDING = 256,
    /* The time for requests in flight: streams must not use it up. */
    STOP_MS = 4500,
    AT_ONCE_MS = STOP_MS - 1500,
    STOPS = 10,
};

static void expect_clean_end(struct event_stream *stream)
{
    struct event event;
    enum events_result result;

    while ((result = events_receive(stream, &event)) == EVENTS_EVENT)
        event_release(&event);
    if (result != EVENTS_END)
        fail_msg("result %d: %s", result,
                 stream->problem != NULL ? stream->problem : "");
}

/* Stop a service with streams that wait. Returns the milliseconds it took. */
static int64_t time_stop(struct events_scene *scene)
{
    static const char *const targets[] = {
        "/events", "/events?id=a", "/events?events=summary",
        "/events?events=rockets&interval=10000"};
    struct event_stream streams[WAITING];

    for (size_t i = 0; i < WAITING; i++)
        events_follow(&scene->instance, &streams[i], targets[i % 4], "");
    int64_t stop = process_clock();
    process_signal(&scene->instance.process, SIGTERM);
    for (size_t i = 0; i < WAITING; i++) {
        expect_clean_end(&streams[i]);
        events_close(&streams[i]);
    }
    instance_expect_end(&scene->instance, 0);
    int64_t took = process_clock() - stop;
    events_restart(scene);
    return took;
}

/* Several times, as a machine may be too slow to tell what delays a stop. */
static void streams_that_wait_end_before_the_drain(void **state)
{
    for (unsigned i = 0; i < STOPS; i++)
        if (time_stop(*state) < AT_ONCE_MS)
            return;
    fail_msg("streams delay the stop");
}

/* A client that has read only the beginning reads the rest at the stop. */
static void stream_in_the_middle_ends_behind_an_event(void **state)
{
    struct events_scene *scene = *state;
    struct event_stream stream = {.connection.socket = -1};

    assert_true(
        connection_open_narrow(&stream.connection, scene->instance.port));
    connection_get(&stream.connection, "/events?events=rockets&interval=100");
    assert_true(events_begin(&stream));
    events_skip(&stream, "hello");
    fleet_launch(&scene->instance, ROCKETS, PADDING);
    events_skip(&stream, "rockets");
    process_signal(&scene->instance.process, SIGTERM);
    /* The stop has begun once no connection is accepted. */
    instance_wait_refusing(&scene->instance);
    connection_widen(&stream.connection);
    expect_clean_end(&stream);
    events_close(&stream);
    instance_expect_end(&scene->instance, 0);
    events_restart(scene);
}

/* In the drain the service goes on as before. */
static void streams_go_on_in_the_drain(void **state)
{
    const struct events_scene *scene = *state;
    struct event_stream stream;
    struct instance instance;
    struct connection posts;

    instance_start(&instance, INSTANCE_FLAGS(scene->threads, "-drain=3600"));
    events_follow(&instance, &stream, "/events?events=rockets", "");
    instance_connect(&instance, &posts);
    process_signal(&instance.process, SIGTERM);
    process_wait_error(&instance.process, "draining for 3600 s");
    struct fleet_message message = fleet_faster("drained", 1, 1);
    fleet_post(&posts, &message);
    cJSON_Delete(events_await_rocket(&stream, "drained", 1, "drained"));
    process_signal(&instance.process, SIGTERM);
    expect_clean_end(&stream);
    events_close(&stream);
    connection_close(&posts);
    instance_expect_end(&instance, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_that_wait_end_before_the_drain),
        cmocka_unit_test(stream_in_the_middle_ends_behind_an_event),
        cmocka_unit_test(streams_go_on_in_the_drain),
    };
    return EVENTS_RUN_IN_ALL_WAYS(tests);
}
