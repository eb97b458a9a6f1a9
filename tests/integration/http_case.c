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

/* A row under way: its connection, and the bytes to send. */
struct run {
    const struct http_case *row;
    struct http_way way;
    struct connection connection;
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
static void fill_marks(const struct run *run)
{
    enum { SIZE = sizeof(MARK) - 1 };
    char digits[SIZE + 1];

    snprintf(digits, sizeof(digits), "%05u", run->id % 100000);
    for (size_t i = 0; i + SIZE <= run->length; i++)
        if (run->data[i] == MARK[0] && memcmp(run->data + i, MARK, SIZE) == 0)
            memcpy(run->data + i, digits, SIZE);
}

static void write_bytes(struct run *run)
{
    const struct http_case *row = run->row;
    FILE *out = open_memstream(&run->data, &run->length);

    assert_non_null(out);
    fwrite(row->sent, 1, row->length, out);
    for (size_t i = 0, unit = 0; i < row->size; i++) {
        fputc(row->unit[unit++], out);
        if (row->unit[unit] == '\0')
            unit = 0;
    }
    if (row->after != NULL)
        fwrite(row->after, 1, row->after_length, out);
    fflush(out);
    run->own = run->length;
    fputs(next_request, out);
    fclose(out);
    fill_marks(run);
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
static void begin_run(struct run *run, const struct http_way *way,
                      const struct http_case *row)
{
    static unsigned runs;

    *run = (struct run){.row = row, .way = *way, .id = ++runs};
    write_bytes(run);
    instance_connect(&service, &run->connection);
    size_t length = way->later || row->unfinished ? run->own : run->length;
    size_t part = way->first == 0 ? length : way->first;
    for (size_t sent = 0; sent < length; sent += part) {
        if (sent > 0) {
            settle(way->other);
            part = way->step == 0 ? length : way->step;
        }
        if (part > length - sent)
            part = length - sent;
        (void)connection_send(&run->connection, run->data + sent, part);
    }
    if (row->unfinished)
        connection_finish(&run->connection);
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
        return problem_of("expected %u, got no response: %d", status,
                          (int)result);
    if (response.status != status)
        problem = problem_of("expected %u, got %u: %.200s", status,
                             response.status, response.body);
    else if (status >= 200 &&
             response_closes(&response) ==
                 (response_header(&response, "Keep-Alive") != NULL))
        problem = "Keep-Alive does not match Connection";
    else if (place != ANY && response_closes(&response) != (place == FINAL))
        problem =
            problem_of("the Connection header of %u does not match", status);
    response_release(&response);
    return problem;
}

static const char *receive_responses(struct run *run)
{
    const struct http_case *row = run->row;
    const char *problem = NULL;

    if (row->doubled)
        return receive_doubled(&run->connection, row->responses[0]);
    for (size_t i = 0; problem == NULL && row->responses[i] != 0; i++) {
        bool last = row->next == HTTP_CLOSED && row->responses[i + 1] == 0;
        problem = receive_one(&run->connection, row->head, row->responses[i],
                              row->unfinished ? ANY
                              : last          ? FINAL
                                              : WITHIN);
    }
    return problem;
}

static const char *receive_next(struct run *run)
{
    struct response response = {0};

    if (run->row->next == HTTP_ANSWERED) {
        if (run->way.later)
            (void)connection_send(&run->connection, run->data + run->own,
                                  run->length - run->own);
        return receive_one(&run->connection, false, 202, WITHIN);
    }
    if (connection_receive(&run->connection, &response) == CONNECTION_CLOSED)
        return NULL;
    unsigned status = response.status;
    response_release(&response);
    return problem_of("expected the end of the connection, got %u", status);
}

/* The responses also show that the service still runs. */
static const char *check_rocket(unsigned id, const char *rocket, bool there)
{
    char name[64];

    snprintf(name, sizeof(name), "http-%05u-%s", id, rocket);
    return bulk_messages_of(&service, name) == (there ? 1 : 0)
               ? NULL
               : problem_of("the rocket %s has another state", rocket);
}

static const char *end_run(struct run *run)
{
    const struct http_case *row = run->row;
    const char *problem = receive_responses(run);

    if (problem == NULL)
        problem = receive_next(run);
    if (problem == NULL)
        problem = check_rocket(run->id, "sent", row->applied);
    if (problem == NULL)
        problem = check_rocket(run->id, "next", row->next == HTTP_ANSWERED);
    if (problem == NULL)
        problem = check_rocket(run->id, "evil", row->smuggled);
    connection_close(&run->connection);
    free(run->data);
    return problem;
}

const char *http_case_run(const struct http_way *way,
                          const struct http_case *row)
{
    struct run run;

    begin_run(&run, way, row);
    return end_run(&run);
}

/* The service notices some ends only after a while: those are sent first. */
void http_table_run(void **state)
{
    const struct http_table *table = *state;
    const struct http_way at_once = {.later = false}, later = {.later = true};
    struct run *runs = calloc(table->count, sizeof(*runs));
    size_t failed = 0;

    assert_non_null(runs);
    for (size_t i = 0; i < table->count; i++)
        if (table->rows[i].unfinished)
            begin_run(&runs[i], &at_once, &table->rows[i]);
    for (size_t i = 0; i < table->count; i++) {
        const struct http_case *row = &table->rows[i];
        const char *problem =
            row->unfinished ? end_run(&runs[i]) : http_case_run(&at_once, row);
        if (problem == NULL && !row->unfinished)
            problem = http_case_run(&later, row);
        if (problem == NULL)
            continue;
        print_error("RFC %s, %s: %s\n", row->rule, row->name, problem);
        failed++;
    }
    free(runs);
    assert_int_equal(failed, 0);
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
