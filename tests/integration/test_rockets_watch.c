/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `rockets watch` without a terminal: what it asks a service for, the lines
 * that it prints, how it connects again, and how it ends. Against a server that
 * the test plays itself, and against the real service while `rockets launch`
 * sends to it.
 */
#include "event_server.h"
#include "lib/harness.h"
#include "rockets_run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PLAIN "/events?events=launched,exploded,summary"

/* End the view, the stream that it reads, and the service. */
static void end_watch(struct event_server *server, struct process *watch,
                      int stream)
{
    process_signal(watch, SIGTERM);
    rockets_expect(watch, 0, "", "");
    close(stream);
    event_server_stop(server);
}

/* Expect a line, without its time, which has 29 characters. */
static void expect_line(struct process *watch, const char *expected)
{
    char line[1024];

    assert_true(process_line(watch, line, sizeof(line), PROCESS_PATIENCE));
    assert_true(strlen(line) > 30 && line[29] == '\t');
    assert_string_equal(line + 30, expected);
}

static void events_become_lines(void **state)
{
    struct event_server server;
    struct process watch;
    char head[EVENT_SERVER_HEAD];

    (void)state;
    event_server_start(&server, "/prefix/messages");
    rockets_start(&watch, FLAGS("watch", server.url));
    int client = event_server_expect(&server, "GET /prefix" PLAIN, head);
    rockets_expect_part(head, "\r\nAccept: text/event-stream\r\n");
    assert_null(strstr(head, "Last-Event-ID"));
    event_server_send(client, EVENT_SERVER_STREAM HELLO("S", "7"));
    expect_line(&watch, "hello\tstart=S\trevision=7");
    event_server_send(client, LAUNCHED("a\\u001b[2J") ": \n\nevent: expl");
    expect_line(&watch, "launched\ta\\u001b[2J\tFalcon-9\tARTEMIS\t500\t-");
    event_server_send(client, "oded\ndata: {\"rockets\":[],\ndata: "
                              "\"more\":3}\n\n");
    expect_line(&watch, "more\texploded=3");
    process_signal(&watch, SIGINT);
    rockets_expect(&watch, 0, "", "");
    close(client);
    event_server_stop(&server);
}

static void flags_are_passed_on(void **state)
{
    struct event_server server;
    struct process watch;
    char head[EVENT_SERVER_HEAD];

    (void)state;
    event_server_start(&server, "/");
    rockets_start(&watch,
                  FLAGS("watch", server.url, "--events=exploded,rockets",
                        "--id=a/b", "--id=c", "--interval=1.5s"));
    int client = event_server_expect(
        &server,
        "GET /events?events=exploded,rockets&interval=1500&id=a%2Fb"
        "&id=c",
        head);
    event_server_send(client, EVENT_SERVER_STREAM HELLO("S", "7"));
    event_server_send(client,
                      "event: rockets\ndata: [" ROCKET("c", "-5", "8") "]\n\n");
    expect_line(&watch, "hello\tstart=S\trevision=7");
    expect_line(&watch, "rocket\tc\tFalcon-9\tARTEMIS\t-5\t-");
    end_watch(&server, &watch, client);
}

/*
 * Each time from the last event with an id, after `retry:`; the id of an event
 * that did not arrive as a whole does not count.
 */
