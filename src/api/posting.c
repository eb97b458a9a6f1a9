/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The struct is the connection's, but between commit_append() and `settled` its
 * ticket is the journal's. The queue of the journal hands it over, and the wake
 * hands it back.
 */
#include "posting.h"

#include "api_metrics.h"
#include "api_store.h"
#include "base/metrics.h"
#include "base/sync.h"
#include "domain/message_parse.h"
#include "http/problem.h"
#include "message_response.h"
#include "store/commit.h"
#include "store/record.h"

struct posting {
    struct http_deferred deferred;
    struct commit_ticket ticket;
    struct api *api;
    struct http_waiter *waiter;
    bool appended;
    struct buffer decoded; /* the body, if it was gzip data */
    struct parsed_message parsed;
    char record[RECORD_MAX];
};

const size_t posting_size = sizeof(struct posting);

static struct posting *posting_of(struct http_deferred *deferred)
{
    return container_of(deferred, struct posting, deferred);
}

static void release_posting(struct posting *posting)
{
    message_parse_release(&posting->parsed);
    buffer_release(&posting->decoded);
}

/* On the journal's thread. */
static void wake_posting(struct commit_ticket *ticket)
{
    struct posting *posting = container_of(ticket, struct posting, ticket);

    api_store_wake(posting->api, posting->waiter);
}

static void start_posting(struct http_deferred *deferred,
                          struct http_waiter *waiter)
{
    struct posting *posting = posting_of(deferred);

    /* Set first: once it is appended, the wake may end the posting. */
    posting->waiter = waiter;
    posting->appended = true;
    if (commit_append(&posting->ticket))
        return;
    posting->appended = false;
    http_wake(waiter);
}

static bool is_written(const struct posting *posting)
{
    return posting->appended && posting->ticket.result == COMMIT_APPLIED;
}

/* Nothing waits for it any more. */
static void count_posting(const struct posting *posting)
{
    const struct api_metrics *counts = &posting->api->counts;

    if (is_written(posting))
        api_metrics_count_ticket(counts, &posting->ticket);
    else if (posting->appended && posting->ticket.result == COMMIT_UNKNOWN)
        metric_add(counts->messages, API_UNKNOWN, 1);
    else
        metric_add(counts->messages, API_NOT_WRITTEN, 1);
}

/* What became of the message of a ticket that was applied. */
static enum message_outcome outcome_of(const struct commit_ticket *ticket)
{
    if (ticket->outcomes[MESSAGE_APPLIED] > 0)
        return MESSAGE_APPLIED;
    return ticket->outcomes[MESSAGE_DUPLICATE] > 0 ? MESSAGE_DUPLICATE
                                                   : MESSAGE_STALE;
}

static void respond_written(const struct posting *posting,
                            struct http_response *response)
{
    const struct commit_ticket *ticket = &posting->ticket;

    message_respond(&posting->parsed.message, outcome_of(ticket), response);
    api_store_put_position(posting->api, ticket->position, response);
}

static void respond_not_written(const struct posting *posting,
                                struct http_response *response)
{
    struct api_store_refusal refusal;

    if (!posting->appended)
        refusal = api_store_not_taken(posting->api);
    else if (posting->ticket.result == COMMIT_UNKNOWN)
        refusal =
            (struct api_store_refusal){API_STORE_UNKNOWN, API_STORE_BUSY_RETRY};
    else
        refusal = api_store_not_written(posting->api);
    problem_set(response, 503, "%s", refusal.reason);
    http_response_header(response, "Retry-After", refusal.retry_after);
}

static void finish_posting(struct http_deferred *deferred,
                           struct http_response *response)
{
    struct posting *posting = posting_of(deferred);

    count_posting(posting);
    if (is_written(posting))
        respond_written(posting, response);
    else
        respond_not_written(posting, response);
    release_posting(posting);
}

/* What was appended is committed, whether the service stops or not. */
static void cancel_posting(struct http_deferred *deferred)
{
    (void)deferred;
}

/* The message may have been written: the client has gone without an answer. */
static void free_posting(struct http_deferred *deferred)
{
    struct posting *posting = posting_of(deferred);

    count_posting(posting);
    if (posting->waiter == NULL)
        commit_abandon(&posting->ticket); /* it was not started */
    release_posting(posting);
}

/* The message is well-formed. */
static void admit_message(struct posting *posting,
                          struct http_response *response)
{
    const struct message *message = &posting->parsed.message;

    commit_ticket_init(&posting->ticket, posting->api->commit, posting->record,
                       sizeof(posting->record));
    posting->ticket.settled = wake_posting;
    enum message_outcome outcome = commit_admit(&posting->ticket, message);
    if (outcome == MESSAGE_APPLIED) {
        http_response_defer(response, &posting->deferred);
        return;
    }
    api_metrics_count(&posting->api->counts, outcome, 1);
    message_respond(message, outcome, response);
    if (posting->api->shared && outcome != MESSAGE_NO_MEMORY)
        api_store_put_position(posting->api,
                               api_store_position_of(posting->api, message),
                               response);
    release_posting(posting);
}

void posting_begin(struct api *api, const struct http_request *request,
                   struct text body, struct buffer *decoded,
                   struct http_response *response)
{
    struct posting *posting = request->memory;

    posting->deferred = (struct http_deferred){start_posting, finish_posting,
                                               cancel_posting, free_posting};
    posting->api = api;
    posting->waiter = NULL;
    posting->appended = false;
    posting->decoded = BUFFER_INIT;
    if (decoded != NULL)
        posting->decoded = *decoded;
    enum parse_status status = message_parse(body, &posting->parsed);
    if (status == PARSE_OK) {
        admit_message(posting, response);
        return;
    }
    message_respond_unparsed(&api->counts, status, &posting->parsed, response);
    buffer_release(&posting->decoded);
}
