/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the test program `rockets` makes of the replies that it gets, from a
 * server that gives each request the next reply of a script: refusals of all
 * messages, outages, reads of --verify that fail.
 */
#include "lib/count_parts.h"
#include "lib/harness.h"
#include "rockets_run.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLY(status, fields, body)                                            \
    "HTTP/1.1 " status " X\r\nConnection: close\r\n" fields "\r\n" body
#define PROBLEM(status, detail)                                                \
    REPLY(status, "Content-Type: application/problem+json\r\n",                \
          "{\"detail\":\"" detail "\"}")

/* Replies of a script. The last one before NULL is repeated. */
#define ACCEPTED REPLY("202", "Content-Length: 0\r\n", "")
#define UNAVAILABLE PROBLEM("503", "the memory limit is reached")
#define TOO_MANY REPLY("429", "Content-Length: 0\r\n", "")
#define AT(position)                                                           \
    REPLY("202", "Content-Length: 0\r\nlunar-position: " position "\r\n", "")
#define NOT_FOUND PROBLEM("404", "no rocket has this id")
#define CLOSE ""   /* close the connection without a reply */
#define HOLD "..." /* reply nothing, and wait for the end */

/* The rocket of the first message of the default seed. */
#define ROCKET                                                                 \
    REPLY("200", "Content-Type: application/json\r\n",                         \
          "{\"id\":\"c715a232-e553-5143-86fd-2d5ec3b23ff4\","                  \
          "\"type\":\"Atlas-H\",\"speed\":1500,\"mission\":\"APOLLO\","        \
          "\"status\":\"active\",\"reason\":null,"                             \
          "\"createdAt\":\"2025-04-02T09:21:50.400819593+02:00\","             \
          "\"updatedAt\":\"2025-04-02T09:21:50.400819593+02:00\","             \
          "\"lastMessageNumber\":1,\"missingMessages\":0,\"revision\":1}")

enum { MAX_REPLIES = 24, MAX_REQUEST = 4096, MAX_AFTER = 32 };

struct server {
    int listener;
    char url[64];
    const char *const *replies;
    atomic_size_t requests; /* that it has read */
    /* Lunar-After of each request, "" if it has none. Of the thread. */
    char after[MAX_REPLIES][MAX_AFTER];
    pthread_t thread;
};

static void note_after(struct server *server, const char *request)
{
    static const char NAME[] = "\r\nLunar-After: ";
    const size_t index = atomic_load(&server->requests);
    const char *field = strstr(request, NAME);

    if (index < MAX_REPLIES && field != NULL)
        snprintf(server->after[index], MAX_AFTER, "%.*s",
                 (int)strcspn(field + sizeof(NAME) - 1, "\r"),
                 field + sizeof(NAME) - 1);
}

/* Read a head and, by its Content-Length, a body. False if there is none. */
static bool read_request(struct server *server, int client)
{
    char request[MAX_REQUEST] = "";
    size_t length = 0;

    for (;;) {
        const char *end = strstr(request, "\r\n\r\n");
        const char *field = strstr(request, "Content-Length: ");
        size_t body = field != NULL ? strtoul(field + 16, NULL, 10) : 0;
        ssize_t got;

        if (end != NULL && length >= (size_t)(end + 4 - request) + body) {
            note_after(server, request);
            return true;
        }
        got = recv(client, request + length, sizeof(request) - 1 - length, 0);
        if (got <= 0)
            return false;
        length += (size_t)got;
        request[length] = '\0';
    }
}

static void reply_to(struct server *server, int client)
{
    const char *reply = *server->replies;
    char end;

    if (!read_request(server, client))
        return;
    atomic_fetch_add(&server->requests, 1);
    if (server->replies[1] != NULL)
        server->replies++;
    if (strcmp(reply, HOLD) == 0)
        (void)recv(client, &end, 1, 0);
    else
        (void)send(client, reply, strlen(reply), MSG_NOSIGNAL);
}

/* One connection at a time, until the listener is shut down. */
static void *serve(void *context)
{
    struct server *server = context;
    int client;

    while ((client = accept(server->listener, NULL, NULL)) >= 0) {
        reply_to(server, client);
        close(client);
    }
    return NULL;
}

