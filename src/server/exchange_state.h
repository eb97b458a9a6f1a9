/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of an exchange, for the sources of exchanges only.
 */
#ifndef LUNAR_SERVER_EXCHANGE_STATE_H
#define LUNAR_SERVER_EXCHANGE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "client_address.h"
#include "connection.h"
#include "exchange.h"
#include "head.h"
#include "http/request.h"
#include "http/response.h"
#include "mhd_responses.h"
#include "request_body.h"
#include "request_id.h"
#include "tls_session.h"

enum stage {
    STAGE_HEAD,     /* the head has not been looked at */
    STAGE_BODY,     /* the body is arriving */
    STAGE_DEFERRED, /* the response is deferred, and not started */
    STAGE_WAITING,  /* the response is deferred, and started */
    STAGE_READY,    /* the response is complete, but not queued */
};

struct exchange {
    struct connection connection;
    const struct server_context *context;
    struct MHD_Connection *mhd;
    struct client_address client;
    struct tls_session tls;

    enum stage stage;
    struct http_request request;
    struct head head;
    struct buffer target; /* what the texts of `request` point into */
    struct request_id id; /* sent, or made for a problem; or empty */
    struct request_body body;
    bool incomplete; /* the rest of the request may be arriving */
    bool unread;     /* more came behind it than was read */
    bool cut;        /* not answered, as its body cannot be taken */
    bool recorded;  /* it is logged what response it got, or that it got none */
    uint64_t begun; /* its time */
    struct http_response response;
    struct mhd_responses responses;
    /* `request.memory`, of app.request_memory bytes. */
    max_align_t memory[];
};

#endif
