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

static const char next_request[] = POST LENGTH "\r\n" MESSAGE_OF("next");

static struct instance service;

/* The bytes to send for a row. */
struct script {
    unsigned id;
    char *data;
    size_t length, own; /* of all bytes; of those of the row */
};

__attribute__((format(printf, 1, 2))) static const char *
problem_of(const char *format, ...)
{
    static char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return text;
}

/* memmem(3) is not used: TSan checks all bytes that it may read. */
static void fill_marks(const struct script *script)
{
    enum { SIZE = sizeof(MARK) - 1 };
    char digits[SIZE + 1];

    snprintf(digits, sizeof(digits), "%05u", script->id % 100000);
    for (size_t i = 0; i + SIZE <= script->length; i++)
        if (script->data[i] == MARK[0] &&
            memcmp(script->data + i, MARK, SIZE) == 0)
            memcpy(script->data + i, digits, SIZE);
}

/* Ownership: the caller frees `data`. */
static struct script write_script(const struct http_case *row)
{
    static unsigned rows;
    struct script script = {.id = ++rows};
    FILE *out = open_memstream(&script.data, &script.length);

    assert_non_null(out);
    fwrite(row->sent, 1, row->length, out);
    for (size_t i = 0; i < row->size; i++)
        fputc(row->unit[i % strlen(row->unit)], out);
    fwrite(row->after, 1, row->after_length, out);
    fflush(out);
    script.own = script.length;
    fputs(next_request, out);
    fclose(out);
    fill_marks(&script);
    return script;
}

/*
 * Wait until the single event loop of the service has read all bytes that were
 * sent before on other connections: those are reported to the loop no later
 * than the first request, so they are read in the same round at the latest. The
 * second request cannot be in that round.
 */
static void settle(struct connection *other)
{
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
    size_t part = way->first == 0 ? length : way->first;

    for (size_t sent = 0; sent < length; sent += part) {
        if (sent > 0) {
            settle(way->other);
            part = way->step == 0 ? length : way->step;
        }
        if (part > length - sent)
            part = length - sent;
        (void)connection_send(connection, script->data + sent, part);
    }
    if (row->unfinished)
        connection_finish(connection);
}

/* Receive a response whose head is sent twice, which response.h rejects. */
static const char *receive_doubled(struct connection *connection,
                                   unsigned status)
{
    int64_t deadline = process_clock() + CONNECTION_PATIENCE;
    const char *second = NULL;
    char line[32];

    while (connection_fill(connection, 4096, deadline)) {
        /* Read until it is closed. */
    }
    int length = snprintf(line, sizeof(line), "HTTP/1.1 %u ", status);
    if (connection->ended && connection->length > (size_t)length &&
        memcmp(connection->data, line, (size_t)length) == 0)
        second =
            memmem(connection->data + length,
                   connection->length - (size_t)length, line, (size_t)length);
    connection->length = 0;
    return second != NULL ? NULL : problem_of("expected %s twice", line);
}

enum place { ANY, WITHIN, FINAL };

/* Receive one response. Its Connection header must match `place`. */
static const char *receive_one(struct connection *connection, bool head,
                               unsigned status, enum place place)
{
    struct response response;
    enum connection_result result =
        head ? connection_receive_head(connection, &response)
             : connection_receive(connection, &response);
    const char *problem = NULL;

    if (result != CONNECTION_ANSWERED)
        return problem_of("expected %u, got: %s", status,
                          result == CONNECTION_CLOSED ? "closed"
                          : result == CONNECTION_CUT  ? "a truncated response"
                          : result == CONNECTION_GARBLED ? "an invalid response"
                                                         : "nothing in time");
    if (response.status != status)
        problem = problem_of("expected %u, got %u: %.200s", status,
                             response.status, response.body);
    else if (place != ANY && response_closes(&response) != (place == FINAL))
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
        return receive_doubled(connection, row->responses[0]);
    for (size_t i = 0; problem == NULL && row->responses[i] != 0; i++) {
        bool last = row->next == HTTP_CLOSED && row->responses[i + 1] == 0;
        enum place place = row->unfinished ? ANY : last ? FINAL : WITHIN;
        problem = receive_one(connection, row->head, row->responses[i], place);
    }
    return problem;
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

/* Responses here also show that the service still runs. */
static const char *check_rockets(const struct http_case *row, unsigned id)
{
    const struct {
        const char *name;
        bool there;
    } rockets[] = {{"sent", row->applied},
                   {"next", row->next == HTTP_ANSWERED},
                   {"evil", row->smuggled}};
    const char *problem = NULL;
    struct connection observer;

    instance_connect(&service, &observer);
    for (size_t i = 0; i < 3 && problem == NULL; i++) {
        struct response response;
        char target[64];
        snprintf(target, sizeof(target), "/rockets/http-%05u-%s", id,
                 rockets[i].name);
        assert_true(connection_get(&observer, target));
        connection_expect(&observer, &response);
        if (response.status != (rockets[i].there ? 200 : 404))
            problem = problem_of("GET of the rocket %s: %u", rockets[i].name,
                                 response.status);
        response_release(&response);
    }
    connection_close(&observer);
    return problem;
}

/* A row that has been sent. */
struct run {
    struct script script;
    struct connection connection;
};

static void begin_run(const struct http_way *way, const struct http_case *row,
                      struct run *run)
{
    run->script = write_script(row);
    instance_connect(&service, &run->connection);
    send_script(way, row, &run->connection, &run->script);
}

static const char *end_run(const struct http_way *way,
                           const struct http_case *row, struct run *run)
{
    const char *problem = receive_responses(row, &run->connection);

    if (problem == NULL)
        problem = receive_next(way, row, &run->connection, &run->script);
    connection_close(&run->connection);
    if (problem == NULL)
        problem = check_rockets(row, run->script.id);
    free(run->script.data);
    return problem;
}

const char *http_case_run(const struct http_way *way,
                          const struct http_case *row)
{
    struct run run;

    begin_run(way, row, &run);
    return end_run(way, row, &run);
}

/* All are sent first, as the service notices some ends only after a while. */
static size_t run_rows(const struct http_table *table,
                       const struct http_way *way)
{
    struct run *runs = calloc(table->count, sizeof(*runs));
    size_t failed = 0;

    assert_non_null(runs);
    for (size_t i = 0; i < table->count; i++)
        if (!way->later || !table->rows[i].unfinished)
            begin_run(way, &table->rows[i], &runs[i]);
    for (size_t i = 0; i < table->count; i++) {
        const struct http_case *row = &table->rows[i];
        const char *problem = NULL;
        if (!way->later || !row->unfinished)
            problem = end_run(way, row, &runs[i]);
        if (problem == NULL)
            continue;
        print_error("RFC %s, %s%s: %s\n", row->rule, row->name,
                    way->later ? " (later)" : "", problem);
        failed++;
    }
    free(runs);
    return failed;
}

void http_table_run(void **state)
{
    struct http_way at_once = {.later = false}, later = {.later = true};

    assert_int_equal(run_rows(*state, &at_once) + run_rows(*state, &later), 0);
}

int http_setup_one_loop(void **state)
{
    static const char *const flags[] = {"-threads=1", NULL};

    (void)state;
    instance_start(&service, flags);
    return 0;
}

int http_setup_threads(void **state)
{
    static const char *const flags[] = {"-threads=per-connection", NULL};

    (void)state;
    instance_start(&service, flags);
    return 0;
}

int http_teardown(void **state)
{
    (void)state;
    instance_stop(&service);
    return 0;
}

const struct instance *http_service(void)
{
    return &service;
}
