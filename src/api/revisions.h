/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Revisions as text, "0123456789abcdef-42": the start, which is the history of
 * the state, and the revision. They are in ETags, in the ids of events, and in
 * the parameters by which clients go on from there.
 */
#ifndef LUNAR_API_REVISIONS_H
#define LUNAR_API_REVISIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/text.h"

struct revision_name {
    uint64_t start;
    uint64_t revision;
};

enum { REVISIONS_SIZE = 40 /* bytes of the text, at most */ };

/* Append it. */
void revisions_write(struct buffer *out, const struct revision_name *name);

/* Append the start alone: its 16 digits. */
void revisions_write_start(struct buffer *out, uint64_t start);

/*
 * Read it; also as an ETag has it, with quotes, and with "W/" and a suffix
 * "-gzip" or "-br". False, with `*name` untouched, if it is none.
 */
bool revisions_read(struct text text, struct revision_name *name);

#endif
