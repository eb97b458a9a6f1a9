/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /snapshot: the file of the last snapshot, for another instance of the
 * same topic. If there is none, or it does not hold what Lunar-After names, one
 * is taken first.
 *
 * Who owns a read: the connection's thread; after the start of a wait the list
 * of waits, and after that of the opening a worker. The lock of the list and
 * the queue of the workers hand it over; what hands it back is the wake. For
 * the stream see worker_stream.h.
 */
#include <stdlib.h>
#include <unistd.h>

#include "after_read.h"
#include "api_store.h"
#include "base/clock.h"
#include "base/sync.h"
#include "http/problem.h"
#include "operations.h"
#include "permission.h"
#include "sites.h"
#include "store/store.h"
#include "worker_stream.h"

enum {
    WAIT_MS = 60000, /* for a snapshot that has to be taken */
    TRIES = 3,       /* to open one while newer ones replace it */
};

struct snapshot_read {
    struct http_deferred deferred;
    struct worker_stream blocks;
    struct worker_job job;
    struct position_wait wait;
    struct api *api;
    const struct http_request *request; /* stays until the end, deferred.h */
    bool waits; /* for a snapshot; set before a cancel may read it */
    struct http_response response; /* once the file is open */
    struct http_waiter *waiter;
    int file; /* -1: none */
    uint64_t sent, bytes;
};

static void free_read(struct snapshot_read *read)
{
    position_waits_give_place(&read->api->snapshot_waits);
    http_response_release(&read->response);
    worker_stream_release(&read->blocks);
    if (read->file >= 0)
        close(read->file);
    free(read);
}

/* What the list of waits counts: one more than the position of the last one. */
static uint64_t count_of(const struct store_snapshot_status *status)
{
    return status->exists ? status->position + 1 : 0;
}

struct http_waiter *snapshot_wake(struct api *api, uint64_t now,
                                  struct http_waiter *others)
{
    struct store_snapshot_status status;

    if (position_waits_count(&api->snapshot_waits) == 0)
        return others;
    store_snapshot_status(api->store, &status);
    /* The one who waits asks another instance sooner than this disk is mended.
     */
    if (status.problem != NULL && !status.running)
        now = UINT64_MAX;
    return position_waits_reach(&api->snapshot_waits, count_of(&status), now,
                                others);
}

static enum http_flow make_block(struct worker_stream *blocks,
                                 struct buffer *block)
{
    struct snapshot_read *read =
        container_of(blocks, struct snapshot_read, blocks);
    uint64_t left = read->bytes - read->sent;
    size_t size = left < HTTP_STREAM_BLOCK ? (size_t)left : HTTP_STREAM_BLOCK;

    if (!buffer_reserve(block, size))
        return HTTP_FAILED;
    ssize_t got = pread(read->file, buffer_end(block), size, (off_t)read->sent);
    if (got <= 0)
        return HTTP_FAILED;
    block->length += (size_t)got;
    read->sent += (uint64_t)got;
    return read->sent < read->bytes ? HTTP_MORE : HTTP_DONE;
}

static void free_blocks(struct worker_stream *blocks)
{
    free_read(container_of(blocks, struct snapshot_read, blocks));
}

/*
 * Open the last snapshot. Sets `*position` to that of the file, or to a lower
 * one if others replace it all the time. False if there is none.
 */
static bool open_snapshot(struct snapshot_read *read, uint64_t *position)
{
    struct store *store = read->api->store;
    struct store_snapshot_status before, after;

    store_snapshot_status(store, &before);
    for (unsigned i = 0; i < TRIES; i++) {
        if (read->file >= 0)
            close(read->file);
        read->file = store_open_snapshot(store, &read->bytes);
        *position = before.position;
        store_snapshot_status(store, &after);
        if (read->file < 0 || after.position == before.position)
            break;
        before = after;
    }
    return read->file >= 0;
}

static void answer_missing(const struct api *api,
                           struct http_response *response)
{
    struct store_snapshot_status status;

    store_snapshot_status(api->store, &status);
    problem_set(response, 503, "%s",
                status.problem != NULL
                    ? status.problem
                    : "there is no such snapshot yet; try again, or take that "
                      "of another instance");
    http_response_header(response, "Retry-After", "10");
}

/* On a worker. */
static void run_opening(struct worker_job *job)
{
    struct snapshot_read *read = container_of(job, struct snapshot_read, job);
    struct http_response *response = &read->response;
    uint64_t position;

    if (!open_snapshot(read, &position)) {
        answer_missing(read->api, response);
    } else {
        response->status = 200;
        http_response_header(response, "Content-Type",
                             "application/vnd.sqlite3");
        http_response_header(response, "Content-Disposition",
                             "attachment; filename=\"snapshot.db\"");
        http_response_header(response, "Cache-Control", "no-store");
        api_store_put_position(read->api, position, response);
        worker_stream_make_first(&read->blocks);
    }
    http_wake(read->waiter);
}

