/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of thousands of rockets, which are streamed: complete and in order, for
 * every kind of client and many at once.
 */
#include "lib/harness.h"

#include "lib/inflated.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONG_PAGE "/rockets?limit=8000"

enum {
    ROCKETS = 8000,
    FEW_ROCKETS = 256, /* the longest list that an event loop makes */
    PADDING = 256,     /* makes a list longer than all buffers */
    MAX_STREAMS = 16,
    READ_STREAMS = 4,
    MANY_PAGES = 36, /* pages of all rockets: more than may be unsent at once */
    EARLY_CLOSERS = 40,
};

static int setup(void **state)
{
    int result = instance_setup(state);

    fleet_launch(*state, ROCKETS, PADDING);
    return result;
}

static int setup_few(void **state)
{
    int result = instance_setup(state);

    fleet_launch(*state, FEW_ROCKETS, 0);
    return result;
}

static int setup_per_connection(void **state)
{
    int result = instance_setup_per_connection(state);

    fleet_launch(*state, ROCKETS, PADDING);
    return result;
}

/* Expect all rockets, by ascending or descending speed. */
static void expect_all(struct connection *connection,
                       enum response_framing framing, bool descending)
{
    struct response response;
    const cJSON *rocket = NULL;
    int next = 0;
    char id[32];

    connection_expect(connection, &response);
    response_expect_status(&response, 200);
    response_expect_header(&response, "Content-Type", "application/json");
    response_expect_header(&response, "X-Total-Count", "8000");
    assert_non_null(response_header(&response, "ETag"));
    assert_int_equal(response.framing, framing);
    cJSON *json = response_json(&response);
    assert_int_equal(cJSON_GetArraySize(json), ROCKETS);
    cJSON_ArrayForEach(rocket, json)
    {
        snprintf(id, sizeof(id), "rocket-%06d",
                 descending ? ROCKETS - 1 - next : next);
        assert_string_equal(
            cJSON_GetStringValue(cJSON_GetObjectItem(rocket, "id")), id);
        next++;
    }
    cJSON_Delete(json);
    response_release(&response);
}

static void long_list_is_chunked_complete_and_sorted(void **state)
{
    struct connection connection;

    instance_connect(*state, &connection);
    connection_get(&connection, "/rockets?sort=speed&order=desc");
    expect_all(&connection, RESPONSE_CHUNKED, true);
    /* The connection is kept alive, and may have sent more requests. */
    for (int i = 0; i < 3; i++) {
        connection_get(&connection, "/rockets");
        connection_get(&connection, "/rockets/rocket-000007");
    }
    for (int i = 0; i < 3; i++) {
        expect_all(&connection, RESPONSE_CHUNKED, false);
        exchange_expect(&connection, &(struct exchange){
                                         .status = 200,
                                         .part = "{\"id\":\"rocket-000007\""});
    }
    connection_close(&connection);
    instance_connect(*state, &connection);
    connection_send_text(&connection, "GET /rockets HTTP/1.0\r\n\r\n");
    expect_all(&connection, RESPONSE_UNTIL_CLOSE, false);
    connection_close(&connection);
}

static void page_of_a_long_list_has_total_and_link(void **state)
{
    struct response response;

    instance_get(*state, "/rockets?sort=speed&order=desc&limit=2", &response);
    response_expect_status(&response, 200);
    response_expect_header(&response, "X-Total-Count", "8000");
    assert_non_null(response_header(&response, "Link"));
    assert_non_null(strstr(response.body, "rocket-007999"));
    assert_non_null(strstr(response.body, "rocket-007998"));
    assert_null(strstr(response.body, "rocket-007997"));
    response_release(&response);
}

#define GZIP "Accept-Encoding: gzip\r\n"

/* Get `target` with these header lines. The caller releases the response. */
static void get_with(const struct instance *instance, const char *target,
                     const char *fields, struct response *response)
{
    struct connection connection;

    instance_connect(instance, &connection);
    connection_request(&connection, "GET", target, fields);
    connection_expect(&connection, response);
    connection_close(&connection);
    response_expect_status(response, 200);
    response_expect_header(response, "Vary", "Accept-Encoding");
}

/*
 * The gzipped list must be the plain one, with the same headers but for those
 * of the coding; the entity tag is weak, and so the same for both (RFC 9110
 * section 8.8.3.3).
 */
static void expect_gzipped(const struct instance *instance, const char *target)
{
    static const char *const same[] = {"ETag", "Link", "X-Total-Count",
                                       "Content-Type", "Cache-Control"};
    struct response plain, gzipped;
    size_t length;
    bool whole;

    get_with(instance, target, "", &plain);
    get_with(instance, target, GZIP, &gzipped);
    response_expect_header(&plain, "Content-Encoding", NULL);
    response_expect_header(&gzipped, "Content-Encoding", "gzip");
    for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
        response_expect_header(&gzipped, same[i],
                               response_header(&plain, same[i]));
    assert_int_equal(gzipped.framing, plain.framing);
    assert_in_range(gzipped.body_length, 1, plain.body_length / 3);
    char *text = inflated(gzipped.body, gzipped.body_length, &length, &whole);
    assert_true(whole);
    assert_int_equal(length, plain.body_length);
    assert_memory_equal(text, plain.body, length);
    free(text);
    response_release(&plain);
    response_release(&gzipped);
}

