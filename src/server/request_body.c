/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a connection may be suspended in the middle of a body. MHD 0.9.75 reads
 * on after the resume. If the client has shut down its side and nothing is left
 * to read, MHD takes this for the end of the connection, and the response is
 * lost. So it is suspended only if more of the body has to come, or waits in
 * the socket already.
 */
#include "request_body.h"

#include <sys/socket.h>

#include "http/request.h"
#include "mhd_responses.h"

void request_body_init(struct request_body *body, struct connection *connection,
                       const struct tls_session *tls, const struct head *head)
{
    *body = (struct request_body){
        .connection = connection, .tls = tls, .head = head};
}

void request_body_release(struct request_body *body)
{
    buffer_release(&body->collected);
}

void request_body_begin(struct request_body *body, struct http_sink *sink,
                        size_t kept)
{
    body->sink = sink;
    body->kept = kept;
    buffer_clear(&body->collected);
}

bool request_body_waits(struct request_body *body)
{
    struct wait *wait = &body->connection->wait;

    if (!body->waits)
        return false;
    if (!wait_is_over(wait))
        return true;
    wait_end(wait);
    body->waits = false;
    return false;
}

static void cancel_sink(void *target)
{
    struct http_sink *sink = target;

    sink->cancel(sink);
}

/* Whether the connection can wait with `size` bytes of the body at hand. */
static bool can_wait_in_body(const struct request_body *body, size_t size)
{
    const struct head *head = body->head;
    char byte;

    if (!body->sink->waits)
        return false;
    if (wait_blocks(&body->connection->wait))
        return true;
    if (!head->chunked)
        return body->received + size < head->content_length;
    if (body->tls->gnutls != NULL)
        return tls_session_has_data(body->tls);
    return recv(body->connection->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >
           0;
}

/* As request_body_take(). */
static bool feed_sink(struct request_body *body, const char *data, size_t *size)
{
    struct http_sink *sink = body->sink;
    struct wait *wait = &body->connection->wait;
    struct text part = {data, *size};
    uint64_t received = body->received;
    bool suspended = false;

    while (part.length > 0 && !suspended) {
        struct http_waiter *waiter = NULL;
        size_t before = part.length;
        if (can_wait_in_body(body, before))
            waiter = wait_begin(wait, cancel_sink, sink, false);
        enum http_flow flow = sink->take(sink, &part, waiter);
        bool waits = flow == HTTP_WAIT && waiter != NULL;
        body->received += before - part.length;
        if (waits) {
            connection_enter(body->connection, CONNECTION_WORKING);
            wait_allow_cancel(wait);
            suspended = wait_sleep(wait);
        }
        if (waiter != NULL && !suspended)
            wait_end(wait);
        if (!waits && (flow != HTTP_MORE || part.length > 0))
            return false;
    }
    body->waits = suspended;
    *size = part.length;
    if (!suspended)
        connection_progress(body->connection, body->received - received);
    return true;
}

bool request_body_is_too_long(const struct request_body *body)
{
    return body->received > HTTP_MAX_BODY;
}

/* Keep what the request still has room for. */
static void collect_part(struct request_body *body, struct text part)
{
    size_t room = body->kept - buffer_text(&body->collected).length;

    if (part.length > room)
        part.length = room;
    if (part.length > 0)
        buffer_append(&body->collected, part);
}

bool request_body_take(struct request_body *body, const char *data,
                       size_t *size)
{
    if (body->sink != NULL)
        return feed_sink(body, data, size);
    body->received += *size;
    if (body->received > HTTP_MAX_DRAIN)
        return false;
    if (request_body_is_too_long(body))
        buffer_release(&body->collected);
    else
        collect_part(body, (struct text){data, *size});
    *size = 0;
    return true;
}

struct http_sink *request_body_complete(struct request_body *body)
{
    struct http_sink *sink = body->sink;

    body->sink = NULL;
    return sink;
}

void request_body_end(struct request_body *body)
{
    if (body->waits)
        wait_end(&body->connection->wait);
    body->waits = false;
    if (body->sink != NULL)
        body->sink->free(body->sink);
    body->sink = NULL;
    body->received = 0;
    if (body->collected.capacity > MHD_RESPONSES_KEPT)
        buffer_release(&body->collected);
}
