/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of what is logged of requests: which are refused, how a line looks, and
 * the limit on the rate of lines.
 */
#include "lib/captured_log.h"
#include "lib/count_parts.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/log.h"
#include "base/metrics.h"
#include "http/app.h"
#include "http/fields.h"
#include "http/problem.h"
#include "server/connection.h"
#include "server/request_log.h"
#include "server/server_metrics.h"

struct fixture {
    struct metrics *metrics;
    struct server_metrics added;
    struct request_log log;
    struct captured_log capture;
};

static const char *const routes[] = {"other", "first", "second"};
static const struct http_app app = {.routes = routes, .route_count = 3};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL)
        return -1;
    fixture->metrics = metrics_new();
    server_metrics_add(&fixture->added, fixture->metrics, &app);
    request_log_init(&fixture->log, &fixture->added);
    log_set_level(LOG_DEBUG);
    *state = fixture;
    return fixture->metrics == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    request_log_release(&fixture->log);
    metrics_free(fixture->metrics);
    free(fixture);
    return 0;
}

static const struct sockaddr_in client = {.sin_family = AF_INET};

/* A request for "/x". */
static struct request_line make_line(enum http_method method, unsigned status)
{
    return (struct request_line){
        .client = (const struct sockaddr *)&client,
        .method = method,
        .target = TEXT("/x"),
        .status = status,
    };
}

/* The time up to which each group of clients has used up its seconds. */
static void set_used(struct fixture *fixture, uint64_t time)
{
    for (size_t i = 0; i < REQUEST_LOG_GROUPS; i++)
        fixture->log.paid[i] = time;
}

static void errors_are_refusals_but_not_what_is_not_found(void **state)
{
    static const struct {
        enum http_method method;
        unsigned status;
        const char *note;
        const char *line; /* NULL: none */
    } rows[] = {
        {HTTP_POST, 202, NULL, NULL},
        {HTTP_POST, 202, "1 of 2 lines rejected",
         "0.0.0.0 POST /x 202: 1 of 2 lines rejected"},
        {HTTP_GET, 200, NULL, NULL},
        {HTTP_GET, 304, NULL, NULL},
        {HTTP_OPTIONS, 204, NULL, NULL},
        {HTTP_GET, 404, "no such rocket", NULL},
        {HTTP_HEAD, 404, "no such rocket", NULL},
        {HTTP_POST, 404, "no such path", "0.0.0.0 POST /x 404: no such path"},
        {HTTP_OPTIONS, 404, "no such path",
         "0.0.0.0 OPTIONS /x 404: no such path"},
        {HTTP_GET, 400, "bad", "0.0.0.0 GET /x 400: bad"},
        {HTTP_HEAD, 405, "bad", "0.0.0.0 HEAD /x 405: bad"},
        {HTTP_OTHER, 405, "bad", "0.0.0.0 (another) /x 405: bad"},
        {HTTP_POST, 503, NULL, "0.0.0.0 POST /x 503: Service Unavailable"},
        {HTTP_POST, 0, "too long", "0.0.0.0 POST /x no response: too long"},
        {0, 431, "bad", "0.0.0.0 (unknown) /x 431: bad"},
        {HTTP_POST, 0, NULL, "0.0.0.0 POST /x no response: Error"},
        {HTTP_POST, 400, "a\nb\xff", "0.0.0.0 POST /x 400: a\\x0ab\\xff"},
    };
    struct fixture *fixture = *state;
    uint64_t refused = 0;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request_line line = make_line(rows[i].method, rows[i].status);
        set_used(fixture, 0);
        captured_log_start(&fixture->capture);
        request_log_response(&fixture->log, &line, rows[i].note);
        captured_log_stop(&fixture->capture);
        assert_int_equal(fixture->capture.writes, rows[i].line != NULL);
        refused += rows[i].line != NULL;
        if (rows[i].line == NULL)
            continue;
        char *text = fixture->capture.text;
        text[strcspn(text, "\n")] = '\0';
        assert_string_equal(text + CAPTURED_PREFIX, rows[i].line);
        assert_memory_equal(text + CAPTURED_PREFIX - 6, "warn  ", 6);
    }
    assert_int_equal(metric_total(fixture->added.refused), refused);
}