static struct snapshot_read *read_of(struct http_deferred *deferred)
{
    return container_of(deferred, struct snapshot_read, deferred);
}

static void start_deferred(struct http_deferred *deferred,
                           struct http_waiter *waiter)
{
    struct snapshot_read *read = read_of(deferred);

    read->waiter = waiter;
    read->wait.waiter = waiter;
    if (read->waits)
        position_waits_start(&read->api->snapshot_waits, &read->wait);
    else
        workers_submit(read->api->workers, &read->job);
}

/* The wait is over: open the snapshot, if it is there. */
static void finish_wait(struct snapshot_read *read,
                        struct http_response *response)
{
    struct store_snapshot_status status;

    read->waits = false;
    store_snapshot_status(read->api->store, &status);
    if (count_of(&status) >= read->wait.position) {
        http_response_defer(response, &read->deferred);
        return;
    }
    if (atomic_load(&read->api->stopping))
        problem_set_stopping(response);
    else
        answer_missing(read->api, response);
    free_read(read);
}

static void finish_deferred(struct http_deferred *deferred,
                            struct http_response *response)
{
    struct snapshot_read *read = read_of(deferred);

    if (read->waits) {
        /* What permitted the read may have ended in the wait. */
        if (permission_check(read->api, read->request, SCOPE_ADMIN, NULL,
                             response))
            finish_wait(read, response);
        else
            free_read(read);
        return;
    }
    http_response_move(response, &read->response);
    if (response->status == 200) {
        response->stream = &read->blocks.stream;
        response->stream_length = read->bytes;
    } else {
        free_read(read);
    }
}

/* To open a file takes a moment; only the wait is long. */
static void cancel_deferred(struct http_deferred *deferred)
{
    struct snapshot_read *read = read_of(deferred);

    if (read->waits)
        position_waits_cancel(&read->api->snapshot_waits, &read->wait);
}

static void free_deferred(struct http_deferred *deferred)
{
    free_read(read_of(deferred));
}

/* NULL, and a problem in `response`, if there are too many, or no memory. */
static struct snapshot_read *new_read(struct api *api,
                                      struct http_response *response)
{
    if (!position_waits_take_place(&api->snapshot_waits)) {
        problem_set(response, 503,
                    "%d snapshots are being sent already; try again, or take "
                    "that of another instance",
                    API_MAX_SNAPSHOTS);
        http_response_header(response, "Retry-After", "5");
        return NULL;
    }
    struct snapshot_read *read = calloc(1, sizeof(*read));
    if (read == NULL) {
        position_waits_give_place(&api->snapshot_waits);
        problem_set_no_memory(response);
        return NULL;
    }
    read->deferred = (struct http_deferred){start_deferred, finish_deferred,
                                            cancel_deferred, free_deferred};
    read->blocks.workers = api->workers;
    read->blocks.kind = WORKER_STEP;
    read->blocks.reads_disk = true;
    read->blocks.make = make_block;
    read->blocks.free = free_blocks;
    worker_stream_init(&read->blocks);
    read->job = (struct worker_job){
        .run = run_opening, .kind = WORKER_SHORT, .reads_disk = true};
    read->api = api;
    read->file = -1;
    http_response_init(&read->response);
    return read;
}

/* All up to the position in Lunar-After is applied. */
static void get_snapshot(struct api *api, const struct http_request *request,
                         struct http_response *response)
{
    struct store_snapshot_status status;
    uint64_t position;

    if (!after_read_parse(request, &position, response))
        return;
    struct snapshot_read *read = new_read(api, response);
    if (read == NULL)
        return;
    store_snapshot_status(api->store, &status);
    read->request = request;
    read->waits = count_of(&status) < position + 1;
    if (read->waits) {
        read->wait.position = position + 1;
        read->wait.deadline =
            clock_us(CLOCK_MONOTONIC) + WAIT_MS * UINT64_C(1000);
        store_want_snapshot(api->store, position);
    }
    http_response_defer(response, &read->deferred);
    response->long_lived = read->waits;
}

void snapshot_get(struct api *api, const struct http_request *request,
                  struct http_response *response)
{
    if (!api->shared)
        problem_set(response, 404,
                    "only instances that share a topic have a snapshot for "
                    "each other: see -kafka and -topic; lunar.service -backup "
                    "copies the state of this one");
    else if (request->site == HTTP_SITE_OTHER)
        sites_refuse(response, "take the snapshot");
    else
        after_read_begin(api, request, get_snapshot, response);
}
