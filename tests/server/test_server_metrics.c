/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics of connections and requests: why connections are closed, in which
 * phases they are, and what their requests are counted as. What the sweep
 * closes for a limit of time is in test_connection.c and test_timeouts.c.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <string.h>

#include "base/metrics.h"
#include "toy_client.h"

enum {
    BLOCKS = 200,        /* of a stream: more than the kernel holds */
    END_PATIENCE = 20000 /* milliseconds: only a bound */
};

static struct metric *find(const struct toy *toy, const char *name)
{
    struct metric *metric = metrics_find(toy_metrics(toy), name);

    if (metric == NULL)
        fail_msg("there is no %s", name);
    return metric;
}

/* The series whose last label has this value. The toy has one route. */
static uint64_t read_value(const struct toy *toy, const char *name,
                           const char *value)
{
    struct metric *metric = find(toy, name);
    const struct metric_label *labels = metric_family(metric)->labels;
    const struct metric_label *last = &labels[labels[1].name != NULL];

    for (size_t i = 0; i < last->count; i++)
        if (strcmp(last->values[i], value) == 0)
            return metric_value(metric, i);
    fail_msg("%s has no %s", name, value);
    return 0;
}

/* What a client sends, and how it ends. */
static const struct end {
    const char *sent;
    bool leaves; /* the client closes; else it waits for the end */
    const char *reason;
    const char *code; /* of its request; NULL: there is none */
} ends[] = {
#define HOST " HTTP/1.1\r\nHost: localhost\r\n"
#define LONG                                                                   \
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbd"
#define POST(target, fields) "POST " target HOST fields "\r\n"
    {"", true, "client", NULL},
    {"GET /pla", true, "client", NULL},
    {POST("/plain/x", "Content-Length: 2\r\n") "1", true, "client", "none"},
    {"GET /stream/now/" LONG HOST "\r\n", true, "client", "200"},
    {"GET /plain/x" HOST "Connection: close\r\n\r\n", false, "answered", "200"},
    {"GET /plain/x HTTP/1.0\r\n\r\n", false, "answered", "200"},
    {"HEAD /stream/now/sd" HOST "\r\n", false, "answered", "200"},
    {"GET /none" HOST "Connection: close\r\n\r\n", false, "answered", "404"},
    {POST("/refused", "Content-Length: 2\r\n"), false, "answered", "403"},
    {"GET /plain/x" HOST "X : y\r\n\r\n", false, "answered", "400"},
    /* libmicrohttpd refuses these: of the last it has no first line. */
    {POST("/plain/x", "Content-Length: x\r\n"), false, "answered", "400"},
    {"GET /plain/x HTTP/3.0\r\n\r\n", false, "client", "other"},
    {"GET /stream/now/sf" HOST "\r\n", false, "error", "200"},
    {POST("/sink/now/x/100000", "Content-Length: 100000\r\n") "!\"", false,
     "error", "none"},
};

/* Close or let close, until the server has noticed. */
static void end_connection(const struct toy *toy, const struct end *end,
                           struct connection *client, uint64_t closed)
{
    int64_t deadline = process_clock() + END_PATIENCE;
    struct metric *requests = find(toy, "lunar_http_requests_total");
    uint64_t before = metric_total(requests);

    connection_send_text(client, end->sent);
    if (strstr(end->sent, LONG) != NULL)
        while (client->length == 0)
            assert_true(connection_fill(client, 1, deadline));
    while (!end->leaves && !client->ended)
        assert_true(connection_fill(client, 4096, deadline) || client->ended);
    connection_close(client);
    /* A request that was not read is counted a second or two later. */
    bool unread = end->code != NULL && strcmp(end->code, "other") == 0;
    while (metric_total(find(toy, "lunar_connections_closed_total")) ==
               closed ||
           (unread && metric_total(requests) == before)) {
        assert_true(process_clock() < deadline);
        process_wait_until(process_clock() + 1);
    }
}

/* Those of the bystanders may be counted after their responses. */
static void wait_for_bystanders(const struct toy *toy)
{
    struct metric *requests = find(toy, "lunar_http_requests_total");
    struct metric *opened = find(toy, "lunar_connections_opened_total");

    while (metric_total(requests) < metric_total(opened))
        process_wait_until(process_clock() + 1);
}

static void each_connection_is_closed_for_a_reason(void **state)
{
    static const char opened[] = "lunar_connections_opened_total";
    static const char closed[] = "lunar_connections_closed_total";
    static const char requests[] = "lunar_http_requests_total";
    const struct toy *toy = *state;

    wait_for_bystanders(toy);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        const struct end *end = &ends[i];
        const char *code = end->code == NULL ? "none" : end->code;
        struct connection client;
        uint64_t were_opened = metric_total(find(toy, opened));
        uint64_t were_closed = metric_total(find(toy, closed));
        uint64_t for_reason = read_value(toy, closed, end->reason);
        uint64_t all = metric_total(find(toy, requests));
        uint64_t with_code = read_value(toy, requests, code);

        toy_open(*state, &client);
        end_connection(toy, end, &client, were_closed);
        if (metric_total(find(toy, opened)) != were_opened + 1 ||
            metric_total(find(toy, closed)) != were_closed + 1 ||
            read_value(toy, closed, end->reason) != for_reason + 1 ||
            metric_total(find(toy, requests)) != all + (end->code != NULL) ||
            read_value(toy, requests, code) != with_code + (end->code != NULL))
            fail_msg("row %zu: not closed by %s, code %s", i, end->reason,
                     code);
    }
}

