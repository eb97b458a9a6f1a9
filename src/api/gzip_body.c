/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A body at once, by the functions that compress streams as well.
 */
#include "gzip_body.h"

#include "http/gzip.h"

void gzip_body(struct http_response *response)
{
    struct buffer compressed = BUFFER_INIT;
    struct gzip *gzip = gzip_new();

    if (gzip == NULL)
        return;
    gzip_add(gzip, buffer_text(&response->body), &compressed);
    gzip_end(gzip, &compressed);
    gzip_free(gzip);
    if (buffer_failed(&compressed)) {
        buffer_release(&compressed);
        return;
    }
    buffer_release(&response->body);
    response->body = compressed;
    http_response_header(response, "Content-Encoding", "gzip");
}
