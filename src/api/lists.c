/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /rockets. A list of few rockets is made at once. One of many is made by
 * a worker while the response is deferred: a page as a whole; a whole list as
 * a stream, of which a worker makes the next block while one is sent. Only a
 * worker compresses: an event loop has other connections to serve.
 *
 * Who owns a list: the connection's thread; after the start of a deferred
 * response a worker. The queue of the workers hands it over; what hands it back
 * is the wake. For the stream see worker_stream.h.
 */
#include <stddef.h>
#include <stdlib.h>

#include "base/sync.h"
#include "base/workers.h"
#include "changes_url.h"
#include "etags.h"
#include "http/fields.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"
#include "list_body.h"
#include "list_url.h"
#include "listing/list_page.h"
#include "operations.h"
#include "routes.h"
#include "table/table.h"
#include "worker_stream.h"

/* A list, from the query to the last byte of JSON. */
struct list {
    struct http_deferred deferred;
    struct worker_stream blocks;
    struct worker_job job;
    struct api *api;
    struct list_url url;
    struct list_page *page;
    struct list_body body;
    bool streamed; /* decided once, as the table grows meanwhile */
    bool gzip;     /* compress it, if that is worth it */
    bool counted;  /* among the streams of `api` */
    struct http_response response; /* while it is deferred */
    struct http_waiter *waiter;
};

static void free_list(struct list *list)
{
    if (list->counted)
        atomic_fetch_sub(&list->api->streams, 1);
    http_response_release(&list->response);
    worker_stream_release(&list->blocks);
    list_body_release(&list->body);
    list_page_free(list->page);
    list_url_release(&list->url);
    free(list);
}

/* A place among the streams; false where there are too many already. */
static bool take_place(struct list *list)
{
    struct api *api = list->api;

    list->counted = atomic_fetch_add(&api->streams, 1) < API_MAX_STREAMS;
    if (!list->counted)
        atomic_fetch_sub(&api->streams, 1);
    return list->counted;
}

static void answer_too_many(struct http_response *response)
{
    problem_set(response, 503,
                "%d whole lists are being sent already; try again, or page "
                "through with limit and cursor",
                API_MAX_STREAMS);
    http_response_header(response, "Retry-After", "5");
}

/* The headers about the whole: the count, and where the next page is. */
static bool put_headers(const struct list *list, struct http_response *response)
{
    struct buffer text = BUFFER_INIT;
    struct list_query next;
    bool done = true;

    buffer_append_unsigned(&text, list_page_total(list->page));
    if (buffer_failed(&text) ||
        !http_response_header_copy(response, "X-Total-Count",
                                   buffer_text(&text)))
        done = false;
    buffer_clear(&text);
    buffer_append(&text, TEXT("<"));
    bool more = list_page_next(list->page, &next);
    if (more)
        list_url_write(&next, &text);
    buffer_append(&text, TEXT(">; rel=\"next\""));
    if (buffer_failed(&text) ||
        (more &&
         !http_response_header_copy(response, "Link", buffer_text(&text))))
        done = false;
    buffer_release(&text);
    return done;
}

/*
 * Make the list, and of a page all of its JSON. `response` has the headers of
 * etags_answer() and becomes complete, but for the stream of a whole list.
 */
static void make_list(struct list *list, struct http_response *response)
{
    /* Before the work, so that the limit bounds the work as well. */
    if (list->streamed && !take_place(list)) {
        answer_too_many(response);
        return;
    }
    list->page = list_page_new(list->api->table, &list->url.query);
    if (list->page == NULL || !put_headers(list, response)) {
        problem_set_no_memory(response);
        return;
    }
    http_response_header(response, "Content-Type", "application/json");
    list_body_init(&list->body, list->page);
    if (list->gzip && list_body_compress(&list->body))
        http_response_header(response, "Content-Encoding", "gzip");
    if (!list->streamed &&
        list_body_write(&list->body, &response->body, SIZE_MAX) == HTTP_FAILED)
        problem_set_no_memory(response);
}

static struct list *list_of_blocks(struct worker_stream *blocks)
{
    return container_of(blocks, struct list, blocks);
}

