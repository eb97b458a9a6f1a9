/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request is counted as: its route, its status, whether it was refused,
 * and the bytes of both bodies. Why connections are closed, and requests that
 * libmicrohttpd refuses, are in tests/server/test_server_metrics.c.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAUNCH                                                                 \
    "{\"metadata\":{\"channel\":\"one\",\"messageNumber\":1,\"messageTime\":"  \
    "\"2022-02-02T19:39:05Z\",\"messageType\":\"RocketLaunched\"},"            \
    "\"message\":{\"type\":\"A\",\"launchSpeed\":1,\"mission\":\"B\"}}"

enum { ROCKETS = 500 /* a list of them is streamed */ };

/* One after the other, on one connection. */
static const struct row {
    const char *method, *target, *fields, *body; /* NULL: none */
    const char *series;                          /* route and code */
    bool refused;
} rows[] = {
#define SERIES(route, code) "{route=\"" route "\",code=\"" code "\"}"
    {"POST", "/messages", "", LAUNCH, SERIES("message", "202"), false},
    {"POST", "/messages", "", "{}", SERIES("message", "400"), true},
    {"POST", "/messages", BULK_TYPE, LAUNCH "\n" LAUNCH "\n",
     SERIES("batch", "202"), false},
    {"POST", "/messages", BULK_TYPE, LAUNCH "\n[]\n", SERIES("batch", "202"),
     true},
    {"GET", "/rockets", "", NULL, SERIES("list", "200"), false},
    {"HEAD", "/rockets?limit=1", "", NULL, SERIES("list", "200"), false},
    {"GET", "/rockets?x=1", "", NULL, SERIES("list", "400"), true},
    {"GET", "/rockets/one", "", NULL, SERIES("rocket", "200"), false},
    {"GET", "/rockets/one", "If-None-Match: *\r\n", NULL,
     SERIES("rocket", "304"), false},
    {"GET", "/rockets/two", "", NULL, SERIES("rocket", "404"), false},
    {"GET", "/health", "", NULL, SERIES("health", "200"), false},
    {"HEAD", "/health/ready", "", NULL, SERIES("health", "200"), false},
    {"GET", "/swagger/", "", NULL, SERIES("files", "302"), false},
    {"GET", "/openapi.yaml", "", NULL, SERIES("files", "200"), false},
    {"OPTIONS", "/messages", "", NULL, SERIES("other", "204"), false},
    {"DELETE", "/rockets", "", NULL, SERIES("other", "405"), true},
    {"GET", "/rocket", "", NULL, SERIES("other", "404"), false},
};

/* Returns the length of the response's body. */
static size_t send_row(struct connection *connection, const struct row *row)
{
    bool head = strcmp(row->method, "HEAD") == 0;
    struct response response;

    connection_print(connection, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s",
                     row->method, row->target, row->fields);
    if (row->body != NULL)
        connection_print(connection, "Content-Length: %zu\r\n",
                         strlen(row->body));
    connection_print(connection, "\r\n%s", row->body == NULL ? "" : row->body);
    assert_int_equal(head ? connection_receive_head(connection, &response)
                          : connection_receive(connection, &response),
                     CONNECTION_ANSWERED);
    assert_false(response_closes(&response));
    size_t length = head ? 0 : response.body_length;
    response_release(&response);
    return length;
}

/* On the row's connection: the row's request is over before this one begins. */
static char *scrape_on(struct connection *connection)
{
    struct response response;

    connection_get(connection, "/metrics");
    connection_expect(connection, &response);
    response_expect_status(&response, 200);
    char *text = strdup(response.body);
    if (text == NULL)
        abort();
    response_release(&response);
    return text;
}

/* By how much the samples of a family whose lines begin so have grown. */
static double growth(const char *before, const char *after, const char *begin)
{
    const char *texts[] = {before, after};
    double sums[] = {0, 0};

    for (size_t i = 0; i < 2; i++)
        for (const char *line = texts[i]; line != NULL && *line != '\0';) {
            if (strncmp(line, begin, strlen(begin)) == 0)
                sums[i] += strtod(line + strcspn(line, " ") + 1, NULL);
            line += strcspn(line, "\n") + 1;
        }
    return sums[1] - sums[0];
}

/* On the rows' connection too, so that all are counted before the rows are. */
static void launch_rockets(struct connection *connection)
{
    for (unsigned i = 0; i < ROCKETS; i++) {
        char id[32];
        snprintf(id, sizeof(id), "rocket-%u", i);
        const struct fleet_message message = fleet_launched(id, 1, "A", 1, "B");
        fleet_post(connection, &message);
    }
}

/* The scrape before is a request as well. */
static void each_request_is_counted_once(void **state)
{
    struct connection connection;

    instance_connect(*state, &connection);
    launch_rockets(&connection);
    char *before = scrape_on(&connection);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        size_t received = row->body == NULL ? 0 : strlen(row->body);
        size_t sent = send_row(&connection, row) + strlen(before);
        char series[128], durations[128];
        char *after = scrape_on(&connection);
        snprintf(series, sizeof(series), "lunar_http_requests_total%s ",
                 row->series);
        snprintf(durations, sizeof(durations),
                 "lunar_http_request_duration_seconds_count%.*s}",
                 (int)strcspn(row->series, ","), row->series);
        const struct {
            const char *begin;
            size_t growth;
        } expected[] = {
            {series, 1},
            {durations, 1},
            {"lunar_http_requests_total{", 2},
            {"lunar_http_request_duration_seconds_count{", 2},
            {"lunar_http_refused_total ", row->refused},
            {"lunar_http_request_bytes_total ", received},
            {"lunar_http_response_bytes_total ", sent},
        };
        for (size_t j = 0; j < sizeof(expected) / sizeof(expected[0]); j++) {
            double grown = growth(before, after, expected[j].begin);
            if ((size_t)grown != expected[j].growth)
                fail_msg("row %zu: %s has grown by %g, not by %zu", i,
                         expected[j].begin, grown, expected[j].growth);
        }
        free(before);
        before = after;
    }
    free(before);
    connection_close(&connection);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_is_counted_once),
    };
    return HARNESS_RUN_IN_BOTH_MODES(tests);
}
