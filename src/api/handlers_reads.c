/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One rocket, and lists of them. Each asks the table or a listing, and writes
 * JSON outside of any lock.
 */
#include "api/handlers.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/etag.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"
#include "http/target.h"
#include "list_url.h"
#include "listing/list_page.h"
#include "rocket_json.h"

enum { MAX_ETAG = 64 };

static const char json_type[] = "application/json";

/*
 * Add the headers of a read, and set its status: 304, and true, if the
 * client has this revision already. Without memory the tag is left out.
 */
static bool answer_by_etag(const struct service *service,
                           const struct http_request *request,
                           uint64_t revision, struct http_response *response)
{
    char etag[MAX_ETAG];
    int length = snprintf(etag, sizeof(etag), "W/\"%016jx-%ju\"",
                          (uintmax_t)service->start, (uintmax_t)revision);
    struct text text = {etag, (size_t)length};

    http_response_header_copy(response, "ETag", text);
    http_response_header(response, "Cache-Control", "no-cache");
    bool known = etag_matches(request->fields.if_none_match, text);
    response->status = known ? 304 : 200;
    return known;
}

/*
 * The id is the last segment. One that is longer, decoded, than any id is
 * nobody's, and so need not be decoded.
 */
static bool find_rocket(struct service *service, struct text path,
                        struct rocket_view *view)
{
    char id[3 * MESSAGE_MAX_CHANNEL];
    const char *slash = memrchr(path.data, '/', path.length);
    size_t encoded = (size_t)(path.data + path.length - (slash + 1));

    if (encoded > sizeof(id))
        return false;
    memcpy(id, slash + 1, encoded);
    ptrdiff_t length = http_percent_decode(id, encoded, false);
    return length > 0 &&
           table_find(service->table, (struct text){id, (size_t)length}, view);
}

void handle_get_rocket(struct service *service,
                       const struct http_request *request,
                       struct http_response *response)
{
    struct rocket_view view;

    if (!find_rocket(service, request->path, &view)) {
        problem_set(response, 404,
                    "no message has come from a rocket with this id");
        return;
    }
    answer_by_etag(service, request, view.revision, response);
    http_response_header(response, "Content-Type", json_type);
    rocket_json_write(&response->body, &view);
}

/* A list, from the query to the last byte of JSON. */
struct list {
    struct http_work work;
    struct http_stream stream;
    struct service *service;
    struct list_url url;
    struct list_page *page;
    size_t position;
    bool streamed; /* decided once, as the table grows meanwhile */
    bool counted;  /* among the service's streams */
};

static void free_list(struct list *list)
{
    if (list->counted)
        atomic_fetch_sub(&list->service->streams, 1);
    list_page_free(list->page);
    list_url_release(&list->url);
    free(list);
}

static struct list *list_of_work(struct http_work *work)
{
    return (struct list *)((char *)work - offsetof(struct list, work));
}

static struct list *list_of_stream(struct http_stream *stream)
{
    return (struct list *)((char *)stream - offsetof(struct list, stream));
}

/* The next rockets, up to about `size` bytes in `out`. Not under any lock. */
static int write_list(struct list *list, struct buffer *out, size_t size)
{
    size_t count = list_page_count(list->page);
    struct rocket_view view;

    if (list->position == 0)
        buffer_append(out, TEXT("["));
    while (list->position < count && out->length < size) {
        if (list->position > 0)
            buffer_append(out, TEXT(","));
        list_page_read(list->page, list->position++, &view);
        rocket_json_write(out, &view);
    }
    bool done = list->position == count;
    if (done)
        buffer_append(out, TEXT("]"));
    if (buffer_failed(out))
        return -1;
    return done ? 0 : 1;
}

static int next_part(struct http_stream *stream, struct buffer *block)
{
    return write_list(list_of_stream(stream), block, HTTP_STREAM_BLOCK);
}

static void free_stream(struct http_stream *stream)
{
    free_list(list_of_stream(stream));
}

/* A place among the streams; false where there are too many already. */
static bool take_stream(struct list *list)
{
    struct service *service = list->service;

    list->counted =
        atomic_fetch_add(&service->streams, 1) < HANDLERS_MAX_STREAMS;
    if (!list->counted)
        atomic_fetch_sub(&service->streams, 1);
    return list->counted;
}

static void too_many_streams(struct http_response *response)
{
    problem_set(response, 503,
                "%d whole lists are being sent already; try again, or page "
                "through with limit and cursor",
                HANDLERS_MAX_STREAMS);
    http_response_header(response, "Retry-After", "5");
}

/* Headers that tell of the whole: the count, and where the next page is. */
static bool put_list_headers(const struct list *list,
                             struct http_response *response)
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
 * A page is written at once; what has no limit and is long, as a stream.
 * True if `response` has taken the list, as its stream.
 */
static bool answer_list(struct list *list, struct http_response *response)
{
    /* Before the work, so that the cap bounds the work as well. */
    if (list->streamed && !take_stream(list)) {
        too_many_streams(response);
        return false;
    }
    list->page = list_page_new(list->service->table, &list->url.query);
    if (list->page == NULL || !put_list_headers(list, response)) {
        problem_set_full(response);
        return false;
    }
    http_response_header(response, "Content-Type", json_type);
    if (list->streamed)
        response->stream = &list->stream;
    else /* where memory ends, the body says so itself */
        write_list(list, &response->body, SIZE_MAX);
    return list->streamed;
}

static void run_list(struct http_work *work, struct http_response *response)
{
    struct list *list = list_of_work(work);

    if (!answer_list(list, response))
        free_list(list);
}

static void free_work(struct http_work *work)
{
    free_list(list_of_work(work));
}

static struct list *make_list(struct service *service,
                              const struct http_request *request,
                              struct http_response *response)
{
    char detail[LIST_URL_DETAIL];
    struct list *list = calloc(1, sizeof(*list));

    if (list == NULL) {
        problem_set_full(response);
        return NULL;
    }
    list->work = (struct http_work){run_list, free_work, false};
    list->stream = (struct http_stream){next_part, free_stream};
    list->service = service;
    if (list_url_parse(&list->url, request->query, detail, sizeof(detail)))
        return list;
    if (detail[0] == '\0')
        problem_set_full(response);
    else
        problem_set(response, 400, "%s", detail);
    free(list);
    return NULL;
}

void handle_list_rockets(struct service *service,
                         const struct http_request *request,
                         struct http_response *response)
{
    /* Before the first lock: so the tag is never newer than the list. */
    uint64_t revision = table_revision(service->table);
    struct list *list = make_list(service, request, response);

    if (list == NULL)
        return;
    bool known = answer_by_etag(service, request, revision, response);
    bool many = table_count(service->table) > HANDLERS_LIST_AT_ONCE;
    list->streamed = list->work.slow = many && list->url.query.limit == 0;
    if (!many)
        run_list(&list->work, response);
    else if (known)
        free_list(list); /* to make it for its length alone is too much */
    else
        response->later = &list->work;
}
