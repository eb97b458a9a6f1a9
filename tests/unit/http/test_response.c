/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of responses: their headers, the release of all that they own, and
 * problem documents, byte for byte.
 */
#include "lib/unit_check.h"

#include "base/sync.h"
#include "format/json_scan.h"
#include "http/fields.h"
#include "http/problem.h"
#include "http/response.h"

static int set_up(void **state)
{
    static struct http_response response;

    http_response_init(&response);
    *state = &response;
    return 0;
}

static int tear_down(void **state)
{
    http_response_release(*state);
    return 0;
}

static void response_keeps_its_headers_in_order(void **state)
{
    struct http_response *response = *state;
    char value[] = "W/\"1\", and more";

    http_response_header(response, "Allow", "GET");
    assert_true(
        http_response_header_copy(response, "ETag", (struct text){value, 5}));
    memset(value, '#', sizeof(value) - 1);
    assert_true(http_response_header_copy(response, "Empty", text_of(NULL)));
    assert_int_equal(response->header_count, 3);
    assert_string_equal(response->headers[0].name, "Allow");
    assert_string_equal(response->headers[0].value, "GET");
    assert_string_equal(response->headers[1].name, "ETag");
    assert_string_equal(response->headers[1].value, "W/\"1\"");
    assert_string_equal(response->headers[2].value, "");
    /* The maximum number of headers fits; a sanitizer detects overruns. */
    while (response->header_count < HTTP_MAX_HEADERS)
        assert_true(http_response_header_copy(response, "A", TEXT("b")));
}

/* A stream and a deferred response that count how often they are freed. */
struct owned {
    struct http_stream stream;
    struct http_deferred deferred;
    int streams_freed, deferred_freed;
};

static void count_stream(struct http_stream *stream)
{
    container_of(stream, struct owned, stream)->streams_freed++;
}

static void count_deferred(struct http_deferred *deferred)
{
    container_of(deferred, struct owned, deferred)->deferred_freed++;
}

/* Set all that a response can have. */
static void fill_response(struct http_response *response, struct owned *owned)
{
    *owned = (struct owned){.stream.free = count_stream,
                            .deferred.free = count_deferred};
    response->status = 200;
    response->stream = &owned->stream;
    response->deferred = &owned->deferred;
    response->fixed = TEXT("fixed");
    buffer_append(&response->body, TEXT("{\"a\":"));
    http_response_header(response, "Content-Type", "application/json");
    assert_true(http_response_header_copy(response, "ETag", TEXT("\"x\"")));
    http_response_note(response, "%s", "refused");
}

static void check_freed(const struct http_response *response,
                        const struct owned *owned)
{
    assert_int_equal(owned->streams_freed, 1);
    assert_int_equal(owned->deferred_freed, 1);
    assert_null(response->stream);
    assert_null(response->deferred);
    assert_null(response->fixed.data);
}

static void release_frees_everything_once(void **state)
{
    struct http_response *response = *state;
    struct owned owned;

    fill_response(response, &owned);
    http_response_release(response);
    http_response_release(response);
    check_freed(response, &owned);
    assert_int_equal(response->status, 0);
    assert_int_equal(response->header_count, 0);
    assert_int_equal(response->body.length, 0);
    assert_null(response->note);
}

