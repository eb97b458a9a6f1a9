/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X-Request-Id: returned in every response if it was sent, made for every
 * problem, and the same in the log. That a problem's member equals its header
 * is checked by response_is_problem(), for all tests.
 */
#include "lib/count_parts.h"
#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLAGS INSTANCE_FLAGS
#define ID "7f4a!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\""
#define SENT "X-Request-Id: " ID "\r\n"

enum {
    ROCKETS = 1000, /* more than make a stream of the list */
    LONGEST = 128,  /* bytes of an id */
    MADE = 32,      /* hex digits of one that is made */
    ID_SIZE = LONGEST + 1,
};

static void sent_id_is_returned(void **state)
{
    struct fleet_message one = fleet_faster("id-1", 1, 1);
    const struct instance *instance = *state;
    const struct exchange rows[] = {
        {.target = "/health", .fields = SENT, .status = 200},
        {.target = "/rockets?limit=1", .fields = SENT, .status = 200},
        {.target = "/rockets", .fields = SENT, .status = 200},
        {.target = "/rockets",
         .fields = SENT "Accept-Encoding: gzip\r\n",
         .status = 200},
        {.target = "/swagger", .fields = SENT, .status = 200},
        {.target = "/swagger/", .fields = SENT, .status = 302},
        {.target = "/openapi.yaml",
         .fields = SENT "If-None-Match: *\r\n",
         .status = 304},
        {.target = "/rockets",
         .fields = SENT "If-None-Match: *\r\n",
         .status = 304,
         .closes = true},
        {.body = one.body, .fields = SENT, .status = 202},
        {.body = one.body, .fields = SENT, .status = 202},
        {.body = one.body, .fields = BULK_TYPE SENT, .status = 202},
        {"OPTIONS", "/messages", SENT, .status = 204},
        {"HEAD", "/health", SENT, .status = 200},
        {.target = "/nothing", .fields = SENT, .status = 404},
        {"HEAD", "/nothing", SENT, .status = 404},
        {"DELETE", "/rockets", SENT, .status = 405},
        {.body = "x", .fields = SENT, .status = 400},
        {.body = "x", .fields = BULK_TYPE SENT, .status = 400},
        /* The first valid one counts, without the white space around it. */
        {.target = "/health",
         .fields = "X-Request-Id: a b\r\nx-request-ID:\t " ID
                   " \t\r\nX-Request-Id: second\r\n",
         .status = 200},
        /* Before the application sees the request. */
        {.target = "/health",
         .fields = "Expect: x\r\n" SENT,
         .status = 417,
         .closes = true},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct exchange row = rows[i];
        row.header = "X-Request-Id";
        row.value = ID;
        exchanges_run(instance, &row, 1);
    }
}

/* On one connection, whose responses may be sent again. */
static void id_is_that_of_its_request_alone(void **state)
{
    struct fleet_message one = fleet_faster("id-2", 1, 1);
    struct exchange rows[12];
    static const char *const ids[] = {NULL, "1", "1", "22", NULL, NULL};

    for (size_t i = 0; i < 12; i++) {
        static char fields[12][64];
        const char *id = ids[i % 6];
        if (id != NULL)
            snprintf(fields[i], sizeof(fields[i]), "X-Request-Id: %s\r\n", id);
        rows[i] = (struct exchange){.body = one.body,
                                    .fields = fields[i],
                                    .status = 202,
                                    .header = "X-Request-Id",
                                    .value = id};
    }
    EXCHANGES_RUN(*state, rows);
}

static void longest_id_is_returned(void **state)
{
    char id[LONGEST + 2], fields[sizeof(id) + 32];

    memset(id, '~', sizeof(id));
    for (size_t length = LONGEST; length <= LONGEST + 1; length++) {
        id[length] = '\0';
        snprintf(fields, sizeof(fields), "X-Request-Id: %s\r\n", id);
        EXCHANGE(*state, .target = "/health", .fields = fields, .status = 200,
                 .header = "X-Request-Id",
                 .value = length == LONGEST ? id : NULL);
        id[length] = '~';
    }
}

/* Get a problem with these fields. Copies its id to `id`. */
static void get_problem(const struct instance *instance, const char *fields,
                        char id[ID_SIZE])
{
    struct connection connection;
    struct response response;

    instance_connect(instance, &connection);
    connection_request(&connection, "GET", "/nothing", fields);
    connection_expect(&connection, &response);
    response_expect_problem(&response, 404, "there is nothing");
    snprintf(id, ID_SIZE, "%s", response_header(&response, "X-Request-Id"));
    response_release(&response);
    connection_close(&connection);
}

