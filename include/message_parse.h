/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes in, a checked message or the reason why it is none out. All rules
 * about what a message may hold are here and nowhere else.
 */
#ifndef LUNAR_MESSAGE_PARSE_H
#define LUNAR_MESSAGE_PARSE_H

#include "message.h"
#include "text.h"

struct cJSON;

enum parse_status {
    PARSE_OK,
    PARSE_INVALID,   /* the sender's mistake */
    PARSE_NO_MEMORY, /* ours: the same bytes may do later */
};

struct parsed_message {
    struct message message; /* its texts point into `document` */
    struct cJSON *document;
    char detail[256]; /* PARSE_INVALID: one sentence for the sender */
};

/*
 * Have cJSON take its memory from where it is fast, in all of the process.
 * Called once at the start, before threads; without it all works, slower. A
 * message is then to be released by the thread that parsed it.
 */
void message_parse_init(void);

/*
 * Read one message. `body` must be followed by a NUL that its length does
 * not count (cJSON wants it). On PARSE_INVALID `detail` names the member
 * and what was expected, or where the text stops being JSON.
 * Ownership: on PARSE_OK the caller calls message_parse_release() once done
 * with the message; otherwise there is nothing to release.
 */
enum parse_status message_parse(struct text body,
                                struct parsed_message *parsed);

void message_parse_release(struct parsed_message *parsed);

#endif