static void note_is_replaced_by_what_may_be_made_of_it(void **state)
{
    struct http_response *response = *state;
    char longer[2 * HTTP_MAX_NOTE];

    http_response_note(response, "a %d", 1);
    http_response_note(response, "%s; b %d", response->note, 2);
    assert_string_equal(response->note, "a 1; b 2");
    memset(longer, 'x', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    http_response_note(response, "%s", longer);
    assert_int_equal(strlen(response->note), HTTP_MAX_NOTE - 1);
    /* The note of a problem is its detail. */
    problem_set(response, 400, "detail %d", 3);
    assert_string_equal(response->note, "detail 3");
}

static void move_releases_one_and_empties_the_other(void **state)
{
    struct http_response *response = *state;
    struct http_response from;
    struct owned owned, before;

    http_response_init(&from);
    fill_response(&from, &owned);
    fill_response(response, &before);
    response->fixed = TEXT("before");
    http_response_move(response, &from);
    assert_int_equal(before.streams_freed, 1);
    assert_int_equal(before.deferred_freed, 1);
    assert_int_equal(owned.streams_freed, 0);
    assert_ptr_equal(response->stream, &owned.stream);
    assert_ptr_equal(response->deferred, &owned.deferred);
    unit_check_text(response->fixed, TEXT("fixed"));
    /* Nothing of `from` is freed twice. */
    http_response_release(&from);
    assert_int_equal(from.status, 0);
    http_response_release(response);
    check_freed(response, &owned);
}

/* The response must be exactly this problem; `detail` is in JSON. */
static void check_problem(const struct http_response *response, unsigned status,
                          const char *title, const char *detail)
{
    struct text body = buffer_text(&response->body);
    struct json_error error;
    char expected[256];

    snprintf(expected, sizeof(expected),
             "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u,"
             "\"detail\":\"%s\"}",
             title, status, detail);
    unit_check_text(body, text_of(expected));
    assert_true(json_scan(body, &error));
    assert_int_equal(response->status, status);
    assert_int_equal(response->header_count, 2);
    assert_string_equal(response->headers[0].name, "Content-Type");
    assert_string_equal(response->headers[0].value, "application/problem+json");
    assert_string_equal(response->headers[1].name, "Cache-Control");
    assert_string_equal(response->headers[1].value, "no-store");
}

static void short_body_leaves_its_memory(void **state)
{
    struct http_response *response = *state;
    struct owned owned;

    for (size_t less = 0; less < 2; less++) {
        fill_response(response, &owned);
        size_t capacity = response->body.capacity;
        http_response_clear(response, capacity - less);
        check_freed(response, &owned);
        assert_int_equal(response->status, 0);
        assert_int_equal(response->header_count, 0);
        assert_int_equal(response->body.length, 0);
        assert_int_equal(response->body.capacity, less == 0 ? capacity : 0);
    }
}

static void problem_replaces_the_response(void **state)
{
    struct http_response *response = *state;
    struct owned owned;

    fill_response(response, &owned);
    /* The detail may point into the response that is replaced. */
    problem_set(response, 503, "no %s", response->headers[1].value);
    check_freed(response, &owned);
    check_problem(response, 503, "Service Unavailable", "no \\\"x\\\"");
}

static void detail_is_always_valid_json(void **state)
{
    struct http_response *response = *state;
    static const char *const cases[][2] = {
        {"", ""}, {"\"\\/", "\\\"\\\\/"}, {"\x01\x10", "\\u0001\\u0010"}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        problem_set(response, 404, "%s", cases[i][0]);
        check_problem(response, 404, "Not Found", cases[i][1]);
    }
}

static void long_detail_is_truncated(void **state)
{
    struct http_response *response = *state;
    struct json_error error;

    problem_set(response, 400, "%8000d", 1);
    assert_in_range(response->body.length, 1001, 1199);
    assert_true(json_scan(buffer_text(&response->body), &error));
}

/* After everything else that it has; it needs no memory. */
static void problem_gets_the_id_as_its_last_member(void **state)
{
    struct http_response *response = *state;
    struct buffer members = BUFFER_INIT;
    char id[HTTP_MAX_REQUEST_ID];
    struct json_error error;

    memset(id, '"', sizeof(id));
    for (int length = 1; length < 1500; length += 7) {
        buffer_clear(&members);
        buffer_append_format(&members, "\"a\":%0*d", length, 0);
        problem_set_extended(response, 400, &members, "x");
        const char *data = response->body.data;
        size_t before = response->body.length;
        problem_add_request_id(response, (struct text){id, sizeof(id)});
        assert_ptr_equal(response->body.data, data);
        assert_int_equal(response->body.length,
                         before + strlen(",\"requestId\":\"\"") +
                             2 * sizeof(id));
    }
    buffer_clear(&members);
    buffer_append(&members, TEXT("\"applied\":0"));
    problem_set_extended(response, 400, &members, "x");
    buffer_release(&members);
    problem_add_request_id(response, TEXT("a\"\\b"));
    assert_true(json_scan(buffer_text(&response->body), &error));
    unit_check_text(buffer_text(&response->body),
                    TEXT("{\"type\":\"about:blank\",\"title\":\"Bad Request\","
                         "\"status\":400,\"detail\":\"x\",\"applied\":0,"
                         "\"requestId\":\"a\\\"\\\\b\"}"));
}

/* The body is empty if memory was exhausted. */
static void problem_without_a_body_gets_no_id(void **state)
{
    struct http_response *response = *state;
    struct buffer members = {.failed = true};

    problem_set_extended(response, 400, &members, "x");
    assert_true(response->is_problem);
    problem_add_request_id(response, TEXT("a"));
    assert_int_equal(response->body.length, 0);
    http_response_clear(response, 0);
    assert_false(response->is_problem);
}

static void statuses_have_the_standard_titles(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        const char *title;
    } cases[] = {
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(problem_title(cases[i].status), cases[i].title);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(response_keeps_its_headers_in_order),
        FIXTURE_TEST(release_frees_everything_once),
        FIXTURE_TEST(move_releases_one_and_empties_the_other),
        FIXTURE_TEST(short_body_leaves_its_memory),
        FIXTURE_TEST(note_is_replaced_by_what_may_be_made_of_it),
        FIXTURE_TEST(problem_gets_the_id_as_its_last_member),
        FIXTURE_TEST(problem_without_a_body_gets_no_id),
        FIXTURE_TEST(problem_replaces_the_response),
        FIXTURE_TEST(detail_is_always_valid_json),
        FIXTURE_TEST(long_detail_is_truncated),
        cmocka_unit_test(statuses_have_the_standard_titles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
