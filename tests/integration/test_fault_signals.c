/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGTERM and SIGKILL at random moments under load. After SIGTERM every
 * message that was answered with success counts, as reads that were begun
 * before it tell at the end; SIGKILL leaves nobody with half an answer taken
 * for a whole one, and the port free.
 */
#include "harness.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "bulk.h"

enum {
    ROUNDS = 6,
    POSTERS = 6,
    BATCH = 20,         /* lines of one */
    LONGEST_LOAD = 80,  /* milliseconds before the signal */
    ENOUGH_TIME = 4000, /* of the five seconds for what is in flight */
};

/* How messages are sent: each poster has a rocket of its own. */
enum manner { ON_ONE_CONNECTION, ON_NEW_ONES, IN_BATCHES, MANNERS };

struct poster {
    pthread_t thread;
    int index;
    enum manner manner;
    uint16_t port;
    bool killed;          /* the service will be */
    atomic_uint answered; /* messages, all of them with success */
    atomic_bool broken;   /* an answer was cut, garbled, late or no success */
};

/* The next request; how many messages are in it. */
static unsigned send_next(const struct poster *poster,
                          struct connection *connection)
{
    uint64_t next = poster->answered + UINT64_C(1);
    char id[32], *body = NULL;

    snprintf(id, sizeof(id), "load-%d", poster->index);
    if (poster->manner != IN_BATCHES) {
        struct fleet_message message = fleet_faster(id, next, 1);
        connection_post(connection, message.body);
        return 1;
    }
    /* Made without bulk.h, which is for the main thread. */
    size_t length = 0;
    FILE *stream = open_memstream(&body, &length);
    for (unsigned i = 0; stream != NULL && i < BATCH; i++) {
        struct fleet_message message = fleet_faster(id, next + i, 1);
        fprintf(stream, "%s\n", message.body);
    }
    if (stream != NULL && fclose(stream) == 0)
        connection_post_with(connection, BULK_TYPE, body);
    free(body);
    return BATCH;
}

/* Whether it is what a message, or each line of a batch, is answered. */
static bool is_success(const struct poster *poster,
                       const struct response *response)
{
    char applied[64] = "\"result\":\"applied\"";

    if (poster->manner == IN_BATCHES)
        snprintf(applied, sizeof(applied),
                 "{\"applied\":%d,\"duplicate\":0,\"stale\":0,\"rejected\":0,",
                 BATCH);
    return response->status == 202 && strstr(response->body, applied) != NULL;
}

/* Whether the connection goes on. */
static bool post_next(struct poster *poster, struct connection *connection)
{
    struct response response;
    unsigned messages = send_next(poster, connection);
    enum connection_result result = connection_receive(connection, &response);

    if (result != CONNECTION_ANSWERED) {
        /* It may be closed as a request sets out; by a kill, whenever. */
        if (result != CONNECTION_CLOSED &&
            !(poster->killed && result == CONNECTION_CUT))
            poster->broken = true;
        return false;
    }
    if (is_success(poster, &response))
        poster->answered += messages;
    else
        poster->broken = true;
    bool closes = response_closes(&response);
    response_release(&response);
    return !closes && !poster->broken && poster->manner != ON_NEW_ONES;
}

static void *post_until_refused(void *context)
{
    struct poster *poster = context;
    struct connection connection;

    while (!poster->broken && connection_open(&connection, poster->port)) {
        while (post_next(poster, &connection)) {
            /* As long as the connection lives. */
        }
        connection_close(&connection);
    }
    return NULL;
}

static void start_posters(struct poster posters[POSTERS], uint16_t port,
                          bool killed)
{
    for (int i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){.index = i,
                                     .manner = (enum manner)(i % MANNERS),
                                     .port = port,
                                     .killed = killed};
        assert_int_equal(pthread_create(&posters[i].thread, NULL,
                                        post_until_refused, &posters[i]),
                         0);
    }
}

static unsigned join_posters(struct poster posters[POSTERS])
{
    unsigned answered = 0;

    for (int i = 0; i < POSTERS; i++) {
        pthread_join(posters[i].thread, NULL);
        assert_false(posters[i].broken);
        answered += posters[i].answered;
    }
    return answered;
}

