/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lists are short and are read anew for each request that needs them. What
 * cannot be parsed is not allowed.
 */
#include "http/site_policy.h"

#include <string.h>

#include "http/fields.h"

enum { MAX_PORT = 65535 };

/* An origin (RFC 6454 section 4). */
struct origin {
    struct text scheme, host;
    uint64_t port; /* 0: none, and the scheme has no default */
};

/*
 * Remove the port, and its colon, from the end of an authority. Absent if there
 * is none. An address in brackets does not end in a digit.
 */
static struct text take_port(struct text *authority)
{
    size_t length = authority->length;

    while (length > 0 && text_is_digit(authority->data[length - 1]))
        length--;
    if (length == 0 || authority->data[length - 1] != ':')
        return (struct text){NULL, 0};
    struct text port = text_skip(*authority, length);
    authority->length = length - 1;
    return port;
}

static uint64_t default_port(struct text scheme)
{
    if (text_equal_ignoring_case(scheme, TEXT("http")))
        return 80;
    return text_equal_ignoring_case(scheme, TEXT("https")) ? 443 : 0;
}

/*
 * Split `authority` into the host and port of `origin`, whose scheme is set.
 * False if it is not valid.
 */
static bool read_authority(struct origin *origin, struct text authority)
{
    if (authority.length == 0 || !http_is_host(authority))
        return false;
    struct text port = take_port(&authority);
    origin->host = authority;
    origin->port = default_port(origin->scheme);
    return authority.length > 0 &&
           (port.length == 0 ||
            text_read_unsigned(port, MAX_PORT, &origin->port));
}

static bool is_scheme(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (!text_is_letter(c) &&
            (i == 0 || (!text_is_digit(c) && c != '+' && c != '-' && c != '.')))
            return false;
    }
    return text.length > 0;
}

/* "null", which stands for pages without an origin, is none. */
static bool read_origin(struct text text, struct origin *origin)
{
    struct text rest = text;

    origin->scheme = text_split(&rest, ':');
    return rest.data != NULL && is_scheme(origin->scheme) &&
           text_take_prefix(&rest, TEXT("//")) && read_authority(origin, rest);
}

/* RFC 6454 section 5. */
static bool is_same_origin(const struct origin *a, const struct origin *b)
{
    return a->port == b->port && text_equal_ignoring_case(a->host, b->host) &&
           text_equal_ignoring_case(a->scheme, b->scheme);
}

/*
 * Whether an origin's scheme is that of the service's own pages. In plain text
 * it may be either one: a proxy in front of the service may speak https to the
 * browser.
 */
static bool is_own_scheme(struct text text, enum http_scheme scheme)
{
    switch (scheme) {
    case HTTP_SCHEME_HTTP:
        return text_equal_ignoring_case(text, TEXT("http"));
    case HTTP_SCHEME_HTTPS:
        return text_equal_ignoring_case(text, TEXT("https"));
    default:
        return default_port(text) != 0;
    }
}

/* Whether `origin` has the authority `host`, and a scheme of the service. */
static bool is_own_origin(struct text text, struct text host,
                          enum http_scheme scheme)
{
    struct origin origin, own;

    if (!read_origin(text, &origin) || !is_own_scheme(origin.scheme, scheme))
        return false;
    own.scheme = origin.scheme;
    return read_authority(&own, host) && is_same_origin(&origin, &own);
}

/* The next element of a list, without white space around it. */
static struct text next_element(struct text *rest)
{
    return text_trim(text_split(rest, ','));
}

static bool allows_all_origins(const struct site_policy *policy)
{
    return text_equal(policy->origins, TEXT("*"));
}

static bool allows_origin(const struct site_policy *policy, struct text text)
{
    struct text rest = policy->origins;
    struct origin origin, allowed;

    if (!read_origin(text, &origin))
        return false;
    while (rest.data != NULL) {
        if (read_origin(next_element(&rest), &allowed) &&
            is_same_origin(&origin, &allowed))
            return true;
    }
    return false;
}

enum http_site site_policy_site(const struct site_policy *policy,
                                const struct http_fields *fields,
                                enum http_scheme scheme)
{
    struct text site = fields->sec_fetch_site;

    if (site.data == NULL && fields->origin.data == NULL)
        return HTTP_SITE_OWN;
    bool own = site.data != NULL
                   ? text_equal(site, TEXT("same-origin")) ||
                         text_equal(site, TEXT("none"))
                   : is_own_origin(fields->origin, fields->host, scheme);
    if (own)
        return HTTP_SITE_OWN;
    bool allowed = policy != NULL && (allows_all_origins(policy) ||
                                      allows_origin(policy, fields->origin));
    return allowed ? HTTP_SITE_ALLOWED : HTTP_SITE_OTHER;
}