static void server_start(struct server *server, const char *path,
                         const char *const replies[])
{
    *server = (struct server){.replies = replies};
    server->listener = rockets_listen(server->url, path);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_stop(struct server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
}

/* Of 100,000 messages, it sends no more than the workers have begun to send. */
static void refusals_of_the_first_messages_stop_it(void **state)
{
    static const struct {
        const char *reply, *cause, *advice;
    } ROWS[] = {
        {PROBLEM("404", "there is nothing at this path"),
         ": status 404, \"there is nothing at this path\"\n", "/messages"},
        {PROBLEM("405", "this path takes GET"),
         ": status 405, \"this path takes GET\"\n", "/messages"},
        {PROBLEM("421", "not a name of this service"),
         ": status 421, \"not a name of this service\"\n", "-allow-host=NAME"},
        {REPLY("401", "Content-Length: 0\r\n", ""), ": status 401\n",
         "give --token-file=FILE"},
        {REPLY("501", "Content-Type: text/html\r\n", "<h1>POST?</h1>"),
         ": status 501\n", "right URL?"},
        {REPLY("308", "Location: https://x.example/messages\r\n", ""),
         ": status 308, a redirect to https://x.example/messages\n",
         "not followed"},
    };
    static const char *const WORKERS[] = {"1", "3", "16"};

    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        const char *const replies[] = {ROWS[i].reply, NULL};
        struct server server;
        struct process rockets;
        char *errors = NULL;

        server_start(&server, "/nothing", replies);
        rockets_start(&rockets, FLAGS("launch", server.url,
                                      "--concurrency-level", WORKERS[i % 3]));
        char *output = process_finish(&rockets, 1, &errors);
        assert_string_equal(output, "");
        rockets_expect_part(errors, ROWS[i].cause);
        rockets_expect_part(errors, "stopped, as another attempt would");
        rockets_expect_part(errors, ROWS[i].advice);
        assert_null(strstr(errors, "retrying"));
        /* A worker has at most two requests before it sees the stop. */
        assert_in_range(atomic_load(&server.requests), 1, 2 * 16);
        free(output);
        free(errors);
        server_stop(&server);
    }
}

/* Before anything else; the URL may be below the prefix of a proxy. */
static void the_first_line_says_where_to_see_the_rockets(void **state)
{
    static const char begin[] = "rockets: lunar.service shows its rockets at ";
    static const struct {
        const char *path, *level, *base; /* NULL: no line */
    } ROWS[] = {
        {"/messages", NULL, "/"},
        {"/moon/messages", NULL, "/moon/"},
        {"/messages", "--log-level=warn", NULL},
        {"/messages/", NULL, NULL},
        {"/messages?key=1", NULL, NULL},
        {"/nobody@/messages", NULL, NULL},
        {"/rockets", NULL, NULL},
    };
    static const char *const replies[] = {
        REPLY("401", "Content-Length: 0\r\n", ""), NULL};

    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct server server;
        struct process rockets;
        char line[160] = "";
        char *errors = NULL;

        server_start(&server, ROWS[i].path, replies);
        if (ROWS[i].base != NULL)
            snprintf(line, sizeof(line), "%s%.*s%s in a browser\n", begin,
                     (int)(strlen(server.url) - strlen(ROWS[i].path)),
                     server.url, ROWS[i].base);
        rockets_start(&rockets, FLAGS("launch", server.url, ROWS[i].level));
        char *output = process_finish(&rockets, 1, &errors);
        if (strncmp(errors, line, strlen(line)) != 0 ||
            (ROWS[i].base == NULL && strstr(errors, begin) != NULL))
            fail_msg("%s: %s", ROWS[i].path, errors);
        free(output);
        free(errors);
        server_stop(&server);
    }
}

/*
 * Four messages are refused three times, half a second apart: an outage of a
 * second or more, however fast this machine is. It is one outage, with a line
 * at its start and one at its end.
 */
static void an_outage_is_reported_once(void **state)
{
    static const char *const replies[MAX_REPLIES] = {
        ACCEPTED,    UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, UNAVAILABLE,
        UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, UNAVAILABLE,
        UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, ACCEPTED};
    struct server server;
    struct process rockets;
    char *errors = NULL;

    (void)state;
    server_start(&server, "/messages", replies);
    rockets_start(&rockets, FLAGS("launch", server.url, "--max-messages=5",
                                  "--concurrency-level=1"));
    char *output = process_finish(&rockets, 0, &errors);
    rockets_expect_part(output, "delivered   5 messages");
    rockets_expect_part(output, "retries     12\n");
    rockets_expect_part(errors, "status 503, \"the memory limit is reached\"; "
                                "retrying every 500 ms.\n");
    assert_int_equal(count_parts(errors, "retrying"), 1);
    assert_int_equal(count_parts(errors, "answered again after "), 1);
    free(output);
    free(errors);
    server_stop(&server);
}

/*
 * After another reply, a refusal is sent again like any other failure, without
 * advice, as the URL is right.
 */
