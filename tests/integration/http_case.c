/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows are counted over the whole process, so that no two meet in a rocket.
 * What was applied is asked on a connection of its own.
 */
#include "http_case.h"

#include "harness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MARK = sizeof(HTTP_MARK) - 1, MAX_SAID = 512 };

static const char next_request[] =
    HTTP_POST HTTP_LENGTH "\r\n" HTTP_MESSAGE_OF("next");

/* What is sent for a row. */
struct script {
    unsigned id;
    char *data;
    size_t length, own; /* of all; of the row's part of it */
};

static char said[MAX_SAID];

__attribute__((format(printf, 1, 2))) static const char *say(const char *format,
                                                             ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(said, sizeof(said), format, arguments);
    va_end(arguments);
    return said;
}

/* Not with memmem(3), of which TSan checks all that it may look at. */
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
     * What was sent before the first of these requests is reported to the
     * loop no later than the request is, and so read no later than in the
     * same round, in which the second can't be.
     */
    for (int i = 0; i < 2; i++) {
        assert_true(connection_get(other, "/health"));
        connection_expect_status(other, 200);
    }
}

/* The service may refuse and close before it has all: no failure of ours. */
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

/* The head of the answer comes twice, which is no answer for response.h. */
static const char *take_doubled(const struct http_case *row,
                                struct connection *connection)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;
    char line[32];

    while (connection_fill(connection, 4096, deadline)) {
        /* Until it is closed. */
    }
    int length = snprintf(line, sizeof(line), "HTTP/1.1 %u ", row->answers[0]);
    if (!connection->ended || connection->length < (size_t)length ||
        memcmp(connection->data, line, (size_t)length) != 0)
        return say("not %s, and the end", line);
    const char *second =
        memmem(connection->data + length, connection->length - (size_t)length,
               "HTTP/1.1 ", 9);
    if (second == NULL || strncmp(second, line, (size_t)length) != 0)
        return say("its head does not come twice");
    connection->length = 0;
    return NULL;
}

enum place { ANY, WITHIN, LAST };

/* One answer, which must say whether it is the last. */
static const char *take_answer(struct connection *connection, bool head,
                               unsigned status, enum place place)
{
    struct response response;
    enum connection_result result =
        head ? connection_receive_head(connection, &response)
             : connection_receive(connection, &response);

    if (result != CONNECTION_ANSWERED)
        return say("%u did not come: %s", status,
                   result == CONNECTION_CLOSED    ? "closed"
                   : result == CONNECTION_CUT     ? "cut"
                   : result == CONNECTION_GARBLED ? "garbled"
                                                  : "nothing");
    const char *problem = NULL;
    if (response.status != status)
        problem = say("%u came, not %u: %.200s", response.status, status,
                      response.body);
    else if (place != ANY && response_closes(&response) != (place == LAST))
        problem = say("%u does not say whether it is the last", status);
    response_release(&response);
    return problem;
}

static const char *take_answers(const struct http_case *row,
                                struct connection *connection)
{
    const char *problem = NULL;

    if (row->doubled)
        return take_doubled(row, connection);
    for (size_t i = 0; i < HTTP_CASE_ANSWERS && row->answers[i] != 0; i++) {
        enum place place = WITHIN;
        if (row->unfinished)
            place = ANY;
        else if (row->next == HTTP_CLOSED &&
                 (i + 1 == HTTP_CASE_ANSWERS || row->answers[i + 1] == 0))
            place = LAST;
        problem = take_answer(connection, row->head, row->answers[i], place);
        if (problem != NULL)
            return problem;
    }
    return NULL;
}

static const char *take_next(const struct http_way *way,
                             const struct http_case *row,
                             struct connection *connection,
                             const struct script *script)
{
    struct response response = {0};

    if (row->next == HTTP_ANSWERED) {
        if (way->later)
            (void)connection_send(connection, script->data + script->own,
                                  script->length - script->own);
        return take_answer(connection, false, 202, WITHIN);
    }
    if (connection_receive(connection, &response) == CONNECTION_CLOSED)
        return NULL;
    unsigned status = response.status;
    response_release(&response);
    return say("instead of the end came %u", status);
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
    return say("the rocket %s: %u", rocket, status);
}

/* That it is answered also shows that the service lives on. */
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
        problem = check_rocket(&observer, id, "evil", row->evil);
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
    const char *problem = take_answers(row, &connection);
    if (problem == NULL)
        problem = take_next(way, row, &connection, &script);
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

static int setup_with(void **state, const char *flag)
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
    return setup_with(state, "-threads=1");
}

int http_setup_threads(void **state)
{
    return setup_with(state, "-threads=per-connection");
}
