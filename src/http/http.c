/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of HTTP needs no connection: building responses, and reading targets
 * and header fields. All of it is strict: a field that is not understood is
 * read in the way that grants the client less.
 */
#include "http/http.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void http_response_init(struct http_response *response)
{
    *response = (struct http_response){.body = BUFFER_INIT};
}

void http_response_release(struct http_response *response)
{
    for (size_t i = 0; i < response->header_count; i++) {
        /* Owned values came from malloc(3); only the type is const. */
        if (response->headers[i].owned)
            free((char *)response->headers[i].value);
    }
    buffer_release(&response->body);
    if (response->stream != NULL)
        response->stream->free(response->stream);
    if (response->later != NULL)
        response->later->free(response->later);
    http_response_init(response);
}

static struct http_header *next_header(struct http_response *response)
{
    assert(response->header_count < HTTP_MAX_HEADERS);
    return &response->headers[response->header_count++];
}

void http_response_header(struct http_response *response, const char *name,
                          const char *value)
{
    *next_header(response) = (struct http_header){name, value, false};
}

bool http_response_header_copy(struct http_response *response, const char *name,
                               struct text value)
{
    char *copy = malloc(value.length + 1);
    if (copy == NULL)
        return false;
    if (value.length > 0)
        memcpy(copy, value.data, value.length);
    copy[value.length] = '\0';

    struct http_header *header = next_header(response);
    header->name = name;
    header->value = copy;
    header->owned = true;
    return true;
}

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

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

/*
 * What a character may be in: names of fields and methods (RFC 9110 section
 * 5.6.2, tchar), and names of hosts (RFC 3986 sections 2.2 and 2.3, unreserved
 * and sub-delims). A table, as there are some hundred of them in each head.
 */
enum { TOKEN = 1, HOST = 2 };

/* clang-format off */
#define N 0
#define T TOKEN
#define H HOST
#define B (TOKEN | HOST)
static const unsigned char uses[256] = {
    [0x20] =
    N, B, N, T, B, T, B, B, H, H, B, B, H, B, B, N, /*  !"#$%&'()*+,-./ */
    B, B, B, B, B, B, B, B, B, B, N, H, N, H, N, N, /* 0123456789:;<=>? */
    N, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, /* @ABCDEFGHIJKLMNO */
    B, B, B, B, B, B, B, B, B, B, B, N, N, N, T, B, /* PQRSTUVWXYZ[\]^_ */
    T, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, /* `abcdefghijklmno */
    B, B, B, B, B, B, B, B, B, B, B, N, T, N, B, N, /* pqrstuvwxyz{|}~  */
};
#undef N
#undef T
#undef H
#undef B
/* clang-format on */

static bool may_be_in(char c, unsigned use)
{
    return (uses[(unsigned char)c] & use) != 0;
}

bool http_is_token(struct text text)
{
    for (size_t i = 0; i < text.length; i++)
        if (!may_be_in(text.data[i], TOKEN))
            return false;
    return text.length > 0;
}

static struct text skip(struct text text, size_t length)
{
    return (struct text){text.data + length, text.length - length};
}

/* Take a scheme with its "://" off the front of `text`, if it is there. */
static bool take_scheme(struct text *text, struct text scheme)
{
    if (text->length < scheme.length ||
        !text_equal_ignoring_case((struct text){text->data, scheme.length},
                                  scheme))
        return false;
    *text = skip(*text, scheme.length);
    return true;
}

static size_t authority_length(struct text text)
{
    size_t length = 0;
    while (length < text.length && strchr("/?#", text.data[length]) == NULL)
        length++;
    return length;
}

/* Take a scheme that we serve; whether it is there. */
static bool take_http(struct text *text)
{
    return take_scheme(text, TEXT("http://")) ||
           take_scheme(text, TEXT("https://"));
}

struct text http_target_authority(struct text target)
{
    if (!take_http(&target))
        return (struct text){NULL, 0};
    return (struct text){target.data, authority_length(target)};
}

void http_target_split(struct text target, struct text *path,
                       struct text *query)
{
    struct text rest = target;
    bool absolute = take_http(&rest);

    if (absolute)
        rest = skip(rest, authority_length(rest));
    *path = text_split(&rest, '?');
    *query = rest;
    if (absolute && path->length == 0)
        *path = TEXT("/");
}

