/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A response as received. It is parsed strictly: bytes that RFC 9112 does not
 * allow a server to send are an error.
 */
#ifndef LUNAR_TEST_RESPONSE_H
#define LUNAR_TEST_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

enum { RESPONSE_MAX_FIELDS = 32 };

/* How the end of the body was found. */
enum response_framing {
    RESPONSE_NO_BODY, /* HEAD, 1xx, 204, 304 */
    RESPONSE_LENGTH,
    RESPONSE_CHUNKED,
    RESPONSE_UNTIL_CLOSE,
};

struct response_field {
    const char *name, *value; /* point into the response's `head` */
};

struct response {
    unsigned status;
    enum response_framing framing;
    size_t field_count;
    struct response_field fields[RESPONSE_MAX_FIELDS];
    char *head; /* split into names and values */
    char *body; /* decoded, NUL-terminated */
    size_t body_length;
};

/*
 * Parse the head at `data`, up to and with its empty line. `head`: it is the
 * response to a HEAD request. Sets `body_length` with RESPONSE_LENGTH. Return
 * false if it is not valid. Ownership: the caller releases `response`, also
 * then.
 */
bool response_read_head(struct response *response, const char *data,
                        size_t length, bool head);

void response_release(struct response *response);

/*
 * Return the value of a header, or NULL if it is absent. Fails the test if it
 * occurs twice.
 */
const char *response_header(const struct response *response, const char *name);

/* Return whether this is the last response on its connection. */
bool response_closes(const struct response *response);

/* Fail, with the body as message, unless the status is `status`. */
void response_expect_status(const struct response *response, unsigned status);

/*
 * Fail unless the header `name` has exactly this value; NULL: unless it is
 * absent.
 */
void response_expect_header(const struct response *response, const char *name,
                            const char *value);

void response_expect_body(const struct response *response, const char *body);

/*
 * Parse the body, which must be JSON. Ownership: the caller deletes the result.
 */
cJSON *response_json(const struct response *response);

/*
 * Return whether this is a problem (RFC 9457) with the five members (and, of
 * a batch, its counts and errors), its own status, a `detail` that contains
 * `part`, and the `requestId` of its header; and that no cache stores it.
 */
bool response_is_problem(const struct response *response, const char *part);

/* Fail unless it is such a problem with this status. */
void response_expect_problem(const struct response *response, unsigned status,
                             const char *part);

#endif
