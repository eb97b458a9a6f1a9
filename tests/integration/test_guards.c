/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Head validation over raw sockets. Ambiguous requests are refused and the
 * connection is closed, so that the bytes after them are not taken for a
 * request. Unusual but valid requests are served.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST "Host: localhost\r\n"
#define SMUGGLED "GET /health HTTP/1.1\r\n" HOST "\r\n"
#define POST_LINE "POST /messages HTTP/1.1\r\n"

static const char message_body[] =
    "{\"metadata\":{\"channel\":\"guard-1\",\"messageNumber\":1,"
    "\"messageTime\":\"2022-02-02T19:39:05Z\",\"messageType\":"
    "\"RocketSpeedIncreased\"},\"message\":{\"by\":1}}";

/* Expect 400 and the end of the connection, whatever follows the request. */
static void expect_refused(const struct instance *instance, const char *request)
{
    struct connection connection;
    struct response response;

    instance_connect(instance, &connection);
    connection_send_text(&connection, request);
    enum connection_result result = connection_receive(&connection, &response);
    if (result != CONNECTION_ANSWERED || response.status != 400 ||
        !response_closes(&response))
        print_error("%s\n", request);
    assert_int_equal(result, CONNECTION_ANSWERED);
    response_expect_status(&response, 400);
    assert_true(response_closes(&response));
    response_release(&response);
    connection_expect_closed(&connection);
    connection_close(&connection);
}

/*
 * Expect an error and the end of the connection, for requests that
 * libmicrohttpd 0.9.75 refuses before it calls the service: it sends the head
 * of such a response twice.
 */
static void expect_refused_by_mhd(const struct instance *instance,
                                  const char *request)
{
    struct connection connection;
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;

    instance_connect(instance, &connection);
    connection_send_text(&connection, request);
    while (connection_fill(&connection, 4096, deadline)) {
        /* Read until it is closed. */
    }
    assert_true(connection.ended);
    assert_true(connection.length > 10);
    assert_memory_equal(connection.data, "HTTP/1.1 4", 10);
    assert_null(memmem(connection.data, connection.length, "HTTP/1.1 2", 10));
    connection_close(&connection);
}

static void unsupported_transfer_coding_is_refused(void **state)
{
    static const char *const values[] = {
        "identity",         "gzip",     "gzip, chunked", "chunked, gzip",
        "chunked, chunked", "xchunked", "chunked;a=b",   "\"chunked\"",
        "chunked,",         "",         "\vchunked",     "chunked ",
        "chunked\t",
    };

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char request[512];
        snprintf(request, sizeof(request),
                 POST_LINE HOST "Transfer-Encoding: %s\r\n\r\n0\r\n\r\n%s",
                 values[i], SMUGGLED);
        expect_refused(*state, request);
    }
}

/*
 * RFC 9112 section 6.1: a Transfer-Encoding in HTTP/1.0 makes the framing
 * faulty.
 */
