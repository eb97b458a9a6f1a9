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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sockets.h"

struct transport {
    const char *url;
    const atomic_bool *stop;
    CURL *easy;
    struct curl_slist *headers;
    struct sockets sockets;
    curl_socket_t closing; /* last socket that curl closed, -1: none */
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

/* Sets SOCK_CLOEXEC. Also the counterpart of keep_closed_socket(). */
static curl_socket_t open_socket(void *context, curlsocktype purpose,
                                 struct curl_sockaddr *address)
{
    (void)context;
    (void)purpose;
    return socket(address->family, address->socktype | SOCK_CLOEXEC,
                  address->protocol);
}

static size_t drop_body(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count;
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
    curl_easy_setopt(transport->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
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
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)TRANSPORT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transport->headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "rockets/" LUNAR_VERSION);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop_body);
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
        sockets_init(&transport->sockets, options->max_open) != 0) {
        transport_free(transport);
        return NULL;
    }
    set_curl_options(transport);
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

static enum transport_result
explain_status(struct transport *transport,
               char cause[static TRANSPORT_CAUSE_SIZE])
{
    long status = 0;

    curl_easy_getinfo(transport->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200 && status < 300)
        return TRANSPORT_DELIVERED;
    snprintf(cause, TRANSPORT_CAUSE_SIZE, "status %ld", status);
    return status >= 400 && status < 500 ? TRANSPORT_REJECTED
                                         : TRANSPORT_BAD_STATUS;
}

static enum transport_result
explain_no_connection(struct transport *transport, CURLcode code,
                      char cause[static TRANSPORT_CAUSE_SIZE])
{
    long error = 0;
    const char *reason;

    curl_easy_getinfo(transport->easy, CURLINFO_OS_ERRNO, &error);
    reason =
        error != 0 ? strerrordesc_np((int)error) : curl_easy_strerror(code);
    if (error == EADDRNOTAVAIL || error == EMFILE || error == ENFILE) {
        sockets_reset_oldest(&transport->sockets);
        snprintf(cause, TRANSPORT_CAUSE_SIZE,
                 "can't connect, no local port or descriptor is left (%s)",
                 reason);
        return TRANSPORT_NO_ROOM;
    }
    snprintf(cause, TRANSPORT_CAUSE_SIZE, "can't connect (%s)", reason);
    return TRANSPORT_REFUSED;
}

static enum transport_result
explain_failure(struct transport *transport, CURLcode code,
                char cause[static TRANSPORT_CAUSE_SIZE])
{
    switch (code) {
    case CURLE_ABORTED_BY_CALLBACK:
        return TRANSPORT_STOPPED;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
        return explain_no_connection(transport, code, cause);
    case CURLE_OPERATION_TIMEDOUT:
        snprintf(cause, TRANSPORT_CAUSE_SIZE, "no response within %d s",
                 TRANSPORT_TIMEOUT_MS / 1000);
        return TRANSPORT_TIMED_OUT;
    default:
        snprintf(cause, TRANSPORT_CAUSE_SIZE, "no response (%s)",
                 curl_easy_strerror(code));
        return TRANSPORT_NO_RESPONSE;
    }
}

enum transport_result transport_post(struct transport *transport,
                                     const char *body, size_t length,
                                     char cause[static TRANSPORT_CAUSE_SIZE])
{
    CURLcode code;

    curl_easy_setopt(transport->easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(transport->easy, CURLOPT_POSTFIELDSIZE, (long)length);
    code = curl_easy_perform(transport->easy);
    settle_connection(transport, code == CURLE_OK);
    return code == CURLE_OK ? explain_status(transport, cause)
                            : explain_failure(transport, code, cause);
}

bool transport_url_is_valid(const char *url)
{
    CURLU *parsed = curl_url();
    bool valid =
        parsed != NULL && curl_url_set(parsed, CURLUPART_URL, url, 0) == 0;

    curl_url_cleanup(parsed);
    return valid;
}
