/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits of connections: they are kept alive for the time that responses
 * announce, while few are open; closed after the response above that number;
 * and evicted when idle near the maximum, so that a new connection is always
 * accepted.
 */
#include "lib/harness.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
    KEEP_ALIVE_BELOW = 512,
    SILENT = 300, /* connections that bring the number above that */
    LIMIT = 64,   /* as in start_limited() */
    CROWD = 200,
    READER_MS = 300,  /* for the first byte of a response */
    UNFINISHED = 128, /* fewer, as each is evicted only after a second */
    TRUNCATED = 20,
    GROUP = 16,
    GROUP_PAUSE = 20,   /* milliseconds */
    BYTE_PAUSE = 200,   /* the same */
    MANY_ROCKETS = 300, /* their list is streamed */
    /* milliseconds after which a request may be evicted */
    LONG_FOR_A_REQUEST = 1200,
    REQUEST_MS = 30000, /* the deadline of a request */
    IDLE_MS = 2000,
    /* How late the service may be; by default the idle timeout is 10 s. */
    SLACK_MS = 7000,
};

#define SHORT_IDLE "-idle-timeout=2"

static const char unfinished_request[] =
    "POST /messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{";

/*
 * Send a GET and expect 200. Return whether the response closes the connection.
 */
static bool closes_after_response(struct connection *connection)
{
    struct response response;

    connection_get(connection, "/health");
    connection_expect(connection, &response);
    response_expect_status(&response, 200);
    bool closes = response_closes(&response);
    response_release(&response);
    return closes;
}

/* A service that is new: no connection of another test is being closed. */
struct scene {
    struct instance instance;
    struct connection connections[KEEP_ALIVE_BELOW + SILENT];
};

static int setup_with(void **state, const char *const flags[])
{
    struct scene *scene = calloc(1, sizeof(*scene));

    if (scene == NULL)
        return -1;
    instance_start(&scene->instance, flags);
    for (size_t i = 0; i < KEEP_ALIVE_BELOW + SILENT; i++)
        scene->connections[i].socket = -1;
    *state = scene;
    return 0;
}

static int setup(void **state)
{
    return setup_with(state, NULL);
}

static int setup_limited(void **state)
{
    return setup_with(state, INSTANCE_FLAGS("-max-connections=64"));
}

static int teardown(void **state)
{
    struct scene *scene = *state;

    if (scene == NULL)
        return 0;
    for (size_t i = 0; i < KEEP_ALIVE_BELOW + SILENT; i++)
        connection_close(&scene->connections[i]);
    instance_stop(&scene->instance);
    free(scene);
    return 0;
}

static void wait_for_keep_alive(const struct instance *instance)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;
    bool closes = true;

    while (closes) {
        struct connection connection;

        assert_true(process_clock() < deadline);
        instance_connect(instance, &connection);
        closes = closes_after_response(&connection);
        connection_close(&connection);
    }
}

