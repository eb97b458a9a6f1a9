/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /messages: a single message, or a batch.
 */
#include "operations.h"

#include <assert.h>

#include "api_metrics.h"
#include "base/metrics.h"
#include "domain/message_parse.h"
#include "gzip_batch.h"
#include "http/fields.h"
#include "http/gunzip.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"
#include "message_response.h"
#include "permitted_sink.h"
#include "posting.h"
#include "recovery.h"
#include "routes.h"
#include "sites.h"
#include "table/table.h"
#include "upload.h"

static_assert(HTTP_MAX_BODY == 65536, "the text below");
const char messages_too_long[] =
    "a message has at most 65536 bytes, also when decoded; a batch "
    "(application/x-ndjson, one message a line) may be longer";

/* The message is well-formed. */
static void apply_message(struct api *api, const struct message *message,
                          struct http_response *response)
{
    enum message_outcome outcome = table_apply(api->table, message);

    api_metrics_count(&api->counts, outcome, 1);
    if (outcome == MESSAGE_APPLIED && message->type == MESSAGE_LAUNCHED)
        metric_add(api->counts.launches, 0, 1);
    else if (outcome == MESSAGE_APPLIED && message->type == MESSAGE_EXPLODED)
        metric_add(api->counts.explosions, 0, 1);
    message_respond(message, outcome, response);
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

/* Without a store: parse the body, which is not coded, and apply it. */
static void post_at_once(struct api *api, struct text body,
                         struct http_response *response)
{
    struct parsed_message parsed;
    enum parse_status status = message_parse(body, &parsed);

    if (status != PARSE_OK) {
        message_respond_unparsed(&api->counts, status, &parsed, response);
        return;
    }
    apply_message(api, &parsed.message, response);
    message_parse_release(&parsed);
}

/* The same with a body of gzip data, with or without a store. */
static void post_gzip(struct api *api, const struct http_request *request,
                      struct http_response *response)
{
    struct buffer decoded = BUFFER_INIT;

    if (decode_body(api, request->body, &decoded, response)) {
        if (api->store != NULL) {
            posting_begin(api, request, buffer_text(&decoded), &decoded,
                          response);
            return;
        }
        post_at_once(api, buffer_text(&decoded), response);
    }
    buffer_release(&decoded);
}

void messages_post(struct api *api, const struct http_request *request,
                   struct http_response *response)
{
    if (request->site == HTTP_SITE_OTHER)
        sites_refuse(response, "post messages");
    else if (http_content_coding(request->fields.content_encoding) !=
             HTTP_IDENTITY)
        post_gzip(api, request, response);
    else if (api->store == NULL)
        post_at_once(api, request->body, response);
    else
        posting_begin(api, request, request->body, NULL, response);
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
    struct http_sink *sink = NULL;

    if (!batch && (coding == HTTP_IDENTITY || request->site == HTTP_SITE_OTHER))
        return NULL;
    if (request->site == HTTP_SITE_OTHER)
        sites_refuse(response, "post messages");
    else if (coding == HTTP_OTHER_CODING)
        refuse_coding(response);
    else if (batch && recovery_is_running(api))
        recovery_refuse(api, response);
    else if (batch && coding == HTTP_GZIP)
        sink = gzip_batch_open(api, response);
    else if (batch)
        sink = upload_open(api, response);
    return sink == NULL
               ? NULL
               : permitted_sink_new(api, request, SCOPE_INGEST, sink, response);
}
