/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /messages: a single message, or a batch.
 */
#include "operations.h"

#include <assert.h>
#include <stdlib.h>

#include "base/metrics.h"
#include "base/sync.h"
#include "batch.h"
#include "batch_response.h"
#include "domain/message_parse.h"
#include "format/json_write.h"
#include "gzip_batch.h"
#include "http/fields.h"
#include "http/gunzip.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"
#include "routes.h"

static_assert(HTTP_MAX_BODY == 65536, "the text below");
const char messages_too_long[] =
    "a message has at most 65536 bytes, also when decoded; a batch "
    "(application/x-ndjson, one message a line) may be longer";

/* `curl -d @FILE` removes the ends of lines. */
static const char how_to_send_several[] =
    "; to send several messages, send application/x-ndjson, one message a line "
    "(with curl: --data-binary)";

static void write_result(struct http_response *response,
                         const struct message *message,
                         enum message_outcome outcome)
{
    struct buffer *body = &response->body;

    response->status = 202;
    http_response_header(response, "Content-Type", "application/json");
    buffer_reserve(body, 6 * message->channel.length + 96);
    buffer_append(body, TEXT("{\"channel\":"));
    json_append(body, message->channel);
    buffer_append(body, TEXT(",\"messageNumber\":"));
    buffer_append_unsigned(body, message->number);
    buffer_append(body, TEXT(",\"processed\":"));
    buffer_append(body,
                  outcome == MESSAGE_APPLIED ? TEXT("true") : TEXT("false"));
    buffer_append(body, TEXT(",\"result\":\""));
    buffer_append(body, message_outcome_name(outcome));
    buffer_append(body, TEXT("\"}"));
}

/* The message is well-formed. */
static void apply_message(struct api *api, const struct message *message,
                          struct http_response *response)
{
    static const enum api_result results[] = {
        [MESSAGE_APPLIED] = API_APPLIED,
        [MESSAGE_DUPLICATE] = API_DUPLICATE,
        [MESSAGE_STALE] = API_STALE,
        [MESSAGE_NO_MEMORY] = API_NO_MEMORY,
    };
    enum message_outcome outcome = table_apply(api->table, message);

    metric_add(api->counts.messages, results[outcome], 1);
    if (outcome == MESSAGE_APPLIED && message->type == MESSAGE_LAUNCHED)
        metric_add(api->counts.launches, 0, 1);
    else if (outcome == MESSAGE_APPLIED && message->type == MESSAGE_EXPLODED)
        metric_add(api->counts.explosions, 0, 1);
    if (outcome == MESSAGE_NO_MEMORY)
        problem_set_no_memory(response);
    else
        write_result(response, message, outcome);
}

/* All of them are in use as names of the same format. */
bool messages_is_batch(const struct http_request *request)
{
    static const struct text types[] = {
        {"application/x-ndjson", 20},
        {"application/ndjson", 18},
        {"application/jsonl", 17},
        {"application/jsonlines", 21},
    };
    struct text type = http_media_type(request->fields.content_type);

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (type.length == types[i].length &&
            text_equal_ignoring_case(type, types[i]))
            return true;
    return false;
}

/*
 * Decode `body` into `decoded`, which has room for GUNZIP_STEP bytes: one more
 * than fit are too many.
 */
static void decode_into(struct gunzip *gunzip, struct text body,
                        struct buffer *decoded, struct http_response *response)
{
    char more[GUNZIP_STEP];
    size_t length = 0;

    static_assert((int)GUNZIP_STEP == (int)HTTP_MAX_BODY, "see above");
    enum gunzip_result result =
        gunzip_step(gunzip, &body, buffer_end(decoded), &decoded->length);
    if (result == GUNZIP_FULL)
        result = gunzip_step(gunzip, &body, more, &length);
    if (length > 0)
        problem_set(response, 413, "%s", messages_too_long);
    else if (result == GUNZIP_NO_MEMORY)
        gzip_batch_no_memory(response);
    else if (result == GUNZIP_CORRUPT)
        problem_set(response, 400, "the body is not valid gzip data: %s",
                    gunzip_objection(gunzip));
    else if (!gunzip_is_complete(gunzip))
        problem_set(response, 400, "the body ends before its gzip data does");
}

/* False, with a problem in `response`, if `body` cannot be decoded. */
static bool decode_body(struct api *api, struct text body,
                        struct buffer *decoded, struct http_response *response)
{
    struct gunzip *gunzip = gunzip_new(&api->decoding);

