/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs tables of requests. Rows are numbered over the whole process, so that no
 * two rows share a rocket. A separate connection reads which messages were
 * applied.
 */
#include "http_case.h"

#include "lib/harness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MARK = sizeof(HTTP_MARK) - 1, MAX_PROBLEM = 512 };

static const char next_request[] =
    HTTP_POST HTTP_LENGTH "\r\n" HTTP_MESSAGE_OF("next");

/* The bytes to send for a row. */
struct script {
    unsigned id;
    char *data;
    size_t length, own; /* of all bytes; of those of the row */
};

static char problem_text[MAX_PROBLEM];

__attribute__((format(printf, 1, 2))) static const char *
problem_of(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(problem_text, sizeof(problem_text), format, arguments);
    va_end(arguments);
    return problem_text;
}

/* memmem(3) is not used: TSan checks all bytes that it may read. */
static void fill_marks(struct script *script)
{
    char digits[MARK + 1];

    snprintf(digits, sizeof(digits), "%05u", script->id % 100000);
    for (size_t i = 0; i + MARK <= script->length; i++)
        if (script->data[i] == HTTP_MARK[0] &&
            memcmp(script->data + i, HTTP_MARK, MARK) == 0)
            memcpy(script->data + i, digits, MARK);
}

/* Ownership: the caller frees `data`. */
static struct script write_script(const struct http_case *row)
{
    static unsigned rows;
    struct script script = {++rows, NULL, row->length, row->length};

    script.data = malloc(row->length + sizeof(next_request));
    assert_non_null(script.data);
    memcpy(script.data, row->sent, row->length);
    memcpy(script.data + row->length, next_request, sizeof(next_request));
    script.length += sizeof(next_request) - 1;
    fill_marks(&script);
    return script;
}

void http_settle(struct connection *other)
{
    /*
     * Bytes sent before the first of these requests are reported to the loop no
     * later than that request, so they are read in the same round at the
     * latest. The second request cannot be in that round.
     */
    for (int i = 0; i < 2; i++) {
        assert_true(connection_get(other, "/health"));
        connection_expect_status(other, 200);
    }
}

/*
 * Ignore errors of sending: the service may refuse the request and close before
 * it has read all of it.
 */
static void send_script(const struct http_way *way, const struct http_case *row,
                        struct connection *connection,
                        const struct script *script)
{
    size_t length =
        way->later || row->unfinished ? script->own : script->length;
    size_t cut = way->cut < length ? way->cut : length;

    for (size_t i = 0; way->drip && i < length; i++) {
        (void)connection_send(connection, script->data + i, 1);
        http_settle(way->other);
    }
    if (!way->drip && cut > 0) {
        (void)connection_send(connection, script->data, cut);
        http_settle(way->other);
    }
    if (!way->drip)
        (void)connection_send(connection, script->data + cut, length - cut);
    if (row->unfinished)
        connection_finish(connection);
}

/* Receive a response whose head is sent twice, which response.h rejects. */
static const char *receive_doubled(const struct http_case *row,
                                   struct connection *connection)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;
    char line[32];

    while (connection_fill(connection, 4096, deadline)) {
        /* Read until it is closed. */
    }
    int length =
        snprintf(line, sizeof(line), "HTTP/1.1 %u ", row->responses[0]);
    if (!connection->ended || connection->length < (size_t)length ||
        memcmp(connection->data, line, (size_t)length) != 0)
        return problem_of("expected %s and the end of the connection", line);
    const char *second =
        memmem(connection->data + length, connection->length - (size_t)length,
               "HTTP/1.1 ", 9);
    if (second == NULL || strncmp(second, line, (size_t)length) != 0)
        return problem_of("the head of the response was not sent twice");
    connection->length = 0;
    return NULL;
}

enum place { ANY, WITHIN, LAST };

/* Receive one response. Its Connection header must match `place`. */
static const char *receive_one(struct connection *connection, bool head,
                               unsigned status, enum place place)
{
    struct response response;
    enum connection_result result =
        head ? connection_receive_head(connection, &response)
             : connection_receive(connection, &response);

    if (result != CONNECTION_ANSWERED)
        return problem_of("expected %u, got: %s", status,
                          result == CONNECTION_CLOSED ? "closed"
                          : result == CONNECTION_CUT  ? "a truncated response"
                          : result == CONNECTION_GARBLED ? "an invalid response"
                                                         : "nothing in time");
    const char *problem = NULL;
    if (response.status != status)
        problem = problem_of("expected %u, got %u: %.200s", status,
                             response.status, response.body);
    else if (place != ANY && response_closes(&response) != (place == LAST))
        problem =
            problem_of("the Connection header of %u does not match", status);
    response_release(&response);
    return problem;
}

