/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /events: a stream of events, which the hub makes. It ends when the client
 * goes away, or falls behind for too long, or the service stops; and when its
 * session or its token does, at the next event or comment.
 */
#include "events.h"

#include <stdlib.h>

#include "after_read.h"
#include "auth/access.h"
#include "base/sync.h"
#include "events_query.h"
#include "http/problem.h"
#include "live/hub.h"
#include "no_place.h"
#include "operations.h"
#include "permission.h"
#include "sites.h"
#include "table/table.h"

/* The last event that a client has had. */
struct last {
    bool resumes;   /* it had one, */
    bool estranged; /* but of another history */
    struct revision_name name;
};

struct events {
    struct http_stream stream;
    struct hub_reader *reader;
    struct access *access; /* NULL: everything is open */
    struct access_identity identity;
    /* Of the wait at hand. Set before the hub is told to wait. */
    struct http_waiter *waiter;
};

static struct events *events_of_stream(struct http_stream *stream)
{
    return container_of(stream, struct events, stream);
}

static bool is_permitted(const struct events *events)
{
    return events->access == NULL ||
           access_is_current(events->access, &events->identity, SCOPE_READ);
}

/*
 * On the connection's thread. The hub wakes a reader after HUB_COMMENT_MS of
 * silence at the latest. The hub's mutex, under which the reader begins to
 * wait and under which the hub finds it, hands the waiter over.
 */
static enum http_flow next_events(struct http_stream *stream,
                                  struct buffer *block,
                                  struct http_waiter *waiter)
{
    struct events *events = events_of_stream(stream);

    if (!is_permitted(events))
        return HTTP_DONE;
    events->waiter = waiter;
    switch (hub_reader_next(events->reader, block, HTTP_STREAM_BLOCK,
                            waiter != NULL)) {
    case HUB_MORE:
        return HTTP_MORE;
    case HUB_WAIT:
        return HTTP_WAIT;
    case HUB_END:
        return HTTP_DONE;
    case HUB_LOST:
        break;
    }
    return HTTP_FAILED;
}

static void cancel_events(struct http_stream *stream)
{
    hub_reader_cancel(events_of_stream(stream)->reader);
}

static void free_events(struct http_stream *stream)
{
    struct events *events = events_of_stream(stream);

    hub_reader_free(events->reader);
    free(events);
}

/*
 * Link all waiters before the first wake: a reader may be freed by its thread
 * once it is woken.
 */
void events_wake(struct hub_reader *first)
{
    struct http_waiter *woken = NULL, **end = &woken;

    for (const struct hub_reader *reader = first; reader != NULL;
         reader = hub_reader_next_woken(reader)) {
        const struct events *events = hub_reader_owner(reader);
        *end = events->waiter;
        end = &events->waiter->next;
    }
    *end = NULL;
    http_wake_all(woken);
}

/* What a HEAD has instead of a body: it is a stream, but nobody reads it. */
static enum http_flow next_nothing(struct http_stream *stream,
                                   struct buffer *block,
                                   struct http_waiter *waiter)
{
    (void)stream;
    (void)block;
    (void)waiter;
    return HTTP_DONE;
}

static void ignore_stream(struct http_stream *stream)
{
    (void)stream;
}

static struct http_stream nothing = {next_nothing, ignore_stream,
                                     ignore_stream};

/*
 * The media type has no charset: the format is UTF-8 by definition. Proxies
 * must neither keep nor change the events; X-Accel-Buffering tells nginx to
 * pass them on at once.
 */
static void begin_stream(struct http_response *response,
                         struct http_stream *stream)
{
    response->status = 200;
    http_response_header(response, "Content-Type", "text/event-stream");
    http_response_header(response, "Cache-Control", "no-cache, no-transform");
    http_response_header(response, "X-Accel-Buffering", "no");
    response->stream = stream;
    response->long_lived = true;
}

