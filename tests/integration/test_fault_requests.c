/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to the running service in which each allocation fails in turn: the
 * service's own, cJSON's and libmicrohttpd's. A client gets the right response,
 * or 503, or a closed connection. After a message or a batch is sent again, the
 * state is exact.
 */
#include "lib/harness.h"

#include <stdio.h>
#include <string.h>

#include "../fault/faulty.h"

enum {
    FEW = 20,   /* rockets: the list is made on the event loop */
    MANY = 300, /* rockets: a worker makes it, and it is streamed */
};

/* A POST: parts of the responses to it and to its repetition. */
struct post {
    const char *fields, *first, *again;
    uint64_t last; /* number of a message; none is missing */
    bool gzip;     /* as gzip data */
};

static const struct post message = {
    "Content-Type: application/json\r\n",
    "\"result\":\"applied\"",
    "\"result\":\"duplicate\"",
    1,
    false,
};
static const struct post batch = {
    BULK_TYPE,
    "{\"applied\":3,",
    "{\"applied\":0,\"duplicate\":3,\"stale\":0,\"rejected\":1,",
    3,
    false,
};
static const struct post gzip_batch = {
    BULK_TYPE "Content-Encoding: gzip\r\n",
    "{\"applied\":3,",
    "{\"applied\":0,\"duplicate\":3,\"stale\":0,\"rejected\":1,",
    3,
    true,
};

/* A request whose allocations fail in turn. */
struct operation {
    struct faulty *faulty;
    bool on_open_connection;     /* else opening the connection may fail too */
    const struct post *post;     /* NULL: a GET of `target` */
    const char *target, *fields; /* of the GET */
    struct response right;       /* the response with enough memory */
};

/* cJSON parses the escapes. */
static void send_request(const struct operation *operation,
                         struct connection *connection, const char *id)
{
    struct fleet_message launch = fleet_launched(id, 1, "Juno-I", 5, "\\u0041");
    struct fleet_message exploded = fleet_exploded(id, 3, "\\u0042");
    struct fleet_message faster = fleet_faster(id, 2, 1);
    char lines[4 * FLEET_MAX_MESSAGE];

    snprintf(lines, sizeof(lines), "%s\n[]\n%s\n%s", launch.body, exploded.body,
             faster.body);
    if (operation->post == NULL)
        connection_request(connection, "GET", operation->target,
                           operation->fields);
    else if (operation->post->gzip)
        connection_post_gzip(connection, operation->post->fields, lines,
                             strlen(lines));
    else
        connection_post_with(connection, operation->post->fields,
                             operation->post == &batch ? lines : launch.body);
}

/*
 * Whether a client may get this instead of the right response: 503, or no
 * response. Without memory libmicrohttpd may send its own error response.
 */
static bool is_refusal(const struct operation *operation,
                       enum connection_result result,
                       const struct response *response, bool mhd)
{
    if (result == CONNECTION_ANSWERED)
        return mhd ? response->status >= 500
                   : response->status == 503 &&
                         response_header(response, "Retry-After") != NULL;
    return result == CONNECTION_CLOSED ||
           (result == CONNECTION_CUT &&
            operation->right.framing == RESPONSE_CHUNKED);
}

/*
 * Send the request with the limit, on a connection of its own. Returns how many
 * allocations failed; `response` has the status 0 if there is none. Ownership:
 * the caller releases `response`.
 */
static int64_t try_request(const struct operation *operation, const char *id,
                           const struct scarcity_limit *limit,
                           struct response *response)
{
    const struct instance *instance = &operation->faulty->instance;
    struct connection connection;

    if (operation->on_open_connection) {
        instance_connect(instance, &connection);
        bulk_expect_next(&connection);
    }
    scarcity_begin(operation->faulty->shared, limit);
    if (!operation->on_open_connection)
        instance_connect(instance, &connection);
    send_request(operation, &connection, id);
    enum connection_result result = connection_receive(&connection, response);
    if (result != CONNECTION_ANSWERED)
        *response = (struct response){0};
    int64_t failed = scarcity_end(operation->faulty->shared);
    connection_close(&connection);
    if (response->status != operation->right.status)
        assert_true(failed > 0 && is_refusal(operation, result, response,
                                             limit->scope == SCARCITY_ALL));
    return failed;
}

/* Take the time out of a /health, as it goes on from one request to the next.
 */
