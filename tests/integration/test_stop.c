/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stop of the service: requests in flight are finished, or cut off cleanly
 * after a limit of time, and nothing delays it beyond that.
 */
#include "lib/harness.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CLIENTS = 6,
    UNDER_LOAD = 200, /* responses to each client before the signal */
    IDLERS = 100,
    IDLE_MS = 1200, /* longer than the interval of the sweep */
    STOP_MS = 5000, /* time for requests in flight */
    /* A stop with idle connections, or a second signal, must be faster. */
    AT_ONCE_MS = STOP_MS - 500,
    ROCKETS = 8000,
    PADDING = 256,
    MODES = 2,
};

static const char *const per_connection[] = {"-threads=per-connection", NULL};
static const char *const *const modes[MODES] = {NULL, per_connection};

/* A client that posts until connections are refused. */
struct poster {
    pthread_t thread;
    int index;
    uint16_t port;
    bool new_connections; /* one for each message */
    atomic_int answered;
    atomic_bool broken; /* a response was truncated, late or an error */
};

/* Post one message. Return whether the connection can be used again. */
static bool post_one(struct poster *poster, struct connection *connection)
{
    char id[32];
    struct response response;

    snprintf(id, sizeof(id), "load-%d", poster->index);
    struct fleet_message message =
        fleet_faster(id, (uint64_t)poster->answered + 1, 1);
    if (!connection_post(connection, message.body))
        return false;
    enum connection_result result = connection_receive(connection, &response);
    if (result != CONNECTION_ANSWERED) {
        /*
         * The service may close an idle connection while a request is under
         * way.
         */
        poster->broken = poster->broken || result != CONNECTION_CLOSED;
        return false;
    }
    poster->broken = poster->broken || response.status != 202 ||
                     strstr(response.body, "\"applied\"") == NULL;
    poster->answered++;
    bool closes = response_closes(&response);
    response_release(&response);
    return !closes && !poster->new_connections;
}

static void *post_until_refused(void *context)
{
    struct poster *poster = context;
    struct connection connection;

    while (!poster->broken && connection_open(&connection, poster->port)) {
        while (post_one(poster, &connection)) {
            /* Post as long as the connection lasts. */
        }
        connection_close(&connection);
    }
    return NULL;
}

static void start_posters(struct poster *posters, uint16_t port)
{
    for (int i = 0; i < CLIENTS; i++) {
        posters[i] = (struct poster){
            .index = i, .port = port, .new_connections = i % 2 == 1};
        assert_int_equal(pthread_create(&posters[i].thread, NULL,
                                        post_until_refused, &posters[i]),
                         0);
    }
}

static bool all_busy(const struct poster *posters)
{
    for (int i = 0; i < CLIENTS; i++)
        if (posters[i].answered < UNDER_LOAD && !posters[i].broken)
            return false;
    return true;
}

static void wait_for_load(const struct instance *instance,
                          const struct poster *posters)
{
    int64_t deadline = process_clock() + INSTANCE_PATIENCE;

    while (!all_busy(posters)) {
        /* A request takes the place of a sleep. */
        EXCHANGE(instance, .target = "/health", .status = 200);
        assert_true(process_clock() < deadline);
    }
}

static void stop_under_load_truncates_no_response(void **state)
{
    (void)state;
    for (size_t mode = 0; mode < MODES; mode++) {
        struct instance instance;
        struct poster posters[CLIENTS];

        instance_start(&instance, modes[mode]);
        start_posters(posters, instance.port);
        wait_for_load(&instance, posters);
        instance_stop(&instance);
        for (int i = 0; i < CLIENTS; i++) {
            pthread_join(posters[i].thread, NULL);
            assert_false(posters[i].broken);
        }
    }
}

/* Connections of all kinds that a stop may meet. */
struct scene {
    struct instance instance;
    struct connection idlers[IDLERS];
    struct connection request; /* half of `message` is sent */
    struct fleet_message message;
    struct connection list; /* the beginning of the whole list is received */
};

static void start_request(struct scene *scene)
{
    struct connection *connection = &scene->request;

    scene->message = fleet_faster("in-flight-1", 2, 1);
    int half = (int)strlen(scene->message.body) / 2;
    instance_connect(&scene->instance, connection);
    struct fleet_message first = fleet_faster("in-flight-1", 1, 1);
    fleet_post(connection, &first);
    connection_print(connection,
                     "POST /messages HTTP/1.1\r\nHost: localhost\r\n"
                     "Content-Length: %zu\r\n\r\n%.*s",
                     strlen(scene->message.body), half, scene->message.body);
}

static void start_list(struct scene *scene)
{
    fleet_launch(&scene->instance, ROCKETS, PADDING);
    assert_true(connection_open_narrow(&scene->list, scene->instance.port));
    connection_get(&scene->list, "/rockets");
    assert_true(connection_fill(&scene->list, 12,
                                process_clock() + CONNECTION_PATIENCE));
}

