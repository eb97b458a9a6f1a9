/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes request targets: the split into path and query, the split of a query
 * into pairs, and the decoding of %XX are compared with implementations that
 * read one byte at a time.
 */
#include "fuzz.h"

#include <strings.h>

#include "base/buffer.h"
#include "http/query_string.h"
#include "http/request.h"
#include "http/target.h"

/* The value of a hexadecimal digit, or -1. */
static int hex_of(char digit)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = digit == '\0' ? NULL : strchr(digits, digit);

    return found == NULL ? -1 : (int)((found - digits) % 16);
}

/* Append `raw`, decoded, to `out`. False if it is invalid. */
static bool decode_plainly(struct text raw, bool plus_is_space,
                           struct buffer *out)
{
    for (size_t i = 0; i < raw.length; i++) {
        char byte = raw.data[i];
        if (byte == '%') {
            if (i + 2 >= raw.length || hex_of(raw.data[i + 1]) < 0 ||
                hex_of(raw.data[i + 2]) < 0)
                return false;
            byte =
                (char)(hex_of(raw.data[i + 1]) * 16 + hex_of(raw.data[i + 2]));
            i += 2;
        } else if (byte == '+' && plus_is_space) {
            byte = ' ';
        }
        buffer_append(out, (struct text){&byte, 1});
    }
    return true;
}

/* Encoded bytes must decode to the same bytes, with both meanings of "+". */
static void check_encoding(struct text bytes, bool plus_is_space)
{
    struct buffer encoded = BUFFER_INIT;

    http_percent_encode(&encoded, bytes);
    FUZZ_CHECK(!buffer_failed(&encoded));
    FUZZ_CHECK(encoded.length >= bytes.length);
    ptrdiff_t length =
        http_percent_decode(encoded.data, encoded.length, plus_is_space);
    FUZZ_CHECK(length == (ptrdiff_t)bytes.length);
    encoded.length = bytes.length;
    FUZZ_CHECK(text_equal(buffer_text(&encoded), bytes));
    buffer_release(&encoded);
}

static void check_decoding(struct text raw, bool plus_is_space)
{
    struct text copy = fuzz_copy(raw);
    struct buffer expected = BUFFER_INIT;
    bool good = decode_plainly(raw, plus_is_space, &expected);
    /* Decoded in place: only the type of the copy is const. */
    ptrdiff_t length =
        http_percent_decode((char *)copy.data, copy.length, plus_is_space);

    FUZZ_CHECK(good == (length >= 0));
    if (good) {
        FUZZ_CHECK(length <= (ptrdiff_t)raw.length);
        copy.length = (size_t)length;
        FUZZ_CHECK(text_equal(copy, buffer_text(&expected)));
        check_encoding(copy, plus_is_space);
    }
    buffer_release(&expected);
    fuzz_free(copy);
}

/* query_next() must return the pair in `piece`, or that it is invalid. */
static void check_pair(struct query *query, struct text piece, bool *valid)
{
    struct buffer name = BUFFER_INIT;
    struct buffer value = BUFFER_INIT;
    struct query_pair pair;
    struct text rest = piece;
    struct text raw_name = text_split(&rest, '=');

    *valid = piece.length <= HTTP_MAX_TARGET &&
             decode_plainly(raw_name, true, &name) &&
             decode_plainly(rest, true, &value);
    FUZZ_CHECK(query_next(query, &pair) ==
               (*valid ? QUERY_PAIR : QUERY_INVALID));
    if (*valid) {
        FUZZ_CHECK(text_equal(pair.name, buffer_text(&name)));
        FUZZ_CHECK(text_equal(pair.value, buffer_text(&value)));
        FUZZ_CHECK(pair.name.length + pair.value.length <= piece.length);
    }
    buffer_release(&value);
    buffer_release(&name);
}

static void check_query(struct text raw)
{
    struct text copy = fuzz_copy(raw);
    struct query *query = malloc(sizeof(*query));
    struct query_pair pair;
    bool valid = true;
    size_t start = 0;

    FUZZ_CHECK(query != NULL);
    query_init(query, copy);
    if (raw.data == NULL)
        raw = TEXT("");
    for (size_t i = 0; valid && i <= raw.length; i++) {
        if (i < raw.length && raw.data[i] != '&')
            continue;
        if (i > start)
            check_pair(query, (struct text){raw.data + start, i - start},
                       &valid);
        start = i + 1;
    }
    if (valid) {
        FUZZ_CHECK(query_next(query, &pair) == QUERY_END);
        FUZZ_CHECK(query_next(query, &pair) == QUERY_END);
    }
    free(query);
    fuzz_free(copy);
}

/* The length of scheme and authority of an absolute-form target; else 0. */
static size_t origin_length(struct text target)
{
    static const char *const schemes[] = {"http://", "https://"};

    for (size_t i = 0; i < 2; i++) {
        size_t length = strlen(schemes[i]);
        if (target.length < length ||
            strncasecmp(target.data, schemes[i], length) != 0)
            continue;
        while (length < target.length && target.data[length] != '/' &&
               target.data[length] != '?' && target.data[length] != '#')
            length++;
        return length;
    }
    return 0;
}

static void check_split(struct text target)
{
    size_t origin = origin_length(target);
    size_t at = origin;
    struct text path, query;

    http_target_split(target, &path, &query);
    FUZZ_CHECK(path.data != NULL);
    while (at < target.length && target.data[at] != '?')
        at++;
    struct text expected = {target.data + origin, at - origin};
    if (origin > 0 && expected.length == 0)
        expected = TEXT("/");
    FUZZ_CHECK(text_equal(path, expected));
    FUZZ_CHECK((query.data == NULL) == (at == target.length));
    if (query.data != NULL) {
        FUZZ_CHECK(query.data == target.data + at + 1);
        FUZZ_CHECK(query.length == target.length - at - 1);
    }
    check_decoding(path, false);
    check_query(query);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text target = fuzz_text(data, size);

    /* Targets come from NUL-terminated strings, so they contain no NUL. */
    if (memchr(target.data, '\0', target.length) == NULL)
        check_split(target);
    check_decoding(target, true);
    check_query(target);
    return 0;
}
