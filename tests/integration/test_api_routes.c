/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths and methods, the resources other than rockets, and the reasons of
 * refusals before a request reaches a resource. The tables of test_http_*.c
 * have every kind of request that is refused; here is one for each reason.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <string.h>

#define HOST "Host: localhost\r\n"
#define POST_LINE "POST /messages HTTP/1.1\r\n"
#define NEXT "GET /health HTTP/1.1\r\n" HOST "\r\n"
#define HEALTH "{\"status\":\"ok\",\"version\":\""
#define READY "{\"status\":\"ready\"}"

static void paths_allow_their_methods_only(void **state)
{
    static const struct {
        const char *path, *allow;
    } routes[] = {
        {"/messages", "POST, OPTIONS"},
        {"/rockets", "GET, HEAD, OPTIONS"},
        {"/rockets/any", "GET, HEAD, OPTIONS"},
        {"/health", "GET, HEAD, OPTIONS"},
        {"/metrics", "GET, HEAD, OPTIONS"},
        {"/health/ready", "GET, HEAD, OPTIONS"},
        {"/openapi.yaml", "GET, HEAD, OPTIONS"},
        {"/swagger", "GET, HEAD, OPTIONS"},
        {"/swagger/", "GET, HEAD, OPTIONS"},
        {"/swagger-ui.html", "GET, HEAD, OPTIONS"},
        {"/", "GET, HEAD, OPTIONS"},
        {"/index.html", "GET, HEAD, OPTIONS"},
        {"/dashboard/", "GET, HEAD, OPTIONS"},
    };
    static const char *const methods[] = {"GET",    "HEAD",  "POST", "PUT",
                                          "DELETE", "PATCH", "BREW", "OPTIONS"};
    struct connection connection;

    instance_connect(*state, &connection);
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        for (size_t m = 0; m < sizeof(methods) / sizeof(methods[0]); m++) {
            struct exchange row = {methods[m], routes[i].path, .status = 405,
                                   .header = "Allow", .value = routes[i].allow};

            if (strcmp(methods[m], "OPTIONS") == 0)
                row.status = 204;
            else if (strstr(routes[i].allow, methods[m]) != NULL)
                continue;
            exchange_run(&connection, &row);
        }
    }
    connection_close(&connection);
}

/* The last path is longer, escaped, than any path segment of a route. */
static void other_paths_are_not_found(void **state)
{
    char escaped[600] = "/%68";
    const char *const paths[] = {
        "/nowhere",
        "/messages/",
        "/rockets/a/b",
        "/health/",
        "/health/ready/",
        "/Rockets",
        "/openapi.yaml/",
        "//rockets",
        "/rocket",
        "/swagger/nothing",
        "/swagger/index.html/",
        "/swagger-ui/nothing",
        "/swagger-ui.html/",
        "/swagger/../health",
        "/dashboard/nothing",
        "/dashboard/dashboard.js/",
        "/index.html/",
        "/messagesx",
        "/rockets/",
        escaped,
    };

    memset(escaped + 4, 'a', sizeof(escaped) - 5);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        EXCHANGE(*state, .target = paths[i], .status = 404);
}

static void resources_are_served(void **state)
{
    static const struct exchange rows[] = {
        {.target = "/health",
         .status = 200,
         .header = "Content-Type",
         .value = "application/json",
         .part = HEALTH},
        {"HEAD", "/health", .status = 200},
        {.target = "/health/ready",
         .status = 200,
         .header = "Cache-Control",
         .value = "no-store",
         .exact = READY},
        {.target = "/health/ready?for=ingest", .status = 200, .exact = READY},
        {"HEAD", "/health/ready", .status = 200},
        {.target = "/health/ready?for=all",
         .status = 400,
         .part = "for must be reads or ingest"},
        {.target = "/health",
         .fields = "Sec-Fetch-Site: cross-site\r\n",
         .status = 200},
        /* Two responses without a body, on one connection. */
        {"OPTIONS", "/", .status = 204, .header = "Location"},
        {.target = "http://localhost/swagger/", .status = 302},
        {.target = "http://localhost/rockets?limit=0", .status = 400},
        {.target = "/openapi.yaml",
         .status = 200,
         .header = "Content-Type",
         .value = "application/yaml",
         .part = "openapi: 3.1"},
        {.target = "/swagger",
         .status = 200,
         .header = "Content-Type",
         .value = "text/html; charset=utf-8"},
    };

    EXCHANGES_RUN(*state, rows);
}

