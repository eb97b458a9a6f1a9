/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proxies, with -trusted-proxy: who the client is, in the log; which URL it
 * used, in the checks of sites; and that nobody else is believed. The test is
 * the proxy, from 127.0.0.1.
 */
#include "lib/count_parts.h"
#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLAGS INSTANCE_FLAGS
#define TRUSTED "-trusted-proxy=127.0.0.0/8"
#define ALLOWED "-allow-host=example.org"
#define BAD .body = "x", .status = 400

static const char *const *const modes[] = {
    FLAGS(TRUSTED), FLAGS(TRUSTED, "-threads=per-connection")};

/* What is logged of a refused request with these fields: its client. */
struct row {
    const char *fields;
    const char *client; /* NULL: the peer, with its port */
};

static void expect_client(const char *const flags[], const struct row *row)
{
    struct instance instance;

    instance_start(&instance, flags);
    EXCHANGE(&instance, .fields = row->fields, BAD);
    char *errors = instance_stop_log(&instance);
    char expected[128] = "Z warn  127.0.0.1:";
    if (row->client != NULL)
        snprintf(expected, sizeof(expected),
                 "Z warn  %s POST /messages 400: ", row->client);
    if (count_parts(errors, "Z warn  ") != 1 ||
        count_parts(errors, expected) != 1)
        fail_msg("%s, expected %s: %s", row->fields, expected, errors);
    free(errors);
}