/*
 * libmicrohttpd logs that it has refused a request; whose, is known at its end,
 * or never.
 */
static void refusals_of_libmicrohttpd_are_counted_once(void **state)
{
    struct fixture *fixture = *state;
    struct request_line line = make_line(HTTP_POST, 431);
    const struct request_end end = {.sent = true};

    captured_log_start(&fixture->capture);
    for (int i = 0; i < 3; i++)
        request_log_unknown(&fixture->log);
    /* All three may still get a request. */
    request_log_report(&fixture->log, false);
    request_log_refused(&fixture->log, &line);
    captured_log_stop(&fixture->capture);
    assert_string_equal(fixture->capture.text + CAPTURED_PREFIX,
                        "0.0.0.0 POST /x 431: libmicrohttpd could not read "
                        "the request\n");
    captured_log_start(&fixture->capture);
    request_log_unknown(&fixture->log);
    request_log_report(&fixture->log, false);
    captured_log_stop(&fixture->capture);
    assert_string_equal(fixture->capture.text + CAPTURED_PREFIX,
                        "refused requests whose first line libmicrohttpd could "
                        "not read: 2\n");
    log_set_level(LOG_INFO);
    request_log_refused(&fixture->log, &line);
    request_log_report(&fixture->log, true);
    request_log_end(&fixture->log, &line, &end);
    request_log_end(&fixture->log, &line, &end);
    assert_int_equal(metric_total(fixture->added.requests), 4);
    assert_int_equal(metric_total(fixture->added.refused), 4);
}

/* Else it would be counted as "other". */
static void each_status_of_a_problem_has_a_code(void **state)
{
    const struct fixture *fixture = *state;
    const char *no_title = problem_title(0);
    unsigned found = 0;

    for (unsigned status = 1; status < SERVER_METRICS_STATUSES; status++) {
        if (strcmp(problem_title(status), no_title) == 0)
            continue;
        if (fixture->added.codes[status] == 0)
            fail_msg("%u has no code", status);
        found++;
    }
    assert_true(found > 0);
}

static void client_is_an_address_with_its_port(void **state)
{
    static const struct {
        const char *address;
        const char *shown;
    } rows[] = {
        {"192.0.2.17", "192.0.2.17:65535 "},
        {"2001:db8::1", "[2001:db8::1]:65535 "},
        {"::ffff:192.0.2.17", "192.0.2.17:65535 "},
        {"1111:2222:3333:4444:5555:6666:7777:8888",
         "[1111:2222:3333:4444:5555:6666:7777:8888]:65535 "},
        {NULL, "(unknown) "},
    };
    struct fixture *fixture = *state;
    const struct request_end end = {.sent = true};

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sockaddr_in ipv4 = {.sin_family = AF_INET,
                                   .sin_port = htons(65535)};
        struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6,
                                    .sin6_port = htons(65535)};
        struct request_line line = make_line(HTTP_GET, 200);

        line.client = NULL;
        if (rows[i].address != NULL &&
            inet_pton(AF_INET, rows[i].address, &ipv4.sin_addr) == 1)
            line.client = (const struct sockaddr *)&ipv4;
        else if (rows[i].address != NULL &&
                 inet_pton(AF_INET6, rows[i].address, &ipv6.sin6_addr) == 1)
            line.client = (const struct sockaddr *)&ipv6;
        captured_log_start(&fixture->capture);
        request_log_end(&fixture->log, &line, &end);
        captured_log_stop(&fixture->capture);
        assert_memory_equal(fixture->capture.text + CAPTURED_PREFIX,
                            rows[i].shown, strlen(rows[i].shown));
    }
}

