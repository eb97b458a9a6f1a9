/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What GET /metrics says of requests and connections. How a connection ends in
 * the middle of something is in tests/server/test_server_metrics.c.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 16, CROWD = 64 };

#define REQUEST(line, fields)                                                  \
    .sent = line " HTTP/1.1\r\nHost: localhost\r\n" fields "\r\n"
#define CROSS_SITE "Sec-Fetch-Site: cross-site\r\n"

/* A request, and what it is counted as. */
static const struct {
    struct exchange exchange;
    const char *route, *code;
} rows[] = {
    {{.body = "{}", .status = 400}, "message", "400"},
    {{.body = "{}", .fields = CROSS_SITE, .status = 403}, "message", "403"},
    {{.target = "/messages?x", .body = "{}", .status = 400, .closes = true},
     "message",
     "400"},
    {{.body = "x",
      .fields = "Content-Encoding: br\r\n",
      .status = 415,
      .closes = true},
     "message",
     "415"},
    {{.body = "", .fields = BULK_TYPE, .status = 202}, "batch", "202"},
    {{.target = "/messages?x",
      .body = "",
      .fields = BULK_TYPE,
      .status = 400,
      .closes = true},
     "batch",
     "400"},
    {{.body = "",
      .fields = BULK_TYPE CROSS_SITE,
      .status = 403,
      .closes = true},
     "batch",
     "403"},
    {{.target = "/rockets", .status = 200}, "list", "200"},
    {{.target = "/rockets?x=1", .status = 400}, "list", "400"},
    {{.target = "/rockets/none", .status = 404}, "rocket", "404"},
    {{.target = "/health", .status = 200}, "health", "200"},
    {{"HEAD", "/health", .status = 200}, "health", "200"},
    {{.target = "/swagger", .status = 200}, "files", "200"},
    {{.target = "/none", .status = 404}, "other", "404"},
    {{.target = "/swagger/", .status = 302}, "files", "302"},
    {{.target = "/openapi.yaml", .status = 200}, "files", "200"},
    {{"OPTIONS", "/messages", .status = 204}, "other", "204"},
    {{"DELETE", "/rockets", .status = 405}, "other", "405"},
    {{.target = "/%zz", .status = 400}, "other", "400"},
    {{REQUEST("GET /health", "Expect: x\r\n"), .status = 417, .closes = true},
     "other",
     "417"},
};

static double scrape_request(const struct instance *instance, const char *route,
                             const char *code)
{
    char sample[128];

    snprintf(sample, sizeof(sample),
             "lunar_http_requests_total{route=\"%s\",code=\"%s\"}", route,
             code);
    return scrape_value(instance, sample);
}

static double scrape_count(const struct instance *instance, const char *route)
{
    char sample[128];

    snprintf(sample, sizeof(sample),
             "lunar_http_request_duration_seconds_count{route=\"%s\"}", route);
    return scrape_value(instance, sample);
}

/* A request is counted once its response was sent, so perhaps after that. */
static void each_request_is_counted_by_route_and_code(void **state)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        double before = scrape_request(*state, rows[i].route, rows[i].code);
        double count = scrape_count(*state, rows[i].route);
        int64_t deadline = process_clock() + 20000;
        exchanges_run(*state, &rows[i].exchange, 1);
        while (scrape_request(*state, rows[i].route, rows[i].code) !=
                   before + 1 ||
               scrape_count(*state, rows[i].route) != count + 1)
            if (process_clock() > deadline)
                fail_msg("row %zu: not one more of %s, %s", i, rows[i].route,
                         rows[i].code);
    }
    /* Each scrape is one, which is over after it was written. */
    assert_true(scrape_request(*state, "metrics", "200") > 0);
}

static void bodies_are_counted_in_bytes(void **state)
{
    static const char received[] = "lunar_http_request_bytes_total";
    static const char sent[] = "lunar_http_response_bytes_total";
    double before = scrape_value(*state, received);
    char *text = scrape_text(*state);
    double length = (double)strlen(text), sent_before = scrape_find(text, sent);

    EXCHANGE(*state, .body = "{\"x\":1}", .status = 400);
    scrape_wait_for(*state, received, before + 7);
    /* At least that of the first text, which is not in it yet. */
    scrape_wait_from(*state, sent, sent_before + length);
    free(text);
}

/*
 * The text of GET /metrics. NULL if the connection was closed instead: until
 * the service has seen that a crowd has gone, it may close new ones as well.
 */
static char *scrape_in_crowd(const struct instance *instance)
{
    struct connection connection;
    struct response response;
    char *text = NULL;

    instance_connect(instance, &connection);
    if (connection_get(&connection, "/metrics") &&
        connection_receive(&connection, &response) == CONNECTION_ANSWERED) {
        text = strdup(response.body);
        response_release(&response);
    }
    connection_close(&connection);
    return text;
}

/* A connection is counted once it has ended, so perhaps after that. */
static void wait_until_counted(const struct instance *instance,
                               const char *sample)
{
    int64_t deadline = process_clock() + PROCESS_PATIENCE;
    bool counted;

    do {
        char *text = scrape_in_crowd(instance);
        counted = text != NULL && scrape_find(text, sample) >= 1 &&
                  scrape_find(text, "lunar_connections_opened_total") > 1;
        free(text);
        if (process_clock() > deadline)
            fail_msg("%s is not counted", sample);
    } while (!counted);
}

/*
 * Open `count` connections, and see that the service closes at least one. The
 * first that is evicted need not be of the crowd: it may be that of a scrape
 * before, if the service has not seen yet that its client has closed it.
 */
static void expect_limit(const char *const flags[], size_t count,
                         const char *reason)
{
    struct connection connections[CROWD];
    struct instance instance;
    char sample[128];

    snprintf(sample, sizeof(sample),
             "lunar_connections_closed_total{reason=\"%s\"}", reason);
    instance_start(&instance, flags);
    assert_true(scrape_value(&instance, "lunar_connections_limit") == LIMIT);
    assert_true(scrape_value(&instance, sample) == 0);
    for (size_t i = 0; i < count; i++)
        instance_connect(&instance, &connections[i]);
    wait_until_counted(&instance, sample);
    for (size_t i = 0; i < count; i++)
        connection_close(&connections[i]);
    instance_stop(&instance);
}

static void limits_are_reasons_of_closed_connections(void **state)
{
#define LIMITED "-max-connections=16"
    (void)state;
    expect_limit(INSTANCE_FLAGS(LIMITED), CROWD, "evicted");
    expect_limit(INSTANCE_FLAGS(LIMITED, "-threads=per-connection"), CROWD,
                 "evicted");
    expect_limit(INSTANCE_FLAGS(LIMITED, "-idle-timeout=1"), 1, "idle");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_is_counted_by_route_and_code),
        cmocka_unit_test(bodies_are_counted_in_bytes),
    };
    const struct CMUnitTest own_instance[] = {
        cmocka_unit_test(limits_are_reasons_of_closed_connections),
    };
    return HARNESS_RUN_IN_BOTH_MODES(tests) +
           cmocka_run_group_tests(own_instance, NULL, NULL);
}
