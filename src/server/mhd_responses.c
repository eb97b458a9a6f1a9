/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A short body stays in the response's own memory, so that an equal one that
 * follows can be recognised by its address. All other bodies become MHD's.
 */
#include "mhd_responses.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "http/problem.h"
#include "stream.h"

enum {
    /*
     * Bytes of all bodies longer than LONG_BODY together, or clients that take
     * nothing of many long pages could use up the machine's memory. A page has
     * at most some 13 MB. Shorter bodies are bounded by the number of
     * connections, and must not be refused because of long ones.
     */
    LONG_BODY = 64 * 1024,
    MAX_UNSENT = 128 * 1024 * 1024,
};

void mhd_responses_init(struct mhd_responses *responses,
                        _Atomic size_t *all_unsent)
{
    *responses = (struct mhd_responses){.all_unsent = all_unsent};
}

static void forget_last(struct mhd_responses *responses)
{
    if (responses->last != NULL)
        MHD_destroy_response(responses->last);
    responses->last = NULL;
}

void mhd_responses_release(struct mhd_responses *responses)
{
    mhd_responses_end(responses);
    forget_last(responses);
}

/* A reader that MHD requires and never calls: for responses without a body. */
static ssize_t read_nothing(void *context, uint64_t position, char *out,
                            size_t size)
{
    (void)context;
    (void)position;
    (void)out;
    (void)size;
    return MHD_CONTENT_READER_END_OF_STREAM;
}

/*
 * Neither with Content-Length, which would have to be that of a body that is
 * not made (RFC 9110 section 8.6), nor with Transfer-Encoding, with which MHD
 * 0.9.75 sends a last chunk although there is no body. The price is that MHD
 * closes the connection.
 */
static struct MHD_Response *head_without_length(void)
{
    struct MHD_Response *made = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, 1, read_nothing, NULL, NULL);

    if (made != NULL)
        MHD_set_response_options(made, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT,
                                 MHD_RO_END);
    return made;
}

static struct MHD_Response *make_stream(struct http_response *response,
                                        const struct mhd_response_use *use)
{
    struct MHD_Response *made = stream_response(
        response->stream, response->stream_length, use->connection, use->old);
    if (made != NULL)
        response->stream = NULL;
    if (response->long_lived) /* the memory that is kept for the next body */
        buffer_release(&response->body);
    return made;
}

static struct MHD_Response *make_body(struct buffer *body)
{
    if (body->capacity <= MHD_RESPONSES_KEPT)
        return MHD_create_response_from_buffer(body->length, body->data,
                                               MHD_RESPMEM_PERSISTENT);
    struct MHD_Response *made =
        MHD_create_response_from_buffer_with_free_callback(body->length,
                                                           body->data, free);
    if (made != NULL)
        *body = BUFFER_INIT;
    return made;
}

bool mhd_responses_end_connection(const struct http_response *response,
                                  bool head)
{
    if (response->stream != NULL)
        return head && response->stream_length == 0;
    return response->status == 304 && response->body.length == 0 &&
           response->fixed.length == 0;
}

/*
 * The response without its headers. For HEAD and 304 MHD sends the length of
 * the body but not the body.
 */
static struct MHD_Response *make_headless(struct http_response *response,
                                          const struct mhd_response_use *use)
{
    if (mhd_responses_end_connection(response, use->head))
        return head_without_length();
    if (response->stream != NULL)
        return make_stream(response, use);
    if (response->body.length > 0)
        return make_body(&response->body);
    /* MHD only reads it, although its parameter is not const. */
    return MHD_create_response_from_buffer(response->fixed.length,
                                           (void *)response->fixed.data,
                                           MHD_RESPMEM_PERSISTENT);
}

static bool add_request_id(struct MHD_Response *made, const char *id)
{
    return id == NULL ||
           MHD_add_response_header(made, "X-Request-Id", id) == MHD_YES;
}

/*
 * Say whether the connection is kept alive, and for how long. Keep-Alive must
 * be named by Connection (RFC 9110 section 7.6.1), which MHD adds.
 */
static bool add_connection(struct MHD_Response *made, const char *keep_alive)
{
    if (keep_alive == NULL)
        return MHD_add_response_header(made, "Connection", "close") == MHD_YES;
    MHD_set_response_options(made, MHD_RF_SEND_KEEP_ALIVE_HEADER, MHD_RO_END);
    return MHD_add_response_header(made, "Keep-Alive", keep_alive) == MHD_YES;
}

/* The response with its headers; NULL if memory is exhausted. */
static struct MHD_Response *make_response(struct http_response *response,
                                          const struct mhd_response_use *use)
{
    struct MHD_Response *made = make_headless(response, use);
    bool complete = made != NULL;

    for (size_t i = 0; complete && i < response->header_count; i++)
        complete =
            MHD_add_response_header(made, response->headers[i].name,
                                    response->headers[i].value) == MHD_YES;
    complete = complete && add_request_id(made, use->request_id) &&
               add_connection(made, use->keep_alive);
    if (complete || made == NULL)
        return made;
    MHD_destroy_response(made);
    return NULL;
}

/* Whether it has a short body and one static header, as most responses. */
static bool can_be_last(const struct http_response *response,
                        const struct mhd_response_use *use)
{
    return use->keep_alive != NULL && use->request_id == NULL &&
           response->stream == NULL && response->body.length > 0 &&
           response->body.capacity <= MHD_RESPONSES_KEPT &&
           response->header_count == 1 && !response->headers[0].owned;
}

static bool is_like_last(const struct mhd_responses *responses,
                         const struct http_response *response)
{
    return responses->last != NULL &&
           responses->last_body.data == response->body.data &&
           responses->last_body.length == response->body.length &&
           responses->last_header.name == response->headers[0].name &&
           responses->last_header.value == response->headers[0].value;
}

static bool reserve_unsent(struct mhd_responses *responses, size_t size)
{
    if (atomic_fetch_add(responses->all_unsent, size) + size > MAX_UNSENT) {
        atomic_fetch_sub(responses->all_unsent, size);
        return false;
    }
    responses->unsent += size;
    return true;
}

void mhd_responses_check(struct mhd_responses *responses,
                         struct http_response *response)
{
    if (buffer_failed(&response->body)) {
        problem_set_no_memory(response);
    } else if (response->body.capacity > LONG_BODY &&
               !reserve_unsent(responses, response->body.capacity)) {
        problem_set(response, 503,
                    "too many long responses are being sent already; try "
                    "again, or ask for less with limit");
        http_response_header(response, "Retry-After", "5");
    }
}

struct MHD_Response *mhd_responses_take(struct mhd_responses *responses,
                                        struct http_response *response,
                                        const struct mhd_response_use *use)
{
    if (!can_be_last(response, use)) {
        forget_last(responses);
        return make_response(response, use);
    }
    if (!is_like_last(responses, response)) {
        forget_last(responses);
        responses->last = make_response(response, use);
        responses->last_body = buffer_text(&response->body);
        responses->last_header = response->headers[0];
    }
    return responses->last;
}

void mhd_responses_drop(struct mhd_responses *responses,
                        struct MHD_Response *taken)
{
    if (taken != responses->last)
        MHD_destroy_response(taken);
}

void mhd_responses_end(struct mhd_responses *responses)
{
    if (responses->unsent > 0)
        atomic_fetch_sub(responses->all_unsent, responses->unsent);
    responses->unsent = 0;
}