static void end_has_bytes_and_time(void **state)
{
    struct fixture *fixture = *state;
    struct request_line line = make_line(HTTP_GET, 200);
    char target[2 * REQUEST_LOG_TARGET];

    captured_log_start(&fixture->capture);
    request_log_end(&fixture->log, &line,
                    &(struct request_end){12345, 67, 1002003, true});
    captured_log_stop(&fixture->capture);
    assert_string_equal(fixture->capture.text + CAPTURED_PREFIX - 6,
                        "debug 0.0.0.0 GET /x 200: 12345 bytes received, 67 in "
                        "the response, 1002.003 ms\n");
    /* A long target leaves room for the rest. */
    memset(target, '\n', sizeof(target));
    line.target = (struct text){target, sizeof(target)};
    captured_log_start(&fixture->capture);
    request_log_end(
        &fixture->log, &line,
        &(struct request_end){UINT64_MAX, UINT64_MAX, UINT64_MAX, false});
    captured_log_stop(&fixture->capture);
    assert_non_null(strstr(fixture->capture.text,
                           "\\x0a 200: 18446744073709551615 bytes received, "
                           "18446744073709551615 in the response, "
                           "18446744073709551.615 ms, cut off\n"));
}

/* The id is behind the message, in all lines of the request. */
static void lines_have_the_id_of_the_request(void **state)
{
    struct fixture *fixture = *state;
    struct request_line line = make_line(HTTP_GET, 400);
    const char *const ids[] = {"a\"\\b", NULL};
    const char *const lines[] = {"0.0.0.0 GET /x 400: bad requestId=a\"\\b\n",
                                 "0.0.0.0 GET /x 400: bad\n"};

    for (size_t i = 0; i < COUNT(ids); i++) {
        line.request_id = ids[i];
        captured_log_start(&fixture->capture);
        request_log_response(&fixture->log, &line, "bad");
        captured_log_stop(&fixture->capture);
        assert_string_equal(fixture->capture.text + CAPTURED_PREFIX, lines[i]);
        captured_log_start(&fixture->capture);
        request_log_end(&fixture->log, &line, &(struct request_end){0});
        captured_log_stop(&fixture->capture);
        assert_int_equal(count_parts(fixture->capture.text,
                                     " ms, cut off requestId=a\"\\b\n"),
                         i == 0);
    }
}

/* libmicrohttpd accepts spaces in targets; what follows cannot be forged. */
static void target_is_one_word(void **state)
{
    struct fixture *fixture = *state;
    struct request_line line = make_line(HTTP_GET, 400);

    line.target = TEXT("/x 200: fine");
    captured_log_start(&fixture->capture);
    request_log_response(&fixture->log, &line, "bad");
    captured_log_stop(&fixture->capture);
    assert_string_equal(fixture->capture.text + CAPTURED_PREFIX,
                        "0.0.0.0 GET /x\\x20200:\\x20fine 400: bad\n");
}

/* Log the end of a request in JSON. Returns the members behind the message. */
static const char *json_of_end(struct fixture *fixture,
                               const struct request_line *line,
                               const struct request_end *end)
{
    static const char behind[] = "\",\"client\":";

    log_set_format(LOG_JSON);
    captured_log_start(&fixture->capture);
    request_log_end(&fixture->log, line, end);
    captured_log_stop(&fixture->capture);
    log_set_format(LOG_TEXT);
    const char *members = strstr(fixture->capture.text, behind);
    if (members == NULL)
        abort();
    return members + 2;
}

/* `expected` is what the log has behind the method. */
static void check_target(struct fixture *fixture, const char *target,
                         const char *expected)
{
    struct request_line line = make_line(HTTP_GET, 401);

    set_used(fixture, 0);
    line.target = text_of(target);
    captured_log_start(&fixture->capture);
    request_log_response(&fixture->log, &line, NULL);
    captured_log_stop(&fixture->capture);
    if (strstr(fixture->capture.text, expected) == NULL)
        fail_msg("%s: %s", target, fixture->capture.text);
}

