/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tags are weak: the same state may be written in another encoding. So the tag
 * of a list is the same whether it is gzipped or not (RFC 9110
 * section 8.8.3.3).
 */
#include "etags.h"

#include "http/etag.h"
#include "revisions.h"

bool etags_answer(const struct api *api, const struct http_request *request,
                  uint64_t revision, struct http_response *response)
{
    /* All of it fits, so the buffer never grows. */
    char room[sizeof("W/\"\"") + REVISIONS_SIZE];
    struct buffer etag = {.data = room, .capacity = sizeof(room)};

    buffer_append(&etag, TEXT("W/\""));
    revisions_write(&etag, &(struct revision_name){api->start, revision});
    buffer_append(&etag, TEXT("\""));
    http_response_header_copy(response, "ETag", buffer_text(&etag));
    http_response_header(response, "Cache-Control", "no-cache");
    bool known =
        etag_matches(request->fields.if_none_match, buffer_text(&etag));
    response->status = known ? 304 : 200;
    return known;
}
