/* SPDX-License-Identifier: Apache-2.0 */
/*
 * curl calls back while it reads; what must follow from that, such as another
 * request, is only noted then, and done in watch_client_step().
 */
#include "watch_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "watch_url.h"

enum { MAX_LAST_ID = 256 /* bytes; a longer one is not sent */ };

static int64_t after(int64_t milliseconds)
{
    return clock_now() + milliseconds * CLOCK_MILLISECOND;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void take_event(void *context, const struct event_stream_event *event)
{
    struct watch_client *client = context;

    client->failures = 0;
    client->was_live = true;
    client->state = WATCH_LIVE;
    client->options.take_event(client->options.context, event);
}

static bool take_stream(void *context, const char *data, size_t length)
{
    struct watch_client *client = context;

    switch (event_stream_feed(&client->events, data, length)) {
    case EVENT_STREAM_OK:
        return true;
    case EVENT_STREAM_TOO_LARGE:
        client->stream_error = "an event is too large";
        break;
    case EVENT_STREAM_NO_MEMORY:
        client->stream_error = "out of memory";
        break;
    }
    return false;
}

bool watch_client_init(struct watch_client *client,
                       const struct watch_client_options *options)
{
    *client = (struct watch_client){
        .options = *options,
        .multi = curl_multi_init(),
        .stream = {.media_type = "text/event-stream",
                   .access = options->access,
                   .take = take_stream,
                   .context = client},
        .list = {.media_type = "application/json",
                 .access = options->access,
                 .max_body = WATCH_MAX_LIST},
        .state = WATCH_WAITING, /* for nothing: it connects at once */
        .advice = "",
        .limit = WATCH_MAX_IDS,
        .list_due = INT64_MAX,
        .wants_list = options->rows,
    };
    event_stream_init(&client->events, take_event, client);
    return client->multi != NULL &&
           fetch_init(&client->stream, client->multi) &&
           fetch_init(&client->list, client->multi);
}

void watch_client_release(struct watch_client *client)
{
    fetch_release(&client->stream);
    fetch_release(&client->list);
    curl_multi_cleanup(client->multi);
    event_stream_release(&client->events);
    bytes_release(&client->url);
    bytes_release(&client->other);
}

void watch_client_set_limit(struct watch_client *client, size_t limit)
{
    if (limit > WATCH_MAX_IDS)
        limit = WATCH_MAX_IDS;
    if (limit != client->limit && client->state == WATCH_LIVE)
        watch_client_read_soon(client, 0);
    client->limit = limit > 0 ? limit : 1;
}

void watch_client_read_soon(struct watch_client *client, int64_t delay_ms)
{
    if (client->options.rows)
        client->list_due = earlier(client->list_due, after(delay_ms));
}

void watch_client_lost(struct watch_client *client)
{
    client->wants_list = client->options.rows;
    watch_client_read_soon(client, 0);
}

/* Whether the rows are those of `ids`, and not of a list. */
static bool has_fixed_rows(const struct watch_client *client)
{
    return client->options.id_count > 0;
}

/* How long to wait after another failure in a row. */
static int64_t retry_delay(const struct watch_client *client,
                           int64_t retry_after)
{
    const unsigned most = 6; /* doublings: enough for any maximum here */
    const unsigned doublings = client->failures - 1;
    int64_t base =
        client->events.retry_ms >= 0 ? client->events.retry_ms : WATCH_RETRY_MS;
    int64_t limit = base > WATCH_MAX_RETRY_MS ? base : WATCH_MAX_RETRY_MS;
    int64_t delay = (base > 0 ? base : 1)
                    << (doublings < most ? doublings : most);
    int64_t least = retry_after < WATCH_MAX_RETRY_AFTER_MS / 1000
                        ? retry_after * 1000
                        : WATCH_MAX_RETRY_AFTER_MS;

    if (delay > limit)
        delay = limit;
    return delay > least ? delay : least;
}

/* Connect again later, or never if the first response is a refusal. */
static void fail_connection(struct watch_client *client,
                            enum transport_result result,
                            const struct transport_failure *failure,
                            int64_t retry_after)
{
    fetch_cancel(&client->stream);
    fetch_cancel(&client->list);
    event_stream_restart(&client->events);
    snprintf(client->cause, sizeof(client->cause), "%s", failure->cause);
    client->advice = failure->advice;
    if ((result == TRANSPORT_REFUSED || result == TRANSPORT_UNTRUSTED) &&
        !client->was_live) {
        client->state = WATCH_REFUSED;
        if (failure->status == 404 || failure->status == 405)
            client->advice = "This service has no /events: is it an older "
                             "version, or is the path wrong?";
        return;
    }
    client->failures++;
    client->state = WATCH_WAITING;
    client->retry_at = after(retry_delay(client, retry_after));
    client->list_due = INT64_MAX;
}

static void fail_with(struct watch_client *client, const char *cause)
{
    struct transport_failure failure = {.advice = ""};

    snprintf(failure.cause, sizeof(failure.cause), "%s", cause);
    fail_connection(client, TRANSPORT_NO_RESPONSE, &failure, 0);
}

static int compare_texts(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Write the URL of the stream for the present rows. */
static void write_stream_url(struct watch_client *client, struct bytes *url)
{
    const struct watch_client_options *options = &client->options;
    const char *ids[WATCH_MAX_IDS];
    struct watch_url_stream stream = {
        .events = options->events,
        .interval_ms = options->interval_ms,
        .ids = options->ids,
        .id_count = options->id_count,
    };

    if (options->rows && !has_fixed_rows(client)) {
        stream.ids = ids;
        stream.id_count = options->row_ids(options->context, ids);
        qsort(ids, stream.id_count, sizeof(ids[0]), compare_texts);
        /* Without ids the stream would have all rockets. */
        stream.no_rockets = stream.id_count == 0;
    }
    bytes_clear(url);
    watch_url_stream(url, options->url, &stream);
}

static void open_stream(struct watch_client *client)
{
    const char *id = event_stream_last_id(&client->events);

    write_stream_url(client, &client->url);
    event_stream_restart(&client->events);
    client->stream_error = NULL;
    client->out_of_memory = client->url.failed ||
                            !fetch_start(&client->stream, client->url.data,
                                         strlen(id) <= MAX_LAST_ID ? id : NULL);
}

static void start_list(struct watch_client *client)
{
    const struct watch_client_options *options = &client->options;

    client->list_due = INT64_MAX;
    bytes_clear(&client->other);
    if (has_fixed_rows(client))
        watch_url_rocket(&client->other, options->url,
                         options->ids[client->next_id]);
    else
        watch_url_list(&client->other, options->url, options->sort,
                       options->order, client->limit);
    client->out_of_memory =
        client->other.failed ||
        !fetch_start(&client->list, client->other.data, NULL);
}

static void connect_again(struct watch_client *client)
{
    client->state = WATCH_CONNECTING;
    client->next_id = 0;
    if (client->wants_list && !has_fixed_rows(client)) {
        start_list(client);
        return;
    }
    /* While there was no connection others may have got into the table. */
    watch_client_read_soon(client, 0);
    open_stream(client);
}

/*
 * Go on from the position of the list, if it has one: always if there is none
 * to go on from. Else it is later than the last event, and the stream must have
 * what is between the two; but another instance of the service may have sent
 * the list, which has not yet got so far.
 */
static void take_position(struct watch_client *client, bool always)
{
    const char *last = event_stream_last_id(&client->events);
    char tag[FETCH_TAG_SIZE];

    fetch_tag(&client->list, tag);
    if (tag[0] == '\0' || (!always && !event_stream_is_earlier(tag, last)))
        return;
    if (!event_stream_set_last_id(&client->events, tag))
        client->out_of_memory = true;
}

/* The rows are read. The stream must be one for them. */
static void follow_rows(struct watch_client *client)
{
    const bool wanted = client->wants_list;

    client->wants_list = false;
    /* While the list was read, there may have been a reason to read it again.
     */
    client->list_due = earlier(client->list_due, after(WATCH_LIST_MS));
    write_stream_url(client, &client->other);
    if (client->other.failed) {
        client->out_of_memory = true;
        return;
    }
    /* The stream that there is will say by itself where it is. */
    if (client->stream.running &&
        strcmp(client->other.data, client->url.data) == 0)
        return;
    fetch_cancel(&client->stream);
    take_position(client, wanted);
    open_stream(client);
}

static void end_list(struct watch_client *client, CURLcode code)
{
    struct transport_failure failure;
    enum transport_result result = fetch_finish(&client->list, code, &failure);

    if (result == TRANSPORT_DELIVERED)
        client->options.take_rows(client->options.context,
                                  client->list.body.data,
                                  client->list.body.length);
    if (has_fixed_rows(client)) {
        /* A rocket that is not known yet is no failure: 404. */
        if (++client->next_id < client->options.id_count)
            start_list(client);
        else
            client->next_id = 0;
        return;
    }
    if (result == TRANSPORT_DELIVERED)
        follow_rows(client);
    else if (client->state == WATCH_CONNECTING)
        fail_connection(client, result, &failure,
                        fetch_retry_after(&client->list));
    else /* the stream will say if something is wrong */
        client->list_due = after(WATCH_LIST_MS);
}

static void end_stream(struct watch_client *client, CURLcode code)
{
    struct transport_failure failure;
    enum transport_result result =
        fetch_finish(&client->stream, code, &failure);

    if (client->stream_error != NULL)
        fail_with(client, client->stream_error);
    else if (result == TRANSPORT_DELIVERED)
        fail_with(client, "the service has ended the stream");
    else if (client->state == WATCH_LIVE && failure.status == 0)
        fail_with(client, "the connection is lost");
    else
        fail_connection(client, result, &failure,
                        fetch_retry_after(&client->stream));
}

static void end_requests(struct watch_client *client)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        struct fetch *fetch = NULL;
        CURLcode code = message->data.result;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch);
        if (fetch == &client->stream)
            end_stream(client, code);
        else
            end_list(client, code);
    }
}