/* All but the first have been silent, or idle after a response. */
static void start_idlers(struct scene *scene)
{
    for (size_t i = 0; i < IDLERS; i++) {
        instance_connect(&scene->instance, &scene->idlers[i]);
        if (i % 2 == 0)
            bulk_expect_next(&scene->idlers[i]);
    }
    process_wait_until(process_clock() + IDLE_MS);
}

/*
 * Send a request on an idle connection, at the stop. The service still reads
 * for 500 ms; a machine may be too slow for that.
 */
static void expect_idler_answered(struct connection *idler, int64_t stop)
{
    struct response response;

    connection_get(idler, "/health");
    if (connection_receive(idler, &response) == CONNECTION_ANSWERED) {
        response_expect_status(&response, 200);
        assert_true(response_closes(&response));
        response_release(&response);
    } else {
        assert_true(process_clock() - stop > 300);
    }
}

static void expect_finished(struct scene *scene)
{
    struct response response;

    exchange_expect(&scene->request, &(struct exchange){.status = 202,
                                                        .part = "\"applied\"",
                                                        .closes = true});
    connection_widen(&scene->list);
    connection_expect(&scene->list, &response);
    cJSON *json = response_json(&response);
    assert_int_equal(cJSON_GetArraySize(json), ROCKETS + 1);
    cJSON_Delete(json);
    response_release(&response);
    connection_close(&scene->request);
    connection_close(&scene->list);
}

static void requests_in_flight_are_finished_and_idlers_closed(void **state)
{
    (void)state;
    for (size_t mode = 0; mode < MODES; mode++) {
        struct scene scene;

        instance_start(&scene.instance, modes[mode]);
        start_request(&scene);
        start_list(&scene);
        start_idlers(&scene);
        int64_t stop = process_clock();
        process_signal(&scene.instance.process, SIGTERM);
        instance_wait_refusing(&scene.instance);
        expect_idler_answered(&scene.idlers[0], stop);
        const char *body = scene.message.body;
        connection_send_text(&scene.request, body + strlen(body) / 2);
        expect_finished(&scene);
        for (size_t i = 0; i < IDLERS; i++) {
            connection_expect_closed(&scene.idlers[i]);
            connection_close(&scene.idlers[i]);
        }
        instance_expect_end(&scene.instance, 0);
        assert_true(process_clock() - stop < AT_ONCE_MS);
    }
}

static void stuck_clients_are_cut_off_after_the_time_limit(void **state)
{
    struct scene scenes[MODES];

    (void)state;
    for (size_t mode = 0; mode < MODES; mode++) {
        instance_start(&scenes[mode].instance, modes[mode]);
        start_request(&scenes[mode]);
        start_list(&scenes[mode]);
    }
    int64_t stop = process_clock();
    for (size_t mode = 0; mode < MODES; mode++)
        process_signal(&scenes[mode].instance.process, SIGTERM);
    for (size_t mode = 0; mode < MODES; mode++) {
        instance_expect_end(&scenes[mode].instance, 0);
        assert_true(process_clock() - stop >= STOP_MS - 1500);
        connection_close(&scenes[mode].request);
        connection_close(&scenes[mode].list);
    }
}

static void second_signal_ends_at_once(void **state)
{
    static const int signals[][2] = {
        {SIGTERM, SIGTERM}, {SIGINT, SIGINT}, {SIGTERM, SIGINT}};

    (void)state;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        struct scene scene;

        instance_start(&scene.instance, NULL);
        start_request(&scene);
        int64_t stop = process_clock();
        process_signal(&scene.instance.process, signals[i][0]);
        instance_wait_refusing(&scene.instance);
        process_signal(&scene.instance.process, signals[i][1]);
        assert_int_not_equal(process_wait(&scene.instance.process, AT_ONCE_MS),
                             PROCESS_LATE);
        assert_true(process_clock() - stop < AT_ONCE_MS);
        connection_close(&scene.request);
        instance_release(&scene.instance);
    }
}

static void sigint_stops_it_and_sigpipe_does_not(void **state)
{
    struct instance instance;

    (void)state;
    instance_start(&instance, NULL);
    process_signal(&instance.process, SIGPIPE);
    EXCHANGE(&instance, .target = "/health", .status = 200);
    process_signal(&instance.process, SIGINT);
    instance_expect_end(&instance, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_under_load_truncates_no_response),
        cmocka_unit_test(requests_in_flight_are_finished_and_idlers_closed),
        cmocka_unit_test(stuck_clients_are_cut_off_after_the_time_limit),
        cmocka_unit_test(second_signal_ends_at_once),
        cmocka_unit_test(sigint_stops_it_and_sigpipe_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