/*
 * Reads of each poster's rocket that lack but their last line. A connection
 * that is still in the kernel's queue at the stop is refused; one that has
 * been answered is not in it.
 */
static void begin_reads(const struct instance *instance,
                        struct connection reads[POSTERS])
{
    for (int i = 0; i < POSTERS; i++) {
        instance_connect(instance, &reads[i]);
        connection_get(&reads[i], "/health");
        connection_expect_status(&reads[i], 200);
        connection_print(&reads[i],
                         "GET /rockets/load-%d HTTP/1.1\r\nHost: localhost\r\n",
                         i);
    }
}

/* The message that was sent last may have come in without being answered. */
static void check_rocket(const struct response *response,
                         const struct poster *poster)
{
    unsigned unanswered = poster->manner == IN_BATCHES ? BATCH : 1;
    unsigned answered = poster->answered;

    if (response->status == 404) {
        assert_int_equal(answered, 0);
        return;
    }
    response_expect_status(response, 200);
    cJSON *json = response_json(response);
    assert_in_range(cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(
                        json, "lastMessageNumber")),
                    answered, answered + unanswered);
    assert_int_equal(cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(
                         json, "missingMessages")),
                     0);
    cJSON_Delete(json);
}

static void end_reads(struct connection reads[POSTERS],
                      const struct poster posters[POSTERS], int64_t signalled)
{
    for (int i = 0; i < POSTERS; i++) {
        struct response response;
        connection_send_text(&reads[i], "\r\n");
        enum connection_result result =
            connection_receive(&reads[i], &response);
        if (result == CONNECTION_ANSWERED) {
            check_rocket(&response, &posters[i]);
            response_release(&response);
        } else {
            /* This machine was too slow for what the service waits. */
            assert_int_not_equal(result, CONNECTION_GARBLED);
            assert_true(process_clock() - signalled > ENOUGH_TIME);
        }
        connection_close(&reads[i]);
    }
}

/* 0 to `most`. That tests are not the same each time is meant. */
static int64_t random_time(int64_t most)
{
    uint32_t number = 0;

    assert_int_equal(getrandom(&number, sizeof(number), 0), sizeof(number));
    return number % (most + 1);
}

static void wait_some_time(void)
{
    int64_t load = random_time(LONGEST_LOAD);

    process_wait_until(process_clock() + load);
}

static void check_stop(const char *const flags[])
{
    struct instance instance;
    struct poster posters[POSTERS];
    struct connection reads[POSTERS];

    instance_start(&instance, flags);
    begin_reads(&instance, reads);
    start_posters(posters, instance.port, false);
    wait_some_time();
    int64_t signalled = process_clock();
    process_signal(&instance.process, random_time(1) == 0 ? SIGTERM : SIGINT);
    unsigned answered = join_posters(posters);
    end_reads(reads, posters, signalled);
    instance_expect_end(&instance, 0);
    print_message("%u messages were answered\n", answered);
}

static void whatever_was_answered_counts_at_a_stop(void **state)
{
    static const char *const per_connection[] = {"-threads=per-connection",
                                                 NULL};

    (void)state;
    for (int i = 0; i < ROUNDS; i++)
        check_stop(i % 3 == 2 ? per_connection : NULL);
}

static void check_kill(void)
{
    struct instance instance;
    struct poster posters[POSTERS];
    struct response response;
    char port[32];
    const char *const flags[] = {port, NULL};

    instance_start(&instance, NULL);
    start_posters(posters, instance.port, true);
    wait_some_time();
    process_signal(&instance.process, SIGKILL);
    join_posters(posters);
    instance_expect_end(&instance, PROCESS_SIGNALLED + SIGKILL);

    /* The same port at once, and nothing of before. */
    snprintf(port, sizeof(port), "-port=%u", posters[0].port);
    instance_start(&instance, flags);
    assert_int_equal(instance.port, posters[0].port);
    instance_get(&instance, "/rockets", &response);
    response_expect_body(&response, "[]");
    response_release(&response);
    instance_stop(&instance);
}

static void killed_it_leaves_whole_answers_and_a_free_port(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++)
        check_kill();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_was_answered_counts_at_a_stop),
        cmocka_unit_test(killed_it_leaves_whole_answers_and_a_free_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