static void client_of_a_trusted_proxy_is_logged(void **state)
{
    static const struct row rows[] = {
        {"X-Forwarded-For: 203.0.113.9\r\n", "203.0.113.9"},
        {"X-Forwarded-For: 1.1.1.1, 203.0.113.9:4711, 127.9.9.9\r\n",
         "203.0.113.9:4711"},
        {"X-Forwarded-For: 1.1.1.1\r\nx-forwarded-for: 2001:db8::1\r\n",
         "[2001:db8::1]"},
        {"Forwarded: for=1.1.1.1\r\n"
         "FORWARDED: for=\"[2001:db8::1]:4711\";proto=https\r\n",
         "[2001:db8::1]:4711"},
        {"Forwarded: for=1.1.1.1\r\nX-Forwarded-For: 203.0.113.9\r\n", NULL},
        {"Forwarded: for=_hidden\r\n", NULL},
        {"X-Forwarded-For: 203.0.113.9, x\\x0ax\r\n", NULL},
        {"X-Request-Id: a\r\n", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect_client(modes[i % 2], &rows[i]);
}

static void others_are_not_believed(void **state)
{
    static const struct row row = {
        "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Host: localhost\r\n",
        NULL};

    (void)state;
    expect_client(NULL, &row);
    expect_client(FLAGS("-trusted-proxy=192.0.2.0/24,::/0"), &row);
}

/* Each request of a kept connection may be another client's. */
static void requests_of_a_connection_have_their_own_clients(void **state)
{
    static const struct exchange rows[] = {
        {.fields = "X-Forwarded-For: 203.0.113.1\r\n", BAD},
        {.fields = "X-Forwarded-For: 203.0.113.2\r\n", BAD},
        {BAD},
        {.sent = "GET /messages HTTP/1.1\r\nHost: localhost\r\n"
                 "X-Forwarded-For: 203.0.113.4\r\nHost: localhost\r\n\r\n",
         .status = 400,
         .closes = true},
        /* Which fields such a head has depends on who reads it. */
        {.sent = "GET /messages HTTP/1.1\r\nHost: localhost\r\n"
                 "X-Forwarded-For: 203.0.113.5\r\n a: b\r\n\r\n",
         .status = 400,
         .closes = true},
    };
    struct instance instance;

    (void)state;
    instance_start(&instance, FLAGS(TRUSTED, "-log-format=json"));
    EXCHANGES_RUN(&instance, rows);
    char *errors = instance_stop_log(&instance);
    if (count_parts(errors, "\"client\":\"203.0.113.1\"") != 1 ||
        count_parts(errors, "\"client\":\"203.0.113.2\"") != 1 ||
        count_parts(errors, "\"client\":\"203.0.113.4\"") != 1 ||
        count_parts(errors, "\"proxy\":\"127.0.0.1:") != 3 ||
        count_parts(errors, "\"client\":\"127.0.0.1:") != 2)
        fail_msg("%s", errors);
    free(errors);
}

/* The limit on warnings is that of clients, not of their proxy. */
static void client_does_not_hide_others_behind_its_proxy(void **state)
{
    struct instance instance;

    (void)state;
    instance_start(&instance, FLAGS(TRUSTED));
    for (int i = 0; i < 100; i++)
        EXCHANGE(&instance, .fields = "X-Forwarded-For: 203.0.113.1\r\n", BAD);
    EXCHANGE(&instance, .fields = "X-Forwarded-For: 203.0.113.2\r\n", BAD);
    char *errors = instance_stop_log(&instance);
    assert_in_range(count_parts(errors, "warn  203.0.113.1 POST"), 10, 99);
    assert_int_equal(count_parts(errors, "warn  203.0.113.2 POST"), 1);
    free(errors);
}

#define XFH(host) "X-Forwarded-Host: " host "\r\n"
#define FROM(origin) "Origin: " origin "\r\n"
#define POSTS .body = "x"

/* Pages are of the URL that the browser used, and its scheme counts. */
static void pages_are_compared_with_the_forwarded_url(void **state)
{
    static const struct exchange rows[] = {
        {.fields = XFH("example.org") FROM("https://example.org"),
         POSTS,
         .status = 400},
        {.fields = XFH("example.org") FROM("http://example.org"),
         POSTS,
         .status = 400},
        {.fields = XFH("example.org:81") FROM("http://example.org"),
         POSTS,
         .status = 403},
        {.fields = XFH("example.org") "X-Forwarded-Proto: https\r\n" FROM(
             "https://example.org"),
         POSTS,
         .status = 400},
        {.fields = XFH("example.org") "X-Forwarded-Proto: https\r\n" FROM(
             "http://example.org"),
         POSTS,
         .status = 403},
        {.fields = XFH("example.org") "X-Forwarded-Proto: http\r\n" FROM(
             "https://example.org:80"),
         POSTS,
         .status = 403},
        {.fields = "Forwarded: proto=https;host=\"example.org:444\"\r\n" FROM(
             "https://example.org:444"),
         POSTS,
         .status = 400},
        /* What one request says does not stay for the next. */
        {.fields = FROM("http://localhost"), POSTS, .status = 400},
        {.fields = FROM("https://localhost"), POSTS, .status = 400},
        {.fields = FROM("http://example.org"), POSTS, .status = 403},
    };
    struct instance instance;

    (void)state;
    instance_start(&instance, FLAGS(TRUSTED, ALLOWED));
    EXCHANGES_RUN(&instance, rows);
    instance_stop(&instance);
    /* Not trusted: the own host counts. */
    instance_start(&instance, FLAGS(ALLOWED));
    EXCHANGE(&instance, .fields = XFH("example.org") FROM("http://example.org"),
             POSTS, .status = 403);
    instance_stop(&instance);
}

/*
 * DNS rebinding: through the proxy, and past it by a browser on its machine,
 * whose address is trusted. Such a page may send each field but Host.
 */
static void both_hosts_must_be_allowed(void **state)
{
    static const struct exchange rows[] = {
        {.fields = XFH("example.org"), .target = "/health", .status = 200},
        {.fields = XFH("evil.example"),
         .target = "/health",
         .status = 421,
         .closes = true},
        {.sent = "GET /health HTTP/1.1\r\nHost: evil.example\r\n" XFH(
             "example.org") "\r\n",
         .status = 421,
         .closes = true},
        {.sent = "GET /health HTTP/1.1\r\nHost: evil.example\r\n"
                 "Forwarded: host=localhost\r\n\r\n",
         .status = 421,
         .closes = true},
        {.sent = "GET /health HTTP/1.1\r\nHost: example.org\r\n" XFH(
             "localhost") "\r\n",
         .status = 200},
        {.sent = "GET http://evil.example/health HTTP/1.1\r\nHost: a\r\n" XFH(
             "localhost") "\r\n",
         .status = 421,
         .closes = true},
        /* What is no host is no host of another site. */
        {.fields = XFH("evil example"), .target = "/health", .status = 200},
        {.fields = XFH(""), .target = "/health", .status = 200},
    };
    struct instance instance;

    (void)state;
    instance_start(&instance, FLAGS(TRUSTED, ALLOWED));
    EXCHANGES_RUN(&instance, rows);
    instance_stop(&instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_of_a_trusted_proxy_is_logged),
        cmocka_unit_test(others_are_not_believed),
        cmocka_unit_test(requests_of_a_connection_have_their_own_clients),
        cmocka_unit_test(client_does_not_hide_others_behind_its_proxy),
        cmocka_unit_test(pages_are_compared_with_the_forwarded_url),
        cmocka_unit_test(both_hosts_must_be_allowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
