/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes header fields, one per line: If-None-Match, Accept-Encoding,
 * Content-Type, Host, Origin, Sec-Fetch-Site, the lists of allowed origins and
 * hosts, Connection, Transfer-Encoding, Content-Encoding, X-Request-Id. The
 * result for each field is compared with a second implementation. The line "-"
 * stands for an absent field.
 */
#include "fuzz.h"

#include <strings.h>

#include "http/etag.h"
#include "http/fields.h"
#include "http/request.h"
#include "http/response.h"
#include "http/site_policy.h"

/* OWS and entity-tag of RFC 9110, sections 5.6.3 and 8.8.3. */
#define OWS "[ \t]*"
#define ETAG "(W/)?\"[^\x01-\x20\"\x7f]*\""

/*
 * Any tags, then the tag with this opaque part, or with a proxy's suffix. What
 * follows does not matter.
 */
#define LISTED(opaque)                                                         \
    "^[ \t,]*(" ETAG OWS ",[ \t,]*)*(W/)?\"" opaque "(-gzip|-br)?\""

static void check_if_none_match(struct text field)
{
    static struct fuzz_pattern any = {.expression = "^" OWS "[*]" OWS "$"};
    static struct {
        const char *weak, *strong;
        struct fuzz_pattern listed;
    } tags[] = {
        {"W/\"k3J-17\"", "\"k3J-17\"", {.expression = LISTED("k3J-17")}},
        {"W/\"x\"", "\"x\"", {.expression = LISTED("x")}},
        {"W/\"\"", "\"\"", {.expression = LISTED("")}},
    };

    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        bool expected = fuzz_match(&any, field, NULL) ||
                        fuzz_match(&tags[i].listed, field, NULL);
        FUZZ_CHECK(etag_matches(field, text_of(tags[i].weak)) == expected);
        FUZZ_CHECK(etag_matches(field, text_of(tags[i].strong)) == expected);
    }
}

#define CODING(coding) "^" OWS coding OWS "(;.*)?$"

/*
 * The first element with the coding decides; without one, the last element with
 * "*". RFC 9110 does not define a field that has either of them twice.
 */
static bool accepts_coding(struct text field, struct fuzz_pattern *coding)
{
    static struct fuzz_pattern any = {.expression = CODING("[*]")};
    static struct fuzz_pattern valid = {
        .expression =
            "^[^;]*(;" OWS "q=(1([.]0{0,3})?|0[.][0-9]{1,3})" OWS ")?$",
        .flags = REG_ICASE};
    static struct fuzz_pattern zero = {.expression = ";" OWS "q=0[.]0*" OWS "$",
                                       .flags = REG_ICASE};
    bool accepted = false;

    while (field.data != NULL) {
        struct text element = text_split(&field, ',');
        bool positive = fuzz_match(&valid, element, NULL) &&
                        !fuzz_match(&zero, element, NULL);
        if (fuzz_match(coding, element, NULL))
            return positive;
        if (fuzz_match(&any, element, NULL))
            accepted = positive;
    }
    return accepted;
}

static void check_accept_encoding(struct text field)
{
    static struct fuzz_pattern gzip = {.expression = CODING("gzip"),
                                       .flags = REG_ICASE};
    static struct fuzz_pattern br = {.expression = CODING("br"),
                                     .flags = REG_ICASE};

    FUZZ_CHECK(http_accepts_encoding(field, TEXT("gzip")) ==
               accepts_coding(field, &gzip));
    FUZZ_CHECK(http_accepts_encoding(field, TEXT("br")) ==
               accepts_coding(field, &br));
}

static void check_content_type(struct text field)
{
    static struct fuzz_pattern type = {
        .expression = CODING("application/x-ndjson"), .flags = REG_ICASE};

    FUZZ_CHECK(text_equal_ignoring_case(http_media_type(field),
                                        TEXT("application/x-ndjson")) ==
               fuzz_match(&type, field, NULL));
}

/* Any list elements that are no coding. */
#define NOT_CODED OWS "(identity)?" OWS

static void check_content_encoding(struct text field)
{
    static struct fuzz_pattern none = {
        .expression = "^" NOT_CODED "(," NOT_CODED ")*$", .flags = REG_ICASE};
    static struct fuzz_pattern gzip = {.expression =
                                           "^(" NOT_CODED ",)*" OWS
                                           "(x-)?gzip" OWS "(," NOT_CODED ")*$",
                                       .flags = REG_ICASE};
    enum http_coding expected = HTTP_OTHER_CODING;

    if (field.data == NULL || fuzz_match(&none, field, NULL))
        expected = HTTP_IDENTITY;
    else if (fuzz_match(&gzip, field, NULL))
        expected = HTTP_GZIP;
    FUZZ_CHECK(http_content_coding(field) == expected);
}

static void check_connection(struct text field)
{
    static struct fuzz_pattern close = {
        .expression = "(^|,)" OWS "close" OWS "(,|$)", .flags = REG_ICASE};

    FUZZ_CHECK(http_list_has(field, TEXT("close")) ==
               fuzz_match(&close, field, NULL));
}

