/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /rockets?since=...: the rockets that changed after a revision, by a
 * worker, as it walks over the table. If nothing has changed the response is
 * made at once; or, with `wait`, once the hub says that something has, or that
 * the time is over.
 *
 * Who owns a read: the connection's thread; after the start of the wait the
 * hub, and after that of the job a worker. The hub's mutex and the queue of the
 * workers hand it over; what hands it back is the wake.
 */
#include <stdlib.h>

#include "after_read.h"
#include "api/rocket_json.h"
#include "base/sync.h"
#include "base/workers.h"
#include "changes_url.h"
#include "changes_walk.h"
#include "etags.h"
#include "gzip_body.h"
#include "http/fields.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"
#include "list_body.h"
#include "live/changes.h"
#include "live/hub.h"
#include "no_place.h"
#include "operations.h"
#include "permission.h"
#include "sites.h"
#include "table/table.h"

struct changes_read {
    /* Set at start, then read-only. */
    struct http_deferred deferred;
    struct api *api;
    const struct http_request *request; /* stays until the end, deferred.h */
    struct changes_query query;
    /* The owner's. */
    struct hub_wait wait;
    struct changes_walker walker;  /* with the job; shares a walk if it waits */
    bool placed;                   /* has a place among those who wait */
    struct http_response response; /* status 0: nothing has changed */
    struct http_waiter *waiter;
};

static void free_read(struct changes_read *read)
{
    if (read->placed)
        hub_wait_free(read->api->hub);
    http_response_release(&read->response);
    free(read);
}

/*
 * The headers of a page, which may be empty: the client has all changes up
 * to `revision` then. False if memory is exhausted.
 */
static bool put_headers(const struct changes_read *read, uint64_t total,
                        uint64_t revision, bool more,
                        struct http_response *response)
{
    struct changes_query next = read->query;
    struct buffer text = BUFFER_INIT;

    etags_answer(read->api, read->request, revision, response);
    http_response_header(response, "Vary", "Accept-Encoding");
    http_response_header(response, "Content-Type", "application/json");
    buffer_append_unsigned(&text, total);
    bool done = !buffer_failed(&text) &&
                http_response_header_copy(response, "X-Total-Count",
                                          buffer_text(&text));
    if (more) {
        next.since.revision = revision;
        buffer_clear(&text);
        buffer_append(&text, TEXT("<"));
        changes_url_write(&next, &text);
        buffer_append(&text, TEXT(">; rel=\"next\""));
        done = done && !buffer_failed(&text) &&
               http_response_header_copy(response, "Link", buffer_text(&text));
    }
    buffer_release(&text);
    return done;
}

static void answer_unchanged(const struct changes_read *read,
                             struct http_response *response)
{
    if (put_headers(read, 0, read->query.since.revision, false, response))
        response->fixed = TEXT("[]");
    else
        problem_set_no_memory(response);
}

/*
 * Each rocket is read when its turn comes, so one that changes meanwhile is
 * shown as it is then, and comes again with the next page.
 */
static void write_rockets(struct table *table, const struct changes *changes,
                          struct buffer *out)
{
    struct rocket_view view;

    buffer_append(out, TEXT("["));
    for (size_t i = 0; i < changes->count; i++) {
        if (i > 0)
            buffer_append(out, TEXT(","));
        table_read(table, changes->rockets[i].entry, &view);
        rocket_json_write(out, &view);
    }
    buffer_append(out, TEXT("]"));
}

/*
 * Up to which revision the client has all changes with this page. Behind the
 * last rocket of a full page there are others; but no further than the walk is
 * complete: a rocket that it has passed may have changed after the walk's
 * revision, and before one that it has found. So from that revision on there is
 * no next page either, and whoever follows the links comes to an end.
 */
static uint64_t revision_of_page(const struct changes *changes, bool *more)
{
    *more = changes->total > changes->count &&
            changes->rockets[changes->count - 1].revision < changes->revision;
    return *more ? changes->rockets[changes->count - 1].revision
                 : changes->revision;
}

static void make_page(const struct changes_read *read,
                      const struct changes *changes,
                      struct http_response *response)
{
    bool more;
    uint64_t revision = revision_of_page(changes, &more);
    bool done = put_headers(read, changes->total, revision, more, response);

    write_rockets(read->api->table, changes, &response->body);
    if (!done || buffer_failed(&response->body))
        problem_set_no_memory(response);
    else if (changes->count >= LIST_BODY_GZIP_ROCKETS &&
             http_accepts_encoding(read->request->fields.accept_encoding,
                                   TEXT("gzip")))
        gzip_body(response);
}

/* On a worker. */
static void run_read(struct worker_job *job)
{
    struct changes_read *read =
        container_of(job, struct changes_read, walker.job);
    struct changes changes = {0};

    if (changes_walker_read(&read->walker, read->query.limit, &changes)) {
        make_page(read, &changes, &read->response);
    } else if (changes_find(read->api->table, read->query.since.revision,
                            CHANGES_OLDEST, read->query.limit, &changes)) {
        make_page(read, &changes, &read->response);
        changes_release(&changes);
    } else {
        problem_set_no_memory(&read->response);
    }
    changes_walker_release(&read->walker);
    http_wake(read->waiter);
}

