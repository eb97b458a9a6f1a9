/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parse the bytes of one message and check it against all rules for messages.
 * No other part checks what a message may contain.
 */
#ifndef LUNAR_DOMAIN_MESSAGE_PARSE_H
#define LUNAR_DOMAIN_MESSAGE_PARSE_H

#include <stdbool.h>

#include "base/text.h"
#include "domain/message.h"

struct cJSON;

enum parse_status {
    PARSE_OK,
    PARSE_INVALID,   /* the bytes are not a valid message */
    PARSE_NO_MEMORY, /* memory is exhausted; the bytes may be valid */
};

enum {
    PARSE_MAX_TEXTS = 6, /* strings read from one message */
};

struct parsed_message {
    /* Its texts point into the body or into `unescaped`. */
    struct message message;
    /* PARSE_INVALID: */
    char detail[256]; /* one sentence for the client, in ASCII */
    bool is_several;  /* the text is an array, or an object with text after it,
                         as if it were to be several messages */
    /* Private. */
    const char *problem; /* what is wrong with a value, if there is more to say
                            than what is expected; else NULL */
    struct cJSON *unescaped[PARSE_MAX_TEXTS];
    unsigned unescaped_count;
};

/*
 * Parse one message. On PARSE_INVALID `detail` names the member and the
 * expected value, or the place at which the body is not JSON or not accepted:
 * its offset in bytes, from 0; or, if the body has several lines, its line and
 * its column, both from 1, where a column is one byte. `detail` quotes nothing
 * of the body.
 * Ownership: on PARSE_OK `body` is borrowed until the caller calls
 * message_parse_release(). Otherwise there is nothing to release.
 */
enum parse_status message_parse(struct text body,
                                struct parsed_message *parsed);

/*
 * Free what message_parse() allocated. The texts of the message are invalid
 * from then on. A second call does nothing.
 */
void message_parse_release(struct parsed_message *parsed);

#endif
