/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of a head, one by one: which are kept, and what they say of the
 * body and of the connection. For head.c only, which judges it.
 */
#ifndef LUNAR_SERVER_HEAD_FIELDS_H
#define LUNAR_SERVER_HEAD_FIELDS_H

#include <stdbool.h>

#include "base/text.h"
#include "head.h"

/* What is known of a head, field by field. */
struct head_reading {
    struct http_fields *fields;
    struct head *head;
    unsigned hosts, lengths, encodings;
    bool bad_name, bad_value, bad_lines, bad_length, bad_encoding;
    bool unknown_encoding, repeated, no_memory;
    bool other_expectations, no_expectations;
    bool wants_close, wants_keep_alive;
    const char *end; /* of the last line that MHD has reported */
};

/*
 * Read a field. Of those that are neither counted nor kept nothing is read.
 * Ownership: `value`, which has memory of the connection, may be kept.
 */
void head_read_field(struct head_reading *reading, struct text name,
                     struct text value);

#endif