static const char *receive_responses(const struct http_case *row,
                                     struct connection *connection)
{
    const char *problem = NULL;

    if (row->doubled)
        return receive_doubled(row, connection);
    for (size_t i = 0; i < HTTP_CASE_RESPONSES && row->responses[i] != 0; i++) {
        enum place place = WITHIN;
        if (row->unfinished)
            place = ANY;
        else if (row->next == HTTP_CLOSED &&
                 (i + 1 == HTTP_CASE_RESPONSES || row->responses[i + 1] == 0))
            place = LAST;
        problem = receive_one(connection, row->head, row->responses[i], place);
        if (problem != NULL)
            return problem;
    }
    return NULL;
}

static const char *receive_next(const struct http_way *way,
                                const struct http_case *row,
                                struct connection *connection,
                                const struct script *script)
{
    struct response response = {0};

    if (row->next == HTTP_ANSWERED) {
        if (way->later)
            (void)connection_send(connection, script->data + script->own,
                                  script->length - script->own);
        return receive_one(connection, false, 202, WITHIN);
    }
    if (connection_receive(connection, &response) == CONNECTION_CLOSED)
        return NULL;
    unsigned status = response.status;
    response_release(&response);
    return problem_of("expected the end of the connection, got %u", status);
}

static const char *check_rocket(struct connection *observer, unsigned id,
                                const char *rocket, bool there)
{
    char target[64];
    struct response response;

    snprintf(target, sizeof(target), "/rockets/http-%05u-%s", id, rocket);
    assert_true(connection_get(observer, target));
    connection_expect(observer, &response);
    unsigned status = response.status;
    response_release(&response);
    if (status == (there ? 200 : 404))
        return NULL;
    return problem_of("GET of the rocket %s: %u", rocket, status);
}

/* Responses here also show that the service still runs. */
static const char *check_rockets(const struct http_way *way,
                                 const struct http_case *row, unsigned id)
{
    struct connection observer;

    instance_connect(way->instance, &observer);
    const char *problem = check_rocket(&observer, id, "sent", row->applied);
    if (problem == NULL)
        problem =
            check_rocket(&observer, id, "next", row->next == HTTP_ANSWERED);
    if (problem == NULL)
        problem = check_rocket(&observer, id, "evil", row->smuggled);
    connection_close(&observer);
    return problem;
}

const char *http_case_run(const struct http_way *way,
                          const struct http_case *row)
{
    struct script script = write_script(row);
    struct connection connection;

    instance_connect(way->instance, &connection);
    send_script(way, row, &connection, &script);
    const char *problem = receive_responses(row, &connection);
    if (problem == NULL)
        problem = receive_next(way, row, &connection, &script);
    connection_close(&connection);
    if (problem == NULL)
        problem = check_rockets(way, row, script.id);
    free(script.data);
    return problem;
}

void http_cases_run(const struct instance *instance,
                    const struct http_case rows[], size_t count)
{
    size_t failed = 0, sent = 0;

    for (size_t i = 0; i < count; i++) {
        for (int later = 0; later < (rows[i].unfinished ? 1 : 2); later++) {
            struct http_way way = {.instance = instance, .later = later > 0};
            const char *problem = http_case_run(&way, &rows[i]);
            sent++;
            if (problem == NULL)
                continue;
            print_error("%s, %s%s: %s\n", rows[i].rule, rows[i].name,
                        later > 0 ? " (later)" : "", problem);
            failed++;
        }
    }
    print_message("%zu rows, %zu cases\n", count, sent);
    assert_int_equal(failed, 0);
}

static int setup_with_flag(void **state, const char *flag)
{
    const char *const flags[] = {flag, NULL};
    struct instance *instance = malloc(sizeof(*instance));

    assert_non_null(instance);
    instance_start(instance, flags);
    *state = instance;
    return 0;
}

int http_setup_one_loop(void **state)
{
    return setup_with_flag(state, "-threads=1");
}

int http_setup_threads(void **state)
{
    return setup_with_flag(state, "-threads=per-connection");
}
