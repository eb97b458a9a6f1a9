/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stop of the service: requests in flight are finished, or cut off cleanly
 * after a limit of time, and nothing delays it beyond that.
 * test_fault_signals.c stops it under load.
 */
#include "lib/harness.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/tls_client.h"

enum {
    IDLERS = 100,
    IDLE_MS = 1200, /* longer than the interval of the sweep */
    STOP_MS = 4500, /* time for requests in flight */
    /* A stop with idle connections must be faster. */
    AT_ONCE_MS = STOP_MS - 500,
    ROCKETS = 8000,
    PADDING = 256,
    MODES = 2,
};

static const char *const per_connection[] = {"-threads=per-connection", NULL};
static const char *const *const modes[MODES] = {NULL, per_connection};

/* Connections of all kinds that a stop may meet. */
struct scene {
    struct instance instance;
    struct connection idlers[IDLERS];
    struct connection request; /* half of `message` is sent */
    struct fleet_message message;
    struct connection list; /* the beginning of the whole list is received */
};

/* With something to reload, SIGHUP does that instead. */
static bool is_reload(int number)
{
    return number == SIGHUP && tls_client_is_wanted();
}

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

/* Whether the service may have cut off what is in flight. */
static bool is_late(int64_t stop)
{
    return process_clock() - stop >= STOP_MS - 1500;
}

/* Without a response the machine is too slow for one. */
static void expect_list(struct connection *list, int64_t stop)
{
    struct response response;

    connection_widen(list);
    if (connection_receive(list, &response) != CONNECTION_ANSWERED) {
        assert_true(is_late(stop));
        return;
    }
    cJSON *json = response_json(&response);
    assert_int_equal(cJSON_GetArraySize(json), ROCKETS + 1);
    cJSON_Delete(json);
    response_release(&response);
}

static void expect_finished(struct scene *scene, int64_t stop)
{
    const char *body = scene->message.body;

    if (!is_late(stop)) {
        connection_send_text(&scene->request, body + strlen(body) / 2);
        exchange_expect(&scene->request,
                        &(struct exchange){.status = 202,
                                           .part = "\"applied\"",
                                           .closes = true});
        expect_list(&scene->list, stop);
    }
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
        fleet_launch(&scene.instance, ROCKETS, PADDING);
        instance_begin(&scene.instance, "/rockets", &scene.list);
        start_idlers(&scene);
        int64_t stop = process_clock();
        process_signal(&scene.instance.process, SIGTERM);
        instance_wait_refusing(&scene.instance);
        expect_idler_answered(&scene.idlers[0], stop);
        expect_finished(&scene, stop);
        int64_t finished = process_clock();
        for (size_t i = 0; i < IDLERS; i++) {
            connection_expect_closed(&scene.idlers[i]);
            connection_close(&scene.idlers[i]);
        }
        instance_expect_end(&scene.instance, 0);
        if (finished - stop < AT_ONCE_MS / 2)
            assert_true(process_clock() - stop < AT_ONCE_MS);
        else
            print_message("machine too slow to tell what delayed the stop\n");
    }
}

static void stuck_clients_are_cut_off_after_the_time_limit(void **state)
{
    struct scene scenes[MODES];

    (void)state;
    for (size_t mode = 0; mode < MODES; mode++) {
        instance_start(&scenes[mode].instance, modes[mode]);
        start_request(&scenes[mode]);
        fleet_launch(&scenes[mode].instance, ROCKETS, PADDING);
        instance_begin(&scenes[mode].instance, "/rockets", &scenes[mode].list);
    }
    int64_t stop = process_clock();
    for (size_t mode = 0; mode < MODES; mode++)
        process_signal(&scenes[mode].instance.process, SIGTERM);
    for (size_t mode = 0; mode < MODES; mode++) {
        instance_expect_end(&scenes[mode].instance, 0);
        assert_true(is_late(stop));
        connection_close(&scenes[mode].request);
        connection_close(&scenes[mode].list);
    }
}

static void every_stop_signal_lets_requests_finish_and_is_logged(void **state)
{
    static const struct {
        int number;
        const char *line;
    } rows[] = {{SIGTERM, " info  SIGTERM: stopping"},
                {SIGINT, " info  SIGINT: stopping"},
                {SIGHUP, " info  SIGHUP: stopping"}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct scene scene;
        if (is_reload(rows[i].number))
            continue;

        instance_start(&scene.instance, NULL);
        start_request(&scene);
        process_signal(&scene.instance.process, rows[i].number);
        instance_wait_refusing(&scene.instance);
        process_wait_error(&scene.instance.process, rows[i].line);
        const char *body = scene.message.body;
        connection_send_text(&scene.request, body + strlen(body) / 2);
        exchange_expect(&scene.request,
                        &(struct exchange){.status = 202, .closes = true});
        connection_close(&scene.request);
        instance_expect_end(&scene.instance, 0);
    }
}

static void second_signal_ends_at_once(void **state)
{
    static const int signals[][2] = {{SIGTERM, SIGTERM},
                                     {SIGINT, SIGINT},
                                     {SIGTERM, SIGINT},
                                     {SIGHUP, SIGHUP},
                                     {SIGHUP, SIGTERM}};

    (void)state;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        struct scene scene;
        if (is_reload(signals[i][0]))
            continue;

        instance_start(&scene.instance, NULL);
        start_request(&scene);
        process_signal(&scene.instance.process, signals[i][0]);
        instance_wait_refusing(&scene.instance);
        process_signal(&scene.instance.process, signals[i][1]);
        /* An end by the stop itself has the status 0. */
        assert_int_equal(
            process_wait(&scene.instance.process, INSTANCE_PATIENCE),
            PROCESS_SIGNALLED + signals[i][1]);
        connection_close(&scene.request);
        instance_release(&scene.instance);
    }
}

