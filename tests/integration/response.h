/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A response as it came over the wire, taken apart strictly: whatever RFC
 * 9112 does not allow a server to send is RESPONSE_BROKEN.
 */
#ifndef LUNAR_TEST_RESPONSE_H
#define LUNAR_TEST_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

enum { RESPONSE_MAX_FIELDS = 32 };

/* How the end of the body was told. */
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
    char *head; /* cut into names and values */
    char *body; /* decoded, and followed by a NUL */
    size_t body_length;
};

enum response_result {
    RESPONSE_DONE,
    RESPONSE_PARTIAL, /* more bytes are needed */
    RESPONSE_BROKEN,
};

/*
 * Read one response from the front of `data`. `ended`: the connection is
 * closed, no more will come. `head`: it answers a HEAD request. `consumed`
 * is how many bytes it took; the rest belongs to the next one.
 * Ownership: with RESPONSE_DONE the caller releases `response`.
 */
enum response_result response_read(struct response *response, const char *data,
                                   size_t length, bool ended, bool head,
                                   size_t *consumed);

void response_release(struct response *response);

/* A header's value, NULL if it is not there; that it is there twice fails. */
const char *response_header(const struct response *response, const char *name);

/* Whether this is the last response on its connection. */
bool response_closes(const struct response *response);

/* Fail unless the status is `status`; shows the body. */
void response_expect_status(const struct response *response, unsigned status);

/* Fail unless the header `name` has exactly this value; NULL: is absent. */
void response_expect_header(const struct response *response, const char *name,
                            const char *value);

void response_expect_body(const struct response *response, const char *body);

/* The body, which must be JSON. Ownership: the caller deletes the result. */
cJSON *response_json(const struct response *response);

/*
 * Fail unless this is a problem of RFC 9457 with the four members, this
 * status, and a `detail` that contains `part`.
 */
void response_expect_problem(const struct response *response, unsigned status,
                             const char *part);

#endif