static void transfer_coding_in_http_1_0_is_refused(void **state)
{
    expect_refused(*state,
                   "POST /messages HTTP/1.0\r\n" HOST
                   "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED);
}

/*
 * RFC 9112 section 5.2: a line that begins with a space or tab continues the
 * previous field line.
 */
static void folded_field_line_is_refused(void **state)
{
    static const char *const fields[] = {
        "Content-Length:\r\n 43",          "Content-Length: 2\r\n 6",
        "Content-Length:\r\n\t43",         "Transfer-Encoding:\r\n chunked",
        "transfer-encoding:\r\n chunked",  "Content-Len: 43\r\n gth",
        "Transfer-Enc: chunked\r\n oding", "X-A: b\r\n c",
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        char request[512];
        snprintf(request, sizeof(request), POST_LINE HOST "%s\r\n\r\n%s",
                 fields[i], SMUGGLED);
        expect_refused(*state, request);
    }
}

/* RFC 9110 section 5.6.2: field names are tokens. */
static void field_name_must_be_a_token(void **state)
{
    static const char *const fields[] = {
        "Content-Length : 0",
        "Content-Length\t: 0",
        "X Y: 1",
        "X\vY: 1",
        "X(Y): 1",
        "\"X\": 1",
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        char request[512];
        snprintf(request, sizeof(request),
                 "GET /health HTTP/1.1\r\n" HOST "%s\r\n\r\n%s", fields[i],
                 SMUGGLED);
        expect_refused(*state, request);
    }
}

static void two_transfer_codings_are_refused(void **state)
{
    expect_refused(*state, POST_LINE HOST "Transfer-Encoding: chunked\r\n"
                                          "Transfer-Encoding: chunked\r\n\r\n"
                                          "0\r\n\r\n" SMUGGLED);
    expect_refused(*state, POST_LINE HOST "Transfer-Encoding: chunked\r\n"
                                          "transfer-encoding: x\r\n\r\n"
                                          "0\r\n\r\n" SMUGGLED);
}

static void transfer_coding_with_a_length_is_refused(void **state)
{
    expect_refused(*state, POST_LINE HOST "Transfer-Encoding: chunked\r\n"
                                          "Content-Length: 5\r\n\r\n"
                                          "0\r\n\r\n" SMUGGLED);
    expect_refused(*state, POST_LINE HOST "Content-Length: 0\r\n"
                                          "Transfer-Encoding: chunked\r\n\r\n"
                                          "0\r\n\r\n" SMUGGLED);
    expect_refused(*state,
                   "GET /health HTTP/1.1\r\n" HOST "Content-Length: 5\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n"
                   "0\r\n\r\n" SMUGGLED);
}

static void several_lengths_are_refused(void **state)
{
    expect_refused(*state,
                   POST_LINE HOST "Content-Length: 0\r\n"
                                  "Content-Length: 43\r\n\r\n" SMUGGLED);
    expect_refused(*state, POST_LINE HOST "Content-Length: 0\r\n"
                                          "content-length: 0\r\n\r\n" SMUGGLED);
}

static void malformed_length_is_refused(void **state)
{
    static const char *const values[] = {
        "-1",
        "+1",
        "0x1",
        "1,1",
        "1 1",
        "1;",
        "one",
        "",
        "1.0",
        "18446744073709551616",
        "99999999999999999999999",
    };

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        char request[512];
        snprintf(request, sizeof(request),
                 POST_LINE HOST "Content-Length: %s\r\n\r\nx%s", values[i],
                 SMUGGLED);
        expect_refused_by_mhd(*state, request);
    }
}

/* Fields that may occur once but occur twice. */
static void first_of_repeated_fields_is_used(void **state)
{
    static const struct {
        const char *fields;
        unsigned status;
    } cases[] = {
        {"Sec-Fetch-Site: cross-site\r\nSec-Fetch-Site: none\r\n", 403},
        {"Origin: http://elsewhere\r\nOrigin: http://localhost\r\n", 403},
        {"Content-Type: application/x-ndjson\r\nContent-Type: text/x\r\n", 202},
        {"Content-Type: text/x\r\nContent-Type: application/x-ndjson\r\n", 400},
    };
    struct connection connection;

    instance_connect(*state, &connection);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char request[512];
        snprintf(request, sizeof(request),
                 POST_LINE HOST "%sContent-Length: 2\r\n\r\n{}",
                 cases[i].fields);
        connection_send_text(&connection, request);
        connection_expect_status(&connection, cases[i].status);
    }
    connection_close(&connection);
}

static void exactly_one_host_is_required(void **state)
{
    expect_refused(*state, "GET /health HTTP/1.1\r\n\r\n" SMUGGLED);
    expect_refused(*state,
                   "GET /health HTTP/1.1\r\n" HOST HOST "\r\n" SMUGGLED);
    expect_refused(*state, "GET /health HTTP/1.1\r\n" HOST
                           "host: other\r\n\r\n" SMUGGLED);
    expect_refused(*state, POST_LINE "Content-Length: 0\r\n\r\n" SMUGGLED);
}

static void space_before_the_colon_is_refused(void **state)
{
    expect_refused(*state,
                   POST_LINE HOST "Content-Length : 43\r\n\r\n" SMUGGLED);
    expect_refused(*state, POST_LINE HOST "Transfer-Encoding : chunked\r\n"
                                          "Content-Length: 0\r\n\r\n" SMUGGLED);
    expect_refused(*state, "GET /health HTTP/1.1\r\n" HOST
                           "X-Any\t: 1\r\n\r\n" SMUGGLED);
}

