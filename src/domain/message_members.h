/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules for messages, as tables. A table lists the members of an object in
 * the order in which they are checked, each with the function that reads its
 * value. The text must have passed json_scan().
 */
#ifndef LUNAR_DOMAIN_MESSAGE_MEMBERS_H
#define LUNAR_DOMAIN_MESSAGE_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "domain/message_parse.h"

enum { MESSAGE_MAX_MEMBERS = 4 /* rows in a table, without the last */ };

struct message_member {
    struct text name; /* absent in the last row of a table */
    const char *path; /* for error texts */
    const char *expected;
    /*
     * Returns PARSE_INVALID for a wrong value, and may set `problem`; the
     * caller sets the detail.
     */
    enum parse_status (*read)(struct parsed_message *parsed, struct text value);
};

/* The members of the whole message, and of its `metadata`. */
extern const struct message_member
    message_members_root[MESSAGE_MAX_MEMBERS + 1];
extern const struct message_member
    message_members_metadata[MESSAGE_MAX_MEMBERS + 1];

/* The members of `message` in a message of this type. */
const struct message_member *message_members_of(enum message_type type);

/*
 * Set `row` to the index of the row for the name `written`, which is as in the
 * JSON text, with its quotes; or of the last row if there is none. Row `next`
 * is tried first. False if memory is exhausted.
 */
bool message_members_find(const struct message_member *members,
                          struct text written, size_t next, size_t *row);

#endif