static void other_signals_do_not_end_it(void **state)
{
    static const int signals[] = {SIGPIPE, SIGUSR1, SIGUSR2, SIGXFSZ};
    struct instance instance;

    (void)state;
    instance_start(&instance, NULL);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        process_signal(&instance.process, signals[i]);
        EXCHANGE(&instance, .target = "/health", .status = 200);
    }
    instance_stop(&instance);
}

/*
 * The signal is blocked across execve(2), so that it is waiting from before the
 * service runs to where it would wait for one.
 */
static void signal_at_the_start_stops_it_when_it_is_ready(void **state)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};

    (void)state;
    if (tls_client_is_wanted()) /* the service is started without */
        skip();
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        const char *const arguments[] = {process_setting("LUNAR_SERVICE"),
                                         "-port=0", NULL};
        struct instance instance = {0};
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, signals[i]);
        pthread_sigmask(SIG_BLOCK, &set, NULL);
        process_start(&instance.process, arguments, NULL);
        process_signal(&instance.process, signals[i]);
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
        instance_wait_ready(&instance);
        instance_expect_end(&instance, 0);
    }
}

/* Return whether unshare(1) may make namespaces with these options. */
static bool may_unshare(const char *options)
{
    const char *const arguments[] = {"/bin/sh", "-c", "exec unshare $0 true",
                                     options, NULL};
    struct process process;

    process_start(&process, arguments, NULL);
    bool allowed = process_wait(&process, INSTANCE_PATIENCE) == 0;
    process_release(&process);
    return allowed;
}

/* Return the only child of a process. */
static pid_t child_of(pid_t parent)
{
    char path[64], line[32] = "";

    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent,
             (int)parent);
    FILE *file = fopen(path, "re");
    if (file == NULL || fgets(line, sizeof(line), file) == NULL)
        abort();
    fclose(file);
    return (pid_t)strtol(line, NULL, 10);
}

/*
 * The service as process 1, as in a container: the kernel drops signals that
 * would have the default action.
 */
static void second_signal_ends_process_1_at_once(void **state)
{
    const char *const arguments[] = {
        "/bin/sh", "-c", "exec unshare -rpf --kill-child \"$0\" -port=0",
        process_setting("LUNAR_SERVICE"), NULL};
    struct scene scene = {0};

    (void)state;
    if (tls_client_is_wanted() || !may_unshare("-rpf"))
        skip();
    process_start(&scene.instance.process, arguments, NULL);
    instance_wait_ready(&scene.instance);
    start_request(&scene);
    pid_t service = child_of(scene.instance.process.pid);
    assert_int_equal(kill(service, SIGTERM), 0);
    instance_wait_refusing(&scene.instance);
    assert_int_equal(kill(service, SIGTERM), 0);
    assert_int_equal(process_wait(&scene.instance.process, INSTANCE_PATIENCE),
                     128 + SIGTERM);
    connection_close(&scene.request);
    instance_release(&scene.instance);
}

/* Wait until somebody opens the pipe to read. Return the other end. */
static int open_pipe(const char *path)
{
    int64_t deadline = process_clock() + INSTANCE_PATIENCE;
    int end = -1;

    while (end < 0 && process_clock() < deadline) {
        process_wait_until(process_clock() + 1);
        end = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    }
    return end;
}

/*
 * Looking up a name takes DNS up to half a minute. Here it waits for a line of
 * /etc/hosts, which is a pipe.
 */
static void signal_ends_it_while_it_looks_up_a_name(void **state)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    char path[] = "/tmp/test_stop.XXXXXX";
    static const char command[] =
        "exec unshare -rm sh -c 'mount --bind \"$1\" /etc/hosts && "
        "exec \"$0\" -port=0 -host=lunar.test' \"$0\" \"$1\"";
    const char *const arguments[] = {
        "/bin/sh", "-c", command, process_setting("LUNAR_SERVICE"), path, NULL};

    (void)state;
    if (!may_unshare("-rm"))
        skip();
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        struct process process;

        process_start(&process, arguments, NULL);
        int end = open_pipe(path);
        process_signal(&process, signals[i]);
        assert_int_equal(process_wait(&process, INSTANCE_PATIENCE),
                         PROCESS_SIGNALLED + signals[i]);
        close(end);
        process_release(&process);
    }
    unlink(path);
}

static void hangup_stays_ignored_under_nohup(void **state)
{
    const char *const arguments[] = {"/bin/sh", "-c",
                                     "exec nohup \"$0\" -port=0",
                                     process_setting("LUNAR_SERVICE"), NULL};
    struct instance instance = {0};

    (void)state;
    if (tls_client_is_wanted()) /* the service is started without */
        skip();
    process_start(&instance.process, arguments, NULL);
    instance_wait_ready(&instance);
    process_signal(&instance.process, SIGHUP);
    EXCHANGE(&instance, .target = "/health", .status = 200);
    assert_int_equal(process_wait(&instance.process, IDLE_MS), PROCESS_LATE);
    instance_stop(&instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_in_flight_are_finished_and_idlers_closed),
        cmocka_unit_test(stuck_clients_are_cut_off_after_the_time_limit),
        cmocka_unit_test(every_stop_signal_lets_requests_finish_and_is_logged),
        cmocka_unit_test(second_signal_ends_at_once),
        cmocka_unit_test(second_signal_ends_process_1_at_once),
        cmocka_unit_test(other_signals_do_not_end_it),
        cmocka_unit_test(signal_at_the_start_stops_it_when_it_is_ready),
        cmocka_unit_test(signal_ends_it_while_it_looks_up_a_name),
        cmocka_unit_test(hangup_stays_ignored_under_nohup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
