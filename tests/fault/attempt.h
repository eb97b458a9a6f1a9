/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to a running service in which each allocation fails in turn. A
 * client must get the right response, or 503, or a closed connection.
 */
#ifndef LUNAR_TESTS_ATTEMPT_H
#define LUNAR_TESTS_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/connection.h"
#include "lib/response.h"
#include "faulty.h"

/* Which allocations fail. */
struct attempt_mode {
    enum scarcity_scope scope;
    bool for_good;
    bool on_open_connection; /* else also those for opening the connection */
};

struct attempt {
    const char *text; /* the whole request */
    unsigned status;  /* of the right response */
    bool streamed;    /* the response may be truncated */
    /* Set by attempt_make(). */
    int64_t failed; /* how many allocations failed */
    enum connection_result result;
    struct response response; /* valid for CONNECTION_ANSWERED */
};

/*
 * Send the request, of which `left` allocations succeed, and receive the
 * response. Fails the test if no client may get this response.
 */
void attempt_make(struct faulty *faulty, const struct attempt_mode *mode,
                  int64_t left, struct attempt *attempt);

/* Whether the right response arrived. */
bool attempt_is_right(const struct attempt *attempt);

void attempt_release(struct attempt *attempt);

/*
 * Call `check` with every mode and 0, 1, 2 ... successful allocations, until it
 * returns 0 for the number of failed ones. Prints how many failed in all.
 */
void attempt_each(struct faulty *faulty, const void *test,
                  int64_t (*check)(struct faulty *faulty, const void *test,
                                   const struct attempt_mode *mode,
                                   int64_t left));

/* Requests as text. Ownership: the caller frees them. */
char *attempt_post(const char *content_type, const char *body);
char *attempt_get(const char *target);

#endif
