/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The toy's routes, its server, and what a test asks it.
 */
#include "toy.h"

#include "lib/harness.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "base/sync.h"
#include "http/app.h"
#include "http/problem.h"
#include "http/request.h"
#include "lib/tls_client.h"
#include "server/server.h"
#include "server/server_tls.h"
#include "toy_client.h"
#include "toy_item.h"

enum {
    LOOPS = 2,
    CONNECTIONS = 400,
    IDLE_SECONDS = 3600, /* no test may depend on how long a client idles */
    STOP_MS = SERVER_STOP_MS,
};

enum operation { PLAIN, REFUSED, DEFERRED, STREAM, SINK, UNKNOWN };

static const char *const operations[] = {
    [PLAIN] = "plain",   [REFUSED] = "refused", [DEFERRED] = "deferred",
    [STREAM] = "stream", [SINK] = "sink",       [UNKNOWN] = "",
};

static enum operation operation_of(const struct http_request *request)
{
    enum operation operation = PLAIN;

    while (operation != UNKNOWN &&
           (request->segment_count < 1 ||
            !text_equal(request->segments[0], text_of(operations[operation]))))
        operation++;
    return operation;
}

static struct http_sink *open_request(void *context,
                                      struct http_request *request,
                                      struct http_response *response)
{
    struct toy *toy = context;
    const struct text *segments = request->segments;
    enum operation operation = operation_of(request);
    uint64_t expected = 0;

    toy_check(toy, response->status == 0 && request->body.data == NULL,
              "open got what is not empty");
    request->operation = &operations[operation];
    if (operation == REFUSED)
        problem_set(response, 403, "refused");
    if (operation != SINK || request->segment_count != 4)
        return NULL;
    struct toy_item *item =
        toy_item_new(toy, request->memory, segments[1], segments[2]);
    if (text_read_unsigned(segments[3], SIZE_MAX, &expected))
        item->expected = expected;
    return &item->sink;
}

static void answer_request(void *context, const struct http_request *request,
                           struct http_response *response)
{
    struct toy *toy = context;
    const struct text *segments = request->segments;
    enum operation operation = operation_of(request);
    struct toy_item *item;

    toy_check(toy,
              request->operation == &operations[operation] &&
                  response->status == 0,
              "answer got another request than open");
    response->status = 200;
    response->long_lived =
        request->segment_count == 4 && text_equal(segments[3], TEXT("long"));
    switch (operation) {
    case PLAIN:
        buffer_append(&response->body,
                      request->body.length > 0 ? request->body : segments[1]);
        break;
    case DEFERRED: /* whose response must have neither of these */
        http_response_header(response, "X-Ignored", "1");
        buffer_append(&response->body, TEXT("ignored"));
        item = toy_item_new(toy, request->memory, segments[1], segments[2]);
        item->long_lived = response->long_lived;
        response->deferred = &item->deferred;
        break;
    case STREAM:
        item = toy_item_new(toy, request->memory, segments[1], segments[2]);
        item->long_lived = response->long_lived;
        response->stream = &item->stream;
        if (request->segment_count == 4 &&
            text_equal(segments[3], TEXT("sized")))
            response->stream_length = toy_stream_length(item->script);
        break;
    default:
        problem_set(response, 404, "no such path");
    }
}

/*
 * Idle connections, so many at a time that while one loop is busy with the
 * first of them another one accepts.
 */
static void open_bystanders(struct toy *toy)
{
    for (size_t i = 0; i < TOY_BYSTANDERS; i++)
        toy_get(toy, &toy->bystanders[i], "/plain/hello");
    for (size_t i = 0; i < TOY_BYSTANDERS; i++)
        connection_expect_status(&toy->bystanders[i], 200);
}

static struct server_tls *open_tls(void)
{
    char certificate[TLS_CLIENT_PATH], key[TLS_CLIENT_PATH];
    char error[SERVER_TLS_ERROR];

    if (!tls_client_is_wanted())
        return NULL;
    struct server_tls *tls =
        server_tls_open(tls_client_file("", ".crt", certificate),
                        tls_client_file("", ".key", key), NULL, error);
    if (tls == NULL)
        fail_msg("%s", error);
    return tls;
}

