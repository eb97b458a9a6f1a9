/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of requests, each with the response that it must get, and the runner
 * for them.
 */
#ifndef LUNAR_TEST_EXCHANGE_H
#define LUNAR_TEST_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/connection.h"
#include "lib/instance.h"

struct exchange {
    /* The request. Members left out are NULL. */
    const char *method; /* NULL: "GET", or "POST" if there is a `body` */
    const char *target; /* NULL: "/messages" */
    const char *fields; /* header lines, each with its CRLF */
    const char *body;   /* sent with its Content-Length */
    const char *sent;   /* all bytes, instead of the four above */

    /* The response. With a status from 400 on it must be a problem. */
    unsigned status;
    const char *header, *value; /* a header; NULL as value: it is absent */
    const char *exact;          /* the whole body */
    const char *part;           /* a part of the body, or of the detail */
    bool closes;                /* the last one; the connection then ends */
};

/* Expect the response of `row`. A failure of the test shows the row. */
void exchange_expect(struct connection *connection, const struct exchange *row);

/* Send the request of `row`, and expect its response. */
void exchange_run(struct connection *connection, const struct exchange *row);

/*
 * Run all rows, in order, over one connection. It is opened anew after a row
 * that closes it.
 */
void exchanges_run(const struct instance *instance,
                   const struct exchange rows[], size_t count);

/* Run the array `rows`. */
#define EXCHANGES_RUN(instance, rows)                                          \
    exchanges_run(instance, rows, sizeof(rows) / sizeof((rows)[0]))

/* Run one row, given as designated initializers, on a new connection. */
#define EXCHANGE(instance, ...)                                                \
    exchanges_run(instance, &(const struct exchange){__VA_ARGS__}, 1)

#endif
