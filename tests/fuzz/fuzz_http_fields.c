/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes header fields, one per line: If-None-Match, Accept-Encoding,
 * Content-Type, Host, Origin, Sec-Fetch-Site, Content-Encoding. The result for
 * each field is compared with a second implementation. The line "-" stands for
 * an absent field.
 */
#include "fuzz.h"

#include <strings.h>

#include "http/etag.h"
#include "http/fields.h"
#include "http/request.h"

/* OWS and entity-tag of RFC 9110, sections 5.6.3 and 8.8.3. */
#define OWS "[ \t]*"
#define ETAG "(W/)?\"[^\x01-\x20\"\x7f]*\""

/* Any tags, then the tag with this opaque part. What follows does not matter.
 */
#define LISTED(opaque) "^[ \t,]*(" ETAG OWS ",[ \t,]*)*(W/)?\"" opaque "\""

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

static struct text without_port(struct text authority, const char *port)
{
    size_t length = strlen(port);

    if (authority.length >= length &&
        memcmp(authority.data + authority.length - length, port, length) == 0)
        authority.length -= length;
    return authority;
}

/* Whether `origin` is the one of `host` with the scheme and its usual port. */
static bool is_origin(struct text origin, struct text host, const char *scheme,
                      const char *port)
{
    size_t length = strlen(scheme);

    if (origin.length <= length ||
        strncasecmp(origin.data, scheme, length) != 0)
        return false;
    struct text given = without_port(text_skip(origin, length), port);
    struct text own = without_port(host, port);
    return given.length > 0 && given.length == own.length &&
           strncasecmp(given.data, own.data, own.length) == 0;
}

static void check_site(struct text host, struct text origin, struct text site)
{
    const struct http_fields fields = {
        .host = host, .origin = origin, .sec_fetch_site = site};
    bool foreign = origin.data != NULL &&
                   !is_origin(origin, host, "http://", ":80") &&
                   !is_origin(origin, host, "https://", ":443");

    if (site.data != NULL)
        foreign = !text_equal(site, TEXT("same-origin")) &&
                  !text_equal(site, TEXT("none"));
    FUZZ_CHECK(http_is_cross_site(&fields) == foreign);
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
    check_site(host, origin, site);
    check_field(&rest, check_content_encoding);
    exact_copy_free(site);
    exact_copy_free(origin);
    exact_copy_free(host);
    return 0;
}
