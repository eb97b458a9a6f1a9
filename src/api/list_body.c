/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compressing takes several times as long as writing, so a part is measured in
 * bytes of JSON: then no list keeps a worker for long, however well it
 * compresses. Nothing is flushed between parts, which would cost compression.
 */
#include "list_body.h"

#include "api/rocket_json.h"

/* Bytes of JSON that are compressed at a time. */
enum { PIECE = HTTP_STREAM_BLOCK };

void list_body_init(struct list_body *body, struct list_page *page)
{
    *body = (struct list_body){.page = page, .json = BUFFER_INIT};
}

void list_body_release(struct list_body *body)
{
    gzip_free(body->gzip);
    buffer_release(&body->json);
}

bool list_body_compress(struct list_body *body)
{
    if (list_page_count(body->page) >= LIST_BODY_GZIP_ROCKETS)
        body->gzip = gzip_new();
    return body->gzip != NULL;
}

static enum http_flow write_json(struct list_body *body, struct buffer *out,
                                 size_t size)
{
    size_t count = list_page_count(body->page);
    struct rocket_view view;

    if (body->position == 0)
        buffer_append(out, TEXT("["));
    while (body->position < count && out->length < size) {
        if (body->position > 0)
            buffer_append(out, TEXT(","));
        list_page_read(body->page, body->position++, &view);
        rocket_json_write(out, &view);
    }
    bool done = body->position == count;
    if (done)
        buffer_append(out, TEXT("]"));
    if (buffer_failed(out))
        return HTTP_FAILED;
    return done ? HTTP_DONE : HTTP_MORE;
}

static enum http_flow write_gzip(struct list_body *body, struct buffer *out,
                                 size_t size)
{
    enum http_flow flow;
    size_t written = 0;

    do {
        buffer_clear(&body->json);
        flow = write_json(body, &body->json, PIECE);
        gzip_add(body->gzip, buffer_text(&body->json), out);
        if (flow == HTTP_DONE)
            gzip_end(body->gzip, out);
        written += body->json.length;
        /* HTTP_MORE needs a byte, and there may be none yet. */
    } while (flow == HTTP_MORE && !buffer_failed(out) &&
             (written < size || out->length == 0));
    return buffer_failed(out) ? HTTP_FAILED : flow;
}

enum http_flow list_body_write(struct list_body *body, struct buffer *out,
                               size_t size)
{
    return body->gzip == NULL ? write_json(body, out, size)
                              : write_gzip(body, out, size);
}
