/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What takes messages, and what is the same for everybody. The reads are in
 * handlers_reads.c.
 */
#include "api/handlers.h"

#include <sodium.h>
#include <stdlib.h>

#include "assets.h"
#include "batch.h"
#include "domain/message_parse.h"
#include "format/json_write.h"
#include "http/etag.h"
#include "http/fields.h"
#include "http/problem.h"

static const char json_type[] = "application/json";

void service_init(struct service *service, struct table *table)
{
    service->table = table;
    randombytes_buf(&service->start, sizeof(service->start));
    atomic_init(&service->streams, 0);
}

/* The message was taken: there was memory. */
static void write_result(struct http_response *response,
                         const struct message *message,
                         enum message_outcome result)
{
    struct buffer *body = &response->body;

    response->status = 202;
    http_response_header(response, "Content-Type", json_type);
    buffer_reserve(body, 6 * message->channel.length + 96);
    buffer_append(body, TEXT("{\"channel\":"));
    json_append(body, message->channel);
    buffer_append(body, TEXT(",\"messageNumber\":"));
    buffer_append_unsigned(body, message->number);
    buffer_append(body, TEXT(",\"processed\":"));
    buffer_append(body,
                  result == MESSAGE_APPLIED ? TEXT("true") : TEXT("false"));
    buffer_append(body, TEXT(",\"result\":\""));
    buffer_append(body, message_outcome_name(result));
    buffer_append(body, TEXT("\"}"));
}

/* The message is well-formed. */
static void apply_message(struct service *service,
                          const struct message *message,
                          struct http_response *response)
{
    enum message_outcome result = table_apply(service->table, message);

    if (result == MESSAGE_NO_MEMORY)
        problem_set_full(response);
    else
        write_result(response, message, result);
}

static bool is_batch(const struct http_request *request)
{
    return http_media_type_is(request->fields.content_type,
                              TEXT("application/x-ndjson"));
}

void handle_post_message(struct service *service,
                         const struct http_request *request,
                         struct http_response *response)
{
    struct parsed_message parsed;

    if (http_is_cross_site(&request->fields)) {
        problem_set(response, 403,
                    "a page of another site may not post messages");
        return;
    }

    switch (message_parse(request->body, &parsed)) {
    case PARSE_OK:
        apply_message(service, &parsed.message, response);
        message_parse_release(&parsed);
        break;
    case PARSE_INVALID:
        problem_set(response, 400, "%s", parsed.detail);
        break;
    case PARSE_NO_MEMORY:
        problem_set_full(response);
        break;
    }
}

/* A batch, from its first byte to the answer. */
struct bulk {
    struct http_sink sink; /* first: a pointer to it is one to the whole */
    struct batch *batch;
};

static struct bulk *bulk_of(struct http_sink *sink)
{
    return (struct bulk *)sink;
}

static void take_part(struct http_sink *sink, struct text part)
{
    batch_take(bulk_of(sink)->batch, part);
}

static void free_bulk(struct http_sink *sink)
{
    struct bulk *bulk = bulk_of(sink);

    batch_free(bulk->batch);
    free(bulk);
}

/* Sent again, the lines that were taken are duplicates. */
static void finish_bulk(struct http_sink *sink, struct http_response *response)
{
    struct batch *batch = bulk_of(sink)->batch;

    batch_end(batch);
    const struct batch_counts *counts = batch_counts(batch);
    if (counts->not_taken > 0) {
        problem_set(response, 503,
                    "memory ended: %ju lines were not taken, the first of "
                    "them line %ju; it is safe to send the whole batch again",
                    (uintmax_t)counts->not_taken,
                    (uintmax_t)counts->first_not_taken);
        http_response_header(response, "Retry-After", "10");
    } else {
        response->status = 202;
        http_response_header(response, "Content-Type", json_type);
        batch_write(batch, &response->body);
    }
    free_bulk(sink);
}

struct http_sink *handle_open_batch(struct service *service,
                                    const struct http_request *request,
                                    struct http_response *response)
{
    if (!is_batch(request) || http_is_cross_site(&request->fields))
        return NULL;

    struct bulk *bulk = calloc(1, sizeof(*bulk));
    if (bulk != NULL)
        bulk->batch = batch_new(service->table);
    if (bulk == NULL || bulk->batch == NULL) {
        free(bulk);
        problem_set_full(response);
        return NULL;
    }
    bulk->sink = (struct http_sink){take_part, finish_bulk, free_bulk};
    return (struct http_sink *)bulk;
}

void handle_health(struct service *service, const struct http_request *request,
                   struct http_response *response)
{
    (void)service;
    (void)request;
    response->status = 200;
    http_response_header(response, "Content-Type", json_type);
    http_response_header(response, "Cache-Control", "no-store");
    response->fixed = TEXT("{\"status\":\"ok\"}");
}

/*
 * The Swagger UI runs its own scripts and talks to this service, nothing
 * else: neither does a page of another site frame it, nor does a rocket
 * named "<script>" run. It styles elements in place, hence 'unsafe-inline'.
 */
static const char content_security_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self' "
    "'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri "
    "'none'; form-action 'none'; frame-ancestors 'none'";

void handle_asset(struct service *service, const struct http_request *request,
                  struct http_response *response)
{
    const struct asset *asset = assets_find(request->path);
    bool gzip =
        http_accepts_encoding(request->fields.accept_encoding, TEXT("gzip"));
    const char *etag = gzip ? asset->etag_gzip : asset->etag;

    (void)service;
    http_response_header(response, "ETag", etag);
    http_response_header(response, "Cache-Control", "no-cache");
    http_response_header(response, "Vary", "Accept-Encoding");
    bool known = etag_matches(request->fields.if_none_match, text_of(etag));
    response->status = known ? 304 : 200;
    http_response_header(response, "Content-Type", asset->content_type);
    http_response_header(response, "Content-Security-Policy",
                         content_security_policy);
    http_response_header(response, "X-Content-Type-Options", "nosniff");
    if (gzip)
        http_response_header(response, "Content-Encoding", "gzip");
    response->fixed = gzip ? asset->gzip : asset->plain;
}

void handle_root(struct service *service, const struct http_request *request,
                 struct http_response *response)
{
    (void)service;
    (void)request;
    response->status = 302;
    http_response_header(response, "Location", "/swagger");
}