static void list_is_gzipped_where_asked_for(void **state)
{
    static const char *const targets[] = {
        "/rockets",          "/rockets?sort=speed&order=desc",
        LONG_PAGE,           "/rockets?limit=8",
        "/rockets?limit=50", "/rockets?idPrefix=rocket-0000"};
    static const struct exchange rows[] = {
        {.target = LONG_PAGE,
         .fields = "Accept-Encoding: br;q=1, *;q=0.1\r\n",
         .status = 200,
         .header = "Content-Encoding",
         .value = "gzip"},
        {.target = LONG_PAGE,
         .fields = "Accept-Encoding: gzip;q=0, *\r\n",
         .status = 200,
         .header = "Content-Encoding"},
        /* Too short, and made at once. */
        {.target = "/rockets?limit=7",
         .fields = GZIP,
         .status = 200,
         .header = "Content-Encoding"},
        {.target = "/rockets?status=exploded",
         .fields = GZIP,
         .status = 200,
         .header = "Content-Encoding",
         .exact = "[]"},
        {.target = "/rockets/rocket-000000",
         .fields = GZIP,
         .status = 200,
         .header = "Content-Encoding"},
        {.target = "/rockets?limit=0",
         .fields = GZIP,
         .status = 400,
         .header = "Content-Encoding"},
        {.target = "/rockets",
         .fields = GZIP "If-None-Match: *\r\n",
         .status = 304,
         .header = "Vary",
         .value = "Accept-Encoding",
         .closes = true},
    };

    for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++)
        expect_gzipped(*state, targets[i]);
    EXCHANGES_RUN(*state, rows);
}

/* An event loop makes lists of few rockets, and never compresses. */
static void list_of_few_rockets_is_plain_but_may_vary(void **state)
{
    static const struct exchange rows[] = {
        {.target = "/rockets",
         .fields = "Accept-Encoding: gzip\r\n",
         .status = 200,
         .header = "Content-Encoding",
         .part = "[{\"id\":\"rocket-000000\""},
        {.target = "/rockets",
         .status = 200,
         .header = "Vary",
         .value = "Accept-Encoding"},
        {.target = "/rockets?limit=1",
         .fields = "If-None-Match: *\r\n",
         .status = 304,
         .header = "Vary",
         .value = "Accept-Encoding"},
    };

    EXCHANGES_RUN(*state, rows);
}

/* HEAD has the same headers as GET, the length included if there is one. */
static void head_of_a_gzipped_list_is_that_of_get(void **state)
{
    static const char *const targets[] = {"/rockets", "/rockets?limit=200"};
    static const char *const names[] = {"Content-Length", "Content-Encoding",
                                        "Vary", "Content-Type", "ETag"};

    for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
        struct connection connection;
        struct response get, head;

        get_with(*state, targets[i], GZIP, &get);
        instance_connect(*state, &connection);
        connection_request(&connection, "HEAD", targets[i], GZIP);
        assert_int_equal(connection_receive_head(&connection, &head),
                         CONNECTION_ANSWERED);
        response_expect_status(&head, 200);
        for (size_t j = 0; j < sizeof(names) / sizeof(*names); j++)
            response_expect_header(&head, names[j],
                                   response_header(&get, names[j]));
        response_release(&get);
        response_release(&head);
        connection_close(&connection);
    }
}

/*
 * libmicrohttpd 0.9.75 can omit the length of a body only if it closes the
 * connection. So these responses, which have no body, say that they do.
 */
static void head_and_unchanged_list_have_no_body(void **state)
{
    struct response response;
    char field[256];

    EXCHANGE(*state, "HEAD", "/rockets", .status = 200,
             .header = "X-Total-Count", .value = "8000", .closes = true);
    instance_get(*state, "/rockets?limit=1", &response);
    snprintf(field, sizeof(field), "If-None-Match: %s\r\n",
             response_header(&response, "ETag"));
    response_release(&response);
    EXCHANGE(*state, .target = "/rockets", .fields = field, .status = 304,
             .closes = true);
}

/* Retry until `target` is 200: a stream ends some time after its client. */
static void wait_for(const struct instance *instance, const char *target)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;
    unsigned status = 0;

    while (status != 200) {
        struct response response;

        assert_true(process_clock() < deadline);
        instance_get(instance, target, &response);
        status = response.status;
        if (status != 200)
            response_expect_status(&response, 503);
        response_release(&response);
    }
}

/* Some close before the first byte, some in the middle, and reset. */
static void client_that_closes_early_affects_no_other(void **state)
{
    static const char *const targets[] = {"/rockets", "/rockets?limit=200"};

    for (int i = 0; i < 2 * EARLY_CLOSERS; i++) {
        struct connection connection;

        if (i % 4 < 2) {
            instance_begin(*state, targets[i % 2], &connection);
        } else {
            instance_connect(*state, &connection);
            for (int request = 0; request < i % 5; request++)
                connection_get(&connection, targets[i % 2]);
        }
        connection_close(&connection);
    }
    wait_for(*state, "/rockets");
}

