/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Header fields, a line each: If-None-Match, Accept-Encoding, Content-Type,
 * Host, Origin, Sec-Fetch-Site. What each is taken to mean is compared with
 * the same rule in other words. A line that is "-" is a field that was not
 * sent.
 */
#include "fuzz.h"

#include <strings.h>

#include "http/etag.h"
#include "http/fields.h"
#include "http/request.h"

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* Whether `text` is `word`, but for the case of letters. */
static bool is_word(struct text text, const char *word)
{
    return text.data != NULL && text.length == strlen(word) &&
           strncasecmp(text.data, word, text.length) == 0;
}

/* The same without blanks at both ends. */
static struct text bare(struct text text)
{
    size_t start = 0, end = text.length;

    if (end == 0)
        return text;
    while (start < end && is_blank(text.data[start]))
        start++;
    while (end > start && is_blank(text.data[end - 1]))
        end--;
    return (struct text){text.data + start, end - start};
}

/*
 * If-None-Match as an automaton: whether the opaque part of some tag, up to
 * the first mistake, is `wanted`.
 */
static bool names_tag(struct text field, const char *wanted)
{
    enum { BETWEEN, AFTER_W, AFTER_SLASH, IN_TAG, AFTER_TAG } state = BETWEEN;
    size_t start = 0;

    for (size_t i = 0; i < field.length; i++) {
        unsigned char c = (unsigned char)field.data[i];
        bool blank = is_blank(field.data[i]);
        bool etagc = c == 0x21 || (c >= 0x23 && c != 0x7F);
        if (state == BETWEEN && (blank || c == ','))
            continue;
        if (state == BETWEEN && c == 'W') {
            state = AFTER_W;
        } else if (state == AFTER_W && c == '/') {
            state = AFTER_SLASH;
        } else if ((state == BETWEEN || state == AFTER_SLASH) && c == '"') {
            state = IN_TAG;
            start = i + 1;
        } else if (state == IN_TAG && c == '"') {
            if (i - start == strlen(wanted) &&
                memcmp(field.data + start, wanted, i - start) == 0)
                return true;
            state = AFTER_TAG;
        } else if (state == AFTER_TAG && c == ',') {
            state = BETWEEN;
        } else if (!(state == IN_TAG && etagc) &&
                   !(state == AFTER_TAG && blank)) {
            return false;
        }
    }
    return false;
}

static void check_if_none_match(struct text field)
{
    static const char *const tags[] = {"k3J-17", "x", ""};

    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        char weak[16], strong[16];
        bool expected =
            field.data != NULL &&
            (text_equal(bare(field), TEXT("*")) || names_tag(field, tags[i]));
        snprintf(weak, sizeof(weak), "W/\"%s\"", tags[i]);
        snprintf(strong, sizeof(strong), "\"%s\"", tags[i]);
        FUZZ_CHECK(etag_matches(field, text_of(weak)) == expected);
        FUZZ_CHECK(etag_matches(field, text_of(strong)) == expected);
    }
}

/* A qvalue above 0: these are all the shapes that there are. */
static bool is_weight_above_zero(struct text weight)
{
    static const char *const shapes[] = {"1",     "1.",  "1.0",  "1.00",
                                         "1.000", "0.9", "0.99", "0.999"};
    bool zero = true;

    for (size_t i = 0; i < weight.length; i++)
        zero = zero && (weight.data[i] == '0' || weight.data[i] == '.');
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        bool fits = weight.length == strlen(shapes[i]);
        for (size_t j = 0; fits && j < weight.length; j++)
            fits = shapes[i][j] == '9'
                       ? weight.data[j] >= '0' && weight.data[j] <= '9'
                       : weight.data[j] == shapes[i][j];
        if (fits)
            return !zero;
    }
    return false;
}

/* Where `text` has `byte`, or its length. */
static size_t find(struct text text, char byte)
{
    size_t at = 0;

    while (at < text.length && text.data[at] != byte)
        at++;
    return at;
}

