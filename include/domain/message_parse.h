/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes in, a checked message or the reason why it is none out. All rules
 * about what a message may hold are here and nowhere else.
 */
#ifndef LUNAR_DOMAIN_MESSAGE_PARSE_H
#define LUNAR_DOMAIN_MESSAGE_PARSE_H

#include "base/text.h"
#include "domain/message.h"

struct cJSON;

enum parse_status {
    PARSE_OK,
    PARSE_INVALID,   /* the sender's mistake */
    PARSE_NO_MEMORY, /* ours: the same bytes may do later */
};

enum {
    PARSE_MAX_TEXTS = 6, /* that are read of one message */
};

struct parsed_message {
    /* Its texts point into the body, or into what had to be unescaped. */
    struct message message;
    char detail[256]; /* PARSE_INVALID: one sentence for the sender */
    /* Private. */
    struct cJSON *unescaped[PARSE_MAX_TEXTS];
    unsigned unescaped_count;
};

/*
 * Read one message. On PARSE_INVALID `detail` names the member and what was
 * expected, or where the text stops being JSON.
 * Ownership: on PARSE_OK `body` must stay until the caller is done with the
 * message and calls message_parse_release(); otherwise there is nothing to
 * release.
 */
enum parse_status message_parse(struct text body,
                                struct parsed_message *parsed);

/* Can be called again. */
void message_parse_release(struct parsed_message *parsed);

#endif
