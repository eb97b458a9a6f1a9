/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGTERM, SIGINT, SIGHUP and SIGKILL at random moments under load. After all
 * but SIGKILL every acknowledged message is applied: reads that began before
 * the signal and end after it show this. After SIGKILL no client has taken a
 * truncated response for a complete one, and the port is free.
 */
#include "lib/harness.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    ROUNDS = 6,
    POSTERS = 6,
    BATCH = 20,         /* lines of a batch */
    LONGEST_LOAD = 80,  /* milliseconds before the signal */
    ENOUGH_TIME = 4000, /* of the 4.5 s for requests in flight */
};

/* A client that posts messages of its own rocket. */
struct poster {
    pthread_t thread;
    int index;
    uint16_t port;
    bool new_connections; /* one for each request */
    unsigned messages;    /* of a request; more than one are a batch */
    bool killed;          /* the service will be killed */
    unsigned answered;    /* messages acknowledged with success */
    bool broken; /* a response was truncated, invalid, late or an error */
    struct connection read; /* of the rocket, begun before the signal */
};

static void send_next(const struct poster *poster,
                      struct connection *connection)
{
    uint64_t next = poster->answered + UINT64_C(1);
    char id[32];

    snprintf(id, sizeof(id), "load-%d", poster->index);
    if (poster->messages > 1) {
        struct bulk bulk = bulk_make(id, next, next + poster->messages - 1);
        connection_post_with(connection, BULK_TYPE, bulk.text);
        free(bulk.text);
    } else {
        struct fleet_message message = fleet_faster(id, next, 1);
        connection_post(connection, message.body);
    }
}

/* Whether the message, or each line of the batch, was applied. */
static bool is_success(const struct poster *poster,
                       const struct response *response)
{
    char applied[32];

    snprintf(applied, sizeof(applied), "{\"applied\":%u,\"duplicate\":0,",
             poster->messages);
    return response->status == 202 &&
           strstr(response->body,
                  poster->messages > 1 ? applied : "\"result\":\"applied\"") !=
               NULL;
}

/* Post the next request. Return whether the connection can be used again. */
static bool post_next(struct poster *poster, struct connection *connection)
{
    struct response response;

    send_next(poster, connection);
    enum connection_result result = connection_receive(connection, &response);
    if (result != CONNECTION_ANSWERED) {
        /* The service may close it meanwhile. A kill may also truncate. */
        poster->broken = result != CONNECTION_CLOSED &&
                         !(poster->killed && result == CONNECTION_CUT);
        return false;
    }
    poster->broken = !is_success(poster, &response);
    if (!poster->broken)
        poster->answered += poster->messages;
    bool closes = response_closes(&response);
    response_release(&response);
    return !closes && !poster->broken && !poster->new_connections;
}

static void *post_until_refused(void *context)
{
    struct poster *poster = context;
    struct connection connection;

    while (!poster->broken && connection_open(&connection, poster->port)) {
        while (post_next(poster, &connection)) {
            /* Post as long as the connection lasts. */
        }
        connection_close(&connection);
    }
    return NULL;
}

static void start_posters(struct poster posters[POSTERS],
                          const struct instance *instance, bool killed)
{
    for (int i = 0; i < POSTERS; i++) {
        struct poster *poster = &posters[i];
        poster->index = i;
        poster->port = instance->port;
        poster->new_connections = i % 3 == 1;
        poster->messages = i % 3 == 2 ? BATCH : 1;
        poster->killed = killed;
        assert_int_equal(
            pthread_create(&poster->thread, NULL, post_until_refused, poster),
            0);
    }
}

static void join_posters(struct poster posters[POSTERS])
{
    for (int i = 0; i < POSTERS; i++) {
        pthread_join(posters[i].thread, NULL);
        assert_false(posters[i].broken);
    }
}

/*
 * Send a read of each poster's rocket without its last line. Each connection
 * serves a request first: a connection still in the listen queue at the stop
 * would be refused, one that was served is not in it.
 */
static void begin_reads(const struct instance *instance,
                        struct poster posters[POSTERS])
{
    for (int i = 0; i < POSTERS; i++) {
        struct connection *read = &posters[i].read;
        instance_connect(instance, read);
        bulk_expect_next(read);
        connection_print(
            read, "GET /rockets/load-%d HTTP/1.1\r\nHost: localhost\r\n", i);
    }
}

/* The last request may have been applied without an acknowledgement. */
static void check_rocket(const struct response *response,
                         const struct poster *poster)
{
    const char *last = strstr(response->body, "\"lastMessageNumber\":");

    if (response->status == 404) {
        assert_int_equal(poster->answered, 0);
        return;
    }
    response_expect_status(response, 200);
    assert_non_null(last);
    assert_in_range(strtoul(strchr(last, ':') + 1, NULL, 10), poster->answered,
                    poster->answered + poster->messages);
    assert_non_null(strstr(last, "\"missingMessages\":0,\"revision\":"));
}

static void end_reads(struct poster posters[POSTERS], int64_t signalled)
{
    for (int i = 0; i < POSTERS; i++) {
        struct connection *read = &posters[i].read;
        struct response response;
        connection_send_text(read, "\r\n");
        enum connection_result result = connection_receive(read, &response);
        if (result == CONNECTION_ANSWERED) {
            check_rocket(&response, &posters[i]);
            response_release(&response);
        } else {
            /* This machine was too slow: the service stopped waiting. */
            assert_true(result != CONNECTION_GARBLED &&
                        process_clock() - signalled > ENOUGH_TIME);
        }
        connection_close(read);
    }
}

/* It differs in each run on purpose. */
static void wait_some_time(void)
{
    uint32_t number = 0;

    assert_int_equal(getrandom(&number, sizeof(number), 0), sizeof(number));
    process_wait_until(process_clock() + number % LONGEST_LOAD);
}

static void acknowledged_messages_are_applied_at_a_stop(void **state)
{
    static const char *const per_connection[] = {"-threads=per-connection",
                                                 NULL};
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        struct instance instance;
        struct poster posters[POSTERS] = {0};

        instance_start(&instance, i >= ROUNDS / 2 ? per_connection : NULL);
        begin_reads(&instance, posters);
        start_posters(posters, &instance, false);
        wait_some_time();
        int64_t signalled = process_clock();
        process_signal(&instance.process, signals[i % 3]);
        join_posters(posters);
        end_reads(posters, signalled);
        instance_expect_end(&instance, 0);
    }
}

/* Its port can be used at once. */
static void kill_corrupts_no_response_and_frees_the_port(void **state)
{
    char flag[32];
    uint16_t port = 0;

    (void)state;
    int reserved = instance_reserve_port(&port);
    snprintf(flag, sizeof(flag), "-port=%u", port);
    for (int i = 0; i < ROUNDS; i++) {
        struct instance instance;
        struct poster posters[POSTERS] = {0};

        instance_start(&instance, INSTANCE_FLAGS(flag));
        assert_int_equal(bulk_messages_of(&instance, "load-0"), 0);
        start_posters(posters, &instance, true);
        wait_some_time();
        process_signal(&instance.process, SIGKILL);
        join_posters(posters);
        instance_expect_end(&instance, PROCESS_SIGNALLED + SIGKILL);
    }
    close(reserved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acknowledged_messages_are_applied_at_a_stop),
        cmocka_unit_test(kill_corrupts_no_response_and_frees_the_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