ptrdiff_t http_percent_decode(char *text, size_t length, bool plus_is_space)
{
    size_t out = 0;
    for (size_t in = 0; in < length; in++) {
        char byte = text[in];
        if (byte == '+' && plus_is_space) {
            byte = ' ';
        } else if (byte == '%') {
            if (length - in < 3)
                return -1;
            int high = hex_value(text[in + 1]);
            int low = hex_value(text[in + 2]);
            if (high < 0 || low < 0)
                return -1;
            byte = (char)(high * 16 + low);
            in += 2;
        }
        text[out++] = byte;
    }
    return (ptrdiff_t)out;
}

/* How long the address in brackets at the start is; 0 if there is none. */
static size_t bracketed_length(struct text text)
{
    size_t length = 1;

    while (length < text.length &&
           (may_be_in(text.data[length], HOST) || text.data[length] == ':' ||
            text.data[length] == '%'))
        length++;
    if (length == 1 || length == text.length || text.data[length] != ']')
        return 0;
    return length + 1;
}

/* How long the name at the start is, which may be empty. */
static size_t name_length(struct text text)
{
    size_t length = 0;

    while (length < text.length) {
        if (may_be_in(text.data[length], HOST))
            length++;
        else if (text.data[length] == '%' && text.length - length >= 3 &&
                 hex_value(text.data[length + 1]) >= 0 &&
                 hex_value(text.data[length + 2]) >= 0)
            length += 3;
        else
            break;
    }
    return length;
}

bool http_is_host(struct text text)
{
    bool bracketed = text.length > 0 && text.data[0] == '[';
    size_t length = bracketed ? bracketed_length(text) : name_length(text);
    struct text port = skip(text, length);

    if (port.length > 0 && port.data[0] != ':')
        return false;
    for (size_t i = 1; i < port.length; i++)
        if (port.data[i] < '0' || port.data[i] > '9')
            return false;
    return true;
}

bool http_media_type_is(struct text content_type, struct text type)
{
    struct text given = text_trim(text_split(&content_type, ';'));
    return text_equal_ignoring_case(given, type);
}

/* Whether a qvalue (RFC 9110 section 12.4.2) is valid and above 0. */
static bool is_positive_weight(struct text weight)
{
    if (weight.length == 0 || weight.length > 5)
        return false;
    if (weight.data[0] != '0' && weight.data[0] != '1')
        return false;
    if (weight.length > 1 && weight.data[1] != '.')
        return false;
    bool whole = weight.data[0] == '1';
    bool fraction = false;
    for (size_t i = 2; i < weight.length; i++) {
        if (weight.data[i] < '0' || weight.data[i] > '9')
            return false;
        fraction = fraction || weight.data[i] != '0';
    }
    return whole != fraction;
}

/* Whether what follows a coding, "q=0.5" if anything, lets us send it. */
static bool is_acceptable(struct text parameters)
{
    if (parameters.data == NULL)
        return true;
    struct text weight = text_trim(parameters);
    struct text name = text_split(&weight, '=');
    return text_equal_ignoring_case(name, TEXT("q")) &&
           is_positive_weight(weight);
}

bool http_accepts_encoding(struct text accept_encoding, struct text coding)
{
    bool any = false;
    struct text rest = accept_encoding;
    while (rest.data != NULL) {
        struct text parameters = text_split(&rest, ',');
        struct text name = text_trim(text_split(&parameters, ';'));
        if (text_equal_ignoring_case(name, coding))
            return is_acceptable(parameters);
        if (text_equal(name, TEXT("*")))
            any = is_acceptable(parameters);
    }
    return any;
}

static struct text without_suffix(struct text text, struct text suffix)
{
    if (text.length < suffix.length)
        return text;
    size_t length = text.length - suffix.length;
    if (text_equal(skip(text, length), suffix))
        text.length = length;
    return text;
}

/*
 * Whether `origin`, a scheme and an authority, is the one of `host`. The
 * scheme's default port may be written or left out on either side.
 */
static bool is_same_authority(struct text origin, struct text host)
{
    static const struct {
        const char *scheme;
        const char *port;
    } schemes[] = {{"http://", ":80"}, {"https://", ":443"}};
    struct text authority = origin;
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (!take_scheme(&authority, text_of(schemes[i].scheme)))
            continue;
        struct text port = text_of(schemes[i].port);
        authority = without_suffix(authority, port);
        host = without_suffix(host, port);
        return authority.length > 0 &&
               text_equal_ignoring_case(authority, host);
    }
    return false;
}

bool http_is_cross_site(const struct http_fields *fields)
{
    struct text site = fields->sec_fetch_site;
    if (site.data != NULL)
        return !text_equal(site, TEXT("same-origin")) &&
               !text_equal(site, TEXT("none"));
    return fields->origin.data != NULL &&
           !is_same_authority(fields->origin, fields->host);
}
