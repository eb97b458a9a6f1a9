/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `rockets watch` on a terminal: what it shows, and that the terminal is given
 * back however it ends. The service is played by the test; the last test has
 * the real one.
 */
#include "event_server.h"
#include "lib/harness.h"
#include "pty_run.h"
#include "rockets_run.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SCREEN "/events?events=rockets,launched,exploded,summary"

/* What the view writes when it takes the terminal and when it gives it back. */
#define ENTER "\033[?1049h\033[?25l\033[?7l"
#define LEAVE "\033[0m\033[?7h\033[?25h\033[?1049l"

/* The view on a terminal, and what it talks to. */
struct scene {
    struct event_server server;
    struct pty_run run;
    int stream;                   /* a connection */
    char head[EVENT_SERVER_HEAD]; /* of the last request */
};

static void start_screen(struct pty_run *run, const struct event_server *server)
{
    pty_run_start(run,
                  FLAGS(process_setting("LUNAR_ROCKETS"), "watch", server->url),
                  "NO_COLOR=1", 80, 24);
}

/* Start it; send the list of its rows, a and b, then their stream. */
static void open_scene(struct scene *scene)
{
    event_server_start(&scene->server, "/messages");
    start_screen(&scene->run, &scene->server);
    int list = event_server_expect(
        &scene->server, "GET /rockets?sort=speed&order=desc&limit=14",
        scene->head);
    event_server_reply(list, "200 OK", JSON "ETag: W/\"S-7\"\r\n",
                       "[" ROCKET("b", "9", "6") "," ROCKET("a", "8", "7") "]");
    scene->stream = event_server_expect(
        &scene->server, "GET " SCREEN "&id=a&id=b", scene->head);
    rockets_expect_part(scene->head, "\r\nLast-Event-ID: S-7\r\n");
    event_server_send(scene->stream, EVENT_SERVER_STREAM HELLO("S", "7"));
    pty_run_wait(&scene->run, "live");
    assert_false(pty_run_is_restored(&scene->run));
}

/* What was written last gives the terminal back. */
static void expect_left(const struct pty_run *run)
{
    const size_t length = strlen(LEAVE);

    assert_true(run->length > length);
    assert_string_equal(run->output + run->length - length, LEAVE);
    assert_true(pty_run_is_restored(run));
}

/* Expect that it ends well, by what the caller has done. */
static void close_scene(struct scene *scene)
{
    pty_run_expect_end(&scene->run, 0);
    expect_left(&scene->run);
    pty_run_release(&scene->run);
    close(scene->stream);
    event_server_stop(&scene->server);
}

static void the_screen_shows_the_rows_and_what_happens(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene);
    assert_ptr_equal(strstr(scene.run.output, ENTER), scene.run.output);
    /* A row is live; a state that is older is not shown. */
    event_server_send(
        scene.stream,
        "event: rockets\ndata: [" ROCKET(
            "a", "1234567", "9") "]\n\n"
                                 "event: rockets\ndata: [" ROCKET(
                                     "a", "555", "8") "," ROCKET("b", "666",
                                                                 "10") "]\n\n");
    pty_run_wait(&scene.run, " 666 active");
    pty_run_wait(&scene.run, " 1,234,567 active");
    assert_null(strstr(scene.run.output, " 555 "));
    /* After a launch the rows are read again. The stream follows them. */
    event_server_send(scene.stream,
                      "id: S-11\n" LAUNCHED("\\u001b]0;c\\u0007"));
    pty_run_wait(&scene.run, "launched ?]0;c?  Falcon-9  ARTEMIS");
    int list = event_server_expect(
        &scene.server, "GET /rockets?sort=speed&order=desc&limit=14",
        scene.head);
    event_server_reply(
        list, "200 OK", JSON,
        "[" ROCKET("c", "7", "11") "," ROCKET("a", "5", "5") "]");
    int next = event_server_expect(&scene.server, "GET " SCREEN "&id=a&id=c",
                                   scene.head);
    rockets_expect_part(scene.head, "\r\nLast-Event-ID: S-11\r\n");
    close(scene.stream);
    scene.stream = next;
    event_server_send(scene.stream, EVENT_SERVER_STREAM HELLO("S", "11"));
    /* A smaller screen has fewer rows. */
    pty_run_resize(&scene.run, 40, 10);
    list = event_server_expect(&scene.server,
                               "GET /rockets?sort=speed&order=desc&limit=3",
                               scene.head);
    event_server_reply(list, "200 OK", JSON, "[]");
    pty_run_wait(&scene.run, "no rockets yet");
    pty_run_type(&scene.run, "q");
    close_scene(&scene);
}