static void tokens_in_a_target_are_hidden(void **state)
{
    check_target(*state, "/rockets?a=lunar_x-hQYDXj3aV87LoUVsEQR_5Umkdua&b=c",
                 " /rockets?a=lunar_***&b=c ");
    check_target(*state,
                 "/lunar_0123456789abcdefghij/lunar_ABCDEFGHIJKLMNOPQRST",
                 " /lunar_***/lunar_*** ");
    check_target(*state, "/lunar_lander_12?type=lunar_",
                 " /lunar_lander_12?type=lunar_ ");
}

static void json_has_what_is_known_as_members(void **state)
{
    struct fixture *fixture = *state;
    char target[2 * REQUEST_LOG_TARGET], id[HTTP_MAX_REQUEST_ID + 1];
    struct request_line line = make_line(HTTP_POST, 202);
    struct sockaddr_in proxy = {.sin_family = AF_INET, .sin_port = htons(258)};

    inet_pton(AF_INET, "127.0.0.1", &proxy.sin_addr);
    line.target = TEXT("/a\n\"\\\xff");
    line.request_id = "a\"\\b";

    assert_string_equal(
        json_of_end(fixture, &line,
                    &(struct request_end){12, 0, 1002003, true}),
        "\"client\":\"0.0.0.0\",\"method\":\"POST\","
        "\"target\":\"/a\\\\x0a\\\"\\\\x5c\\\\xff\",\"status\":202,"
        "\"requestId\":\"a\\\"\\\\b\",\"receivedBytes\":12,\"sentBytes\":0,"
        "\"durationMs\":1002.003,\"complete\":true}\n");
    line.proxy = (const struct sockaddr *)&proxy;
    line.request_id = NULL;
    assert_string_equal(
        json_of_end(fixture, &line, &(struct request_end){.sent = true}),
        "\"client\":\"0.0.0.0\",\"method\":\"POST\","
        "\"target\":\"/a\\\\x0a\\\"\\\\x5c\\\\xff\",\"status\":202,"
        "\"proxy\":\"127.0.0.1:258\",\"receivedBytes\":0,\"sentBytes\":0,"
        "\"durationMs\":0.000,\"complete\":true}\n");
    line = (struct request_line){.target = TEXT("")};
    assert_string_equal(
        json_of_end(fixture, &line, &(struct request_end){0}),
        "\"client\":null,\"method\":null,\"target\":\"\",\"status\":null,"
        "\"receivedBytes\":0,\"sentBytes\":0,\"durationMs\":0.000,"
        "\"complete\":false}\n");
    /* The longest has all members, and a whole message. */
    memset(target, '"', sizeof(target));
    memset(id, '\\', sizeof(id));
    id[HTTP_MAX_REQUEST_ID] = '\0';
    line = make_line(HTTP_OTHER, 400);
    line.target = (struct text){target, sizeof(target)};
    line.request_id = id;
    assert_non_null(
        strstr(json_of_end(fixture, &line,
                           &(struct request_end){UINT64_MAX, UINT64_MAX,
                                                 UINT64_MAX, false}),
               "\\\\\",\"receivedBytes\":18446744073709551615,\"sentBytes\":"
               "18446744073709551615,\"durationMs\":18446744073709551.615,"
               "\"complete\":false}\n"));
    assert_non_null(strstr(fixture->capture.text, " ms, cut off\","));
}

static void refuse(struct fixture *fixture, unsigned times)
{
    struct request_line line = make_line(HTTP_POST, 400);

    captured_log_start(&fixture->capture);
    for (unsigned i = 0; i < times; i++)
        request_log_response(&fixture->log, &line, "bad");
    captured_log_stop(&fixture->capture);
}