#define TOKEN "[-!#$%&'*+.^_`|~0-9A-Za-z]+"

static void check_transfer_encoding(struct text field)
{
    static struct fuzz_pattern empty = {.expression = "^" OWS "$"};
    static struct fuzz_pattern any = {.expression = CODING(TOKEN)};
    static struct fuzz_pattern chunked = {.expression = CODING("chunked"),
                                          .flags = REG_ICASE};
    static struct fuzz_pattern plain = {.expression = "^chunked$",
                                        .flags = REG_ICASE};
    size_t codings = 0, last = 0, found = 0;
    bool valid = true;

    for (struct text rest = field; rest.data != NULL;) {
        struct text element = text_split(&rest, ',');
        if (fuzz_match(&empty, element, NULL))
            continue;
        codings++;
        valid = valid && fuzz_match(&any, element, NULL);
        if (fuzz_match(&chunked, element, NULL)) {
            last = codings;
            found++;
        }
    }
    valid = valid && codings > found && found <= 1 &&
            (found == 0 || last == codings);
    enum http_transfer_coding expected = fuzz_match(&plain, field, NULL)
                                             ? HTTP_TRANSFER_CHUNKED
                                         : valid ? HTTP_TRANSFER_UNKNOWN
                                                 : HTTP_TRANSFER_INVALID;
    FUZZ_CHECK(http_transfer_coding_of(field) == expected);
}

/* uri-host and port of RFC 3986, and a scheme: parts 1 to 3 of a match. */
#define HOST                                                                   \
    "(([A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f][0-9A-Fa-f])+|"                  \
    "[[][A-Za-z0-9._~!$&'()*+,;=:%-]+[]])"
#define PORT "(:[0-9]*)?"
#define NAME "[A-Za-z0-9._-]+"
#define ORIGIN "^([A-Za-z][A-Za-z0-9+.-]*)://" HOST PORT "$"

struct origin {
    struct text scheme, host, port;
};

static bool is_equal(struct text a, struct text b)
{
    return a.length == b.length &&
           (a.length == 0 || strncasecmp(a.data, b.data, a.length) == 0);
}

/* Set the port to one without zeros in front. False if it is too high. */
static bool set_port(struct origin *origin, struct text port)
{
    origin->port = TEXT("0");
    if (is_equal(origin->scheme, TEXT("http")))
        origin->port = TEXT("80");
    if (is_equal(origin->scheme, TEXT("https")))
        origin->port = TEXT("443");
    if (port.length > 1)
        origin->port = text_skip(port, 1);
    while (origin->port.length > 1 && origin->port.data[0] == '0')
        origin->port = text_skip(origin->port, 1);
    return origin->port.length < 5 ||
           (origin->port.length == 5 &&
            memcmp(origin->port.data, "65535", 5) <= 0);
}

static bool split_origin(struct text text, struct origin *origin)
{
    static struct fuzz_pattern pattern = {.expression = ORIGIN};
    struct text parts[FUZZ_PARTS];

    if (!fuzz_match(&pattern, text, parts))
        return false;
    origin->scheme = parts[1];
    origin->host = parts[2];
    return set_port(origin, parts[4]);
}

static bool split_host(struct text text, struct text scheme,
                       struct origin *origin)
{
    static struct fuzz_pattern pattern = {.expression = "^" HOST PORT "$"};
    struct text parts[FUZZ_PARTS];

    if (!fuzz_match(&pattern, text, parts))
        return false;
    origin->scheme = scheme;
    origin->host = parts[1];
    return set_port(origin, parts[3]);
}

static bool is_same(const struct origin *a, const struct origin *b)
{
    return is_equal(a->scheme, b->scheme) && is_equal(a->host, b->host) &&
           is_equal(a->port, b->port);
}

static bool is_own(struct text text, struct text host)
{
    struct origin origin, own;

    return split_origin(text, &origin) &&
           (is_equal(origin.scheme, TEXT("http")) ||
            is_equal(origin.scheme, TEXT("https"))) &&
           split_host(host, origin.scheme, &own) && is_same(&origin, &own);
}

static bool is_listed_origin(struct text text, struct text list)
{
    struct origin origin, listed;
    bool found = false;

    while (list.data != NULL) {
        struct text element = text_trim(text_split(&list, ','));
        found = found ||
                (split_origin(text, &origin) &&
                 split_origin(element, &listed) && is_same(&origin, &listed));
    }
    return found;
}

static void check_site(const struct site_policy *policy, struct text host,
                       struct text origin, struct text site)
{
    const struct http_request request = {
        .method = HTTP_GET,
        .fields = {.host = host, .origin = origin, .sec_fetch_site = site}};
    struct http_response response;
    bool all = text_equal(policy->origins, TEXT("*"));
    bool listed = is_listed_origin(origin, policy->origins);
    bool foreign = origin.data != NULL && !is_own(origin, host);