static struct list *list_of_deferred(struct http_deferred *deferred)
{
    return container_of(deferred, struct list, deferred);
}

static struct list *list_of_job(struct worker_job *job)
{
    return container_of(job, struct list, job);
}

static enum http_flow make_block(struct worker_stream *blocks,
                                 struct buffer *block)
{
    return list_body_write(&list_of_blocks(blocks)->body, block,
                           HTTP_STREAM_BLOCK);
}

static void free_blocks(struct worker_stream *blocks)
{
    free_list(list_of_blocks(blocks));
}

/* On a worker: the response, and of a whole list the first block. */
static void run_deferred(struct worker_job *job)
{
    struct list *list = list_of_job(job);
    struct http_response *response = &list->response;

    if (worker_stream_is_cancelled(&list->blocks))
        problem_set_stopping(response);
    else
        make_list(list, response);
    if (list->streamed && response->status == 200)
        worker_stream_make_first(&list->blocks);
    http_wake(list->waiter);
}

static void start_deferred(struct http_deferred *deferred,
                           struct http_waiter *waiter)
{
    struct list *list = list_of_deferred(deferred);

    list->waiter = waiter;
    list->job = (struct worker_job){
        .run = run_deferred,
        .kind = list->streamed ? WORKER_SLOW : WORKER_SHORT,
    };
    workers_submit(list->api->workers, &list->job);
}

static void finish_deferred(struct http_deferred *deferred,
                            struct http_response *response)
{
    struct list *list = list_of_deferred(deferred);

    http_response_move(response, &list->response);
    if (list->streamed && response->status == 200)
        response->stream = &list->blocks.stream;
    else
        free_list(list);
}

static void cancel_deferred(struct http_deferred *deferred)
{
    worker_stream_cancel(&list_of_deferred(deferred)->blocks);
}

static void free_deferred(struct http_deferred *deferred)
{
    free_list(list_of_deferred(deferred));
}

/* NULL, and a problem in `response`, for a wrong query or without memory. */
static struct list *new_list(struct api *api,
                             const struct http_request *request,
                             struct http_response *response)
{
    char detail[LIST_URL_DETAIL];
    struct list *list = calloc(1, sizeof(*list));

    if (list == NULL) {
        problem_set_no_memory(response);
        return NULL;
    }
    list->deferred = (struct http_deferred){start_deferred, finish_deferred,
                                            cancel_deferred, free_deferred};
    list->blocks.workers = api->workers;
    list->blocks.make = make_block;
    list->blocks.free = free_blocks;
    worker_stream_init(&list->blocks);
    list->api = api;
    http_response_init(&list->response);
    if (list_url_parse(&list->url, request->query, detail, sizeof(detail)))
        return list;
    if (detail[0] == '\0')
        problem_set_no_memory(response);
    else
        problem_set(response, 400, "%s", detail);
    free(list);
    return NULL;
}

const char *lists_parameter(size_t index)
{
    size_t count = 0;

    while (list_url_parameter(count) != NULL)
        count++;
    return index < count ? list_url_parameter(index)
                         : changes_url_parameter(index - count);
}

void lists_get(struct api *api, const struct http_request *request,
               struct http_response *response)
{
    if (request->route == ROUTE_CHANGES) {
        changes_get(api, request, response);
        return;
    }
    /* Before the first lock: so the tag is never newer than the list. */
    uint64_t revision = table_revision(api->table);
    struct list *list = new_list(api, request, response);

    if (list == NULL)
        return;
    bool known = etags_answer(api, request, revision, response);
    /* Also of a list that is not compressed now: it may be at another time. */
    http_response_header(response, "Vary", "Accept-Encoding");
    bool many = table_count(api->table) > API_LIST_AT_ONCE;
    list->streamed = many && list->url.query.limit == 0;
    list->gzip = many && http_accepts_encoding(request->fields.accept_encoding,
                                               TEXT("gzip"));
    if (many && !known) {
        http_response_move(&list->response, response);
        http_response_defer(response, &list->deferred);
        return;
    }
    /* To make a long list only for the length that a 304 has is too much. */
    if (!many)
        make_list(list, response);
    free_list(list);
}