static unsigned long report(struct fixture *fixture)
{
    static const char line[] = "further refused requests, not logged: ";
    unsigned long left_out = 0;

    captured_log_start(&fixture->capture);
    request_log_report(&fixture->log, false);
    captured_log_stop(&fixture->capture);
    assert_true(fixture->capture.writes <= 1);
    if (fixture->capture.writes == 1) {
        const char *text = fixture->capture.text + CAPTURED_PREFIX;
        size_t length = strlen(line);
        assert_int_equal(strncmp(text, line, length), 0);
        left_out = strtoul(text + length, NULL, 10);
        assert_true(left_out > 0);
    }
    return left_out;
}

static void many_refusals_are_few_lines_and_a_count(void **state)
{
    struct fixture *fixture = *state;

    uint64_t start = connection_clock();
    refuse(fixture, 100);
    uint64_t seconds =
        (connection_clock() - start) / REQUEST_LOG_SECOND + UINT64_C(1);
    size_t lines = count_parts(fixture->capture.text, "POST /x 400: bad\n");
    assert_in_range(lines, REQUEST_LOG_AT_ONCE, REQUEST_LOG_AT_ONCE + seconds);
    assert_int_equal(report(fixture), 100 - lines);
    assert_int_equal(report(fixture), 0);
    assert_int_equal(metric_total(fixture->added.refused), 100);
}

static void json_has_the_counts_as_members(void **state)
{
    struct fixture *fixture = *state;

    set_used(fixture, connection_clock() + UINT64_C(3600000000));
    refuse(fixture, 3);
    request_log_unknown(&fixture->log);
    log_set_format(LOG_JSON);
    captured_log_start(&fixture->capture);
    request_log_report(&fixture->log, true);
    captured_log_stop(&fixture->capture);
    log_set_format(LOG_TEXT);
    assert_int_equal(fixture->capture.writes, 2);
    assert_non_null(strstr(
        fixture->capture.text,
        "\"further refused requests, not logged: 3\",\"notLogged\":3}\n"));
    assert_non_null(
        strstr(fixture->capture.text, " could not read: 1\",\"notRead\":1}\n"));
}

/* One that is refused again and again does not hide another. */
static void clients_have_limits_of_their_own(void **state)
{
    static const char *const others[] = {"192.0.2.1",   "192.0.2.2",
                                         "192.0.3.1",   "::ffff:192.0.2.9",
                                         "2001:db8::1", "2001:db9::1"};
    struct fixture *fixture = *state;

    refuse(fixture, 100);
    for (size_t i = 0; i < COUNT(others); i++) {
        struct sockaddr_in ipv4 = {.sin_family = AF_INET};
        struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
        struct request_line line = make_line(HTTP_POST, 400);

        if (inet_pton(AF_INET, others[i], &ipv4.sin_addr) == 1)
            line.client = (const struct sockaddr *)&ipv4;
        else if (inet_pton(AF_INET6, others[i], &ipv6.sin6_addr) == 1)
            line.client = (const struct sockaddr *)&ipv6;
        captured_log_start(&fixture->capture);
        request_log_response(&fixture->log, &line, "bad");
        captured_log_stop(&fixture->capture);
        if (fixture->capture.writes != 1)
            fail_msg("%s is hidden", others[i]);
    }
}

/* Addresses of one network, and ports of one address, are one client. */
static void client_is_limited_with_all_its_addresses(void **state)
{
    struct fixture *fixture = *state;
    unsigned lines = 0;

    for (unsigned i = 0; i < 100; i++) {
        struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6,
                                    .sin6_port = htons((uint16_t)i)};
        struct request_line line = make_line(HTTP_POST, 400);

        inet_pton(AF_INET6, "2001:db8::", &ipv6.sin6_addr);
        ipv6.sin6_addr.s6_addr[15] = (uint8_t)i;
        line.client = (const struct sockaddr *)&ipv6;
        captured_log_start(&fixture->capture);
        request_log_response(&fixture->log, &line, "bad");
        captured_log_stop(&fixture->capture);
        lines += fixture->capture.writes;
    }
    /* A slow machine may take some seconds. */
    assert_in_range(lines, REQUEST_LOG_AT_ONCE, 50);
}

