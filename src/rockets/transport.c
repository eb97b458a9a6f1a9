/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl could keep the connections open in its own cache, but it searches
 * the whole cache for each request. So it has the option to close the
 * connection after each request (CURLOPT_FORBID_REUSE), and the callback that
 * closes a socket hands it to `sockets` instead.
 */
#include "transport.h"

#include <errno.h>
#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "failure.h"
#include "sockets.h"

struct transport {
    const char *url;
    const atomic_bool *stop;
    CURL *easy;
    struct curl_slist *headers;      /* of POST */
    struct curl_slist *read_headers; /* of GET; NULL: none of our own */
    struct sockets sockets;
    curl_socket_t closing;         /* last socket that curl closed, -1: none */
    struct failure_trace trace;    /* of the request */
    char body[TRANSPORT_MAX_BODY]; /* the first bytes of the last response's */
    size_t body_length;
};

/*
 * A request may use several sockets, if the host name has several addresses.
 * The last one received the response; those before failed to connect.
 */
static int keep_closed_socket(void *context, curl_socket_t descriptor)
{
    struct transport *transport = context;

    if (transport->closing >= 0)
        close(transport->closing);
    transport->closing = descriptor;
    return 0;
}

/* Sets SOCK_CLOEXEC, and notes why there is no socket: curl does not tell. */
static curl_socket_t open_socket(void *context, curlsocktype purpose,
                                 struct curl_sockaddr *address)
{
    struct transport *transport = context;
    int descriptor = socket(address->family, address->socktype | SOCK_CLOEXEC,
                            address->protocol);

    (void)purpose;
    transport->trace.socket_error = descriptor < 0 ? errno : 0;
    return descriptor;
}

/* Keep the start of the body; discard what does not fit. */
static size_t keep_body(char *data, size_t size, size_t count, void *context)
{
    struct transport *transport = context;
    size_t room = sizeof(transport->body) - transport->body_length;
    size_t bytes = size * count;
    size_t kept = bytes < room ? bytes : room;

    memcpy(transport->body + transport->body_length, data, kept);
    transport->body_length += kept;
    return bytes;
}

/* curl calls this repeatedly; nonzero aborts the request. */
static int check_stop(void *context, curl_off_t total_down, curl_off_t down,
                      curl_off_t total_up, curl_off_t up)
{
    const struct transport *transport = context;

    (void)total_down;
    (void)down;
    (void)total_up;
    (void)up;
    return atomic_load_explicit(transport->stop, memory_order_relaxed);
}

static void leave_connections_open(struct transport *transport)
{
    curl_easy_setopt(transport->easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(transport->easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(transport->easy, CURLOPT_CLOSESOCKETFUNCTION,
                     keep_closed_socket);
    curl_easy_setopt(transport->easy, CURLOPT_CLOSESOCKETDATA, transport);
}

static void set_curl_options(struct transport *transport)
{
    CURL *easy = transport->easy;

    curl_easy_setopt(easy, CURLOPT_URL, transport->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transport->trace.text);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transport);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)TRANSPORT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transport->headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "rockets/" LUNAR_VERSION);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transport);
    /* Do not wait for the resolver when the request was aborted. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, check_stop);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, transport);
}

static struct curl_slist *make_headers(void)
{
    struct curl_slist *headers =
        curl_slist_append(NULL, "Content-Type: application/json");
    /* A header without a value tells curl not to send the field. */
    struct curl_slist *longer = curl_slist_append(headers, "Expect:");

    if (headers == NULL || longer == NULL) {
        curl_slist_free_all(headers);
        return NULL;
    }
    return longer;
}

/* Sets `read_headers` for `after`. False if out of memory. */
static bool make_read_headers(struct transport *transport, uint64_t after)
{
    char line[64];

    if (after == 0)
        return true;
    snprintf(line, sizeof(line), "Lunar-After: %" PRIu64, after);
    transport->read_headers = curl_slist_append(NULL, line);
    return transport->read_headers != NULL;
}

struct transport *transport_new(const struct transport_options *options)
{
    struct transport *transport = calloc(1, sizeof(*transport));