/* Relative, as a proxy may serve the service under a prefix. */
static void names_of_the_pages_redirect_to_them(void **state)
{
    static const struct {
        const char *path, *location;
    } names[] = {
        {"/index.html", "./"},
        {"/index.html?sort=id", "./"},
        {"/dashboard", "./"},
        {"/dashboard/", "../"},
        {"/swagger/", "../swagger"},
        {"/swagger/index.html", "../swagger"},
        {"/swagger/index.html?configUrl=a", "../swagger"},
        {"/swagger-ui", "swagger"},
        {"/swagger-ui/", "../swagger"},
        {"/swagger-ui/index.html", "../swagger"},
        {"/swagger-ui.html", "swagger"},
    };
    static const char *const methods[] = {"GET", "HEAD"};
    struct connection connection;

    instance_connect(*state, &connection);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (size_t m = 0; m < sizeof(methods) / sizeof(methods[0]); m++) {
            struct exchange row = {methods[m], names[i].path, .status = 302,
                                   .header = "Location",
                                   .value = names[i].location};

            exchange_run(&connection, &row);
        }
    }
    connection_close(&connection);
}

/* Of every operation; a POST is refused before its body. */
static void unknown_parameter_is_refused(void **state)
{
    static const struct exchange rows[] = {
        {.target = "/rockets?staus=exploded",
         .status = 400,
         .part = "unknown parameter staus: did you mean status?"},
        {"HEAD", "/rockets?staus=exploded", .status = 400},
        {.target = "/rockets/any?sort=id",
         .status = 400,
         .part = "unknown parameter sort: this operation takes no parameters"},
        {.target = "/rockets/any?_=1", .status = 404},
        {.target = "/health?verbose",
         .status = 400,
         .part = "unknown parameter verbose: this operation takes no"},
        {.target = "/health/ready?to=ingest",
         .status = 400,
         .part = "unknown parameter to: the only parameter is for"},
        {.target = "/health?_=1&_b", .status = 200, .part = HEALTH},
        {.target = "/health?&", .status = 200, .part = HEALTH},
        {.target = "/messages?key=1",
         .body = "{}",
         .status = 400,
         .part = "unknown parameter key: this operation takes no parameters",
         .closes = true},
        {.target = "/messages?key=1",
         .fields = BULK_TYPE "Expect: 100-continue\r\n",
         .body = "",
         .status = 400,
         .part = "unknown parameter key",
         .closes = true},
        {.target = "/messages?_=1",
         .fields = BULK_TYPE,
         .body = "",
         .status = 202},
        /* Files have no parameters, and OPTIONS and 405 need none. */
        {.target = "/swagger/?a", .status = 302},
        {.target = "/swagger?a", .status = 200},
        {.target = "/openapi.yaml?v=1", .status = 200},
        {"OPTIONS", "/messages?a", .status = 204},
        {.target = "/messages?a", .status = 405},
        {.target = "/nowhere?a", .status = 404},
    };

    EXCHANGES_RUN(*state, rows);
}

static void refused_body_leaves_the_connection_usable(void **state)
{
    static const struct exchange rows[] = {
        {.target = "/nowhere", .body = "hello", .status = 404},
        {"PUT", "/rockets", .body = "hello", .status = 405},
        {.target = "/health", .status = 200},
    };

    EXCHANGES_RUN(*state, rows);
}

/* Whatever follows such a request is not read. */
#define REFUSED(head, detail)                                                  \
    {                                                                          \
        .sent = head "\r\n" NEXT, .status = 400, .part = (detail),             \
        .closes = true                                                         \
    }

static void refusal_names_the_reason(void **state)
{
    static const struct exchange rows[] = {
        REFUSED("GET /hea\tlth HTTP/1.1\r\n" HOST, "first line"),
        REFUSED(POST_LINE HOST "X Y: 1\r\n", "name has a character"),
        REFUSED(POST_LINE HOST "Content-Length : 43\r\n", "name has a char"),
        REFUSED(POST_LINE HOST "X: \r1\r\n", "has a CR"),
        REFUSED(POST_LINE HOST "X: 1\r\n 2\r\n", "folded"),
        REFUSED(POST_LINE HOST "Transfer-Encoding: chunked, gzip\r\n",
                "one \"chunked\""),
        REFUSED(POST_LINE HOST "Content-Type: a/b\r\nContent-Type: a/b\r\n",
                "one Content-Type"),
        REFUSED("POST /messages HTTP/1.0\r\n" HOST
                "Transfer-Encoding: chunked\r\n",
                "in HTTP/1.1"),
        REFUSED(POST_LINE HOST "Transfer-Encoding: chunked\r\n"
                               "Content-Length: 5\r\n",
                "must not have both"),
        REFUSED(POST_LINE HOST "Content-Length: 0\r\nContent-Length: 0\r\n",
                "one Content-Length"),
        REFUSED(POST_LINE, "exactly one Host"),
        REFUSED("GET /health HTTP/1.1\r\n" HOST HOST, "exactly one Host"),
        REFUSED(POST_LINE "Host: a b\r\n", "Host header must be a host"),
        REFUSED("GET http:///health HTTP/1.1\r\n" HOST, "host in the target"),
        {.sent = POST_LINE HOST "Expect: 200-ok\r\n\r\n" NEXT,
         .status = 417,
         .part = "one \"100-continue\"",
         .closes = true},
        {.sent = POST_LINE HOST "Transfer-Encoding: gzip\r\n\r\n" NEXT,
         .status = 501,
         .part = "\"chunked\"",
         .closes = true},
    };

    EXCHANGES_RUN(*state, rows);
}

