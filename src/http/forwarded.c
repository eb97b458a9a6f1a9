/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both kinds of fields become a chain of hops, in the order in which proxies
 * have added them; then the same walk from its end finds the one of the client.
 *
 * A Forwarded is read from its beginning, although its beginning may be a
 * client's: where a quoted string begins is certain only from there. If the
 * client leaves one open, what the proxies add does not fit the grammar any
 * more, and nothing counts.
 */
#include "http/forwarded.h"

#include <string.h>

#include "http/fields.h"

/* What one proxy has said. A text is absent if it was not said. */
struct hop {
    struct text node, proto, host;
};

struct chain {
    struct hop hops[FORWARDED_MAX_HOPS]; /* hop i, if it is kept, at i % MAX */
    size_t count;                        /* only the last of them are kept */
};

static struct hop *add_hop(struct chain *chain)
{
    struct hop *hop = &chain->hops[chain->count++ % FORWARDED_MAX_HOPS];

    *hop = (struct hop){.node = {NULL, 0}};
    return hop;
}

/* Hop 0 is the last one, of the peer. */
static const struct hop *hop_from_end(const struct chain *chain, size_t index)
{
    return &chain->hops[(chain->count - 1 - index) % FORWARDED_MAX_HOPS];
}

static void skip_white_space(struct text *rest)
{
    while (rest->length > 0 && (rest->data[0] == ' ' || rest->data[0] == '\t'))
        *rest = text_skip(*rest, 1);
}

static bool take_character(struct text *rest, char character)
{
    if (rest->length == 0 || rest->data[0] != character)
        return false;
    *rest = text_skip(*rest, 1);
    return true;
}

/* Take a token (RFC 9110 section 5.6.2). */
static bool take_token(struct text *rest, struct text *token)
{
    *token = (struct text){rest->data, 0};
    while (token->length < rest->length &&
           strchr("=;, \t", rest->data[token->length]) == NULL)
        token->length++;
    *rest = text_skip(*rest, token->length);
    return http_is_token(*token);
}

/* Tab, space, visible characters and obs-text (RFC 9110 section 5.5). */
static bool may_be_quoted(char c)
{
    return c == '\t' || ((unsigned char)c >= ' ' && c != '\x7f');
}

/*
 * Take the rest of a quoted string (RFC 9110 section 5.6.4), behind its first
 * quote. A backslash stays in the value, which is then not valid: none of the
 * values that matter needs one.
 */
static bool take_quoted(struct text *rest, struct text *value)
{
    *value = (struct text){rest->data, 0};
    while (value->length < rest->length && rest->data[value->length] != '"') {
        if (rest->data[value->length] == '\\' &&
            ++value->length == rest->length)
            return false;
        if (!may_be_quoted(rest->data[value->length++]))
            return false;
    }
    *rest = text_skip(*rest, value->length);
    return take_character(rest, '"');
}

/* The parameter of `hop` with this name, or NULL for one that is not used. */
static struct text *find_parameter(struct hop *hop, struct text name)
{
    if (text_equal_ignoring_case(name, TEXT("for")))
        return &hop->node;
    if (text_equal_ignoring_case(name, TEXT("proto")))
        return &hop->proto;
    if (text_equal_ignoring_case(name, TEXT("host")))
        return &hop->host;
    return NULL;
}

/* Take a forwarded-pair; a parameter occurs once (RFC 7239 section 4). */
static bool take_pair(struct text *rest, struct hop *hop)
{
    struct text name, value;

    if (!take_token(rest, &name) || !take_character(rest, '=') ||
        !(take_character(rest, '"') ? take_quoted(rest, &value)
                                    : take_token(rest, &value)))
        return false;
    struct text *parameter = find_parameter(hop, name);
    if (parameter == NULL)
        return true;
    if (parameter->data != NULL)
        return false;
    *parameter = value;
    return true;
}

/*
 * Take a forwarded-element, which may be empty: such a proxy says nothing.
 * White space around a pair is not in the grammar, but it is often sent.
 */
static bool take_element(struct text *rest, struct hop *hop)
{
    do {
        skip_white_space(rest);
        if (rest->length > 0 && strchr(",;", rest->data[0]) == NULL &&
            !take_pair(rest, hop))
            return false;
        skip_white_space(rest);
    } while (take_character(rest, ';'));
    return rest->length == 0 || rest->data[0] == ',';
}

/* Read a Forwarded (RFC 7239 section 4). False if it breaks the grammar. */
static bool read_elements(struct text field, struct chain *chain)
{
    struct text rest = field;

    do {
        if (!take_element(&rest, add_hop(chain)))
            return false;
    } while (take_character(&rest, ','));
    return true;
}

/* Read an X-Forwarded-For, of which an empty element says nothing as well. */
static void read_nodes(struct text field, struct chain *chain)
{
    struct text rest = field;

    while (rest.data != NULL)
        add_hop(chain)->node = text_trim(text_split(&rest, ','));
}

/*
 * The element of the list that the proxy of hop `index` has added, counted from
 * the end. If there are not so many, the proxies behind that one have not added
 * any, but passed on what came: then it is the first.
 */
static struct text element_from_end(struct text list, size_t index)
{
    struct text element = list;

    while (element.data != NULL) {
        size_t begin = element.length;
        while (begin > 0 && element.data[begin - 1] != ',')
            begin--;
        if (index-- == 0 || begin == 0)
            return text_trim(text_skip(element, begin));
        element.length = begin - 1;
    }
    return element;
}