static void every_end_gives_the_terminal_back(void **state)
{
    static const int SIGNALS[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, 0};

    (void)state;
    for (size_t i = 0; i < sizeof(SIGNALS) / sizeof(SIGNALS[0]); i++) {
        struct scene scene;

        open_scene(&scene);
        if (SIGNALS[i] != 0)
            pty_run_signal(&scene.run, SIGNALS[i]);
        else
            pty_run_type(&scene.run, "\003"); /* Ctrl-C */
        close_scene(&scene);
    }
}

static void a_refusal_gives_the_terminal_back(void **state)
{
    struct event_server server;
    struct pty_run run;
    char head[EVENT_SERVER_HEAD];

    (void)state;
    event_server_start(&server, "/messages");
    start_screen(&run, &server);
    event_server_reply(event_server_accept(&server, head), "200 OK", JSON,
                       "[]");
    /* Without rows the event "rockets" would be of all rockets. */
    int client = event_server_expect(
        &server, "GET /events?events=launched,exploded,summary", head);
    event_server_reply(client, "404 X", "", "");
    pty_run_expect_end(&run, 1);
    assert_true(pty_run_is_restored(&run));
    const char *left = strstr(run.output, LEAVE);
    assert_non_null(left);
    rockets_expect_part(left, ": status 404. This service has no /events");
    pty_run_release(&run);
    event_server_stop(&server);
}

static void a_stopped_job_gives_the_terminal_back_meanwhile(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene);
    scene.run.length = 0;
    pty_run_type(&scene.run, "\032"); /* Ctrl-Z */
    pty_run_expect_stopped(&scene.run);
    pty_run_wait(&scene.run, LEAVE);
    assert_true(pty_run_is_restored(&scene.run));
    scene.run.length = 0;
    pty_run_continue(&scene.run);
    pty_run_wait(&scene.run, ENTER);
    pty_run_wait(&scene.run, "live");
    assert_false(pty_run_is_restored(&scene.run));
    pty_run_signal(&scene.run, SIGINT);
    close_scene(&scene);
}

/* The view is not told of a SIGSTOP, after which a shell sets its own modes. */
static void a_paused_job_takes_the_terminal_again(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene);
    pty_run_signal(&scene.run, SIGSTOP);
    pty_run_expect_stopped(&scene.run);
    assert_int_equal(tcsetattr(scene.run.terminal, TCSANOW, &scene.run.before),
                     0);
    assert_true(pty_run_is_restored(&scene.run));
    scene.run.length = 0;
    pty_run_continue(&scene.run);
    pty_run_wait(&scene.run, ENTER);
    pty_run_wait(&scene.run, "live");
    assert_false(pty_run_is_restored(&scene.run));
    pty_run_type(&scene.run, "q");
    close_scene(&scene);
}

static void a_service_that_is_down_gets_advice(void **state)
{
    struct event_server server;
    struct pty_run run;

    (void)state;
    event_server_start(&server, "/messages");
    event_server_stop(&server);
    start_screen(&run, &server);
    pty_run_wait(&run, "reconnecting in 2 s: can't connect");
    pty_run_wait(&run, "\r\nIs the service running, and is this its port?");
    assert_null(strstr(run.output, "no rockets yet"));
    pty_run_type(&run, "q");
    pty_run_expect_end(&run, 0);
    expect_left(&run);
    pty_run_release(&run);
}

static void a_lost_connection_is_on_the_screen(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene);
    close(scene.stream);
    scene.stream = event_server_expect(&scene.server,
                                       "GET " SCREEN "&id=a&id=b", scene.head);
    rockets_expect_part(scene.head, "\r\nLast-Event-ID: S-7\r\n");
    event_server_reply(scene.stream, "503 X", PROBLEM_JSON "Retry-After: 2\r\n",
                       "{\"detail\":\"is being stopped\"}");
    pty_run_wait(&scene.run, " s: status 503, \"is being");
    scene.stream = event_server_accept(&scene.server, scene.head);
    scene.run.length = 0;
    /* Before a reset, hello has no id: the position is that of the list. */
    event_server_send(
        scene.stream, EVENT_SERVER_STREAM
        "event: hello\ndata: {\"start\":\"T\",\"revision\":1}\n\n"
        "event: reset\ndata: {\"start\":\"T\",\"revision\":1}\n\n");
    pty_run_wait(&scene.run, "live");
    pty_run_wait(&scene.run, "notice   the service has started anew");
    /* The reset is the same news. */
    assert_null(strstr(scene.run.output, "changes were missed"));
    int list = event_server_accept(&scene.server, scene.head);
    event_server_reply(list, "200 OK", JSON "ETag: W/\"T-3\"\r\n",
                       "[" ROCKET("z", "1", "1") "]");
    int next =
        event_server_expect(&scene.server, "GET " SCREEN "&id=z", scene.head);
    rockets_expect_part(scene.head, "\r\nLast-Event-ID: T-3\r\n");
    close(next);
    pty_run_signal(&scene.run, SIGTERM);
    close_scene(&scene);
}