struct toy *toy_start_limited(bool per_connection, unsigned loops,
                              unsigned max_connections)
{
    struct toy *toy = calloc(1, sizeof(*toy));
    char error[256] = "out of memory";
    struct addrinfo *addresses =
        server_resolve("127.0.0.1", 0, error, sizeof(error));
    struct server_options options = {.host = "127.0.0.1",
                                     .addresses = addresses,
                                     .threads = loops,
                                     .per_connection = per_connection,
                                     .max_connections = max_connections,
                                     .idle_seconds = IDLE_SECONDS,
                                     .metrics = metrics_new()};
    static const char *const routes[] = {"toy"};
    struct http_app app = {
        toy, open_request, answer_request, "too long", routes, 1, TOY_MEMORY};

    assert_non_null(toy);
    sync_mutex_init(&toy->lock);
    sync_cond_init(&toy->changed);
    toy->threads = per_connection;
    toy->metrics = options.metrics;
    toy->tls = options.tls = open_tls();
    assert_non_null(toy->metrics);
    toy_start_wakers(toy);
    toy->server = server_start(&options, &app, error, sizeof(error));
    freeaddrinfo(addresses);
    if (toy->server == NULL)
        fail_msg("%s", error);
    if (!per_connection)
        open_bystanders(toy);
    return toy;
}

struct toy *toy_start(bool per_connection, unsigned loops)
{
    return toy_start_limited(per_connection, loops, CONNECTIONS);
}

uint16_t toy_port(const struct toy *toy)
{
    return server_address(toy->server)->port;
}

struct metrics *toy_metrics(const struct toy *toy)
{
    return toy->metrics;
}

static void *run_stop(void *context)
{
    struct toy *toy = context;
    int64_t start = process_clock();

    while (!server_stop(toy->server))
        atomic_fetch_add(&toy->overdue, 1);
    toy->server = NULL;
    toy->stop_ms = process_clock() - start;
    return NULL;
}

void toy_close_bystanders(struct toy *toy)
{
    for (size_t i = 0; !toy->threads && i < TOY_BYSTANDERS; i++)
        connection_close(&toy->bystanders[i]);
}

void toy_begin_stop(struct toy *toy)
{
    toy_close_bystanders(toy);
    atomic_store(&toy->stopping, true);
    assert_int_equal(pthread_create(&toy->stop, NULL, run_stop, toy), 0);
}

int64_t toy_end_stop(struct toy *toy)
{
    pthread_join(toy->stop, NULL);
    return toy->stop_ms;
}

unsigned toy_overdue(const struct toy *toy)
{
    return atomic_load(&toy->overdue);
}

int64_t toy_stop(struct toy *toy)
{
    toy_begin_stop(toy);
    return toy_end_stop(toy);
}

bool toy_free(struct toy *toy)
{
    toy_stop_wakers(toy);
    while (toy->first != NULL) {
        struct toy_item *item = toy->first;
        toy->first = item->next;
        toy_check(toy, item->counts[TOY_ENDED] == 1,
                  "something was not ended once");
        toy_check(toy, item->counts[TOY_WAITED] == item->counts[TOY_WOKEN],
                  "a wait was not woken once");
        free(item);
    }
    bool sound = toy->fault == NULL;
    if (!sound)
        print_error("the server broke a contract: %s\n", toy->fault);
    server_tls_free(toy->tls);
    metrics_free(toy->metrics);
    pthread_cond_destroy(&toy->changed);
    pthread_mutex_destroy(&toy->lock);
    free(toy);
    return sound;
}

void toy_wait(struct toy *toy, enum toy_event event, size_t count)
{
    struct timespec deadline = sync_deadline(CONNECTION_PATIENCE);
    bool in_time = true;

    sync_lock(&toy->lock);
    while (toy->counts[event] < count && in_time)
        in_time = sync_wait_until(&toy->changed, &toy->lock, &deadline);
    size_t seen = toy->counts[event];
    sync_unlock(&toy->lock);
    if (seen < count)
        fail_msg("event %d came %zu times, not %zu", (int)event, seen, count);
}

size_t toy_count(struct toy *toy, enum toy_event event)
{
    sync_lock(&toy->lock);
    size_t count = toy->counts[event];
    sync_unlock(&toy->lock);
    return count;
}

int toy_setup_loops(void **state)
{
    *state = toy_start(false, LOOPS);
    return 0;
}

int toy_setup_threads(void **state)
{
    *state = toy_start(true, 1);
    return 0;
}

/* A connection that is left holds up the stop for its whole time. */
int toy_teardown(void **state)
{
    struct toy *toy = *state;
    bool in_time = toy->server == NULL || toy_stop(toy) < STOP_MS;

    if (!in_time)
        print_error("a connection was left open\n");
    return toy_free(toy) && in_time ? 0 : -1;
}