/*
 * A node-port (RFC 7239 section 6), behind its colon. One that is obfuscated is
 * not known.
 */
static bool read_port(struct text text, uint16_t *port)
{
    uint64_t number = 0;

    if (text.length >= 2 && text.data[0] == '_') {
        *port = 0;
        return http_is_token(text);
    }
    if (text.length > 5 || !text_read_unsigned(text, UINT16_MAX, &number))
        return false;
    *port = (uint16_t)number;
    return true;
}

/* Split "192.0.2.1:80" or "[2001:db8::1]:80"; the port may be missing. */
static bool split_node(struct text node, struct text *address,
                       struct text *port)
{
    struct text rest = node;

    if (!take_character(&rest, '[')) {
        *address = text_split(&rest, ':');
        *port = rest;
        return true;
    }
    *address = text_split(&rest, ']');
    *port = (struct text){NULL, 0};
    if (rest.data == NULL ||
        memchr(address->data, ':', address->length) == NULL)
        return false;
    if (rest.length == 0)
        return true;
    *port = text_skip(rest, 1);
    return rest.data[0] == ':';
}

/*
 * Read a node (RFC 7239 section 6). False if it has no address: also "unknown",
 * and identifiers as "_hidden". An X-Forwarded-For has no grammar; addresses of
 * IPv6 without brackets, `bare`, are common there.
 */
static bool read_node(struct text node, bool bare, struct forwarded *result)
{
    struct network_address address;
    struct text host, port;
    uint16_t number = 0;

    if (node.data == NULL)
        return false;
    if (bare && networks_read_address(node, &address)) {
        port = (struct text){NULL, 0};
    } else if (!split_node(node, &host, &port) ||
               !networks_read_address(host, &address)) {
        return false;
    }
    if (port.data != NULL && !read_port(port, &number))
        return false;
    result->has_client = true;
    result->client = address;
    result->port = number;
    return true;
}

/*
 * Find the hop of the client: the last of which the address is not that of a
 * trusted proxy, or not known; else the first. Sets the client, if it is known.
 * False if there are too many.
 */
static bool find_client(const struct chain *chain, bool bare,
                        const struct networks *trusted, size_t *index,
                        struct forwarded *result)
{
    struct forwarded node = {.has_client = false};

    for (size_t i = 0; i < chain->count && i < FORWARDED_MAX_HOPS; i++) {
        bool known = read_node(hop_from_end(chain, i)->node, bare, &node);
        if (known && networks_have(trusted, &node.client) &&
            i + 1 < chain->count)
            continue;
        *index = i;
        if (known)
            *result = node;
        return true;
    }
    return false;
}

static enum http_scheme scheme_of(struct text proto)
{
    if (text_equal_ignoring_case(proto, TEXT("https")))
        return HTTP_SCHEME_HTTPS;
    if (text_equal_ignoring_case(proto, TEXT("http")))
        return HTTP_SCHEME_HTTP;
    return HTTP_SCHEME_UNKNOWN;
}

/* Absent if it is not a valid host: that of a URL is not empty. */
static struct text valid_host(struct text host)
{
    bool valid = host.length > 0 && host.data[0] != ':' && http_is_host(host);

    return valid ? host : (struct text){NULL, 0};
}

static void read_forwarded(struct text field, const struct networks *trusted,
                           struct forwarded *result)
{
    struct chain chain = {.count = 0};
    size_t index;

    if (!read_elements(field, &chain) ||
        !find_client(&chain, false, trusted, &index, result))
        return;
    result->scheme = scheme_of(hop_from_end(&chain, index)->proto);
    result->host = valid_host(hop_from_end(&chain, index)->host);
}

static void read_x_forwarded(const struct forwarded_fields *fields,
                             const struct networks *trusted,
                             struct forwarded *result)
{
    struct chain chain = {.count = 0};
    size_t index = 0;

    read_nodes(fields->x_for, &chain);
    if (chain.count > 0 && !find_client(&chain, true, trusted, &index, result))
        return;
    result->scheme = scheme_of(element_from_end(fields->x_proto, index));
    result->host = valid_host(element_from_end(fields->x_host, index));
}

/* Leave in `a` what `b` says as well. */
static void keep_agreement(struct forwarded *a, const struct forwarded *b)
{
    if (!b->has_client ||
        memcmp(&a->client, &b->client, sizeof(a->client)) != 0)
        a->has_client = false;
    if (a->port != b->port)
        a->port = 0;
    if (a->scheme != b->scheme)
        a->scheme = HTTP_SCHEME_UNKNOWN;
    if (!text_equal_ignoring_case(a->host, b->host))
        a->host = (struct text){NULL, 0};
}

static bool has_x(const struct forwarded_fields *fields)
{
    return fields->x_for.data != NULL || fields->x_proto.data != NULL ||
           fields->x_host.data != NULL;
}

bool forwarded_is_sent(const struct forwarded_fields *fields)
{
    return fields->forwarded.data != NULL || has_x(fields);
}

void forwarded_read(const struct forwarded_fields *fields,
                    const struct networks *trusted, struct forwarded *result)
{
    struct forwarded x = {.has_client = false};

    *result = x;
    if (fields->forwarded.data != NULL)
        read_forwarded(fields->forwarded, trusted, result);
    if (!has_x(fields))
        return;
    read_x_forwarded(fields, trusted, &x);
    if (fields->forwarded.data == NULL)
        *result = x;
    else
        keep_agreement(result, &x);
}