    if (site.data != NULL)
        foreign = !text_equal(site, TEXT("same-origin")) &&
                  !text_equal(site, TEXT("none"));
    FUZZ_CHECK(site_policy_site(NULL, &request.fields, HTTP_SCHEME_UNKNOWN) ==
               (foreign ? HTTP_SITE_OTHER : HTTP_SITE_OWN));
    enum http_site of_page =
        listed || all ? HTTP_SITE_ALLOWED : HTTP_SITE_OTHER;
    FUZZ_CHECK(site_policy_site(policy, &request.fields, HTTP_SCHEME_UNKNOWN) ==
               (foreign ? of_page : HTTP_SITE_OWN));

    http_response_init(&response);
    site_policy_add_headers(policy, &request, &response);
    bool shared = all || listed, some = policy->origins.data != NULL;
    FUZZ_CHECK(response.header_count ==
               (size_t)((some && !all) + 2 * (shared && some)));
    http_response_release(&response);
}

/* Without a port and a dot at the end. */
static struct text plain_name(struct text host)
{
    static struct fuzz_pattern pattern = {.expression = "^(.*):[0-9]*$"};
    struct text parts[FUZZ_PARTS] = {{NULL, 0}, host};

    (void)fuzz_match(&pattern, host, parts);
    if (parts[1].length > 0 && parts[1].data[parts[1].length - 1] == '.')
        parts[1].length--;
    return parts[1];
}

static void check_host(const struct site_policy *policy, struct text host)
{
    static struct fuzz_pattern safe = {
        .expression = "^((.*[.])?localhost[.]?|[0-9.]*|[[].*])(:[0-9]*)?$",
        .flags = REG_ICASE};
    struct text rest = policy->hosts;
    bool expected = host.data == NULL || fuzz_match(&safe, host, NULL);

    /* What the server has refused before. */
    if (host.data != NULL && !http_is_host(host))
        return;
    while (rest.data != NULL) {
        struct text listed = text_trim(text_split(&rest, ','));
        if (listed.length > 0 && listed.data[listed.length - 1] == '.')
            listed.length--;
        expected = expected || is_equal(plain_name(host), listed);
    }
    FUZZ_CHECK(site_policy_allows_host(policy, host) == expected);
}

static void check_lists(const struct site_policy *policy)
{
    static struct fuzz_pattern hosts = {.expression = "^" OWS NAME OWS
                                                      "(," OWS NAME OWS ")*$"};
    static struct fuzz_pattern plain = {
        .expression = "^[A-Za-z][A-Za-z0-9+.-]*://(" NAME "|[[].*)(:[0-9]*)?$"};
    struct text rest = policy->origins;
    struct origin origin;
    bool valid = rest.data != NULL;

    while (rest.data != NULL) {
        struct text element = text_trim(text_split(&rest, ','));
        valid = valid && fuzz_match(&plain, element, NULL) &&
                split_origin(element, &origin);
    }
    FUZZ_CHECK(site_policy_is_host_list(policy->hosts) ==
               fuzz_match(&hosts, policy->hosts, NULL));
    FUZZ_CHECK(site_policy_is_origin_list(policy->origins) ==
               (valid || text_equal(policy->origins, TEXT("*"))));
}

static void check_request_id(struct text field)
{
    static struct fuzz_pattern valid = {.expression = "^[!-~]{1,128}$"};

    FUZZ_CHECK(http_is_request_id(field) == fuzz_match(&valid, field, NULL));
}

/* The next line as the value of a field; absent for "-" or no line. */
static struct text take_field(struct text *rest)
{
    struct text line = text_split(rest, '\n');

    if (line.data == NULL || text_equal(line, TEXT("-")))
        return (struct text){NULL, 0};
    return exact_copy(line);
}

static void check_field(struct text *rest, void (*check)(struct text field))
{
    struct text field = take_field(rest);

    check(field);
    exact_copy_free(field);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = fuzz_text(data, size);

    /* Values come from NUL-terminated strings, so they contain no NUL. */
    if (memchr(rest.data, '\0', rest.length) != NULL)
        return 0;
    check_field(&rest, check_if_none_match);
    check_field(&rest, check_accept_encoding);
    check_field(&rest, check_content_type);
    struct text host = take_field(&rest);
    struct text origin = take_field(&rest);
    struct text site = take_field(&rest);
    struct site_policy policy = {.address = {NULL, 0}};
    policy.origins = take_field(&rest);
    policy.hosts = take_field(&rest);
    check_site(&policy, host, origin, site);
    check_host(&policy, host);
    check_lists(&policy);
    exact_copy_free(policy.hosts);
    exact_copy_free(policy.origins);
    exact_copy_free(site);
    exact_copy_free(origin);
    exact_copy_free(host);
    check_field(&rest, check_connection);
    check_field(&rest, check_transfer_encoding);
    check_field(&rest, check_content_encoding);
    check_field(&rest, check_request_id);
    return 0;
}