static const struct {
    const char *head; /* without the empty line */
    unsigned status;
    const char *why; /* part of the detail */
} refusals[] = {
    {"GET /hea\tlth HTTP/1.1\r\n" HOST, 400, "first line"},
    {POST_LINE HOST "X Y: 1\r\n", 400, "name has a character"},
    {POST_LINE HOST "X: \r1\r\n", 400, "has a CR"},
    {POST_LINE HOST "X: 1\r\n 2\r\n", 400, "folded"},
    {POST_LINE HOST "Transfer-Encoding: gzip\r\n", 400, "one \"chunked\""},
    {POST_LINE HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400,
     "must not have both"},
    {POST_LINE HOST "Content-Length: 0\r\nContent-Length: 0\r\n", 400,
     "one Content-Length"},
    {POST_LINE, 400, "exactly one Host"},
    {POST_LINE "Host: a b\r\n", 400, "Host header must be a host"},
    {"GET http:///health HTTP/1.1\r\n" HOST, 400, "host in the target"},
    {POST_LINE HOST "Expect: 200-ok\r\n", 417, "one \"100-continue\""},
};

static void refusal_names_the_reason(void **state)
{
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct connection connection;
        struct response response;

        instance_connect(*state, &connection);
        connection_print(&connection, "%s\r\n", refusals[i].head);
        connection_expect(&connection, &response);
        response_expect_problem(&response, refusals[i].status, refusals[i].why);
        response_release(&response);
        connection_close(&connection);
    }
}

/*
 * Make a chunked POST with `size` bytes a chunk, as one text. Ownership: the
 * caller frees the result.
 */
static char *chunked_request(size_t size)
{
    size_t room = sizeof(message_body) * 8 + 256;
    char *request = malloc(room);

    assert_non_null(request);
    size_t length = (size_t)snprintf(
        request, room, POST_LINE HOST "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t at = 0; at < strlen(message_body); at += size) {
        size_t left = strlen(message_body) - at;
        int count = (int)(left < size ? left : size);
        length +=
            (size_t)snprintf(request + length, room - length, "%x\r\n%.*s\r\n",
                             (unsigned)count, count, message_body + at);
    }
    snprintf(request + length, room - length, "0\r\n\r\n");
    return request;
}

static void chunks_of_any_size_are_read(void **state)
{
    static const size_t sizes[] = {1, 2, 7, 16, 100, 1000};
    struct connection connection;

    instance_connect(*state, &connection);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char *request = chunked_request(sizes[i]);
        assert_true(connection_send_text(&connection, request));
        connection_expect_status(&connection, 202);
        free(request);
    }
    connection_close(&connection);
}

static void expect_kept(struct connection *connection)
{
    struct response response;

    connection_expect(connection, &response);
    response_expect_status(&response, 202);
    assert_false(response_closes(&response));
    response_release(&response);
}

static void chunked_body_split_anywhere_is_read(void **state)
{
    char *request = chunked_request(60);
    size_t length = strlen(request);
    struct connection connection;

    instance_connect(*state, &connection);
    /*
     * TCP_NODELAY is on, so each part is a segment of its own. A split within
     * the last CRLF may close the connection: see test_http_cuts.c.
     */
    for (size_t cut = 1; cut < length; cut++) {
        assert_true(connection_send(&connection, request, cut));
        assert_true(connection_send_text(&connection, request + cut));
        if (cut < length - 1)
            expect_kept(&connection);
        else
            connection_expect_status(&connection, 202);
    }
    free(request);
    connection_close(&connection);
}

