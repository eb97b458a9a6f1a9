/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tags are weak: the same state may be written in another encoding. So the tag
 * of a list is the same whether it is gzipped or not (RFC 9110
 * section 8.8.3.3).
 */
#include "etags.h"

#include <stdio.h>

#include "http/etag.h"

enum { MAX_ETAG = 64 };

bool etags_answer(const struct api *api, const struct http_request *request,
                  uint64_t revision, struct http_response *response)
{
    char etag[MAX_ETAG];
    int length = snprintf(etag, sizeof(etag), "W/\"%016jx-%ju\"",
                          (uintmax_t)api->start, (uintmax_t)revision);
    struct text text = {etag, (size_t)length};

    http_response_header_copy(response, "ETag", text);
    http_response_header(response, "Cache-Control", "no-cache");
    bool known = etag_matches(request->fields.if_none_match, text);
    response->status = known ? 304 : 200;
    return known;
}