/* One element of Accept-Encoding: what it says, if it is about `coding`. */
static bool says_yes(struct text element, const char *coding, bool *about_it)
{
    size_t at = find(element, ';');

    *about_it = is_word(bare((struct text){element.data, at}), coding);
    if (at == element.length)
        return true;
    struct text weight =
        bare((struct text){element.data + at + 1, element.length - at - 1});
    return weight.length >= 2 && is_word((struct text){weight.data, 2}, "q=") &&
           is_weight_above_zero(
               (struct text){weight.data + 2, weight.length - 2});
}

/*
 * The first element about the coding decides; without one, the last about
 * "*". That a field names either twice has no meaning in RFC 9110.
 */
static bool accepts(struct text field, const char *coding)
{
    bool any = false;

    for (size_t start = 0; start <= field.length;) {
        struct text rest = {field.data + start, field.length - start};
        struct text element = {rest.data, find(rest, ',')};
        bool about_coding, about_any;
        bool yes = says_yes(element, coding, &about_coding);
        if (about_coding)
            return yes;
        says_yes(element, "*", &about_any);
        if (about_any)
            any = yes;
        start += element.length + 1;
    }
    return any;
}

static void check_accept_encoding(struct text field)
{
    static const char *const codings[] = {"gzip", "br"};

    for (size_t i = 0; i < 2; i++)
        FUZZ_CHECK(http_accepts_encoding(field, text_of(codings[i])) ==
                   (field.data != NULL && accepts(field, codings[i])));
}

static void check_content_type(struct text field)
{
    static const char type[] = "application/x-ndjson";
    struct text bytes = {field.data, find(field, ';')};

    FUZZ_CHECK(http_media_type_is(field, text_of(type)) ==
               is_word(bare(bytes), type));
}

static struct text without_port(struct text authority, const char *port)
{
    size_t length = strlen(port);

    if (authority.length >= length &&
        memcmp(authority.data + authority.length - length, port, length) == 0)
        authority.length -= length;
    return authority;
}

/* Whether `host` is who answers for `origin`. */
static bool is_own(struct text origin, struct text host)
{
    size_t colon = find(origin, ':');
    struct text scheme = {origin.data, colon};
    const char *port = is_word(scheme, "https") ? ":443" : ":80";

    if (!is_word(scheme, "http") && !is_word(scheme, "https"))
        return false;
    if (origin.length < colon + 3 || memcmp(origin.data + colon, "://", 3) != 0)
        return false;
    struct text given = without_port(
        (struct text){origin.data + colon + 3, origin.length - colon - 3},
        port);
    struct text own = without_port(host, port);
    return given.length > 0 && given.length == own.length &&
           strncasecmp(given.data, own.data, own.length) == 0;
}

static void check_site(struct text host, struct text origin, struct text site)
{
    const struct http_fields fields = {
        .host = host, .origin = origin, .sec_fetch_site = site};
    bool foreign = origin.data != NULL && !is_own(origin, host);

    if (site.data != NULL)
        foreign = !text_equal(site, TEXT("same-origin")) &&
                  !text_equal(site, TEXT("none"));
    FUZZ_CHECK(http_is_cross_site(&fields) == foreign);
}

/* The next line is the value of a field; "-" or none is a field absent. */
static struct text take_field(struct text *rest)
{
    struct text line = text_split(rest, '\n');

    if (line.data == NULL || text_equal(line, TEXT("-")))
        return (struct text){NULL, 0};
    return fuzz_copy(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = fuzz_text(data, size);

    /* Values are strings where they come from, so they hold no NUL. */
    if (memchr(rest.data, '\0', rest.length) != NULL)
        return 0;
    struct text if_none_match = take_field(&rest);
    struct text accept_encoding = take_field(&rest);
    struct text content_type = take_field(&rest);
    struct text host = take_field(&rest);
    struct text origin = take_field(&rest);
    struct text site = take_field(&rest);
    check_if_none_match(if_none_match);
    check_accept_encoding(accept_encoding);
    check_content_type(content_type);
    check_site(host, origin, site);
    fuzz_free(if_none_match);
    fuzz_free(accept_encoding);
    fuzz_free(content_type);
    fuzz_free(host);
    fuzz_free(origin);
    fuzz_free(site);
    return 0;
}
