/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids are percent-encoded, all but the unreserved characters of RFC 3986.
 */
#include "watch_url.h"

#include <stdio.h>
#include <string.h>

size_t watch_url_base(const char *url)
{
    static const char *const LAST[] = {"/messages", "/rockets", "/events"};
    size_t length = strlen(url);

    while (length > 0 && url[length - 1] == '/')
        length--;
    for (size_t i = 0; i < sizeof(LAST) / sizeof(LAST[0]); i++) {
        size_t last = strlen(LAST[i]);

        /* In "http://messages" it is the host. */
        if (length > last && url[length - last - 1] != '/' &&
            memcmp(url + length - last, LAST[i], last) == 0)
            return length - last;
    }
    return length;
}

static bool is_unreserved(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') ||
           (byte != '\0' && strchr("-._~", byte) != NULL);
}

static void append_encoded(struct bytes *out, const char *text)
{
    for (; *text != '\0'; text++) {
        char encoded[4];

        if (is_unreserved(*text)) {
            bytes_append(out, text, 1);
            continue;
        }
        snprintf(encoded, sizeof(encoded), "%%%02X",
                 (unsigned)(unsigned char)*text);
        bytes_append(out, encoded, 3);
    }
}

static void append_base(struct bytes *out, const char *url)
{
    bytes_append(out, url, watch_url_base(url));
}

/* Without "rockets"; "launched", which is rare, if there is no other event. */
static void append_other_events(struct bytes *out, const char *events)
{
    static const char ROCKETS[] = "rockets";
    const size_t start = out->length;

    while (*events != '\0') {
        const size_t length = strcspn(events, ",");

        if (length != strlen(ROCKETS) || memcmp(events, ROCKETS, length) != 0) {
            bytes_append(out, ",", out->length > start ? 1 : 0);
            bytes_append(out, events, length);
        }
        events += length;
        events += *events == ',' ? 1 : 0;
    }
    if (out->length == start)
        bytes_append_text(out, "launched");
}

void watch_url_stream(struct bytes *out, const char *url,
                      const struct watch_url_stream *stream)
{
    size_t start;

    append_base(out, url);
    start = out->length;
    bytes_append_text(out, "/events?events=");
    if (stream->no_rockets)
        append_other_events(out, stream->events);
    else
        bytes_append_text(out, stream->events);
    if (stream->interval_ms > 0) {
        char interval[32];

        snprintf(interval, sizeof(interval), "&interval=%u",
                 stream->interval_ms);
        bytes_append_text(out, interval);
    }
    for (size_t i = 0; i < stream->id_count; i++) {
        size_t before = out->length;

        bytes_append_text(out, "&id=");
        append_encoded(out, stream->ids[i]);
        if (out->length - start > WATCH_URL_MAX_QUERY) {
            out->length = before;
            break;
        }
    }
    bytes_append(out, "", 1);
}

void watch_url_list(struct bytes *out, const char *url, const char *sort,
                    const char *order, size_t limit)
{
    char query[128];

    append_base(out, url);
    snprintf(query, sizeof(query), "/rockets?sort=%s&order=%s&limit=%zu", sort,
             order, limit);
    bytes_append(out, query, strlen(query) + 1);
}

void watch_url_rocket(struct bytes *out, const char *url, const char *id)
{
    append_base(out, url);
    bytes_append_text(out, "/rockets/");
    append_encoded(out, id);
    bytes_append(out, "", 1);
}
