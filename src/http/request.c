/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses methods, and splits targets into the parts that handlers read.
 */
#include "http/request.h"

#include <string.h>

#include "http/target.h"

enum http_method http_method_of(struct text name)
{
    static const struct {
        const char *name;
        enum http_method method;
    } methods[] = {
        {"POST", HTTP_POST},
        {"GET", HTTP_GET},
        {"HEAD", HTTP_HEAD},
        {"OPTIONS", HTTP_OPTIONS},
    };
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (text_equal(name, text_of(methods[i].name)))
            return methods[i].method;
    }
    return HTTP_OTHER;
}

static bool has_percent(struct text text)
{
    return text.length > 0 && memchr(text.data, '%', text.length) != NULL;
}

/* False for a "%" without two hexadecimal digits. */
static bool decode_segments(struct http_request *request, char *decoded)
{
    struct text rest = request->path;
    bool encoded = has_percent(rest);

    request->segment_count = 0;
    /* Nothing precedes the first slash of an origin-form target. */
    if (text_split(&rest, '/').length > 0)
        return !encoded || http_is_percent_encoded(request->path);
    while (rest.data != NULL) {
        struct text segment = text_split(&rest, '/');
        if (encoded) {
            memcpy(decoded, segment.data, segment.length);
            ptrdiff_t length =
                http_percent_decode(decoded, segment.length, false);
            if (length < 0)
                return false;
            segment = (struct text){decoded, (size_t)length};
            decoded += length;
        }
        if (request->segment_count < HTTP_MAX_SEGMENTS)
            request->segments[request->segment_count] = segment;
        request->segment_count++;
    }
    if (request->segment_count > HTTP_MAX_SEGMENTS)
        request->segment_count = 0;
    return true;
}

void http_request_set_target(struct http_request *request, struct text target,
                             char *decoded)
{
    http_target_split(target, &request->path, &request->query);
    request->malformed_path = !decode_segments(request, decoded);
    request->malformed_query =
        has_percent(request->query) && !http_is_percent_encoded(request->query);
}