/*
 * The list may come from another instance than the events. The stream goes on
 * where both have all changes: from the earlier one of the two.
 */
static void new_rows_are_followed_from_the_earlier_position(void **state)
{
    static const struct {
        const char *tag, *position;
    } ROWS[] = {
        {"ETag: W/\"S-9\"\r\n", "\r\nLast-Event-ID: S-9\r\n"},
        {"ETag: W/\"S-20\"\r\n", "\r\nLast-Event-ID: S-11\r\n"},
        {"ETag: W/\"T-9\"\r\n", "\r\nLast-Event-ID: S-11\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct scene scene;
        char fields[128];

        open_scene(&scene);
        event_server_send(scene.stream, "id: S-11\n" LAUNCHED("c"));
        int list = event_server_expect(
            &scene.server, "GET /rockets?sort=speed&order=desc&limit=14",
            scene.head);
        snprintf(fields, sizeof(fields), JSON "%s", ROWS[i].tag);
        event_server_reply(list, "200 OK", fields,
                           "[" ROCKET("c", "7", "8") "]");
        int next = event_server_expect(&scene.server, "GET " SCREEN "&id=c",
                                       scene.head);
        rockets_expect_part(scene.head, ROWS[i].position);
        close(next);
        close(scene.stream);
        pty_run_signal(&scene.run, SIGTERM);
        close_scene(&scene);
    }
}

/* The rows are those rockets, in this order, known or not. */
static void ids_are_the_rows_of_the_screen(void **state)
{
    struct event_server server;
    struct pty_run run;
    char head[EVENT_SERVER_HEAD];

    (void)state;
    event_server_start(&server, "/messages");
    pty_run_start(&run,
                  FLAGS(process_setting("LUNAR_ROCKETS"), "watch", server.url,
                        "--id=b", "--id=a"),
                  "NO_COLOR=1", 80, 24);
    int client = event_server_expect(&server, "GET " SCREEN "&id=b&id=a", head);
    event_server_send(client, EVENT_SERVER_STREAM HELLO("S", "7"));
    int read = event_server_expect(&server, "GET /rockets/b", head);
    event_server_reply(read, "404 X", PROBLEM_JSON, "{}");
    read = event_server_expect(&server, "GET /rockets/a", head);
    event_server_reply(read, "200 OK", JSON, ROCKET("a", "77", "7"));
    pty_run_wait(&run, " 77 active");
    pty_run_wait(&run, "\r\nb  - ");
    event_server_send(client,
                      "event: rockets\ndata: [" ROCKET("b", "88", "8") "]\n\n");
    pty_run_wait(&run, " 88 active");
    pty_run_signal(&run, SIGTERM);
    pty_run_expect_end(&run, 0);
    pty_run_release(&run);
    close(client);
    event_server_stop(&server);
}

static void the_screen_shows_the_real_fleet(void **state)
{
    struct instance instance;
    struct pty_run run;
    struct process launch;
    struct response response;
    char url[64], row[64];

    (void)state;
    instance_start(&instance, NULL);
    rockets_url(url, instance.port, "/messages");
    pty_run_start(&run, FLAGS(process_setting("LUNAR_ROCKETS"), "watch", url),
                  "NO_COLOR=1", 100, 30);
    pty_run_wait(&run, "no rockets yet");
    pty_run_wait(&run, "live");
    rockets_start(&launch, FLAGS("launch", url, "--max-messages=2000"));
    rockets_expect(&launch, 0, "delivered   ", "");
    instance_get(&instance, "/rockets?sort=speed&order=desc&limit=1",
                 &response);
    snprintf(row, sizeof(row), "\r\n%.36s ",
             strstr(response.body, "\"id\":\"") + 6);
    response_release(&response);
    pty_run_wait(&run, row);
    pty_run_wait(&run, "20 rockets");
    pty_run_wait(&run, " messages/s  duplicates ");
    pty_run_signal(&run, SIGINT);
    pty_run_expect_end(&run, 0);
    expect_left(&run);
    pty_run_release(&run);
    instance_stop(&instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_screen_shows_the_rows_and_what_happens),
        cmocka_unit_test(every_end_gives_the_terminal_back),
        cmocka_unit_test(a_refusal_gives_the_terminal_back),
        cmocka_unit_test(a_stopped_job_gives_the_terminal_back_meanwhile),
        cmocka_unit_test(a_paused_job_takes_the_terminal_again),
        cmocka_unit_test(a_service_that_is_down_gets_advice),
        cmocka_unit_test(a_lost_connection_is_on_the_screen),
        cmocka_unit_test(new_rows_are_followed_from_the_earlier_position),
        cmocka_unit_test(ids_are_the_rows_of_the_screen),
        cmocka_unit_test(the_screen_shows_the_real_fleet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
