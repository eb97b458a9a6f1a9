/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of a request, and why it failed, in words.
 */
#ifndef ROCKETS_FAILURE_H
#define ROCKETS_FAILURE_H

#include <curl/curl.h>

#include "reply.h"

enum {
    TRANSPORT_TIMEOUT_MS = 10000, /* for connecting, request and response */
    TRANSPORT_CAUSE_SIZE = REPLY_TEXT_SIZE
};

enum transport_result {
    TRANSPORT_DELIVERED,
    TRANSPORT_STOPPED,
    /* Failures, each with a struct transport_failure: */
    TRANSPORT_UNKNOWN_HOST,
    TRANSPORT_NO_CONNECTION,
    TRANSPORT_NO_ROOM, /* no local port or descriptor left */
    TRANSPORT_TIMED_OUT,
    TRANSPORT_WRONG_PROTOCOL, /* no TLS, or no HTTP, on the other side */
    TRANSPORT_UNTRUSTED,      /* the certificate is not accepted */
    TRANSPORT_NO_RESPONSE,    /* a connection, but no complete response */
    TRANSPORT_REFUSED,        /* a status by reply_is_refusal() */
    TRANSPORT_BAD_STATUS,     /* any other status but 2xx */
};

struct transport_failure {
    long status;        /* 0: no response */
    const char *advice; /* a static sentence, "" if there is none */
    char cause[TRANSPORT_CAUSE_SIZE]; /* what to log after the URL, such as
                                         "status 503" */
};

/* What a request leaves besides the code of curl. */
struct failure_trace {
    int socket_error;           /* errno of its socket(2), which curl does not
                                   tell, or 0 */
    char text[CURL_ERROR_SIZE]; /* CURLOPT_ERRORBUFFER */
};

/* Explain a request for which there is no response. */
enum transport_result failure_explain(CURL *easy, CURLcode code,
                                      const struct failure_trace *trace,
                                      struct transport_failure *failure);

#endif
