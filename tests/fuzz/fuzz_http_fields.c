/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes header fields, one per line: If-None-Match, Accept-Encoding,
 * Content-Type, Host, Origin, Sec-Fetch-Site. The result for each field is
 * compared with a second implementation. The line "-" stands for an absent
 * field.
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

/* Whether `text` is `word`, ignoring the case of letters. */
static bool is_word(struct text text, const char *word)
{
    return text.data != NULL && text.length == strlen(word) &&
           strncasecmp(text.data, word, text.length) == 0;
}

/* `text` without blanks at both ends. */
static struct text trim_blanks(struct text text)
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
 * If-None-Match as an automaton: whether the opaque part of a tag before the
 * first syntax error is `wanted`.
 */
static bool contains_tag(struct text field, const char *wanted)
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
            field.data != NULL && (text_equal(trim_blanks(field), TEXT("*")) ||
                                   contains_tag(field, tags[i]));
        snprintf(weak, sizeof(weak), "W/\"%s\"", tags[i]);
        snprintf(strong, sizeof(strong), "\"%s\"", tags[i]);
        FUZZ_CHECK(etag_matches(field, text_of(weak)) == expected);
        FUZZ_CHECK(etag_matches(field, text_of(strong)) == expected);
    }
}

/* Whether it is a qvalue above 0. The table has all forms of a qvalue. */
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

/* The offset of `byte` in `text`; the length if it is not there. */
static size_t find_byte(struct text text, char byte)
{
    size_t at = 0;

    while (at < text.length && text.data[at] != byte)
        at++;
    return at;
}

/*
 * Whether one element of Accept-Encoding has a weight above 0. `about_it` is
 * set to whether its coding is `coding`.
 */
static bool is_positive(struct text element, const char *coding, bool *is_about)
{
    size_t at = find_byte(element, ';');

    *is_about = is_word(trim_blanks((struct text){element.data, at}), coding);
    if (at == element.length)
        return true;
    struct text weight = trim_blanks(
        (struct text){element.data + at + 1, element.length - at - 1});
    return weight.length >= 2 && is_word((struct text){weight.data, 2}, "q=") &&
           is_weight_above_zero(
               (struct text){weight.data + 2, weight.length - 2});
}

/*
 * The first element with the coding decides; without one, the last element with
 * "*". RFC 9110 does not define a field that has either of them twice.
 */
static bool accepts_coding(struct text field, const char *coding)
{
    bool any = false;

    for (size_t start = 0; start <= field.length;) {
        struct text rest = {field.data + start, field.length - start};
        struct text element = {rest.data, find_byte(rest, ',')};
        bool is_coding, is_any;
        bool positive = is_positive(element, coding, &is_coding);
        if (is_coding)
            return positive;
        is_positive(element, "*", &is_any);
        if (is_any)
            any = positive;
        start += element.length + 1;
    }
    return any;
}

static void check_accept_encoding(struct text field)
{
    static const char *const codings[] = {"gzip", "br"};

    for (size_t i = 0; i < 2; i++)
        FUZZ_CHECK(http_accepts_encoding(field, text_of(codings[i])) ==
                   (field.data != NULL && accepts_coding(field, codings[i])));
}

static void check_content_type(struct text field)
{
    static const char type[] = "application/x-ndjson";
    struct text bytes = {field.data, find_byte(field, ';')};

    FUZZ_CHECK(http_media_type_is(field, text_of(type)) ==
               is_word(trim_blanks(bytes), type));
}

static struct text without_port(struct text authority, const char *port)
{
    size_t length = strlen(port);

    if (authority.length >= length &&
        memcmp(authority.data + authority.length - length, port, length) == 0)
        authority.length -= length;
    return authority;
}

/* Whether `origin` is an origin of `host`. */
static bool is_same_origin(struct text origin, struct text host)
{
    size_t colon = find_byte(origin, ':');
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
    bool foreign = origin.data != NULL && !is_same_origin(origin, host);

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
    return fuzz_copy(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = fuzz_text(data, size);

    /* Values come from NUL-terminated strings, so they contain no NUL. */
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