/*
 * Read a little of each response, so that no reader is closed as one that takes
 * nothing, however long the others need.
 */
static void read_a_little(struct connection readers[], size_t count)
{
    enum { LITTLE = 4096 };

    for (size_t i = 0; i < count; i++)
        connection_fill(&readers[i], LITTLE, process_clock());
}

static bool has_last_chunk(const struct connection *reader)
{
    static const char last[] = "\r\n0\r\n\r\n";
    size_t length = sizeof(last) - 1;

    return reader->length >= length &&
           memcmp(reader->data + reader->length - length, last, length) == 0;
}

/* Read all of each list, in turns, until each has its last chunk. */
static void read_lists(struct connection readers[], size_t count)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;
    size_t complete = 0;

    for (size_t i = 0; i < count; i++)
        connection_widen(&readers[i]);
    while (complete < count) {
        assert_true(process_clock() < deadline);
        read_a_little(readers, count);
        complete = 0;
        for (size_t i = 0; i < count; i++)
            complete += readers[i].ended || has_last_chunk(&readers[i]) ? 1 : 0;
    }
}

static void too_many_lists_at_once_get_503(void **state)
{
    static const struct exchange rows[] = {
        {.target = "/rockets",
         .status = 503,
         .header = "Retry-After",
         .value = "5"},
        /* Responses that are not streamed are not affected. */
        {.target = "/rockets?sort=speed&limit=50", .status = 200},
        {.target = "/rockets/rocket-000000", .status = 200},
    };
    struct connection streams[MAX_STREAMS];

    wait_for(*state, "/rockets");
    for (size_t i = 0; i < MAX_STREAMS; i++) {
        read_a_little(streams, i);
        instance_begin(*state, "/rockets", &streams[i]);
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        read_a_little(streams, MAX_STREAMS);
        exchanges_run(*state, &rows[i], 1);
    }
    /* The accepted lists are sent completely. */
    read_lists(streams, READ_STREAMS);
    for (size_t i = 0; i < MAX_STREAMS; i++) {
        if (i < READ_STREAMS)
            expect_all(&streams[i], RESPONSE_CHUNKED, false);
        connection_close(&streams[i]);
    }
    wait_for(*state, "/rockets");
}

/*
 * As many pages as fill the memory for unsent responses, besides those of
 * `count` readers.
 */
static void get_pages(const struct instance *instance, unsigned status,
                      struct connection readers[], size_t count)
{
    struct connection connection;

    instance_connect(instance, &connection);
    for (unsigned i = 0; i < MANY_PAGES; i++) {
        read_a_little(readers, count);
        connection_get(&connection, LONG_PAGE);
        connection_expect_status(&connection, status);
    }
    connection_close(&connection);
}

/*
 * The last page gets 503; the earlier ones are sent completely. The response of
 * a refused page takes no memory of the limit either.
 */
static void pages_beyond_the_unsent_limit_get_503(void **state)
{
    static const struct exchange refused = {.status = 503,
                                            .header = "Retry-After",
                                            .value = "5",
                                            .part = "too many long responses"};
    enum { LAST = MANY_PAGES - 1 };
    struct connection readers[MANY_PAGES];

    /* Pages that are read free their memory. */
    get_pages(*state, 200, NULL, 0);
    for (size_t i = 0; i < MANY_PAGES; i++) {
        read_a_little(readers, i);
        instance_begin(*state, LONG_PAGE, &readers[i]);
    }
    exchange_expect(&readers[LAST], &refused);
    get_pages(*state, 503, readers, LAST);
    connection_widen(&readers[0]);
    connection_expect_status(&readers[0], 200);
    for (size_t i = 0; i < MANY_PAGES; i++)
        connection_close(&readers[i]);
    wait_for(*state, LONG_PAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_list_is_chunked_complete_and_sorted),
        cmocka_unit_test(page_of_a_long_list_has_total_and_link),
        cmocka_unit_test(list_is_gzipped_where_asked_for),
        cmocka_unit_test(head_of_a_gzipped_list_is_that_of_get),
        cmocka_unit_test(head_and_unchanged_list_have_no_body),
        cmocka_unit_test(client_that_closes_early_affects_no_other),
        cmocka_unit_test(too_many_lists_at_once_get_503),
    };
    const struct CMUnitTest pages[] = {
        cmocka_unit_test(pages_beyond_the_unsent_limit_get_503),
    };
    const struct CMUnitTest few[] = {
        cmocka_unit_test(list_of_few_rockets_is_plain_but_may_vary),
    };
    int failed = cmocka_run_group_tests_name("event loops", tests, setup,
                                             instance_teardown);

    failed +=
        cmocka_run_group_tests_name("pages", pages, setup, instance_teardown);
    failed += cmocka_run_group_tests_name("few rockets", few, setup_few,
                                          instance_teardown);
    failed +=
        cmocka_run_group_tests_name("a thread for each connection", tests,
                                    setup_per_connection, instance_teardown);
    return failed;
}