static void id_that_is_none_is_ignored(void **state)
{
    static const char *const invalid[] = {
        "",
        "X-Request-Id:\r\n",
        "X-Request-Id: a b\r\n",
        "X-Request-Id: a\tb\r\n",
        "X-Request-Id: \x7f\r\n",
        "X-Request-Id: \x01\r\n",
        "X-Request-Id: \xc3\xa9\r\n",
        "X-Request-Ids: a\r\n",
    };
    char ids[sizeof(invalid) / sizeof(invalid[0])][ID_SIZE];

    for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
        EXCHANGE(*state, .target = "/health", .fields = invalid[i],
                 .status = 200, .header = "X-Request-Id");
        get_problem(*state, invalid[i], ids[i]);
        assert_int_equal(strlen(ids[i]), MADE);
        assert_int_equal(strspn(ids[i], "0123456789abcdef"), MADE);
        for (size_t before = 0; before < i; before++)
            assert_string_not_equal(ids[i], ids[before]);
    }
}

static void log_has_the_id_of_the_problem(void **state)
{
    static const char *const modes[] = {NULL, "-threads=per-connection"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct instance instance;
        char made[ID_SIZE], sent[ID_SIZE], expected[2 * ID_SIZE];

        instance_start(&instance, FLAGS("-log-level=debug", modes[i]));
        get_problem(&instance, "", made);
        get_problem(&instance, SENT, sent);
        assert_string_equal(sent, ID);
        EXCHANGE(&instance, .body = "x", .fields = SENT, .status = 400);
        EXCHANGE(&instance, .target = "/health", .fields = SENT, .status = 200);
        EXCHANGE(&instance, .target = "/health", .status = 200);
        char *errors = instance_stop_log(&instance);
        snprintf(expected, sizeof(expected), " ms requestId=%s\n", made);
        assert_int_equal(count_parts(errors, expected), 1);
        assert_int_equal(count_parts(errors, " ms requestId=" ID "\n"), 3);
        assert_int_equal(count_parts(errors, "a value requestId=" ID "\n"), 1);
        assert_int_equal(count_parts(errors, " requestId="), 5);
        free(errors);
    }
}

/* An id of a request does not reach one that libmicrohttpd refuses. */
static void refusal_of_libmicrohttpd_has_no_id(void **state)
{
    struct instance instance;
    struct connection connection;

    (void)state;
    instance_start(&instance, NULL);
    instance_connect(&instance, &connection);
    connection_request(&connection, "GET", "/health", SENT);
    connection_expect_status(&connection, 200);
    connection_send_text(&connection,
                         "POST /messages HTTP/1.1\r\nHost: localhost\r\n"
                         "Content-Length: x\r\n\r\n");
    connection_expect_status(&connection, 400);
    connection_close(&connection);
    char *errors = instance_stop_log(&instance);
    assert_non_null(strstr(errors, "could not read the request\n"));
    assert_null(strstr(errors, "requestId"));
    free(errors);
}

/* Neither a client that leaves nor a refusal after the head takes the id away.
 */
static void line_without_a_response_has_the_id(void **state)
{
    static const char *const bodies[] = {
        SENT "Content-Length: 2\r\n\r\nx",
        SENT "Transfer-Encoding: chunked\r\n\r\nno size\r\n",
    };
    struct instance instance;

    (void)state;
    instance_start(&instance, FLAGS("-log-level=debug"));
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct connection connection;
        instance_connect(&instance, &connection);
        connection_send_text(&connection,
                             "POST /messages HTTP/1.1\r\nHost: localhost\r\n");
        connection_send_text(&connection, bodies[i]);
        if (i == 1)
            connection_expect_status(&connection, 400);
        connection_close(&connection);
        process_wait_error(&instance.process, ", cut off requestId=" ID "\n");
    }
    char *errors = instance_stop_log(&instance);
    assert_int_equal(count_parts(errors, ", cut off requestId=" ID "\n"), 2);
    assert_int_equal(
        count_parts(errors, "could not read the request requestId=" ID "\n"),
        1);
    free(errors);
}

static int setup_rockets(void **state)
{
    int result = instance_setup(state);

    if (result == 0)
        fleet_launch(*state, ROCKETS, 0);
    return result;
}

static int setup_rockets_per_connection(void **state)
{
    int result = instance_setup_per_connection(state);

    if (result == 0)
        fleet_launch(*state, ROCKETS, 0);
    return result;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sent_id_is_returned),
        cmocka_unit_test(id_is_that_of_its_request_alone),
        cmocka_unit_test(longest_id_is_returned),
        cmocka_unit_test(id_that_is_none_is_ignored),
    };
    const struct CMUnitTest logged[] = {
        cmocka_unit_test(log_has_the_id_of_the_problem),
        cmocka_unit_test(refusal_of_libmicrohttpd_has_no_id),
        cmocka_unit_test(line_without_a_response_has_the_id),
    };

    return cmocka_run_group_tests_name("event loops", tests, setup_rockets,
                                       instance_teardown) +
           cmocka_run_group_tests_name("a thread for each connection", tests,
                                       setup_rockets_per_connection,
                                       instance_teardown) +
           cmocka_run_group_tests(logged, NULL, NULL);
}
