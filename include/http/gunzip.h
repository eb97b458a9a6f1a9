/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decodes gzip data (RFC 1952), which may arrive in parts, in steps of bounded
 * output: a few bytes can stand for a thousand times as many.
 *
 * The data is one member or several, one behind the other (section 2.2), and
 * nothing else: bytes behind a member that begin no other one are an error, as
 * it is not known what they stand for.
 */
#ifndef LUNAR_HTTP_GUNZIP_H
#define LUNAR_HTTP_GUNZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/quota.h"
#include "base/text.h"

enum {
    GUNZIP_STEP = 64 * 1024, /* bytes of output, at most */
};

struct gunzip;

/*
 * All memory, some 40 KB, is allocated through `quota`, most of it only when it
 * is needed. NULL if memory or the quota is exhausted.
 * Ownership: `quota` is borrowed.
 */
struct gunzip *gunzip_new(struct quota *quota);

/* NULL does nothing. */
void gunzip_free(struct gunzip *gunzip);

enum gunzip_result {
    GUNZIP_MORE, /* all input is decoded; more may follow */
    GUNZIP_FULL, /* the output is full; call again, also without input */
    /* No step may follow on these two. */
    GUNZIP_CORRUPT,
    GUNZIP_NO_MEMORY,
};

/*
 * Decode from the front of `in`, which is shortened, to `out`; `*length`
 * becomes the number of bytes there, also if the result is an error.
 * Ownership: `in` is borrowed for the call.
 */
enum gunzip_result gunzip_step(struct gunzip *gunzip, struct text *in,
                               char out[static GUNZIP_STEP], size_t *length);

/* Whether the input so far ends with a member. False before the first one. */
bool gunzip_is_complete(const struct gunzip *gunzip);

/* After GUNZIP_CORRUPT: what is wrong, in a few words of zlib's. Static. */
const char *gunzip_objection(const struct gunzip *gunzip);

#endif
