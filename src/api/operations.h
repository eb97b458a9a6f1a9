/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations of the API: one function each, request in, response out.
 * An operation that takes long leaves a deferred in its response.
 */
#ifndef LUNAR_API_OPERATIONS_H
#define LUNAR_API_OPERATIONS_H

#include "api/api.h"
#include "http/request.h"
#include "http/response.h"

/* POST /messages, a single message (messages.c). */
void messages_post(struct api *api, const struct http_request *request,
                   struct http_response *response);

/* POST /messages: whether the body is a batch (application/x-ndjson). */
bool messages_is_batch(const struct http_request *request);

/* The detail of the 413 for a message that is too long, as sent or decoded. */
extern const char messages_too_long[];

/*
 * POST /messages: where the body of a batch goes, which has ROUTE_BATCH. NULL
 * for any other body; and, with a status in `response`, if the body has an
 * unknown coding, memory is exhausted, or a page of another site sends a batch.
 */
struct http_sink *messages_open(struct api *api,
                                const struct http_request *request,
                                struct http_response *response);

/*
 * GET /rockets: lists (lists.c), and what has changed, which has ROUTE_CHANGES
 * (changes_list.c); with the parameters of both.
 */
void lists_get(struct api *api, const struct http_request *request,
               struct http_response *response);
void changes_get(struct api *api, const struct http_request *request,
                 struct http_response *response);
const char *lists_parameter(size_t index);

/* GET /rockets/{id} (rockets.c), and its 404. */
void rockets_get(struct api *api, const struct http_request *request,
                 struct http_response *response);
void rockets_set_unknown(struct http_response *response);

/* GET /rockets/{id}/gaps, and its parameters (gaps.c). */
void gaps_get(struct api *api, const struct http_request *request,
              struct http_response *response);
const char *gaps_parameter(size_t index);

/* GET /fleet (fleet.c). */
void fleet_get(struct api *api, const struct http_request *request,
               struct http_response *response);

/* GET /events (events.c). */
void events_get(struct api *api, const struct http_request *request,
                struct http_response *response);

/*
 * GET /snapshot (snapshot.c). And on the journal's thread: take the requests
 * that have waited for a snapshot, or long enough at time `now`. Returns their
 * waiters, with `others` behind them, for the caller to wake.
 */
void snapshot_get(struct api *api, const struct http_request *request,
                  struct http_response *response);
struct http_waiter *snapshot_wake(struct api *api, uint64_t now,
                                  struct http_waiter *others);

/* GET /metrics (scrape.c). */
void scrape_get(struct api *api, const struct http_request *request,
                struct http_response *response);

/*
 * GET /health and GET /health/ready, with the parameters of the latter, as
 * parameters_check() wants them; and what both need from the start (health.c).
 */
void health_init(struct api *api);
void health_get(struct api *api, const struct http_request *request,
                struct http_response *response);
void health_get_ready(struct api *api, const struct http_request *request,
                      struct http_response *response);
const char *health_parameter(size_t index);

enum { SESSIONS_MAX_BODY = 1024 /* bytes of a login */ };

/* POST /login, POST /logout and GET /session (sessions.c). */
void sessions_login(struct api *api, const struct http_request *request,
                    struct http_response *response);
void sessions_logout(struct api *api, const struct http_request *request,
                     struct http_response *response);
void sessions_get(struct api *api, const struct http_request *request,
                  struct http_response *response);

/*
 * The files in the binary, among them the dashboard at /, and the redirects of
 * other names of at most two segments to the pages (pages.c).
 */
void pages_get_asset(struct api *api, const struct http_request *request,
                     struct http_response *response);
void pages_get_root(struct api *api, const struct http_request *request,
                    struct http_response *response);
void pages_to_root(struct api *api, const struct http_request *request,
                   struct http_response *response);
void pages_to_swagger(struct api *api, const struct http_request *request,
                      struct http_response *response);

#endif