static void broken_chunks_are_refused(void **state)
{
    static const char *const bodies[] = {
        "x\r\n{}\r\n0\r\n\r\n",
        "-1\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}XX0\r\n\r\n",
        "\r\n{}\r\n0\r\n\r\n",
        "fffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    };

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct connection connection;
        struct response response;

        instance_connect(*state, &connection);
        connection_print(&connection,
                         POST_LINE HOST
                         "Transfer-Encoding: chunked\r\n\r\n%s%s",
                         bodies[i], SMUGGLED);
        /*
         * libmicrohttpd may close without a response here. It must not serve
         * the next request.
         */
        if (connection_receive(&connection, &response) == CONNECTION_ANSWERED) {
            assert_in_range(response.status, 400, 413);
            response_release(&response);
        }
        assert_int_not_equal(connection_receive(&connection, &response),
                             CONNECTION_ANSWERED);
        assert_true(connection.ended);
        connection_close(&connection);
    }
}

static void request_sent_byte_by_byte_is_answered(void **state)
{
    char request[1024];
    struct connection connection;

    snprintf(request, sizeof(request),
             POST_LINE HOST "Content-Length: %zu\r\n\r\n%s",
             strlen(message_body), message_body);
    instance_connect(*state, &connection);
    for (const char *byte = request; *byte != '\0'; byte++)
        assert_true(connection_send(&connection, byte, 1));
    connection_expect_status(&connection, 202);
    connection_close(&connection);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    enum { REQUESTS = 100 };
    struct connection connection;

    instance_connect(*state, &connection);
    for (uint64_t number = 1; number <= REQUESTS; number++) {
        struct fleet_message message = fleet_faster("pipeline-1", number, 1);
        assert_true(connection_post(&connection, message.body));
        assert_true(connection_get(&connection, "/rockets/pipeline-1"));
    }
    for (uint64_t number = 1; number <= REQUESTS; number++) {
        struct response response;
        char member[64];

        connection_expect_status(&connection, 202);
        connection_expect(&connection, &response);
        snprintf(member, sizeof(member), "\"lastMessageNumber\":%ju,",
                 (uintmax_t)number);
        assert_non_null(strstr(response.body, member));
        response_release(&response);
    }
    connection_close(&connection);
}

static void connection_close_is_honoured(void **state)
{
    struct connection connection;
    struct response response;

    instance_connect(*state, &connection);
    connection_request(&connection, "GET", "/health", "Connection: close\r\n");
    connection_get(&connection, "/health");
    connection_expect(&connection, &response);
    response_expect_status(&response, 200);
    assert_true(response_closes(&response));
    response_release(&response);
    connection_expect_closed(&connection);
    connection_close(&connection);
}

static void http_1_0_is_answered_and_closed(void **state)
{
    static const char *const requests[] = {
        "GET /health HTTP/1.0\r\n\r\n",
        "GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n",
        "GET /rockets HTTP/1.0\r\n\r\n",
    };

    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        struct connection connection;
        struct response response;

        instance_connect(*state, &connection);
        connection_send_text(&connection, requests[i]);
        connection_expect(&connection, &response);
        response_expect_status(&response, 200);
        assert_int_not_equal(response.framing, RESPONSE_CHUNKED);
        response_release(&response);
        connection_expect_closed(&connection);
        connection_close(&connection);
    }
}

static void http_1_0_keep_alive_works_if_granted(void **state)
{
    struct connection connection;
    struct response response;

    instance_connect(*state, &connection);
    connection_send_text(&connection, "GET /health HTTP/1.0\r\n"
                                      "Connection: keep-alive\r\n\r\n");
    connection_expect(&connection, &response);
    response_expect_status(&response, 200);
    if (!response_closes(&response) &&
        response_header(&response, "Connection") != NULL) {
        connection_send_text(&connection, "GET /health HTTP/1.0\r\n\r\n");
        connection_expect_status(&connection, 200);
    }
    response_release(&response);
    connection_close(&connection);
}

static void absolute_form_is_accepted(void **state)
{
    static const struct {
        const char *target;
        unsigned status;
    } cases[] = {
        {"http://localhost/health", 200},
        {"HTTP://localhost:8088/rockets?limit=1", 200},
        {"http://localhost/rockets?limit=0", 400},
        {"http://localhost", 302},
        {"http://localhost/nowhere", 404},
    };
    struct connection connection;

    instance_connect(*state, &connection);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct response response;

        connection_get(&connection, cases[i].target);
        connection_expect(&connection, &response);
        if (cases[i].status == 302)
            assert_in_range(response.status, 301, 308);
        else
            response_expect_status(&response, cases[i].status);
        response_release(&response);
    }
    connection_close(&connection);
}