/* RFC 9112 section 9.3; and a response without a length in HTTP/1.0. */
static void expect_announcements(const struct instance *instance)
{
#define REQUEST(line, fields)                                                  \
    .sent = line "\r\nHost: localhost\r\n" fields "\r\n"
#define KEPT .status = 200, .header = "Keep-Alive", .value = "timeout=3600"
#define CLOSED                                                                 \
    .status = 200, .header = "Keep-Alive", .value = NULL, .closes = true
    static const struct exchange rows[] = {
        {REQUEST("GET /health HTTP/1.1", ""), KEPT},
        {REQUEST("GET /health HTTP/1.1", "Connection: x, keep-alive\r\n"),
         KEPT},
        {REQUEST("HEAD /rockets HTTP/1.0", "Connection: Keep-Alive\r\n"),
         CLOSED},
        {REQUEST("GET /health HTTP/1.0", "Connection: Keep-Alive\r\n"), KEPT},
        {REQUEST("GET /health HTTP/1.0", "Connection: x\r\n"
                                         "Connection: keep-alive \r\n"),
         .status = 200, .header = "Connection", .value = "Keep-Alive"},
        {REQUEST("GET /rockets HTTP/1.1", ""), KEPT},
        {REQUEST("GET /rockets HTTP/1.0", "Connection: keep-alive\r\n"),
         CLOSED},
        {REQUEST("GET /health HTTP/1.0", ""), CLOSED},
        {REQUEST("GET /health HTTP/1.0", "Connection: keep-alive, close\r\n"),
         CLOSED},
        {REQUEST("GET /health HTTP/1.1", "Connection: Close \r\n"), CLOSED},
        {REQUEST("GET /health HTTP/1.1", "Connection: x\r\n"
                                         "Connection: y ,close\r\n"),
         CLOSED},
        {REQUEST("GET /health HTTP/1.1",
                 "Transfer-Encoding: chunked\r\n\r\n0\r\n"),
         CLOSED},
        {.body = "{}",
         .status = 400,
         .header = "Keep-Alive",
         .value = "timeout=3600"},
    };

    EXCHANGES_RUN(instance, rows);
}

/*
 * Two responses: the second may be the same again. Returns whether it came: the
 * connection may be closed if the machine was too slow to ask in time.
 */
static bool is_open_for_the_time(const struct instance *instance)
{
    bool answered = true;
    struct connection connection;
    int64_t start = 0;

    instance_connect(instance, &connection);
    for (uint64_t number = 1; number <= 2; number++) {
        struct fleet_message message = fleet_faster("idle-1", number, 1);
        struct response response;
        int64_t before = start;
        start = process_clock();
        connection_post(&connection, message.body);
        answered =
            connection_receive(&connection, &response) == CONNECTION_ANSWERED;
        if (!answered) {
            assert_true(number == 2 && process_clock() - before >= IDLE_MS);
            break;
        }
        response_expect_status(&response, 202);
        response_expect_header(&response, "Keep-Alive", "timeout=2");
        response_release(&response);
        if (number == 1)
            process_wait_until(start + IDLE_MS / 2);
    }
    connection_expect_closed(&connection);
    if (answered)
        assert_in_range(process_clock() - start, IDLE_MS, IDLE_MS + SLACK_MS);
    connection_close(&connection);
    return answered;
}

static void connection_is_kept_for_the_time_that_is_announced(void **state)
{
    static const char *const modes[] = {"-threads=2",
                                        "-threads=per-connection"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct instance instance;
        instance_start(&instance, INSTANCE_FLAGS(modes[i]));
        fleet_launch(&instance, MANY_ROCKETS, 0);
        expect_announcements(&instance);
        instance_stop(&instance);
        instance_start(&instance, INSTANCE_FLAGS(SHORT_IDLE, modes[i]));
        while (!is_open_for_the_time(&instance))
            print_message("machine too slow to ask in time\n");
        instance_stop(&instance);
    }
}

static void connections_are_kept_alive_while_there_is_room(void **state)
{
    struct scene *scene = *state;
    struct connection *connections = scene->connections;
    size_t kept = 0;

    for (size_t i = 0; i < KEEP_ALIVE_BELOW + 8; i++) {
        instance_connect(&scene->instance, &connections[i]);
        kept += closes_after_response(&connections[i]) ? 0 : 1;
    }
    /* That which reaches the limit is the first that is not kept alive. */
    assert_int_equal(kept, KEEP_ALIVE_BELOW - 1);
    connection_expect_closed(&connections[KEEP_ALIVE_BELOW + 7]);
    /* These send no request: they are open, and nothing closes them yet. */
    for (size_t i = 0; i < SILENT; i++) {
        connection_close(&connections[KEEP_ALIVE_BELOW + i]);
        instance_connect(&scene->instance, &connections[KEEP_ALIVE_BELOW + i]);
    }
    assert_true(closes_after_response(&connections[KEEP_ALIVE_BELOW - 2]));
    connection_expect_closed(&connections[KEEP_ALIVE_BELOW - 2]);
    for (size_t i = 0; i < KEEP_ALIVE_BELOW + SILENT; i++)
        connection_close(&connections[i]);
    wait_for_keep_alive(&scene->instance);
}

