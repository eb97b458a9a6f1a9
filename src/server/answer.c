/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A short body stays the response's, in its place, which is how the next one
 * can be seen to be like it; all else becomes MHD's.
 */
#include "answer.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "http/problem.h"
#include "stream.h"

enum {
    /*
     * For all that are longer than LONG_BODY together, or clients that take
     * nothing of many long pages could use up the machine's memory. A page
     * has some 13 MB at the most. Others are bounded by the number of
     * connections, and must not be put off because of long ones.
     */
    LONG_BODY = 64 * 1024,
    MAX_UNSENT = 128 * 1024 * 1024,
};

void answer_init(struct answer *answer, _Atomic size_t *all_unsent)
{
    *answer = (struct answer){.all_unsent = all_unsent};
}

static void forget_last(struct answer *answer)
{
    if (answer->last != NULL)
        MHD_destroy_response(answer->last);
    answer->last = NULL;
}

void answer_release(struct answer *answer)
{
    answer_end(answer);
    forget_last(answer);
}

/* A reader that is never called: for responses that have only a head. */
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
 * Neither Content-Length, which would have to be that of a body we do not
 * make (RFC 9110 section 8.6), nor Transfer-Encoding, with which MHD 0.9.75
 * writes a last chunk even where there is no body. It then closes the
 * connection, as the price.
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
                                        const struct answer_use *use)
{
    if (use->head)
        return head_without_length();
    struct MHD_Response *made =
        stream_response(response->stream, use->connection);
    if (made != NULL)
        response->stream = NULL;
    return made;
}

static struct MHD_Response *make_body(struct buffer *body)
{
    if (body->capacity <= ANSWER_KEPT)
        return MHD_create_response_from_buffer(body->length, body->data,
                                               MHD_RESPMEM_PERSISTENT);
    struct MHD_Response *made =
        MHD_create_response_from_buffer_with_free_callback(body->length,
                                                           body->data, free);
    if (made != NULL)
        *body = BUFFER_INIT;
    return made;
}

/* MHD sends a body's length but not the body for HEAD and for 304. */
static struct MHD_Response *make_headless(struct http_response *response,
                                          const struct answer_use *use)
{
    if (response->stream != NULL)
        return make_stream(response, use);
    if (response->body.length > 0)
        return make_body(&response->body);
    if (response->status == 304 && response->fixed.length == 0)
        return head_without_length();
    /* MHD only reads it; the type is not const for its own reasons. */
    return MHD_create_response_from_buffer(response->fixed.length,
                                           (void *)response->fixed.data,
                                           MHD_RESPMEM_PERSISTENT);
}

/* With its headers; NULL where memory ends. */
static struct MHD_Response *make(struct http_response *response,
                                 const struct answer_use *use)
{
    struct MHD_Response *made = make_headless(response, use);
    bool complete = made != NULL;

    for (size_t i = 0; complete && i < response->header_count; i++)
        complete =
            MHD_add_response_header(made, response->headers[i].name,
                                    response->headers[i].value) == MHD_YES;
    if (complete && use->close)
        complete =
            MHD_add_response_header(made, "Connection", "close") == MHD_YES;
    if (complete || made == NULL)
        return made;
    MHD_destroy_response(made);
    return NULL;
}

/* A short body, one header that is always the same: an ordinary answer. */
static bool can_be_last(const struct http_response *response, bool close)
{
    return !close && response->stream == NULL && response->body.length > 0 &&
           response->body.capacity <= ANSWER_KEPT &&
           response->header_count == 1 && !response->headers[0].owned;
}

static bool is_like_last(const struct answer *answer,
                         const struct http_response *response)
{
    return answer->last != NULL &&
           answer->last_body.data == response->body.data &&
           answer->last_body.length == response->body.length &&
           answer->last_header.name == response->headers[0].name &&
           answer->last_header.value == response->headers[0].value;
}

static bool take_room(struct answer *answer, size_t size)
{
    if (atomic_fetch_add(answer->all_unsent, size) + size > MAX_UNSENT) {
        atomic_fetch_sub(answer->all_unsent, size);
        return false;
    }
    answer->unsent += size;
    return true;
}

/* Put off what can't be sent. */
static void check_body(struct answer *answer, struct http_response *response)
{
    if (buffer_failed(&response->body)) {
        problem_set_no_memory(response);
    } else if (response->body.capacity > LONG_BODY &&
               !take_room(answer, response->body.capacity)) {
        problem_set(response, 503,
                    "too many long answers are being sent already; try again, "
                    "or ask for less with limit");
        http_response_header(response, "Retry-After", "5");
    }
}

struct MHD_Response *answer_take(struct answer *answer,
                                 struct http_response *response,
                                 const struct answer_use *use)
{
    check_body(answer, response);
    if (!can_be_last(response, use->close)) {
        forget_last(answer);
        return make(response, use);
    }
    if (!is_like_last(answer, response)) {
        forget_last(answer);
        answer->last = make(response, use);
        answer->last_body = buffer_text(&response->body);
        answer->last_header = response->headers[0];
    }
    return answer->last;
}

void answer_drop(struct answer *answer, struct MHD_Response *taken)
{
    if (taken != answer->last)
        MHD_destroy_response(taken);
}

void answer_end(struct answer *answer)
{
    if (answer->unsent > 0)
        atomic_fetch_sub(answer->all_unsent, answer->unsent);
    answer->unsent = 0;
}
