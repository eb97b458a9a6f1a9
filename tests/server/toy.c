/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The toy's routes, its server, and what a test asks it.
 */
#include "toy.h"

#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sync.h"
#include "http/app.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"
#include "server/server.h"
#include "toy_item.h"
#include "toy_waker.h"

enum {
    LOOPS = 2,
    CONNECTIONS = 400,
    BURST = 8,
    MAX_BYSTANDERS = 30 * BURST,
    STOP_MS = SERVER_STOP_SECONDS * 1000,
};

struct toy {
    struct server *server;
    struct toy_items items;
    /* The loops' oldest connections, and the threads that serve them. */
    struct connection bystanders[MAX_BYSTANDERS];
    size_t bystander_count;
    pthread_t loops[LOOPS]; /* guarded by the items' lock */
    size_t loop_count;
};

enum operation { PLAIN, REFUSED, DEFERRED, STREAM, SINK, BYSTANDER, UNKNOWN };

static const char *const operations[] = {
    [PLAIN] = "plain",   [REFUSED] = "refused", [DEFERRED] = "deferred",
    [STREAM] = "stream", [SINK] = "sink",       [BYSTANDER] = "bystander",
    [UNKNOWN] = "",
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
    enum operation operation = operation_of(request);
    uint64_t expected = 0;

    if (response->status != 0 || request->body.data != NULL)
        toy_items_blame(&toy->items, "open got what is not empty");
    request->operation = &operations[operation];
    if (operation == REFUSED)
        problem_set(response, 403, "refused");
    if (operation != SINK || request->segment_count != 4)
        return NULL;
    struct toy_item *item = toy_item_new(&toy->items, request->segments);
    if (text_read_unsigned(request->segments[3], SIZE_MAX, &expected))
        item->expected = expected;
    return &item->sink;
}

/* Remember the loop that serves a bystander. */
static void note_loop(struct toy *toy)
{
    size_t i = 0;

    sync_lock(&toy->items.lock);
    while (i < toy->loop_count && !pthread_equal(toy->loops[i], pthread_self()))
        i++;
    if (i == toy->loop_count && i < LOOPS)
        toy->loops[toy->loop_count++] = pthread_self();
    sync_unlock(&toy->items.lock);
}

/*
 * Open idle connections until each loop has one: some at a time, so that one
 * loop is busy with the first of them while another one accepts.
 */
static void open_bystanders(struct toy *toy, unsigned loops)
{
    size_t found = 0;

    while (found < loops) {
        struct connection *opened = &toy->bystanders[toy->bystander_count];
        toy->bystander_count += BURST;
        assert_true(toy->bystander_count <= MAX_BYSTANDERS);
        for (size_t i = 0; i < BURST; i++) {
            assert_true(connection_open(&opened[i], toy_port(toy)));
            connection_get(&opened[i], "/bystander");
        }
        for (size_t i = 0; i < BURST; i++)
            connection_expect_status(&opened[i], 200);
        sync_lock(&toy->items.lock);
        found = toy->loop_count;
        sync_unlock(&toy->items.lock);
    }
}

static void answer_request(void *context, const struct http_request *request,
                           struct http_response *response)
{
    struct toy *toy = context;
    enum operation operation = operation_of(request);

    if (request->operation != &operations[operation] || response->status != 0)
        toy_items_blame(&toy->items, "answer got another request than open");
    response->status = 200;
    if (operation == DEFERRED) { /* whose response must not have this */
        http_response_header(response, "X-Ignored", "1");
        buffer_append(&response->body, TEXT("ignored"));
    }
    if (operation == PLAIN)
        buffer_append(&response->body, request->body.length > 0
                                           ? request->body
                                           : request->segments[1]);
    else if (operation == DEFERRED)
        response->deferred =
            &toy_item_new(&toy->items, request->segments)->deferred;
    else if (operation == STREAM)
        response->stream =
            &toy_item_new(&toy->items, request->segments)->stream;
    else if (operation == BYSTANDER)
        note_loop(toy);
    else
        problem_set(response, 404, "no such path");
}

void toy_items_init(struct toy_items *items, bool threads)
{
    sync_mutex_init(&items->lock);
    sync_cond_init(&items->changed);
    items->threads = threads;
    if (pthread_create(&items->waker, NULL, toy_waker_run, items) != 0)
        abort();
}

struct toy *toy_start(bool per_connection, unsigned loops)
{
    struct toy *toy = calloc(1, sizeof(*toy));
    char error[256] = "out of memory";
    struct server_options options = {.host = "127.0.0.1",
                                     .threads = loops,
                                     .per_connection = per_connection,
                                     .max_connections = CONNECTIONS};

    assert_non_null(toy);
    toy_items_init(&toy->items, per_connection);
    struct http_app app = {toy, open_request, answer_request};
    toy->server = server_start(&options, &app, error, sizeof(error));
    if (toy->server == NULL)
        fail_msg("%s", error);
    if (!per_connection)
        open_bystanders(toy, loops);
    return toy;
}

