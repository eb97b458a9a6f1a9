/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a list: the JSON of its rockets, plain or gzipped, written in
 * parts. Each rocket is read when its turn comes.
 *
 * Locking: as list_page.h; one thread at a time uses a body.
 */
#ifndef LUNAR_API_LIST_BODY_H
#define LUNAR_API_LIST_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "http/body.h"
#include "http/gzip.h"
#include "listing/list_page.h"

enum {
    /*
     * Rockets from which on a list is worth compressing: with fewer it has
     * about one packet of a network anyway.
     */
    LIST_BODY_GZIP_ROCKETS = 8,
};

struct list_body {
    struct list_page *page;
    size_t position;    /* of the next rocket to be written */
    struct gzip *gzip;  /* NULL: plain */
    struct buffer json; /* what is compressed next */
};

/* Ownership: `page` is borrowed until the release. */
void list_body_init(struct list_body *body, struct list_page *page);

/* Also of a body that is all zero. */
void list_body_release(struct list_body *body);

/*
 * Have the body compressed; before the first write. False, and it stays plain,
 * if the list is too short, or if there is no memory to compress it.
 */
bool list_body_compress(struct list_body *body);

/*
 * Append the next rockets to `out`: about `size` bytes of JSON, or what these
 * compress to, or more if that is nothing yet. Returns HTTP_DONE with the last
 * rocket, and HTTP_FAILED if memory is exhausted.
 */
enum http_flow list_body_write(struct list_body *body, struct buffer *out,
                               size_t size);

#endif
