/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 3986 as far as a client of this service needs it.
 */
#include "http/url.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "http/fields.h"

/* The zone of an address follows "%25" in a URL (RFC 6874), "%" elsewhere. */
static bool read_host(struct text host, char out[HTTP_URL_HOST])
{
    bool bracketed = host.length > 0 && host.data[0] == '[';

    if (bracketed)
        host = (struct text){host.data + 1, host.length - 2};
    struct text zone = host;
    struct text name = text_split(&zone, '%');
    if (host.length == 0 || host.length >= HTTP_URL_HOST)
        return false;
    if (zone.data != NULL && (!bracketed || zone.length <= 2 ||
                              !text_take_prefix(&zone, TEXT("25"))))
        return false;
    snprintf(out, HTTP_URL_HOST, "%.*s%s%.*s", (int)name.length, name.data,
             zone.data != NULL ? "%" : "", (int)zone.length, zone.data);
    return true;
}

/* What may follow the host and port, sent as it is: no white space. */
static bool is_path(struct text text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~' || text.data[i] == '#')
            return false;
    return true;
}

/* The length of what is in front of the path, query or fragment. */
static size_t authority_length(struct text rest)
{
    size_t length = 0;

    while (length < rest.length && rest.data[length] != '/' &&
           rest.data[length] != '?' && rest.data[length] != '#')
        length++;
    return length;
}

bool http_url_read(struct text url, struct http_url *out)
{
    size_t length = url.length;
    bool secure = text_take_prefix(&url, TEXT("https://"));
    uint64_t port = secure ? 443 : 80;

    if (length >= HTTP_URL_TEXT ||
        (!secure && !text_take_prefix(&url, TEXT("http://"))))
        return false;
    out->secure = secure;
    struct text authority = {url.data, authority_length(url)};
    if (!http_is_host(authority))
        return false;
    out->path = text_skip(url, authority.length);

    /* A colon before the last bracket is a part of an address. */
    struct text host = authority, digits = {NULL, 0};
    size_t colon = authority.length;
    while (colon > 0 && text_is_digit(authority.data[colon - 1]))
        colon--;
    if (colon > 0 && authority.data[colon - 1] == ':') {
        host.length = colon - 1;
        digits = text_skip(authority, colon);
    }
    if (digits.length > 0 &&
        (!text_read_unsigned(digits, UINT16_MAX, &port) || port == 0))
        return false;
    snprintf(out->port, sizeof(out->port), "%u", (unsigned)port);
    return read_host(host, out->host) && is_path(out->path);
}

void http_url_write_host(const struct http_url *url,
                         char out[HTTP_URL_HOST + HTTP_URL_PORT + 3])
{
    bool ipv6 = strchr(url->host, ':') != NULL;

    snprintf(out, HTTP_URL_HOST + HTTP_URL_PORT + 3, "%s%.*s%s:%s",
             ipv6 ? "[" : "", (int)strcspn(url->host, "%"), url->host,
             ipv6 ? "]" : "", url->port);
}