static void later_refusals_are_sent_again(void **state)
{
    static const char *const scripts[][MAX_REPLIES] = {
        {UNAVAILABLE, NOT_FOUND, NOT_FOUND, NOT_FOUND, NOT_FOUND, ACCEPTED},
        {TOO_MANY, TOO_MANY, TOO_MANY, TOO_MANY, ACCEPTED},
        {ACCEPTED, NOT_FOUND, NOT_FOUND, NOT_FOUND, NOT_FOUND, ACCEPTED},
        {CLOSE, CLOSE, CLOSE, CLOSE, ACCEPTED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        struct server server;
        struct process rockets;

        server_start(&server, "/messages", scripts[i]);
        rockets_start(&rockets, FLAGS("launch", server.url, "--max-messages=3",
                                      "--concurrency-level=1"));
        rockets_expect(&rockets, 0, "delivered   3 messages",
                       "retrying every 500 ms.");
        server_stop(&server);
    }
}

static void reads_of_verify_are_repeated(void **state)
{
    static const struct {
        const char *replies[MAX_REPLIES];
        int status;
        const char *output, *error;
    } ROWS[] = {
        {{ACCEPTED, ROCKET}, 0, "verified    1 rocket: no difference\n", ""},
        {{ACCEPTED, CLOSE, UNAVAILABLE, TOO_MANY, ROCKET},
         0,
         "verified    1 rocket: no difference\n",
         "retrying every 500 ms."},
        /* A 404 is an answer: the service has lost the rocket. */
        {{ACCEPTED, CLOSE, NOT_FOUND},
         1,
         "verified    1 rocket: 1 difference\n"
         "lost        1 rocket without messages that the service acknowledged: "
         "was it restarted without -data?\n",
         ""},
        {{ACCEPTED, PROBLEM("403", "not for you")},
         1,
         "unread      1 rocket that could not be read\n",
         ""},
        /* Not a rocket. Nothing of it controls the terminal. */
        {{ACCEPTED, REPLY("200", "", "\033[2Jhello\r\nthere\x7f")},
         1,
         "expected a JSON object, got '?[2Jhello??there?'\n"
         "verified    1 rocket: 1 difference\n"
         "unread      1 rocket that could not be read\n",
         ""},
        {{ACCEPTED, REPLY("200", "", "{\"id\":\"\xc2\x9b\"}")},
         1,
         "id: expected \"c715a232-e553-5143-86fd-2d5ec3b23ff4\", got \"??\"\n",
         ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct server server;
        struct process rockets;

        server_start(&server, "/messages", ROWS[i].replies);
        rockets_start(&rockets, FLAGS("launch", server.url, "--max-messages=1",
                                      "--verify"));
        rockets_expect(&rockets, ROWS[i].status, ROWS[i].output, ROWS[i].error);
        server_stop(&server);
    }
}

/*
 * Each read names the highest position that an answer to a message had, also
 * when it is sent again; where no answer has a valid one, none is named.
 */
static void reads_of_verify_name_the_highest_position(void **state)
{
    static const char *const scripts[][MAX_REPLIES] = {
        {AT("7"), AT("1000000000009"), AT("8"), UNAVAILABLE, ROCKET},
        {ACCEPTED, AT("1000000000009"), ACCEPTED, CLOSE, ROCKET},
        {ACCEPTED, ACCEPTED, ACCEPTED, UNAVAILABLE, ROCKET},
        {AT("-1"), AT("9223372036854775808"), AT("0x7"), CLOSE, ROCKET},
    };
    enum { SENT = 3, REQUESTS = 5 };

    (void)state;
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        const char *wanted = i < 2 ? "1000000000009" : "";
        struct server server;
        struct process rockets;

        server_start(&server, "/messages", scripts[i]);
        rockets_start(&rockets, FLAGS("launch", server.url, "--max-messages=3",
                                      "--rockets=1", "--concurrency-level=1",
                                      "--verify"));
        /* The rocket is one of fewer messages, so it differs. */
        rockets_expect(&rockets, 1, "verified    1 rocket: ", "retrying every");
        server_stop(&server);
        assert_int_equal(atomic_load(&server.requests), REQUESTS);
        for (size_t j = 0; j < REQUESTS; j++)
            assert_string_equal(server.after[j], j < SENT ? "" : wanted);
    }
}

/* The second request is the read. */
static void interrupt_ends_verify(void **state)
{
    static const char *const replies[] = {ACCEPTED, HOLD, NULL};
    struct server server;
    struct process rockets;
    int64_t deadline = process_clock() + PROCESS_PATIENCE;

    (void)state;
    server_start(&server, "/messages", replies);
    rockets_start(&rockets,
                  FLAGS("launch", server.url, "--max-messages=1", "--verify"));
    while (atomic_load(&server.requests) < 2) {
        assert_true(process_clock() < deadline);
        process_wait_until(process_clock() + 1);
    }
    process_signal(&rockets, SIGINT);
    rockets_expect(&rockets, ROCKETS_INTERRUPTED,
                   "verified    0 of 1 rocket: no difference\n", "");
    server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_line_says_where_to_see_the_rockets),
        cmocka_unit_test(refusals_of_the_first_messages_stop_it),
        cmocka_unit_test(an_outage_is_reported_once),
        cmocka_unit_test(later_refusals_are_sent_again),
        cmocka_unit_test(reads_of_verify_are_repeated),
        cmocka_unit_test(reads_of_verify_name_the_highest_position),
        cmocka_unit_test(interrupt_ends_verify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
