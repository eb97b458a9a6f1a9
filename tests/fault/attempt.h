/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to a running service while its memory ends, at each allocation in
 * turn, and what a client may see of that: the right answer, or 503, or a
 * closed connection.
 */
#ifndef LUNAR_TESTS_ATTEMPT_H
#define LUNAR_TESTS_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "../integration/connection.h"
#include "../integration/response.h"
#include "faulty.h"

/* Which allocations fail. */
struct attempt_mode {
    enum scarcity_scope scope;
    bool for_good;
    bool on_open_connection; /* else its opening is part of it */
};

struct attempt {
    const char *text; /* the whole request */
    unsigned status;  /* of the right answer */
    bool streamed;    /* the answer may be one that breaks off */
    /* Set by attempt_make(). */
    int64_t failed; /* allocations that did */
    enum connection_result result;
    struct response response; /* if the result is an answer */
};

/*
 * Send the request and receive the answer; `left` allocations succeed. Fails
 * the test if a client should not see what came.
 */
void attempt_make(struct faulty *faulty, const struct attempt_mode *mode,
                  int64_t left, struct attempt *attempt);

/* Whether the right answer came. */
bool attempt_is_right(const struct attempt *attempt);

void attempt_release(struct attempt *attempt);

/*
 * Call `check` with every mode and 0, 1, 2 ... allocations that succeed, as
 * long as it returns that some have failed. Prints how many did in all.
 */
void attempt_each(struct faulty *faulty, const void *test,
                  int64_t (*check)(struct faulty *faulty, const void *test,
                                   const struct attempt_mode *mode,
                                   int64_t left));

/* Requests as text. Ownership: the caller frees them. */
char *attempt_post(const char *content_type, const char *body);
char *attempt_get(const char *target);

#endif
