/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of header fields. Parsing is strict: a field that cannot be parsed is
 * read in the way that grants the client less.
 */
#include "http/fields.h"

#include <stddef.h>

/*
 * Where a character may occur: in tokens, which are field names and methods
 * (RFC 9110 section 5.6.2, tchar), and in host names (RFC 3986 sections 2.2 and
 * 2.3, unreserved and sub-delims). A table, as every head has about a hundred
 * such characters to check.
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

bool http_list_has(struct text list, struct text token)
{
    while (list.data != NULL) {
        struct text element = text_trim(text_split(&list, ','));
        if (text_equal_ignoring_case(element, token))
            return true;
    }
    return false;
}

bool http_is_request_id(struct text text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] <= ' ' || text.data[i] >= '\x7f')
            return false;
    return text.length >= 1 && text.length <= HTTP_MAX_REQUEST_ID;
}

enum http_transfer_coding http_transfer_coding_of(struct text value)
{
    static const struct text chunked = {"chunked", 7};
    bool last = false, unknown = false;

    if (text_equal_ignoring_case(value, chunked))
        return HTTP_TRANSFER_CHUNKED;
    while (value.data != NULL) {
        struct text element = text_trim(text_split(&value, ','));
        struct text name = text_trim(text_split(&element, ';'));
        /* An empty element is not one (RFC 9110 section 5.6.1.2). */
        if (name.length == 0 && element.data == NULL)
            continue;
        if (last || !http_is_token(name))
            return HTTP_TRANSFER_INVALID;
        last = text_equal_ignoring_case(name, chunked);
        unknown = unknown || !last;
    }
    return unknown ? HTTP_TRANSFER_UNKNOWN : HTTP_TRANSFER_INVALID;
}

/* The length of the address in brackets at the start; 0 if there is none. */
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
                 text_hex_value(text.data[length + 1]) >= 0 &&
                 text_hex_value(text.data[length + 2]) >= 0)
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
    struct text port = text_skip(text, length);

    if (port.length > 0 && port.data[0] != ':')
        return false;
    for (size_t i = 1; i < port.length; i++)
        if (!text_is_digit(port.data[i]))
            return false;
    return true;
}

struct text http_media_type(struct text content_type)
{
    if (content_type.data == NULL)
        return content_type;
    return text_trim(text_split(&content_type, ';'));
}

static enum http_coding coding_of(struct text name)
{
    if (name.length == 0 || text_equal_ignoring_case(name, TEXT("identity")))
        return HTTP_IDENTITY;
    if (text_equal_ignoring_case(name, TEXT("gzip")) ||
        text_equal_ignoring_case(name, TEXT("x-gzip")))
        return HTTP_GZIP;
    return HTTP_OTHER_CODING;
}

enum http_coding http_content_coding(struct text content_encoding)
{
    enum http_coding all = HTTP_IDENTITY;

    while (content_encoding.data != NULL) {
        enum http_coding one =
            coding_of(text_trim(text_split(&content_encoding, ',')));
        if (one == HTTP_IDENTITY)
            continue;
        all = all == HTTP_IDENTITY ? one : HTTP_OTHER_CODING;
    }
    return all;
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
        if (!text_is_digit(weight.data[i]))
            return false;
        fraction = fraction || weight.data[i] != '0';
    }
    return whole != fraction;
}

/* Whether the parameters of a coding, "q=0.5" or none, allow it. */
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