/* A server in front may use the other value. */
static void field_with_one_value_must_not_be_repeated(void **state)
{
    static const struct exchange rows[] = {
        {.fields = "Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n",
         .body = "{}",
         .status = 400,
         .part = "one Sec-Fetch-Site",
         .closes = true},
        {.fields = "Origin: http://localhost\r\nOrigin: http://elsewhere\r\n",
         .body = "{}",
         .status = 400,
         .part = "one Origin",
         .closes = true},
        {.fields = BULK_TYPE BULK_TYPE,
         .body = "{}",
         .status = 400,
         .part = "one Content-Type",
         .closes = true},
        {.target = "/health",
         .fields = "Last-Event-ID: 1\r\nLast-Event-ID: 1\r\n",
         .status = 400,
         .part = "one Last-Event-ID",
         .closes = true},
    };

    EXCHANGES_RUN(*state, rows);
}

/* RFC 9110 section 5.5. */
static void white_space_after_a_value_is_ignored(void **state)
{
    static const struct exchange rows[] = {
        {.fields = "Content-Type: application/x-ndjson \t\r\n",
         .body = "",
         .status = 202},
        {.fields = "Content-Type: application/x-ndjson\t; a=b \r\n",
         .body = "",
         .status = 202},
        {.fields = BULK_TYPE "Sec-Fetch-Site: same-origin \r\n",
         .body = "",
         .status = 202},
        {.fields = BULK_TYPE "Sec-Fetch-Site: cross-site\t\r\n",
         .body = "",
         .status = 403,
         .closes = true},
        {.sent = "POST /messages HTTP/1.1\r\nHost: localhost \t\r\n"
                 "Origin: http://localhost \r\n" BULK_TYPE
                 "Content-Length: 0\r\n\r\n",
         .status = 202},
        {.target = "/openapi.yaml",
         .fields = "Accept-Encoding: gzip \t\r\n",
         .status = 200,
         .header = "Content-Encoding",
         .value = "gzip"},
        {.target = "/openapi.yaml",
         .fields = "If-None-Match: * \t\r\n",
         .status = 304},
    };

    EXCHANGES_RUN(*state, rows);
}

/*
 * Copy to `path` the absolute path of the first script of the page, whose
 * reference to it must be relative to /swagger.
 */
static void find_script(const struct response *page, char *path, size_t size)
{
    const char *start = strstr(page->body, "<script");

    start = start == NULL ? NULL : strstr(start, "src=\"");
    if (start == NULL) {
        fail_msg("the page has no script: %s", page->body);
        return;
    }
    start += 5;
    assert_int_not_equal(*start, '/');
    snprintf(path, size, "/%.*s", (int)strcspn(start, "\""), start);
}