/* End requests that hang. Returns when the next one would. */
static int64_t check_silence(struct watch_client *client)
{
    int64_t next = INT64_MAX;
    char cause[64];

    if (client->stream.running) {
        const int64_t most =
            client->stream.wanted ? WATCH_SILENCE_MS : TRANSPORT_TIMEOUT_MS;

        next = client->stream.heard_at + most * CLOCK_MILLISECOND;
        if (clock_now() >= next) {
            snprintf(cause, sizeof(cause), "no %s within %d s",
                     client->stream.wanted ? "event" : "response",
                     (int)(most / 1000));
            fail_with(client, cause);
            return INT64_MAX;
        }
    }
    if (client->list.running) {
        int64_t end =
            client->list.heard_at + TRANSPORT_TIMEOUT_MS * CLOCK_MILLISECOND;

        if (clock_now() >= end) {
            fetch_cancel(&client->list);
            end_list(client, CURLE_OPERATION_TIMEDOUT);
            return INT64_MAX;
        }
        next = earlier(next, end);
    }
    return next;
}

int64_t watch_client_step(struct watch_client *client)
{
    int64_t next;
    int running;

    curl_multi_perform(client->multi, &running);
    end_requests(client);
    if (client->state == WATCH_WAITING && clock_now() >= client->retry_at)
        connect_again(client);
    if (client->state == WATCH_LIVE && !client->list.running &&
        clock_now() >= client->list_due)
        start_list(client);
    next = check_silence(client);
    if (client->state == WATCH_WAITING)
        next = earlier(next, client->retry_at);
    if (client->state == WATCH_LIVE && !client->list.running)
        next = earlier(next, client->list_due);
    return next;
}
