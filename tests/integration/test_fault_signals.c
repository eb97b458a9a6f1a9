/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGTERM, SIGINT and SIGKILL at random moments under load. After SIGTERM or
 * SIGINT every acknowledged message is applied: reads that began before the
 * signal and end after it show this. After SIGKILL no client has taken a
 * truncated response for a complete one, and the port is free.
 */
#include "lib/harness.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/bulk.h"

enum {
    ROUNDS = 6,
    POSTERS = 6,
    BATCH = 20,         /* lines of a batch */
    LONGEST_LOAD = 80,  /* milliseconds before the signal */
    ENOUGH_TIME = 4000, /* of the 5 s for requests in flight */
};

/* How a poster sends its messages. Each poster has a rocket of its own. */
enum manner { ON_ONE_CONNECTION, ON_NEW_ONES, IN_BATCHES, MANNERS };

struct poster {
    pthread_t thread;
    int index;
    enum manner manner;
    uint16_t port;
    bool killed;          /* the service will be killed */
    atomic_uint answered; /* messages acknowledged with success */
    /* a response was truncated, invalid, late or an error */
    atomic_bool broken;
};

/* Send the next request. Return the number of messages in it. */
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
    /* bulk.h is not used: its functions are for the main thread. */
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

/*
 * Return whether the response says that the message, or each line of the batch,
 * was applied.
 */
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

/* Post the next request. Return whether the connection can be used again. */
static bool post_next(struct poster *poster, struct connection *connection)
{
    struct response response;
    unsigned messages = send_next(poster, connection);
    enum connection_result result = connection_receive(connection, &response);

    if (result != CONNECTION_ANSWERED) {
        /*
         * The service may close it while a request is under way. A kill may
         * also truncate a response.
         */
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
            /* Post as long as the connection lasts. */
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
 * Send a read of each poster's rocket without its last line. Each connection
 * serves a request first: a connection still in the listen queue at the stop
 * would be refused, one that was served is not in it.
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

/*
 * The last message or batch may have been applied without an acknowledgement.
 */
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
            /* This machine was too slow: the service stopped waiting. */
            assert_int_not_equal(result, CONNECTION_GARBLED);
            assert_true(process_clock() - signalled > ENOUGH_TIME);
        }
        connection_close(&reads[i]);
    }
}

/* Return a random time from 0 to `most`. It differs in each run on purpose. */
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
    print_message("%u messages were acknowledged\n", answered);
}

static void acknowledged_messages_are_applied_at_a_stop(void **state)
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

    /* The same port can be used at once, and there are no rockets. */
    snprintf(port, sizeof(port), "-port=%u", posters[0].port);
    instance_start(&instance, flags);
    assert_int_equal(instance.port, posters[0].port);
    instance_get(&instance, "/rockets", &response);
    response_expect_body(&response, "[]");
    response_release(&response);
    instance_stop(&instance);
}

static void kill_corrupts_no_response_and_frees_the_port(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++)
        check_kill();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acknowledged_messages_are_applied_at_a_stop),
        cmocka_unit_test(kill_corrupts_no_response_and_frees_the_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