    if (gunzip == NULL || !buffer_reserve(decoded, GUNZIP_STEP))
        gzip_batch_no_memory(response);
    else
        decode_into(gunzip, body, decoded, response);
    gunzip_free(gunzip);
    return response->status == 0;
}

/* Parse the body, which is not coded, and apply the message. */
static void post_message(struct api *api, struct text body,
                         struct http_response *response)
{
    struct parsed_message parsed;

    switch (message_parse(body, &parsed)) {
    case PARSE_OK:
        apply_message(api, &parsed.message, response);
        message_parse_release(&parsed);
        break;
    case PARSE_INVALID:
        metric_add(api->counts.messages, API_REJECTED, 1);
        problem_set(response, 400, "%s%s", parsed.detail,
                    parsed.is_several ? how_to_send_several : "");
        break;
    case PARSE_NO_MEMORY:
        metric_add(api->counts.messages, API_NO_MEMORY, 1);
        problem_set_no_memory(response);
        break;
    }
}

/* The same with a body of gzip data. */
static void post_gzip(struct api *api, struct text body,
                      struct http_response *response)
{
    struct buffer decoded = BUFFER_INIT;

    if (decode_body(api, body, &decoded, response))
        post_message(api, buffer_text(&decoded), response);
    buffer_release(&decoded);
}

static void refuse_site(struct http_response *response)
{
    problem_set(response, 403,
                "a page of another site may not post messages; "
                "-allow-origin=URL allows its origin. If the page is this "
                "service's own, a proxy has changed Host: nginx keeps it with "
                "proxy_set_header Host $http_host");
}

void messages_post(struct api *api, const struct http_request *request,
                   struct http_response *response)
{
    if (request->cross_site)
        refuse_site(response);
    else if (http_content_coding(request->fields.content_encoding) ==
             HTTP_IDENTITY)
        post_message(api, request->body, response);
    else
        post_gzip(api, request->body, response);
}

/* A batch that is not coded, from its first byte to the response. */
struct upload {
    struct http_sink sink; /* first: a pointer to it is one to the whole */
    struct batch *batch;
};

static struct upload *upload_of(struct http_sink *sink)
{
    return container_of(sink, struct upload, sink);
}

/* Lines are applied as they arrive, so the sender never has to wait. */
static enum http_flow take_part(struct http_sink *sink, struct text *part,
                                struct http_waiter *waiter)
{
    (void)waiter;
    batch_take(upload_of(sink)->batch, *part);
    *part = text_skip(*part, part->length);
    return HTTP_MORE;
}

static void free_upload(struct http_sink *sink)
{
    struct upload *upload = upload_of(sink);

    batch_free(upload->batch);
    free(upload);
}

static void finish_upload(struct http_sink *sink,
                          struct http_response *response)
{
    struct batch *batch = upload_of(sink)->batch;

    batch_end(batch);
    batch_respond(batch, response);
    free_upload(sink);
}

static struct http_sink *open_upload(struct api *api,
                                     struct http_response *response)
{
    struct upload *upload = calloc(1, sizeof(*upload));
    if (upload != NULL)
        upload->batch = batch_new(api->table, &api->counts);
    if (upload == NULL || upload->batch == NULL) {
        free(upload);
        problem_set_no_memory(response);
        return NULL;
    }
    upload->sink = (struct http_sink){
        .take = take_part, .finish = finish_upload, .free = free_upload};
    /* Not &upload->sink, in which gcc's analyser sees a leak. */
    return (struct http_sink *)upload;
}

/* RFC 9110 section 15.5.16: the header distinguishes it from a media type. */
static void refuse_coding(struct http_response *response)
{
    problem_set(response, 415,
                "the Content-Encoding must be gzip, or there must be none");
    http_response_header(response, "Accept-Encoding", "gzip");
}

struct http_sink *messages_open(struct api *api,
                                const struct http_request *request,
                                struct http_response *response)
{
    enum http_coding coding =
        http_content_coding(request->fields.content_encoding);
    bool batch = request->route == ROUTE_BATCH;

    if (!batch && (coding == HTTP_IDENTITY || request->cross_site))
        return NULL;
    if (request->cross_site)
        refuse_site(response);
    else if (coding == HTTP_OTHER_CODING)
        refuse_coding(response);
    else if (batch && coding == HTTP_GZIP)
        return gzip_batch_open(api, response);
    else if (batch)
        return open_upload(api, response);
    return NULL;
}