static void expect_codings(const struct instance *instance, const char *path)
{
    static const struct {
        const char *fields;
        bool gzip;
    } cases[] = {
        {"Accept-Encoding: gzip\r\n", true},
        {"Accept-Encoding: deflate, GZIP;q=0.5\r\n", true},
        {"Accept-Encoding: *\r\n", true},
        {"", false},
        {"Accept-Encoding: identity\r\n", false},
        {"Accept-Encoding: gzip;q=0\r\n", false},
        {"Accept-Encoding: br\r\n", false},
        /* Several fields are one list. */
        {"Accept-Encoding: br\r\nA: b\r\nAccept-Encoding: gzip\r\n", true},
        {"Accept-Encoding: gzip;q=0\r\nAccept-Encoding: *\r\n", false},
        {"Accept-Encoding:\r\nAccept-Encoding: br\r\nAccept-Encoding: gzip\r\n",
         true},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        EXCHANGE(instance, .target = path, .fields = cases[i].fields,
                 .status = 200, .header = "Content-Encoding",
                 .value = cases[i].gzip ? "gzip" : NULL,
                 .part = cases[i].gzip ? "\x1f\x8b" : "");
}

/* Each representation has its own entity tag. */
static void expect_entity_tags(const struct instance *instance,
                               const char *path)
{
    char fields[2][256] = {"", "Accept-Encoding: gzip\r\n"};

    for (size_t i = 0; i < 2; i++) {
        struct connection connection;
        struct response response;

        instance_connect(instance, &connection);
        connection_request(&connection, "GET", path, fields[i]);
        connection_expect(&connection, &response);
        connection_close(&connection);
        response_expect_header(&response, "Vary", "Accept-Encoding");
        const char *etag = response_header(&response, "ETag");
        assert_non_null(etag);
        snprintf(fields[i] + strlen(fields[i]), 128, "If-None-Match: %s\r\n",
                 etag);
        EXCHANGE(instance, .target = path, .fields = fields[i], .status = 304,
                 .header = "ETag", .value = etag);
        EXCHANGE(instance, .target = path, .fields = fields[i], .status = 304,
                 .header = "Vary", .value = "Accept-Encoding");
        response_release(&response);
    }
    assert_string_not_equal(strstr(fields[0], "If-"), strstr(fields[1], "If-"));
}

static void expect_asset(const struct instance *instance, const char *path)
{
    expect_codings(instance, path);
    expect_entity_tags(instance, path);
}

/*
 * The dashboard, or the Swagger UI in builds without it. The view is in the
 * query, which only the page reads.
 */
static void root_is_the_dashboard(void **state)
{
    static const char *const targets[] = {"/", "/?sort=speed&rocket=a%2Fb",
                                          "/?type=50%", "http://localhost",
                                          "http://localhost?a"};

    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        if (WITH_DASHBOARD)
            EXCHANGE(*state, .target = targets[i], .status = 200,
                     .header = "Content-Type",
                     .value = "text/html; charset=utf-8", .part = "<html");
        else
            EXCHANGE(*state, .target = targets[i], .status = 302,
                     .header = "Location", .value = "swagger");
    }
}

static void dashboard_is_served_with_its_policy(void **state)
{
    static const char *const files[] = {
        "/", "/dashboard/dashboard.js", "/dashboard/dashboard.css",
        "/dashboard/icon.svg", "/dashboard/licenses.txt"};

    if (!WITH_DASHBOARD)
        skip();
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct response response;

        expect_asset(*state, files[i]);
        EXCHANGE(*state, "POST", files[i], .body = "", .status = 405,
                 .header = "Allow", .value = "GET, HEAD, OPTIONS");
        instance_get(*state, files[i], &response);
        response_expect_header(&response, "Cache-Control", "no-cache");
        response_expect_header(&response, "X-Content-Type-Options", "nosniff");
        const char *policy =
            response_header(&response, "Content-Security-Policy");
        assert_non_null(policy);
        assert_non_null(strstr(policy, "default-src 'none'; "));
        assert_non_null(strstr(policy, "trusted-types 'none'"));
        assert_null(strstr(policy, "unsafe"));
        assert_null(strstr(policy, "data:"));
        response_release(&response);
    }
}

/* Builds without the Swagger UI have a page without scripts instead. */
static void assets_are_served_plain_and_gzipped(void **state)
{
    struct response page;
    char script[256];

    expect_asset(*state, "/openapi.yaml");
    instance_get(*state, "/swagger", &page);
    if (strstr(page.body, "<script") != NULL) {
        const char *policy = response_header(&page, "Content-Security-Policy");
        assert_non_null(policy);
        assert_non_null(strstr(policy, "default-src"));
        assert_null(strstr(policy, "http:"));
        find_script(&page, script, sizeof(script));
        expect_asset(*state, "/swagger");
        expect_asset(*state, script);
    }
    response_release(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_allow_their_methods_only),
        cmocka_unit_test(other_paths_are_not_found),
        cmocka_unit_test(resources_are_served),
        cmocka_unit_test(names_of_the_pages_redirect_to_them),
        cmocka_unit_test(unknown_parameter_is_refused),
        cmocka_unit_test(refused_body_leaves_the_connection_usable),
        cmocka_unit_test(refusal_names_the_reason),
        cmocka_unit_test(field_with_one_value_must_not_be_repeated),
        cmocka_unit_test(white_space_after_a_value_is_ignored),
        cmocka_unit_test(root_is_the_dashboard),
        cmocka_unit_test(dashboard_is_served_with_its_policy),
        cmocka_unit_test(assets_are_served_plain_and_gzipped),
    };
    return HARNESS_RUN_IN_BOTH_MODES(tests);
}