static bool has_changed(const struct changes_read *read)
{
    return table_revision(read->api->table) > read->query.since.revision;
}

/*
 * Of the wait: something has changed, or the time is over, or the service
 * stops. On the thread of whoever ends it.
 */
static void end_wait(struct hub_wait *wait)
{
    struct changes_read *read = container_of(wait, struct changes_read, wait);

    read->placed = false;
    hub_wait_free(read->api->hub);
    if (has_changed(read))
        changes_walks_join(read->api->walks, &read->walker);
    else
        http_wake(read->waiter);
}

static struct changes_read *read_of(struct http_deferred *deferred)
{
    return container_of(deferred, struct changes_read, deferred);
}

static void start_read(struct http_deferred *deferred,
                       struct http_waiter *waiter)
{
    struct changes_read *read = read_of(deferred);

    read->waiter = waiter;
    if (read->placed)
        hub_wait_start(read->api->hub, &read->wait);
    else
        workers_submit(read->api->workers, &read->walker.job);
}

/* What permitted the read may have ended while it waited. */
static bool is_permitted(const struct changes_read *read,
                         struct http_response *response)
{
    return read->wait.ms == 0 || permission_check(read->api, read->request,
                                                  SCOPE_READ, NULL, response);
}

static void finish_read(struct http_deferred *deferred,
                        struct http_response *response)
{
    struct changes_read *read = read_of(deferred);

    if (!is_permitted(read, response)) {
        free_read(read);
        return;
    }
    if (read->response.status == 0)
        answer_unchanged(read, response);
    else
        http_response_move(response, &read->response);
    free_read(read);
}

/* Only the wait takes long. */
static void cancel_read(struct http_deferred *deferred)
{
    struct changes_read *read = read_of(deferred);

    if (read->wait.ms > 0)
        hub_wait_cancel(read->api->hub, &read->wait);
}

static void free_deferred(struct http_deferred *deferred)
{
    free_read(read_of(deferred));
}

/* Its `deferred` in `response`; a problem if memory is exhausted. */
static void defer_read(const struct changes_read *read,
                       struct http_response *response)
{
    struct changes_read *kept = malloc(sizeof(*kept));

    if (kept == NULL) {
        if (read->placed)
            hub_wait_free(read->api->hub);
        problem_set_no_memory(response);
        return;
    }
    *kept = *read;
    http_response_defer(response, &kept->deferred);
    response->long_lived = kept->placed;
}

/*
 * Take a place, and wait. Then it is one of many, and its job a step, so that
 * lists do not wait for all of them.
 */
static void wait_for_change(struct changes_read *read,
                            struct http_response *response)
{
    /* It would hold a place for a page that cannot read the response. */
    if (read->request->site == HTTP_SITE_OTHER) {
        sites_refuse(response, "wait for changes");
        return;
    }
    enum hub_added added = hub_add_wait(read->api->hub);
    if (added != HUB_ADDED) {
        no_place_answer(added, response);
        return;
    }
    read->placed = true;
    read->walker.job.kind = WORKER_STEP;
    read->wait = (struct hub_wait){.after = read->query.since.revision,
                                   .ms = read->query.wait * 1000,
                                   .wake = end_wait};
    defer_read(read, response);
}

/*
 * Whether this history of the state has the revision. One of a shared journal
 * may be the position of a record that has changed nothing here.
 */
static bool is_known(const struct api *api, const struct revision_name *since)
{
    return since->start == api->start &&
           (since->revision <= table_revision(api->table) ||
            (api->shared && !after_read_is_ahead(api, since)));
}

static void get_now(struct api *api, const struct http_request *request,
                    struct http_response *response);

/*
 * Respond; with `patient`, if another instance has given the client a revision
 * that this one has not reached, only after it has, or should have.
 */
static void get_changes(struct api *api, const struct http_request *request,
                        bool patient, struct http_response *response)
{
    struct changes_read read = {
        .deferred = {start_read, finish_read, cancel_read, free_deferred},
        .api = api,
        .request = request,
    };

    if (!changes_url_parse(request->query, &read.query, response))
        return;
    if (patient && after_read_is_ahead(api, &read.query.since)) {
        const struct after_read_options options = {
            read.query.since.revision, AFTER_REVISION_MS, get_now, get_now};
        after_read_wait(api, request, &options, response);
        return;
    }
    if (!is_known(api, &read.query.since)) {
        problem_set(response, 410,
                    "since is not a revision of this state: the service has "
                    "started anew, or is another one; read the list, and go on "
                    "from its ETag");
        return;
    }
    read.walker = (struct changes_walker){
        .after = read.query.since.revision,
        .job = {.run = run_read, .kind = WORKER_SHORT},
    };
    http_response_init(&read.response);
    if (has_changed(&read))
        defer_read(&read, response);
    else if (read.query.wait > 0)
        wait_for_change(&read, response);
    else
        answer_unchanged(&read, response);
}

static void get_now(struct api *api, const struct http_request *request,
                    struct http_response *response)
{
    get_changes(api, request, false, response);
}

void changes_get(struct api *api, const struct http_request *request,
                 struct http_response *response)
{
    get_changes(api, request, true, response);
}