    if (transport == NULL)
        return NULL;
    transport->url = options->url;
    transport->stop = options->stop;
    transport->closing = -1;
    transport->easy = curl_easy_init();
    transport->headers = make_headers();
    if (transport->easy == NULL || transport->headers == NULL ||
        !make_read_headers(transport, options->after) ||
        sockets_init(&transport->sockets, options->max_open) != 0) {
        transport_free(transport);
        return NULL;
    }
    set_curl_options(transport);
    access_apply(transport->easy, options->access);
    if (!options->keep_alive)
        leave_connections_open(transport);
    return transport;
}

void transport_free(struct transport *transport)
{
    if (transport == NULL)
        return;
    curl_easy_cleanup(transport->easy);
    curl_slist_free_all(transport->headers);
    curl_slist_free_all(transport->read_headers);
    if (transport->closing >= 0)
        close(transport->closing);
    sockets_release(&transport->sockets);
    free(transport);
}

/* Keep the connection open if it received a response, else close it. */
static void settle_connection(struct transport *transport, bool responded)
{
    if (transport->closing < 0)
        return;
    if (responded)
        sockets_keep(&transport->sockets, transport->closing);
    else
        close(transport->closing);
    transport->closing = -1;
}

static enum transport_result judge_status(struct transport *transport,
                                          struct transport_failure *failure)
{
    struct reply reply = {.body = transport->body,
                          .length = transport->body_length};
    bool refused;

    curl_easy_getinfo(transport->easy, CURLINFO_RESPONSE_CODE, &reply.status);
    if (reply.status >= 200 && reply.status < 300)
        return TRANSPORT_DELIVERED;
    curl_easy_getinfo(transport->easy, CURLINFO_CONTENT_TYPE,
                      &reply.content_type);
    curl_easy_getinfo(transport->easy, CURLINFO_REDIRECT_URL, &reply.location);
    refused = reply_is_refusal(reply.status);
    failure->status = reply.status;
    failure->advice = refused ? reply_advice(reply.status) : "";
    reply_explain(&reply, failure->cause);
    return refused ? TRANSPORT_REFUSED : TRANSPORT_BAD_STATUS;
}

static enum transport_result explain_failure(struct transport *transport,
                                             CURLcode code,
                                             struct transport_failure *failure)
{
    enum transport_result result;

    if (code == CURLE_ABORTED_BY_CALLBACK)
        return TRANSPORT_STOPPED;
    result = failure_explain(transport->easy, code, &transport->trace, failure);
    if (result == TRANSPORT_NO_ROOM) {
        sockets_reset_oldest(&transport->sockets);
        failure->advice = "The oldest connections are closed; --keep-alive or "
                          "a lower --concurrency-level needs fewer.";
    }
    return result;
}

static enum transport_result perform(struct transport *transport,
                                     struct transport_failure *failure)
{
    CURLcode code;

    transport->body_length = 0;
    transport->trace.socket_error = 0;
    code = curl_easy_perform(transport->easy);
    settle_connection(transport, code == CURLE_OK);
    if (code == CURLE_OK)
        return judge_status(transport, failure);
    return explain_failure(transport, code, failure);
}

enum transport_result transport_post(struct transport *transport,
                                     const char *body, size_t length,
                                     struct transport_failure *failure)
{
    curl_easy_setopt(transport->easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(transport->easy, CURLOPT_POSTFIELDSIZE, (long)length);
    return perform(transport, failure);
}

enum transport_result transport_get(struct transport *transport,
                                    const char *url,
                                    struct transport_failure *failure)
{
    curl_easy_setopt(transport->easy, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(transport->easy, CURLOPT_HTTPHEADER,
                     transport->read_headers);
    curl_easy_setopt(transport->easy, CURLOPT_URL, url);
    return perform(transport, failure);
}

uint64_t transport_position(const struct transport *transport)
{
    struct curl_header *field = NULL;
    uint64_t position;

    if (curl_easy_header(transport->easy, "Lunar-Position", 0, CURLH_HEADER, -1,
                         &field) != CURLHE_OK ||
        !reply_read_position(field->value, &position))
        return 0;
    return position;
}

struct transport_body transport_body(const struct transport *transport)
{
    return (struct transport_body){transport->body, transport->body_length};
}

bool transport_url_is_valid(const char *url)
{
    CURLU *parsed = curl_url();
    bool valid =
        parsed != NULL && curl_url_set(parsed, CURLUPART_URL, url, 0) == 0;

    curl_url_cleanup(parsed);
    return valid;
}