static void remove_uptime(struct response *response)
{
    static const char name[] = "\"uptimeSeconds\":";
    char *value = response->body == NULL ? NULL : strstr(response->body, name);

    if (value == NULL)
        return;
    value += strlen(name);
    size_t digits = strspn(value, "0123456789");
    assert_true(digits > 0);
    memmove(value, value + digits, strlen(value + digits) + 1);
    response->body_length -= digits;
}

static int64_t check_read(void *context, const struct scarcity_limit *limit)
{
    const struct operation *operation = context;
    const struct response *right = &operation->right;
    struct response response;
    int64_t failed = try_request(operation, NULL, limit, &response);

    remove_uptime(&response);
    /* An error response may lack its body. */
    if (response.status == right->status)
        response_expect_header(&response, "X-Request-Id",
                               response_header(right, "X-Request-Id"));
    if (response.status == right->status &&
        (right->status == 200 || response.body_length > 0))
        response_expect_body(&response, right->body);
    response_release(&response);
    return failed;
}

/* Send it with enough memory. Ownership: the caller releases `response`. */
static void send_again(const struct operation *operation, const char *id,
                       struct response *response)
{
    struct connection connection;

    instance_connect(&operation->faulty->instance, &connection);
    send_request(operation, &connection, id);
    connection_expect(&connection, response);
    if (operation->post != NULL)
        response_expect_status(response, 202);
    connection_close(&connection);
}

/*
 * A refused message may be applied, if the failed allocation was that of the
 * response, and a part of a refused batch. Sent again, all of it is.
 */
static int64_t check_post(void *context, const struct scarcity_limit *limit)
{
    static unsigned serial;
    const struct operation *operation = context;
    const struct post *post = operation->post;
    struct response response, again;
    char id[32];

    snprintf(id, sizeof(id), "serial-%u", serial++);
    int64_t failed = try_request(operation, id, limit, &response);
    send_again(operation, id, &again);
    if (response.status == 202) {
        assert_non_null(strstr(response.body, post->first));
        assert_non_null(strstr(again.body, post->again));
    }
    assert_int_equal(bulk_messages_of(&operation->faulty->instance, id),
                     post->last);
    response_release(&response);
    response_release(&again);
    return failed;
}

/* Fail each allocation of the operation in turn. */
static void fail_each(struct operation *operation)
{
    static const enum scarcity_scope scopes[] = {SCARCITY_OWN, SCARCITY_ALL};
    int64_t failures = 0;

    for (int i = 0; i < 4; i++) {
        operation->on_open_connection = i >= 2;
        failures += scarcity_each(
            scopes[i % 2], operation->post == NULL ? check_read : check_post,
            operation);
        /* Opening a connection needs allocations. */
        assert_true(failures > 0);
    }
}

static void posts_can_be_repeated(void **state)
{
    static const struct {
        const char *flag;
        const struct post *post;
    } cases[] = {{NULL, &message},
                 {"-threads=per-connection", &message},
                 {NULL, &batch},
                 {NULL, &gzip_batch},
                 {"-threads=per-connection", &gzip_batch}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct faulty faulty;
        struct operation operation = {.faulty = &faulty, .post = cases[i].post};
        assert_true(faulty_start(&faulty, cases[i].flag, NULL));
        send_again(&operation, "first", &operation.right);
        fail_each(&operation);
        response_release(&operation.right);
        faulty_stop(&faulty);
    }
}

static void reads_are_complete_or_truncated_or_refused(void **state)
{
    static const struct {
        const char *target, *fields;
    } reads[] = {
        {"/rockets", "X-Request-Id: 7\r\n"},
        {"/rockets?sort=mission", ""},
        {"/rockets?limit=3&sort=type", ""},
        {"/rockets?status=exploded", ""},
        {"/rockets/rocket-000007", ""},
        {"/rockets/nobody", "X-Request-Id: 7\r\n"},
        {"/health", "If-None-Match: \"a\"\r\nIf-None-Match: \"b\"\r\n"},
    };
    static const size_t rockets[] = {FEW, MANY};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct faulty faulty;
        assert_true(faulty_start(&faulty, NULL, NULL));
        fleet_launch(&faulty.instance, rockets[i], 0);
        for (size_t j = 0; j < sizeof(reads) / sizeof(reads[0]); j++) {
            struct operation operation = {.faulty = &faulty,
                                          .target = reads[j].target,
                                          .fields = reads[j].fields};
            send_again(&operation, NULL, &operation.right);
            remove_uptime(&operation.right);
            fail_each(&operation);
            response_release(&operation.right);
        }
        faulty_stop(&faulty);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posts_can_be_repeated),
        cmocka_unit_test(reads_are_complete_or_truncated_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