static void a_lost_connection_goes_on_from_the_last_id(void **state)
{
    struct event_server server;
    struct process watch;
    char head[EVENT_SERVER_HEAD];

    (void)state;
    event_server_start(&server, "/messages");
    rockets_start(&watch, FLAGS("watch", server.url));
    int client = event_server_expect(&server, "GET " PLAIN, head);
    event_server_send(client, EVENT_SERVER_STREAM HELLO("S", "7")
                                  LAUNCHED("a") "id: S-9\nevent: launched\n");
    close(client);
    client = event_server_expect(&server, "GET " PLAIN, head);
    rockets_expect_part(head, "\r\nLast-Event-ID: S-7\r\n");
    process_wait_error(&watch, ": the service has ended the stream; connecting "
                               "again.\n");
    event_server_send(
        client, EVENT_SERVER_STREAM HELLO("S", "7") "id: S-9\n" LAUNCHED("b"));
    process_wait_error(&watch, ": connected again\n");
    close(client);
    client = event_server_accept(&server, head);
    rockets_expect_part(head, "\r\nLast-Event-ID: S-9\r\n");
    /* Another start, in another history. */
    event_server_send(
        client,
        EVENT_SERVER_STREAM HELLO(
            "T", "2") "event: reset\ndata: {\"start\":\"T\",\"revision\":2}"
                      "\n\n");
    close(client);
    client = event_server_accept(&server, head);
    rockets_expect_part(head, "\r\nLast-Event-ID: T-2\r\n");
    expect_line(&watch, "hello\tstart=S\trevision=7");
    expect_line(&watch, "launched\ta\tFalcon-9\tARTEMIS\t500\t-");
    expect_line(&watch, "hello\tstart=S\trevision=7");
    expect_line(&watch, "launched\tb\tFalcon-9\tARTEMIS\t500\t-");
    expect_line(&watch, "hello\tstart=T\trevision=2");
    expect_line(&watch, "reset\tstart=T\trevision=2");
    end_watch(&server, &watch, client);
}

static void a_busy_service_is_asked_again_when_it_says(void **state)
{
    struct event_server server;
    struct process watch;
    char head[EVENT_SERVER_HEAD];

    (void)state;
    event_server_start(&server, "/messages");
    rockets_start(&watch, FLAGS("watch", server.url, "--max-events=1"));
    int client = event_server_accept(&server, head);
    int64_t replied = process_clock();
    event_server_reply(client, "503 X", PROBLEM_JSON "Retry-After: 3\r\n",
                       "{\"detail\":\"too many readers\"}");
    process_wait_error(&watch, ": status 503, \"too many readers\"; connecting "
                               "again.\n");
    client = event_server_accept(&server, head);
    assert_true(process_clock() - replied >= 3000);
    event_server_send(client, EVENT_SERVER_STREAM HELLO("S", "7"));
    rockets_expect(&watch, 0, "\thello\tstart=S\trevision=7\n",
                   "connected again");
    close(client);
    event_server_stop(&server);
}

