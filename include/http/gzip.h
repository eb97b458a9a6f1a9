/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compresses a text that is made in parts, as one gzip member (RFC 1952), at
 * zlib's level 1: the fastest.
 */
#ifndef LUNAR_HTTP_GZIP_H
#define LUNAR_HTTP_GZIP_H

#include "base/buffer.h"
#include "base/text.h"

struct gzip;

/* It takes some 270 KB of memory. NULL if memory is exhausted. */
struct gzip *gzip_new(void);

/* NULL does nothing. */
void gzip_free(struct gzip *gzip);

/*
 * Compress `text`, of less than 4 GiB, and append what is ready to `out`. That
 * may be nothing: the compressor collects thousands of repetitions before it
 * writes. If memory is exhausted, `out` fails, and the rest is undefined.
 */
void gzip_add(struct gzip *gzip, struct text text, struct buffer *out);

/* Append the rest and the end. Nothing can be added after that. */
void gzip_end(struct gzip *gzip, struct buffer *out);

#endif
