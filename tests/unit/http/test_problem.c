/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of problem documents, byte for byte.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "format/json_scan.h"
#include "http/problem.h"
#include "http/response.h"

static void assert_body(const struct http_response *response,
                        const char *expected)
{
    struct text body = buffer_text(&response->body);
    assert_int_equal(body.length, strlen(expected));
    assert_memory_equal(body.data, expected, body.length);
    struct json_error error;
    assert_true(json_scan(body, &error));
}

static void problem_has_title_status_and_detail(void **state)
{
    (void)state;
    struct http_response response;
    http_response_init(&response);
    problem_set(&response, 400, "limit: expected %d to %d", 1, 10000);
    assert_int_equal(response.status, 400);
    assert_int_equal(response.header_count, 1);
    assert_string_equal(response.headers[0].name, "Content-Type");
    assert_string_equal(response.headers[0].value, "application/problem+json");
    assert_body(&response,
                "{\"type\":\"about:blank\",\"title\":\"Bad Request\","
                "\"status\":400,\"detail\":\"limit: expected 1 to 10000\"}");
    http_response_release(&response);
}

static int freed_streams;

static void count_free(struct http_stream *stream)
{
    (void)stream;
    freed_streams++;
}

static void problem_replaces_the_response(void **state)
{
    (void)state;
    struct http_stream stream = {.free = count_free};
    struct http_response response;
    http_response_init(&response);
    response.status = 200;
    response.stream = &stream;
    response.fixed = TEXT("fixed");
    buffer_append(&response.body, TEXT("{\"a\":"));
    http_response_header(&response, "Content-Type", "application/json");
    assert_true(http_response_header_copy(&response, "ETag", TEXT("\"x\"")));
    /* The detail may point into the response that is replaced. */
    problem_set(&response, 503, "no %s", response.headers[1].value);
    assert_int_equal(freed_streams, 1);
    assert_null(response.stream);
    assert_null(response.fixed.data);
    assert_int_equal(response.status, 503);
    assert_int_equal(response.header_count, 1);
    assert_body(&response,
                "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\","
                "\"status\":503,\"detail\":\"no \\\"x\\\"\"}");
    http_response_release(&response);
}

static void detail_is_always_valid_json(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        const char *written;
    } cases[] = {
        {"", ""},
        {"\"\\/", "\\\"\\\\/"},
        {"\x01", "\\u0001"},
        {"\x10", "\\u0010"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_response response;
        char expected[256];
        snprintf(expected, sizeof(expected),
                 "{\"type\":\"about:blank\",\"title\":\"Not Found\","
                 "\"status\":404,\"detail\":\"%s\"}",
                 cases[i].written);
        http_response_init(&response);
        problem_set(&response, 404, "%s", cases[i].given);
        assert_body(&response, expected);
        http_response_release(&response);
    }
}

static void long_detail_is_truncated(void **state)
{
    (void)state;
    struct http_response response;
    struct json_error error;
    char detail[8000];
    http_response_init(&response);
    memset(detail, 'x', sizeof(detail) - 1);
    detail[sizeof(detail) - 1] = '\0';
    problem_set(&response, 400, "%s", detail);
    assert_true(response.body.length > 1000);
    assert_true(response.body.length < 1200);
    assert_true(json_scan(buffer_text(&response.body), &error));
    http_response_release(&response);
}

static void statuses_have_the_standard_titles(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        const char *title;
    } cases[] = {
        {400, "Bad Request"},        {403, "Forbidden"},
        {404, "Not Found"},          {405, "Method Not Allowed"},
        {413, "Content Too Large"},  {414, "URI Too Long"},
        {417, "Expectation Failed"}, {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(problem_title(cases[i].status), cases[i].title);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(problem_has_title_status_and_detail),
        cmocka_unit_test(problem_replaces_the_response),
        cmocka_unit_test(detail_is_always_valid_json),
        cmocka_unit_test(long_detail_is_truncated),
        cmocka_unit_test(statuses_have_the_standard_titles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