/*
 * Open CROWD connections in groups, with pauses, so that the service measures
 * different idle times for each group.
 */
static void open_in_groups(struct scene *scene)
{
    for (size_t i = 0; i < CROWD; i++) {
        if (i % GROUP == 0)
            process_wait_until(process_clock() + GROUP_PAUSE);
        instance_connect(&scene->instance, &scene->connections[i]);
        assert_false(closes_after_response(&scene->connections[i]));
    }
}

static void idle_connections_are_evicted_for_new_ones(void **state)
{
    struct scene *scene = *state;

    open_in_groups(scene);
    /* At most LIMIT are left; the oldest were evicted. */
    for (size_t i = 0; i < CROWD - LIMIT - GROUP; i++)
        connection_expect_closed(&scene->connections[i]);
    for (size_t i = CROWD - LIMIT / 2; i < CROWD; i++)
        assert_false(connection_is_closed(&scene->connections[i]));
}

static void connection_in_use_is_not_evicted(void **state)
{
    struct scene *scene = *state;
    struct connection busy;

    instance_connect(&scene->instance, &busy);
    for (size_t i = 0; i < CROWD; i++) {
        assert_false(closes_after_response(&busy));
        instance_connect(&scene->instance, &scene->connections[i]);
        assert_false(closes_after_response(&scene->connections[i]));
    }
    connection_close(&busy);
}

/*
 * This holds however long the requests have been arriving, and however short
 * the others have been idle.
 */
static void idle_connections_are_evicted_before_requests(void **state)
{
    struct scene *scene = *state;
    struct connection requests[GROUP];

    for (size_t i = 0; i < GROUP; i++) {
        instance_connect(&scene->instance, &requests[i]);
        connection_send_text(&requests[i], unfinished_request);
    }
    process_wait_until(process_clock() + LONG_FOR_A_REQUEST);
    open_in_groups(scene);
    for (size_t i = 0; i < GROUP; i++) {
        connection_send_text(&requests[i], "}");
        connection_expect_status(&requests[i], 400);
        connection_close(&requests[i]);
    }
}

/*
 * More connections than the maximum, with nothing sent or with an unfinished
 * request: most of them wait in the listen queue until others are evicted.
 * Returns the milliseconds until another one was served.
 */
static int64_t serve_another(struct scene *scene, size_t count,
                             const char *sent)
{
    int64_t start = process_clock();
    struct connection other;

    for (size_t i = 0; i < count; i++) {
        instance_connect(&scene->instance, &scene->connections[i]);
        connection_send_text(&scene->connections[i], sent);
    }
    instance_connect(&scene->instance, &other);
    (void)closes_after_response(&other);
    connection_close(&other);
    return process_clock() - start;
}

/* Only an eviction makes room for the other one. */
static void silent_connections_do_not_lock_others_out(void **state)
{
    serve_another(*state, CROWD, "");
}

static void unfinished_requests_do_not_lock_others_out(void **state)
{
    int64_t ms = serve_another(*state, UNFINISHED, unfinished_request);

    /* Some 3 s; without evictions, at the deadline of the requests. */
    assert_in_range(ms, 0, REQUEST_MS - 2000);
}

/* A batch has no limit of time while its bytes arrive, however few. */
static void slow_batches_do_not_lock_others_out(void **state)
{
    struct scene *scene = *state;
    int64_t deadline = process_clock() + REQUEST_MS - 2000;
    struct connection other;

    for (size_t i = 0; i < UNFINISHED; i++) {
        instance_connect(&scene->instance, &scene->connections[i]);
        connection_send_text(&scene->connections[i],
                             "POST /messages HTTP/1.1\r\nHost: localhost\r\n"
                             "Content-Type: application/x-ndjson\r\n"
                             "Content-Length: 100000\r\n\r\n");
    }
    instance_connect(&scene->instance, &other);
    connection_get(&other, "/health");
    while (!connection_has_news(&other) && process_clock() < deadline) {
        for (size_t i = 0; i < UNFINISHED; i++)
            connection_send_text(&scene->connections[i], " ");
        process_wait_until(process_clock() + BYTE_PAUSE);
    }
    assert_true(connection_has_news(&other));
    connection_expect_status(&other, 200);
    connection_close(&other);
}