static void get_long_target(struct connection *connection, size_t length)
{
    char *target = malloc(length + 1);

    assert_non_null(target);
    memset(target, 'x', length);
    memcpy(target, "/health?", 8);
    target[length] = '\0';
    connection_get(connection, target);
    free(target);
}

static void target_may_have_8000_bytes(void **state)
{
    struct connection connection;

    instance_connect(*state, &connection);
    get_long_target(&connection, 8000);
    connection_expect_status(&connection, 200);
    connection_close(&connection);
}

static void too_long_target_is_refused(void **state)
{
    static const size_t lengths[] = {8193, 10000, 60000, 300000};

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct connection connection;

        instance_connect(*state, &connection);
        get_long_target(&connection, lengths[i]);
        connection_expect_status(&connection, 414);
        connection_close(&connection);
    }
}

static void too_many_headers_are_refused(void **state)
{
    struct connection connection;
    struct response response;

    instance_connect(*state, &connection);
    connection_send_text(&connection, "GET /health HTTP/1.1\r\n" HOST);
    for (int i = 0; i < 100000; i++)
        if (!connection_print(&connection, "X-%d: 0123456789\r\n", i))
            break;
    if (connection_receive(&connection, &response) == CONNECTION_ANSWERED) {
        assert_in_range(response.status, 400, 499);
        response_release(&response);
    }
    assert_true(connection_is_closed(&connection) || connection.ended ||
                connection_receive(&connection, &response) ==
                    CONNECTION_CLOSED);
    connection_close(&connection);
}

static void bytes_that_are_not_http_get_no_success(void **state)
{
    static const char *const requests[] = {
        "hello\r\n\r\n",
        "\x16\x03\x01\x02\x01\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        "GET\r\n\r\n",
        "GET /health\r\n\r\n",
        "GET /health HTTP/3.7\r\n" HOST "\r\n",
        " GET /health HTTP/1.1\r\n" HOST "\r\n",
    };

    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        struct connection connection;
        struct response response;

        instance_connect(*state, &connection);
        connection_send_text(&connection, requests[i]);
        connection_finish(&connection);
        if (connection_receive(&connection, &response) == CONNECTION_ANSWERED) {
            if (response.status < 400)
                print_error("%s: %u\n", requests[i], response.status);
            assert_in_range(response.status, 400, 599);
            response_release(&response);
        }
        connection_close(&connection);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unsupported_transfer_coding_is_refused),
        cmocka_unit_test(transfer_coding_in_http_1_0_is_refused),
        cmocka_unit_test(folded_field_line_is_refused),
        cmocka_unit_test(field_name_must_be_a_token),
        cmocka_unit_test(two_transfer_codings_are_refused),
        cmocka_unit_test(transfer_coding_with_a_length_is_refused),
        cmocka_unit_test(several_lengths_are_refused),
        cmocka_unit_test(malformed_length_is_refused),
        cmocka_unit_test(first_of_repeated_fields_is_used),
        cmocka_unit_test(exactly_one_host_is_required),
        cmocka_unit_test(space_before_the_colon_is_refused),
        cmocka_unit_test(refusal_names_the_reason),
        cmocka_unit_test(chunks_of_any_size_are_read),
        cmocka_unit_test(chunked_body_split_anywhere_is_read),
        cmocka_unit_test(broken_chunks_are_refused),
        cmocka_unit_test(request_sent_byte_by_byte_is_answered),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(connection_close_is_honoured),
        cmocka_unit_test(http_1_0_is_answered_and_closed),
        cmocka_unit_test(http_1_0_keep_alive_works_if_granted),
        cmocka_unit_test(absolute_form_is_accepted),
        cmocka_unit_test(target_may_have_8000_bytes),
        cmocka_unit_test(too_long_target_is_refused),
        cmocka_unit_test(too_many_headers_are_refused),
        cmocka_unit_test(bytes_that_are_not_http_get_no_success),
    };
    return cmocka_run_group_tests(tests, instance_setup, instance_teardown);
}
