/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /metrics: a scrape, as Prometheus calls it. With many threads and open
 * files it takes milliseconds to read all values. So a worker does it, while
 * the response is deferred.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "base/sync.h"
#include "base/workers.h"
#include "format/metrics_text.h"
#include "gzip_body.h"
#include "http/fields.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"
#include "operations.h"

struct scrape {
    struct http_deferred deferred;
    struct worker_job job;
    struct api *api;
    bool gzip;
    /* The job's until the wake, then the connection's. */
    struct http_response response;
    struct http_waiter *waiter;
    _Atomic bool cancelled;
};

static void free_scrape(struct scrape *scrape)
{
    http_response_release(&scrape->response);
    free(scrape);
}

static void make_response(struct scrape *scrape)
{
    struct http_response *response = &scrape->response;

    response->status = 200;
    http_response_header(response, "Content-Type", METRICS_TEXT_TYPE);
    http_response_header(response, "Cache-Control", "no-store");
    http_response_header(response, "Vary", "Accept-Encoding");
    metrics_text_write(scrape->api->registry, &response->body);
    if (buffer_failed(&response->body))
        problem_set_no_memory(response);
    else if (scrape->gzip)
        gzip_body(response);
}

/* On a worker. */
static void run_scrape(struct worker_job *job)
{
    struct scrape *scrape = container_of(job, struct scrape, job);

    if (atomic_load(&scrape->cancelled))
        problem_set_stopping(&scrape->response);
    else
        make_response(scrape);
    http_wake(scrape->waiter);
}

static struct scrape *scrape_of(struct http_deferred *deferred)
{
    return container_of(deferred, struct scrape, deferred);
}

static void start_scrape(struct http_deferred *deferred,
                         struct http_waiter *waiter)
{
    struct scrape *scrape = scrape_of(deferred);

    scrape->waiter = waiter;
    workers_submit(scrape->api->workers, &scrape->job);
}

static void finish_scrape(struct http_deferred *deferred,
                          struct http_response *response)
{
    struct scrape *scrape = scrape_of(deferred);

    http_response_move(response, &scrape->response);
    free_scrape(scrape);
}

static void cancel_scrape(struct http_deferred *deferred)
{
    atomic_store(&scrape_of(deferred)->cancelled, true);
}

static void free_deferred(struct http_deferred *deferred)
{
    free_scrape(scrape_of(deferred));
}

void scrape_get(struct api *api, const struct http_request *request,
                struct http_response *response)
{
    struct scrape *scrape = calloc(1, sizeof(*scrape));

    if (scrape == NULL) {
        problem_set_no_memory(response);
        return;
    }
    scrape->deferred = (struct http_deferred){start_scrape, finish_scrape,
                                              cancel_scrape, free_deferred};
    scrape->job = (struct worker_job){.run = run_scrape, .kind = WORKER_SHORT};
    scrape->api = api;
    scrape->gzip =
        http_accepts_encoding(request->fields.accept_encoding, TEXT("gzip"));
    http_response_init(&scrape->response);
    http_response_defer(response, &scrape->deferred);
}