/*
 * Begin to read a large file with small segments and a small window, so that
 * the service's kernel holds but little of it. False if the service had no room
 * at the moment.
 */
static bool open_slow_reader(const struct instance *instance,
                             struct connection *reader)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(instance->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int segment = 536, window = CONNECTION_SMALL_WINDOW;

    *reader = (struct connection){
        .socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_true(reader->socket >= 0);
    setsockopt(reader->socket, IPPROTO_TCP, TCP_MAXSEG, &segment,
               sizeof(segment));
    setsockopt(reader->socket, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window));
    assert_int_equal(
        connect(reader->socket, (struct sockaddr *)&address, sizeof(address)),
        0);
    connection_get(reader, "/swagger/swagger-ui-bundle.js");
    if (connection_fill(reader, 1, process_clock() + READER_MS))
        return true;
    connection_close(reader);
    return false;
}

/*
 * Clients that take a byte of a response now and then, which needs no token for
 * a file.
 */
static void slow_readers_do_not_lock_others_out(void **state)
{
    struct scene *scene = *state;
    struct connection other;
    size_t count = 0;
    char byte;

    for (size_t i = 0; i < CROWD && count < LIMIT; i++)
        if (open_slow_reader(&scene->instance, &scene->connections[count]))
            count++;
    int64_t deadline = process_clock() + REQUEST_MS - 2000;
    instance_connect(&scene->instance, &other);
    connection_get(&other, "/health");
    while (!connection_has_news(&other) && process_clock() < deadline) {
        for (size_t i = 0; i < count; i++)
            (void)recv(scene->connections[i].socket, &byte, 1, MSG_DONTWAIT);
        process_wait_until(process_clock() + BYTE_PAUSE);
    }
    assert_true(connection_has_news(&other));
    connection_expect_status(&other, 200);
    connection_close(&other);
}

/*
 * The head, part of the body and the end of the stream arrive at once. The
 * service must notice the end, long before the deadline of these requests.
 */
static void truncated_request_is_closed_soon(void **state)
{
    const struct scene *scene = *state;
    struct connection connections[TRUNCATED];
    int64_t start = process_clock();

    for (size_t i = 0; i < TRUNCATED; i++) {
        instance_connect(&scene->instance, &connections[i]);
        connection_send_text(&connections[i], unfinished_request);
        connection_finish(&connections[i]);
    }
    for (size_t i = 0; i < TRUNCATED; i++) {
        connection_expect_closed(&connections[i]);
        connection_close(&connections[i]);
    }
    assert_in_range(process_clock() - start, 0, REQUEST_MS - 2000);
}

#define LIMITED(test)                                                          \
    cmocka_unit_test_setup_teardown(test, setup_limited, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connection_is_kept_for_the_time_that_is_announced),
        cmocka_unit_test_setup_teardown(
            connections_are_kept_alive_while_there_is_room, setup, teardown),
        LIMITED(idle_connections_are_evicted_for_new_ones),
        LIMITED(connection_in_use_is_not_evicted),
        LIMITED(idle_connections_are_evicted_before_requests),
        LIMITED(silent_connections_do_not_lock_others_out),
        LIMITED(unfinished_requests_do_not_lock_others_out),
        LIMITED(slow_batches_do_not_lock_others_out),
        LIMITED(slow_readers_do_not_lock_others_out),
        LIMITED(truncated_request_is_closed_soon),
    };
    connection_raise_limit();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
