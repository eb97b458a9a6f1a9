/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a reply that is not a success means, in words: its status, the `detail`
 * of a problem (RFC 9457), the id by which the service's log has it, and
 * advice.
 */
#ifndef ROCKETS_REPLY_H
#define ROCKETS_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REPLY_TEXT_SIZE = 512 };

struct reply {
    long status;
    const char *content_type; /* NULL: none */
    const char *location;     /* of a redirect, NULL: none */
    const char *body;         /* not terminated */
    size_t length;
};

/*
 * Whether the same request will get the same status again: a redirect, which
 * is not followed; a client error but 408, 425 and 429; 501 and 505.
 */
bool reply_is_refusal(long status);

/*
 * Write the status, and the reason and the id that the service gives, such as
 * `status 404, "no rocket has this id", requestId 4dad40f0`. It is printable
 * ASCII, whatever the service sent.
 */
void reply_explain(const struct reply *reply,
                   char text[static REPLY_TEXT_SIZE]);

/*
 * Read the value of a field Lunar-Position: decimal digits, nothing else, and
 * at most INT64_MAX. Returns false, with `*position` untouched, if it is not.
 */
bool reply_read_position(const char *value, uint64_t *position);

/* What the user may do about a refusal: a static sentence. */
const char *reply_advice(long status);

#endif