/* A name as it can be resolved; no wildcard, no percent-encoding. */
static bool is_host_name(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (!text_is_letter(c) && !text_is_digit(c) && c != '-' && c != '.' &&
            c != '_')
            return false;
    }
    return text.length > 0;
}

bool site_policy_is_origin_list(struct text list)
{
    struct text rest = list;
    struct origin origin;

    if (text_equal(list, TEXT("*")))
        return true;
    do {
        if (!read_origin(next_element(&rest), &origin) ||
            (origin.host.data[0] != '[' && !is_host_name(origin.host)))
            return false;
    } while (rest.data != NULL);
    return true;
}

bool site_policy_is_host_list(struct text list)
{
    struct text rest = list;

    do {
        if (!is_host_name(next_element(&rest)))
            return false;
    } while (rest.data != NULL);
    return true;
}

/* The dot at the end of "example.org." only says that the name is complete. */
static struct text without_last_dot(struct text name)
{
    if (name.length > 0 && name.data[name.length - 1] == '.')
        name.length--;
    return name;
}

/*
 * Only an address may be in brackets (RFC 3986 section 3.2.2). Digits and dots
 * alone are read as an IPv4 address and never looked up: no top-level domain is
 * a number (RFC 1123 section 2.1).
 */
static bool is_address(struct text host)
{
    if (host.data[0] == '[')
        return true;
    for (size_t i = 0; i < host.length; i++)
        if (!text_is_digit(host.data[i]) && host.data[i] != '.')
            return false;
    return true;
}

/* RFC 6761 section 6.3: these resolve to the loopback address. */
static bool is_loopback_name(struct text name)
{
    static const char localhost[] = "localhost";
    size_t length = sizeof(localhost) - 1;

    if (name.length < length)
        return false;
    size_t before = name.length - length;
    return text_equal_ignoring_case(text_skip(name, before),
                                    text_of(localhost)) &&
           (before == 0 || name.data[before - 1] == '.');
}

static bool is_same_name(struct text a, struct text b)
{
    return text_equal_ignoring_case(without_last_dot(a), without_last_dot(b));
}

bool site_policy_allows_host(const struct site_policy *policy, struct text host)
{
    struct text rest = policy->hosts;

    (void)take_port(&host);
    if (host.length == 0 || is_address(host) ||
        is_loopback_name(without_last_dot(host)) ||
        is_same_name(host, policy->address))
        return true;
    while (rest.data != NULL) {
        if (is_same_name(host, next_element(&rest)))
            return true;
    }
    return false;
}

static struct http_header *find_header(struct http_response *response,
                                       const char *name)
{
    for (size_t i = 0; i < response->header_count; i++)
        if (strcmp(response->headers[i].name, name) == 0)
            return &response->headers[i];
    return NULL;
}

/*
 * For caches: the response depends on Origin (RFC 9110 section 12.5.5). In one
 * field with what it depends on already, as some caches read only one.
 */
static void vary_by_origin(struct http_response *response)
{
    struct http_header *vary = find_header(response, "Vary");

    if (vary != NULL && strcmp(vary->value, "Accept-Encoding") == 0)
        vary->value = "Accept-Encoding, Origin";
    else
        http_response_header(response, "Vary", "Origin");
}

/* What a page may send. GET, HEAD and POST need no permission by themselves. */
static void add_preflight(struct http_response *response)
{
    const struct http_header *allow = find_header(response, "Allow");

    if (allow == NULL)
        return;
    http_response_header(response, "Access-Control-Allow-Methods",
                         allow->value);
    http_response_header(response, "Access-Control-Allow-Headers",
                         "Authorization, Content-Encoding, Content-Type, "
                         "If-None-Match, Last-Event-ID, Lunar-After, "
                         "X-Request-Id");
    /* In seconds: two hours, the most that Chromium accepts. */
    http_response_header(response, "Access-Control-Max-Age", "7200");
}

void site_policy_add_headers(const struct site_policy *policy,
                             const struct http_request *request,
                             struct http_response *response)
{
    static const char allow_origin[] = "Access-Control-Allow-Origin";
    struct text origin = request->fields.origin;

    if (policy->origins.data == NULL)
        return;
    if (allows_all_origins(policy)) {
        http_response_header(response, allow_origin, "*");
    } else {
        vary_by_origin(response);
        if (!allows_origin(policy, origin) ||
            !http_response_header_copy(response, allow_origin, origin))
            return;
    }
    if (request->method == HTTP_OPTIONS)
        add_preflight(response);
    else
        http_response_header(response, "Access-Control-Expose-Headers",
                             "ETag, Link, Lunar-Position, Retry-After, "
                             "WWW-Authenticate, X-Request-Id, X-Total-Count");
}