static void wait_for_phase(const struct toy *toy, const char *phase,
                           uint64_t count)
{
    int64_t deadline = process_clock() + END_PATIENCE;

    while (read_value(toy, "lunar_connections", phase) != count) {
        if (process_clock() > deadline)
            fail_msg("%s: not %ju", phase, (uintmax_t)count);
        process_wait_until(process_clock() + 10);
    }
}

static void connections_are_counted_by_phase(void **state)
{
    struct toy *toy = *state;
    struct metric *opened = find(toy, "lunar_connections_opened_total");
    uint64_t bystanders = metric_total(opened);
    struct connection idle, receiving, working, sending;
    char target[BLOCKS + 64] = "/stream/now/";

    assert_int_equal(metric_total(find(toy, "lunar_connections_limit")), 400);
    memset(target + strlen(target), 'b', BLOCKS);
    memcpy(target + strlen(target), "d", 2);
    toy_get(toy, &idle, "/plain/hello");
    connection_expect_status(&idle, 200);
    toy_open(toy, &receiving);
    connection_send_text(&receiving,
                         POST("/plain/x", "Content-Length: 2\r\n") "1");
    toy_get(toy, &working, "/deferred/held/hello");
    assert_true(connection_open_narrow(&sending, toy_port(toy)));
    connection_get(&sending, target);
    wait_for_phase(toy, "idle", bystanders + 1);
    wait_for_phase(toy, "receiving", 1);
    wait_for_phase(toy, "working", 1);
    wait_for_phase(toy, "sending", 1);
    connection_close(&sending);
    connection_close(&receiving);
    wait_for_phase(toy, "sending", 0);
    wait_for_phase(toy, "receiving", 0);
    toy_wake_held(toy);
    connection_expect_status(&working, 200);
    wait_for_phase(toy, "idle", bystanders + 2);
    connection_close(&working);
    connection_close(&idle);
    wait_for_phase(toy, "idle", bystanders);
}

/* What was observed: how often, and microseconds in all. */
struct durations {
    uint64_t count, sum;
};

static struct durations read_durations(const struct toy *toy)
{
    uint64_t values[METRICS_MAX_VALUES];
    struct durations durations = {0, 0};
    size_t last =
        metric_read(find(toy, "lunar_http_request_duration_seconds"), values) -
        1;

    for (size_t i = 0; i < last; i++)
        durations.count += values[i];
    durations.sum = values[last];
    return durations;
}

static void request_is_measured_from_its_first_line_to_its_end(void **state)
{
    enum { MS = 30 };
    int64_t deadline = process_clock() + END_PATIENCE;
    struct durations before, after;
    struct connection client;

    wait_for_bystanders(*state);
    before = read_durations(*state);
    toy_open(*state, &client);
    int64_t start = process_clock();
    connection_send_text(&client,
                         POST("/plain/x", "Content-Length: 2\r\n") "1");
    wait_for_phase(*state, "receiving", 1);
    process_wait_until(process_clock() + MS);
    connection_send_text(&client, "2");
    connection_expect_status(&client, 200);
    /* The service may note the end later than the client has the response. */
    while ((after = read_durations(*state)).count == before.count)
        assert_true(process_clock() < deadline);
    assert_int_equal(after.count, before.count + 1);
    assert_in_range(after.sum - before.sum, MS * 1000,
                    (process_clock() - start + 1) * 1000);
    connection_close(&client);
}

static void stop_closes_idle_connections_and_ends_the_gauges(void **state)
{
    struct toy *toy = *state;
    struct connection client;

    toy_get(toy, &client, "/plain/hello");
    connection_expect_status(&client, 200);
    wait_for_phase(toy, "idle",
                   metric_total(find(toy, "lunar_connections_opened_total")));
    toy_close_bystanders(toy);
    wait_for_phase(toy, "idle", 1);
    toy_stop(toy);
    connection_close(&client);
    assert_int_equal(read_value(toy, "lunar_connections_closed_total", "stop"),
                     1);
    assert_int_equal(metric_total(find(toy, "lunar_connections")), 0);
    assert_int_equal(metric_total(find(toy, "lunar_connections_limit")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOY_TEST(each_connection_is_closed_for_a_reason),
        TOY_TEST(connections_are_counted_by_phase),
        TOY_TEST(request_is_measured_from_its_first_line_to_its_end),
        TOY_TEST(stop_closes_idle_connections_and_ends_the_gauges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
