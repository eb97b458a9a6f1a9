/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each attempt has its own connection. The limit is set before the connection
 * is opened, or after the response to a first request on it, and is removed
 * when the response has arrived.
 */
#include "attempt.h"

#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ALLOCATIONS = 1000 };

static const struct attempt_mode modes[] = {
    {SCARCITY_OWN, false, true},  {SCARCITY_OWN, true, true},
    {SCARCITY_OWN, false, false}, {SCARCITY_OWN, true, false},
    {SCARCITY_ALL, false, true},  {SCARCITY_ALL, true, true},
    {SCARCITY_ALL, false, false}, {SCARCITY_ALL, true, false},
};

static bool is_answered(const struct attempt *attempt)
{
    return attempt->result == CONNECTION_ANSWERED;
}

bool attempt_is_right(const struct attempt *attempt)
{
    return is_answered(attempt) && attempt->response.status == attempt->status;
}

/* Whether the client shall try again later. */
static bool is_unavailable(const struct response *response)
{
    return response->status == 503 &&
           response_header(response, "Retry-After") != NULL;
}

/* Without memory libmicrohttpd may send its own error response. */
static bool is_refused(const struct attempt *attempt,
                       const struct attempt_mode *mode)
{
    if (is_answered(attempt))
        return is_unavailable(&attempt->response) ||
               (mode->scope == SCARCITY_ALL && attempt->response.status >= 500);
    return attempt->result == CONNECTION_CLOSED ||
           (attempt->result == CONNECTION_CUT && attempt->streamed);
}

void attempt_make(struct faulty *faulty, const struct attempt_mode *mode,
                  int64_t left, struct attempt *attempt)
{
    struct connection connection;

    if (mode->on_open_connection) {
        instance_connect(&faulty->instance, &connection);
        connection_get(&connection, "/health");
        connection_expect_status(&connection, 200);
    }
    faulty_limit(faulty, mode->scope, left, mode->for_good);
    if (!mode->on_open_connection)
        instance_connect(&faulty->instance, &connection);
    connection_send_text(&connection, attempt->text);
    attempt->result = connection_receive(&connection, &attempt->response);
    attempt->failed = faulty_restore(faulty);
    connection_close(&connection);
    if (!attempt_is_right(attempt)) {
        assert_int_not_equal(attempt->failed, 0);
        assert_true(is_refused(attempt, mode));
    }
}

void attempt_release(struct attempt *attempt)
{
    if (is_answered(attempt))
        response_release(&attempt->response);
}

void attempt_each(struct faulty *faulty, const void *test,
                  int64_t (*check)(struct faulty *faulty, const void *test,
                                   const struct attempt_mode *mode,
                                   int64_t left))
{
    int64_t failures = 0;

    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        int64_t left = 0, failed = 1;
        for (; failed > 0; left++) {
            failed = check(faulty, test, &modes[i], left);
            failures += failed;
            assert_in_range(left, 0, MAX_ALLOCATIONS);
        }
        /* Opening a connection needs allocations. */
        assert_true(left > 1 || modes[i].on_open_connection);
    }
    print_message("%jd allocations failed\n", (intmax_t)failures);
}

char *attempt_post(const char *content_type, const char *body)
{
    char *text = NULL;

    assert_true(asprintf(&text,
                         "POST /messages HTTP/1.1\r\nHost: localhost\r\n"
                         "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
                         content_type, strlen(body), body) > 0);
    return text;
}

char *attempt_get(const char *target)
{
    char *text = NULL;

    assert_true(asprintf(&text, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n",
                         target) > 0);
    return text;
}