uint16_t toy_port(const struct toy *toy)
{
    return server_port(toy->server);
}

int64_t toy_stop(struct toy *toy)
{
    int64_t start = process_clock();

    for (size_t i = 0; i < toy->bystander_count; i++)
        connection_close(&toy->bystanders[i]);
    atomic_store(&toy->items.stopping, true);
    server_stop(toy->server);
    toy->server = NULL;
    return process_clock() - start;
}

static const char *fault_of(const struct toy_item *item)
{
    if (item->counts[TOY_FINISHED] + item->counts[TOY_FREED] != 1)
        return "something was not ended once";
    if (item->counts[TOY_WAITED] != item->counts[TOY_WOKEN])
        return "a wait was not woken once";
    return NULL;
}

static void stop_waker(struct toy_items *items)
{
    sync_lock(&items->lock);
    items->stopped = true;
    sync_broadcast(&items->changed);
    sync_unlock(&items->lock);
    sync_join(items->waker);
}

bool toy_items_release(struct toy_items *items)
{
    stop_waker(items);
    while (items->first != NULL) {
        struct toy_item *item = items->first;
        items->first = item->next;
        if (items->fault == NULL)
            items->fault = fault_of(item);
        free(item);
    }
    pthread_cond_destroy(&items->changed);
    pthread_mutex_destroy(&items->lock);
    if (items->fault != NULL)
        print_error("the server broke a contract: %s\n", items->fault);
    return items->fault == NULL;
}

bool toy_free(struct toy *toy)
{
    bool sound = toy_items_release(&toy->items);

    free(toy);
    return sound;
}

/* Wait until `first` and `second` have happened so often, together. */
static void wait_for(struct toy_items *items, enum toy_event first,
                     enum toy_event second, size_t count)
{
    struct timespec deadline = sync_deadline(CONNECTION_PATIENCE);
    bool in_time = true;
    size_t seen = 0;

    sync_lock(&items->lock);
    for (;;) {
        seen = items->counts[first];
        if (second != first)
            seen += items->counts[second];
        if (seen >= count || !in_time)
            break;
        in_time = sync_wait_until(&items->changed, &items->lock, &deadline);
    }
    sync_unlock(&items->lock);
    if (seen < count)
        fail_msg("event %d came %zu times in a minute, not %zu", (int)first,
                 seen, count);
}

void toy_wait(struct toy *toy, enum toy_event event, size_t count)
{
    wait_for(&toy->items, event, event, count);
}

void toy_wait_ended(struct toy *toy, size_t count)
{
    wait_for(&toy->items, TOY_FINISHED, TOY_FREED, count);
}

size_t toy_count(struct toy *toy, enum toy_event event)
{
    sync_lock(&toy->items.lock);
    size_t count = toy->items.counts[event];
    sync_unlock(&toy->items.lock);
    return count;
}

size_t toy_wake_held(struct toy *toy)
{
    return toy_waker_wake_held(&toy->items);
}

void toy_hold_no_more(struct toy *toy)
{
    sync_lock(&toy->items.lock);
    toy->items.hold_no_more = true;
    sync_unlock(&toy->items.lock);
    toy_wake_held(toy);
}

void toy_ignore_cancel(struct toy *toy)
{
    sync_lock(&toy->items.lock);
    toy->items.ignore_cancel = true;
    sync_unlock(&toy->items.lock);
}

void toy_wake_held_at_cancel(struct toy *toy)
{
    sync_lock(&toy->items.lock);
    toy->items.wake_at_cancel = true;
    sync_unlock(&toy->items.lock);
}

size_t toy_taken(struct toy *toy)
{
    sync_lock(&toy->items.lock);
    size_t taken = toy->items.taken;
    sync_unlock(&toy->items.lock);
    return taken;
}

void toy_wait_taken(struct toy *toy, size_t count)
{
    struct timespec deadline = sync_deadline(CONNECTION_PATIENCE);
    bool in_time = true;

    sync_lock(&toy->items.lock);
    while (toy->items.taken < count && in_time)
        in_time =
            sync_wait_until(&toy->items.changed, &toy->items.lock, &deadline);
    sync_unlock(&toy->items.lock);
    assert_true(toy_taken(toy) >= count);
}

char *toy_bytes(size_t length)
{
    char *bytes = malloc(length + 1);

    assert_non_null(bytes);
    for (size_t i = 0; i < length; i++)
        bytes[i] = toy_byte(i);
    bytes[length] = '\0';
    return bytes;
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
    int64_t ms = toy->server == NULL ? 0 : toy_stop(toy);

    bool in_time = ms < STOP_MS;
    if (!in_time)
        print_error("a connection was left open\n");
    bool sound = toy_free(toy);
    return sound && in_time ? 0 : -1;
}
