/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of responses: their headers, and the release of all that they own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/sync.h"
#include "http/response.h"

static void response_keeps_its_headers_in_order(void **state)
{
    (void)state;
    struct http_response response;
    http_response_init(&response);
    char value[] = "W/\"1\", and more";
    http_response_header(&response, "Allow", "GET");
    assert_true(
        http_response_header_copy(&response, "ETag", (struct text){value, 5}));
    memset(value, '#', sizeof(value) - 1);
    assert_true(
        http_response_header_copy(&response, "Empty", (struct text){NULL, 0}));
    assert_int_equal(response.header_count, 3);
    assert_string_equal(response.headers[0].name, "Allow");
    assert_string_equal(response.headers[0].value, "GET");
    assert_string_equal(response.headers[1].name, "ETag");
    assert_string_equal(response.headers[1].value, "W/\"1\"");
    assert_string_equal(response.headers[2].value, "");
    http_response_release(&response);
}

/* The maximum number of headers fits; a sanitizer detects overruns. */
static void response_holds_the_maximum_of_headers(void **state)
{
    (void)state;
    struct http_response response;
    http_response_init(&response);
    for (size_t i = 0; i < HTTP_MAX_HEADERS; i++)
        assert_true(http_response_header_copy(&response, "A", TEXT("b")));
    assert_int_equal(response.header_count, HTTP_MAX_HEADERS);
    http_response_release(&response);
}

struct counted_stream {
    struct http_stream stream;
    int freed;
};

static void count_free(struct http_stream *stream)
{
    container_of(stream, struct counted_stream, stream)->freed++;
}

struct counted_deferred {
    struct http_deferred deferred;
    int freed;
};

static void count_deferred_free(struct http_deferred *deferred)
{
    container_of(deferred, struct counted_deferred, deferred)->freed++;
}

static void release_frees_everything_once(void **state)
{
    (void)state;
    struct counted_stream stream = {{.free = count_free}, 0};
    struct counted_deferred deferred = {{.free = count_deferred_free}, 0};
    struct http_response response;
    http_response_init(&response);
    response.status = 200;
    response.stream = &stream.stream;
    response.deferred = &deferred.deferred;
    response.fixed = TEXT("x");
    buffer_append(&response.body, TEXT("body"));
    assert_true(http_response_header_copy(&response, "A", TEXT("b")));
    http_response_release(&response);
    http_response_release(&response);
    assert_int_equal(stream.freed, 1);
    assert_int_equal(deferred.freed, 1);
    assert_int_equal(response.status, 0);
    assert_int_equal(response.header_count, 0);
    assert_int_equal(response.body.length, 0);
    assert_null(response.stream);
    assert_null(response.deferred);
    assert_null(response.fixed.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(response_keeps_its_headers_in_order),
        cmocka_unit_test(response_holds_the_maximum_of_headers),
        cmocka_unit_test(release_frees_everything_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