/* Else one client behind a proxy would hide all others behind it. */
static void clients_behind_a_proxy_have_limits_of_their_own(void **state)
{
    struct fixture *fixture = *state;
    struct sockaddr_in other = {.sin_family = AF_INET};
    struct request_line line = make_line(HTTP_POST, 400);

    refuse(fixture, 100);
    inet_pton(AF_INET, "192.0.2.1", &other.sin_addr);
    line.client = (const struct sockaddr *)&other;
    line.proxy = (const struct sockaddr *)&client;
    captured_log_start(&fixture->capture);
    request_log_response(&fixture->log, &line, "bad");
    captured_log_stop(&fixture->capture);
    /* The text shows the client alone. */
    assert_string_equal(fixture->capture.text + CAPTURED_PREFIX,
                        "192.0.2.1 POST /x 400: bad\n");
}

/* Two bytes are all that accept(2) gives of it. */
static void clients_of_the_unix_socket_share_a_limit(void **state)
{
    struct fixture *fixture = *state;
    sa_family_t *family = malloc(sizeof(*family));
    struct request_line line = make_line(HTTP_POST, 400);
    unsigned lines = 0;

    assert_non_null(family);
    *family = AF_UNIX;
    line.client = (const void *)family;
    for (unsigned i = 0; i < 100; i++) {
        captured_log_start(&fixture->capture);
        request_log_response(&fixture->log, &line, "bad");
        captured_log_stop(&fixture->capture);
        if (fixture->capture.writes == 1)
            assert_string_equal(fixture->capture.text + CAPTURED_PREFIX,
                                "unix POST /x 400: bad\n");
        lines += fixture->capture.writes;
    }
    assert_in_range(lines, REQUEST_LOG_AT_ONCE, 50);
    free(family);
}

/* The log's time is moved instead of waiting. */
static void each_second_pays_for_one_line(void **state)
{
    struct fixture *fixture = *state;

    set_used(fixture, connection_clock() + UINT64_C(3600000000));
    refuse(fixture, 5);
    assert_int_equal(fixture->capture.writes, 0);
    set_used(fixture, connection_clock() - UINT64_C(3) * REQUEST_LOG_SECOND);
    refuse(fixture, 3);
    assert_int_equal(fixture->capture.writes, 3);
    assert_int_equal(report(fixture), 5);
}

static void nothing_is_left_out_of_a_log_without_warnings(void **state)
{
    struct fixture *fixture = *state;

    log_set_level(LOG_ERROR);
    refuse(fixture, 100);
    assert_int_equal(fixture->capture.writes, 0);
    assert_int_equal(report(fixture), 0);
    assert_int_equal(metric_total(fixture->added.refused), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(errors_are_refusals_but_not_what_is_not_found),
        FIXTURE_TEST(refusals_of_libmicrohttpd_are_counted_once),
        FIXTURE_TEST(each_status_of_a_problem_has_a_code),
        FIXTURE_TEST(client_is_an_address_with_its_port),
        FIXTURE_TEST(end_has_bytes_and_time),
        FIXTURE_TEST(lines_have_the_id_of_the_request),
        FIXTURE_TEST(target_is_one_word),
        FIXTURE_TEST(tokens_in_a_target_are_hidden),
        FIXTURE_TEST(json_has_what_is_known_as_members),
        FIXTURE_TEST(json_has_the_counts_as_members),
        FIXTURE_TEST(many_refusals_are_few_lines_and_a_count),
        FIXTURE_TEST(clients_have_limits_of_their_own),
        FIXTURE_TEST(client_is_limited_with_all_its_addresses),
        FIXTURE_TEST(clients_behind_a_proxy_have_limits_of_their_own),
        FIXTURE_TEST(clients_of_the_unix_socket_share_a_limit),
        FIXTURE_TEST(each_second_pays_for_one_line),
        FIXTURE_TEST(nothing_is_left_out_of_a_log_without_warnings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