/*
 * Where the client was, if it was here before. The header comes from a browser
 * that connects again, to the URL with the parameter, so it is the newer one.
 * It sends whatever it got last, also from another service at this URL, and
 * never again after a 400: so what is none of our ids is of another history,
 * and `last` is not set.
 */
static void read_last(const struct api *api, const struct http_request *request,
                      const struct events_query *query, struct last *last)
{
    struct text header = request->fields.last_event_id;

    *last = (struct last){.name = query->last, .resumes = query->resumes};
    if (header.length > 0) {
        last->resumes = true;
        last->estranged = !revisions_read(header, &last->name);
    }
    if (last->resumes && last->name.start != api->start)
        last->estranged = true;
}

/*
 * With a shared journal the position may be that of a record that has changed
 * nothing here: it is as good as the last one that has.
 */
static void set_position(const struct api *api, const struct last *last,
                         struct hub_reader_options *options)
{
    uint64_t revision = table_revision(api->table);

    options->resumes = last->resumes;
    options->estranged = last->estranged;
    options->position = last->name.revision;
    if (api->shared && options->position > revision &&
        !after_read_is_ahead(api, &last->name))
        options->position = revision;
}

/* Who has waited to follow may perhaps not do so any more. */
static void follow(struct api *api, const struct http_request *request,
                   const struct events_query *query, const struct last *last,
                   struct http_response *response)
{
    struct events *events = malloc(sizeof(*events));
    struct hub_reader_options options = {
        .owner = events,
        .events = query->events,
        .interval_ms = query->interval_ms,
        .ids = query->ids,
        .id_count = query->id_count,
    };
    enum hub_added added = HUB_NO_MEMORY;

    if (events != NULL) {
        *events =
            (struct events){.stream = {next_events, cancel_events, free_events},
                            .access = api->access};
        if (!permission_check(api, request, SCOPE_READ, &events->identity,
                              response)) {
            free(events);
            return;
        }
        set_position(api, last, &options);
        added = hub_add_reader(api->hub, &options, &events->reader);
    }
    if (added == HUB_ADDED) {
        begin_stream(response, &events->stream);
        return;
    }
    free(events);
    no_place_answer(added, response);
}

static void get_now(struct api *api, const struct http_request *request,
                    struct http_response *response);

/*
 * With `patient`: if another instance has given the client an event that this
 * one has not reached, only after it has, or should have. The query is parsed
 * again then.
 */
static void begin_events(struct api *api, const struct http_request *request,
                         const struct events_query *query, bool patient,
                         struct http_response *response)
{
    struct last last;

    read_last(api, request, query, &last);
    if (request->method == HTTP_HEAD) {
        begin_stream(response, &nothing);
    } else if (patient && last.resumes && !last.estranged &&
               after_read_is_ahead(api, &last.name)) {
        const struct after_read_options options = {
            last.name.revision, AFTER_REVISION_MS, get_now, get_now};
        after_read_wait(api, request, &options, response);
    } else {
        follow(api, request, query, &last, response);
    }
}

static void get_events(struct api *api, const struct http_request *request,
                       bool patient, struct http_response *response)
{
    struct events_query query;
    char detail[EVENTS_QUERY_DETAIL];

    /* It would take a place for a page that cannot read it. */
    if (request->site == HTTP_SITE_OTHER) {
        sites_refuse(response, "follow events");
        return;
    }
    if (!events_query_parse(&query, request->query, detail, sizeof(detail))) {
        if (detail[0] == '\0')
            problem_set_no_memory(response);
        else
            problem_set(response, 400, "%s", detail);
        return;
    }
    begin_events(api, request, &query, patient, response);
    events_query_release(&query);
}

static void get_now(struct api *api, const struct http_request *request,
                    struct http_response *response)
{
    get_events(api, request, false, response);
}

void events_get(struct api *api, const struct http_request *request,
                struct http_response *response)
{
    get_events(api, request, true, response);
}