static void a_refusal_at_first_is_final(void **state)
{
    static const struct {
        const char *status, *fields, *body, *error;
    } ROWS[] = {
        {"404 X", PROBLEM_JSON, "{\"detail\":\"nothing at this path\"}",
         ": status 404, \"nothing at this path\". This service has no /events: "
         "is it an older version, or is the path wrong?\n"},
        {"400 X", PROBLEM_JSON, "{\"detail\":\"\\u001b[2J\"}",
         ": status 400, \"?[2J\"\n"},
        {"200 X", "Content-Type: text/html\r\n", "<h1>Hello</h1>",
         ": status 200, but no text/event-stream. Is this the URL of the "
         "service?\n"},
        {"301 X", "Location: https://x.example/\r\n", "",
         ": status 301, a redirect to https://x.example/\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct event_server server;
        struct process watch;
        char head[EVENT_SERVER_HEAD];

        event_server_start(&server, "/messages");
        rockets_start(&watch, FLAGS("watch", server.url));
        event_server_reply(event_server_accept(&server, head), ROWS[i].status,
                           ROWS[i].fields, ROWS[i].body);
        rockets_expect(&watch, 1, "", ROWS[i].error);
        event_server_stop(&server);
    }
}

/* After an event it was the right URL; a proxy may say 404 meanwhile. */
static void a_refusal_later_is_not(void **state)
{
    struct event_server server;
    struct process watch;
    char head[EVENT_SERVER_HEAD];

    (void)state;
    event_server_start(&server, "/messages");
    rockets_start(&watch, FLAGS("watch", server.url, "--max-events=2"));
    int client = event_server_accept(&server, head);
    event_server_send(client, EVENT_SERVER_STREAM HELLO("S", "7"));
    close(client);
    event_server_reply(event_server_accept(&server, head), "404 X", "", "");
    client = event_server_accept(&server, head);
    rockets_expect_part(head, "\r\nLast-Event-ID: S-7\r\n");
    event_server_send(client, EVENT_SERVER_STREAM HELLO("S", "8"));
    rockets_expect(&watch, 0, "\thello\tstart=S\trevision=8\n", "");
    close(client);
    event_server_stop(&server);
}

static void a_service_that_is_down_is_waited_for(void **state)
{
    struct process watch;
    struct instance instance;
    uint16_t port = 0;
    char url[64], flag[32];

    (void)state;
    int reserved = instance_reserve_port(&port);
    rockets_url(url, port, "/messages");
    rockets_start(&watch, FLAGS("watch", url, "--max-events=1"));
    process_wait_error(&watch,
                       ": can't connect (Connection refused); connecting "
                       "again. Is the service running, and is this its port?");
    snprintf(flag, sizeof(flag), "-port=%u", port);
    instance_start(&instance, FLAGS(flag));
    rockets_expect(&watch, 0, "\thello\tstart=", "connected again");
    instance_stop(&instance);
    close(reserved);
}

/* Also while no event comes: the pipe says that nobody reads it. */
static void the_end_of_a_pipe_is_a_quiet_end(void **state)
{
    struct event_server server;
    struct process shell;
    char head[EVENT_SERVER_HEAD], command[512];

    (void)state;
    event_server_start(&server, "/messages");
    snprintf(command, sizeof(command),
             "set -o pipefail; '%s' watch %s --plain | head -n 2; echo $?",
             process_setting("LUNAR_ROCKETS"), server.url);
    process_start(&shell, FLAGS("/bin/bash", "-c", command), NULL);
    int client = event_server_accept(&server, head);
    event_server_send(client,
                      EVENT_SERVER_STREAM HELLO("S", "7") LAUNCHED("a"));
    char *errors = NULL;
    char *output = process_finish(&shell, 0, &errors);
    rockets_expect_part(output, "\t500\t-\n0\n");
    assert_string_equal(errors, "");
    free(output);
    free(errors);
    close(client);
    event_server_stop(&server);
}

static void a_full_disk_is_reported(void **state)
{
    struct event_server server;
    struct process shell;
    char head[EVENT_SERVER_HEAD], command[512];

    (void)state;
    event_server_start(&server, "/messages");
    snprintf(command, sizeof(command), "exec '%s' watch %s >/dev/full",
             process_setting("LUNAR_ROCKETS"), server.url);
    process_start(&shell, FLAGS("/bin/sh", "-c", command), NULL);
    int client = event_server_accept(&server, head);
    event_server_send(client, EVENT_SERVER_STREAM HELLO("S", "7"));
    rockets_expect(&shell, 1, "",
                   "rockets: can't write the output: No space left on device");
    close(client);
    event_server_stop(&server);
}

/*
 * Start it with `flag`, and send more lines than the pipe to this test takes,
 * which does not read it. Returns the stream.
 */
static int start_stuck(struct event_server *server, struct process *watch,
                       const char *flag)
{
    char head[EVENT_SERVER_HEAD];

    event_server_start(server, "/messages");
    rockets_start(watch, FLAGS("watch", server->url, flag));
    int client = event_server_accept(server, head);
    const int capacity = fcntl(watch->out, F_GETPIPE_SZ);

    event_server_send(client, EVENT_SERVER_STREAM HELLO("S", "7"));
    /* A line has more than 64 bytes. */
    for (int i = 0; i < capacity / 64 + 64; i++)
        event_server_send(client, LAUNCHED("aaaaaaaaaaaaaaaa"));
    return client;
}

/* Expect that it ends by itself, with its output unread. */
static void expect_stuck_end(struct event_server *server, struct process *watch,
                             int client)
{
    assert_int_equal(process_wait(watch, PROCESS_PATIENCE), 0);
    process_release(watch);
    close(client);
    event_server_stop(server);
}

/*
 * Whether a write to the pipe would wait. It may have few bytes then: it is
 * full when each of its pages has some.
 */
static bool is_full(int pipe)
{
    struct pollfd polled = {.events = POLLOUT};
    char path[64];
    bool full;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", pipe);
    polled.fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(polled.fd >= 0);
    full = poll(&polled, 1, 0) == 0;
    close(polled.fd);
    return full;
}

static void a_signal_ends_it_while_its_output_is_stuck(void **state)
{
    const int64_t deadline = process_clock() + PROCESS_PATIENCE;
    struct event_server server;
    struct process watch;

    (void)state;
    int client = start_stuck(&server, &watch, NULL);
    while (!is_full(watch.out)) {
        assert_true(process_clock() < deadline);
        process_wait_until(process_clock() + 1);
    }
    process_signal(&watch, SIGTERM);
    expect_stuck_end(&server, &watch, client);
}

static void it_ends_after_its_time(void **state)
{
    struct event_server server;
    struct process watch;

    (void)state;
    event_server_start(&server, "/messages");
    rockets_start(&watch, FLAGS("watch", server.url, "--max-time=100ms"));
    rockets_expect(&watch, 0, "", ""); /* which has no response so far */
    event_server_stop(&server);
}

static void it_ends_after_its_time_while_its_output_is_stuck(void **state)
{
    struct event_server server;
    struct process watch;

    (void)state;
    int client = start_stuck(&server, &watch, "--max-time=4s");
    expect_stuck_end(&server, &watch, client);
}

/* The real service. */

static void launch(const char *url, const char *messages, const char *seed)
{
    struct process rockets;

    rockets_start(&rockets, FLAGS("launch", url, messages, seed, "--shuffle=50",
                                  "--duplicates=0.1"));
    rockets_expect(&rockets, 0, "delivered   ", "");
}

/* How many rockets the list has with this parameter. */
static size_t count_rockets(const struct instance *instance, const char *target)
{
    struct response response;

    instance_get(instance, target, &response);
    assert_int_equal(response.status, 200);
    size_t count =
        strtoul(response_header(&response, "X-Total-Count"), NULL, 10);
    response_release(&response);
    return count;
}

/* Read lines until there were so many of an event; each of another rocket. */
static void expect_lines(struct process *watch, const char *event, size_t count)
{
    char(*ids)[64] = calloc(count + 1, sizeof(*ids));
    size_t found = 0;
    char line[1024];

    assert_non_null(ids);
    while (found < count) {
        char name[16], id[64];

        assert_true(process_line(watch, line, sizeof(line), PROCESS_PATIENCE));
        if (sscanf(line, "%*s %15s %63s", name, id) != 2 ||
            strcmp(name, event) != 0)
            continue;
        for (size_t i = 0; i < found; i++)
            assert_string_not_equal(ids[i], id);
        memcpy(ids[found++], id, sizeof(id));
    }
    free(ids);
}

static void each_launch_and_explosion_is_a_line(void **state)
{
    struct instance instance;
    struct process watch[2];
    char url[64];

    (void)state;
    instance_start(&instance, NULL);
    rockets_url(url, instance.port, "/messages");
    rockets_start(&watch[0], FLAGS("watch", url, "--events=launched"));
    rockets_start(&watch[1], FLAGS("watch", url, "--events=exploded"));
    for (int i = 0; i < 2; i++)
        expect_lines(&watch[i], "hello", 1);
    launch(url, "--max-messages=3000", "--seed=1");
    launch(url, "--max-messages=3000", "--seed=2");
    expect_lines(&watch[0], "launched",
                 count_rockets(&instance, "/rockets?limit=1"));
    expect_lines(&watch[1], "exploded",
                 count_rockets(&instance, "/rockets?limit=1&status=exploded"));
    for (int i = 0; i < 2; i++) {
        char *errors = NULL;

        process_signal(&watch[i], SIGTERM);
        char *output = process_finish(&watch[i], 0, &errors);
        assert_null(strstr(output, "\tlaunched\t"));
        assert_null(strstr(output, "\texploded\t"));
        free(output);
        free(errors);
    }
    instance_stop(&instance);
}

/* The last one has all messages. */
static void summaries_count_the_messages(void **state)
{
    struct instance instance;
    struct process watch;
    char url[64], line[1024] = "";

    (void)state;
    instance_start(&instance, NULL);
    rockets_url(url, instance.port, "/messages");
    rockets_start(&watch, FLAGS("watch", url, "--events=summary"));
    expect_lines(&watch, "hello", 1);
    launch(url, "--max-messages=3000", "--seed=1");
    while (strstr(line, "\tapplied=3000\t") == NULL)
        assert_true(process_line(&watch, line, sizeof(line), PROCESS_PATIENCE));
    rockets_expect_part(line, "\tsummary\trockets=20\tactive=");
    rockets_expect_part(line, "\tmissing=0\tgivenUp=0\t");
    rockets_expect_part(line, "\trejected=0\trate=");
    process_signal(&watch, SIGINT);
    rockets_expect(&watch, 0, "", "");
    instance_stop(&instance);
}

/* In memory: what follows is another history, and is told as such. */
static void a_restart_is_a_reset(void **state)
{
    struct instance instance;
    struct process watch;
    uint16_t port = 0;
    char url[64], flag[32], line[1024];

    (void)state;
    int reserved = instance_reserve_port(&port);
    rockets_url(url, port, "/messages");
    snprintf(flag, sizeof(flag), "-port=%u", port);
    instance_start(&instance, FLAGS(flag));
    rockets_start(&watch, FLAGS("watch", url, "--events=launched"));
    expect_lines(&watch, "hello", 1);
    launch(url, "--max-messages=500", "--seed=1");
    expect_lines(&watch, "launched", 20);
    instance_stop(&instance);
    process_wait_error(&watch, "connecting again");
    instance_start(&instance, FLAGS(flag));
    process_wait_error(&watch, "connected again");
    expect_lines(&watch, "hello", 1);
    assert_true(process_line(&watch, line, sizeof(line), PROCESS_PATIENCE));
    rockets_expect_part(line, "\treset\tstart=");
    launch(url, "--max-messages=500", "--seed=2");
    expect_lines(&watch, "launched", 20);
    process_signal(&watch, SIGINT);
    rockets_expect(&watch, 0, "", "");
    instance_stop(&instance);
    close(reserved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_become_lines),
        cmocka_unit_test(flags_are_passed_on),
        cmocka_unit_test(a_lost_connection_goes_on_from_the_last_id),
        cmocka_unit_test(a_busy_service_is_asked_again_when_it_says),
        cmocka_unit_test(a_refusal_at_first_is_final),
        cmocka_unit_test(a_refusal_later_is_not),
        cmocka_unit_test(a_service_that_is_down_is_waited_for),
        cmocka_unit_test(the_end_of_a_pipe_is_a_quiet_end),
        cmocka_unit_test(a_full_disk_is_reported),
        cmocka_unit_test(a_signal_ends_it_while_its_output_is_stuck),
        cmocka_unit_test(it_ends_after_its_time),
        cmocka_unit_test(it_ends_after_its_time_while_its_output_is_stuck),
        cmocka_unit_test(each_launch_and_explosion_is_a_line),
        cmocka_unit_test(summaries_count_the_messages),
        cmocka_unit_test(a_restart_is_a_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
