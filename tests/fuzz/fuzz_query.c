/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes request targets: the split into path and query, the split of a query
 * into pairs, and the decoding of %XX are compared with implementations that
 * read one byte at a time.
 */
#include "fuzz.h"

#include "base/buffer.h"
#include "http/query_string.h"
#include "http/request.h"
#include "http/target.h"

/* Append `raw`, decoded, to `out`. False if it is invalid. */
static bool decode_plainly(struct text raw, bool plus_is_space,
                           struct buffer *out)
{
    for (size_t i = 0; i < raw.length; i++) {
        char byte = raw.data[i];
        if (byte == '%') {
            char digits[3] = "";
            if (i + 2 < raw.length)
                memcpy(digits, &raw.data[i + 1], 2);
            if (strspn(digits, "0123456789abcdefABCDEF") != 2)
                return false;
            byte = (char)strtol(digits, NULL, 16);
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
    ptrdiff_t length =
        http_percent_decode(encoded.data, encoded.length, plus_is_space);
    FUZZ_CHECK(length == (ptrdiff_t)bytes.length);
    encoded.length = bytes.length;
    FUZZ_CHECK(text_equal(buffer_text(&encoded), bytes));
    buffer_release(&encoded);
}

static void check_decoding(struct text raw, bool plus_is_space)
{
    struct text copy = exact_copy(raw);
    struct buffer expected = BUFFER_INIT;
    bool good = decode_plainly(raw, plus_is_space, &expected);
    /* Decoded in place: only the type of the copy is const. */
    ptrdiff_t length =
        http_percent_decode((char *)copy.data, copy.length, plus_is_space);

    FUZZ_CHECK(good == (length >= 0));
    if (good) {
        copy.length = (size_t)length;
        FUZZ_CHECK(text_equal(copy, buffer_text(&expected)));
        check_encoding(copy, plus_is_space);
    }
    buffer_release(&expected);
    exact_copy_free(copy);
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
    }
    buffer_release(&value);
    buffer_release(&name);
}

static void check_query(struct text raw)
{
    struct text copy = exact_copy(raw);
    struct query *query = malloc(sizeof(*query));
    struct query_pair pair;
    bool valid = true;

    FUZZ_CHECK(query != NULL);
    query_init(query, copy);
    while (valid && raw.data != NULL) {
        struct text piece = text_split(&raw, '&');
        if (piece.length > 0)
            check_pair(query, piece, &valid);
    }
    if (valid) {
        FUZZ_CHECK(query_next(query, &pair) == QUERY_END);
        FUZZ_CHECK(query_next(query, &pair) == QUERY_END);
    }
    free(query);
    exact_copy_free(copy);
}

static void check_split(struct text target)
{
    /* Scheme and authority, path, "?", query. */
    static struct fuzz_pattern split = {
        .expression = "^(https?://[^/?#]*)?([^?]*)([?](.*))?$",
        .flags = REG_ICASE};
    struct text parts[FUZZ_PARTS] = {{NULL, 0}}, path, query;

    FUZZ_CHECK(fuzz_match(&split, target, parts));
    if (parts[1].data != NULL && parts[2].length == 0)
        parts[2] = TEXT("/");
    http_target_split(target, &path, &query);
    FUZZ_CHECK(path.data != NULL);
    FUZZ_CHECK(text_equal(path, parts[2]));
    FUZZ_CHECK(query.data == parts[4].data);
    FUZZ_CHECK(query.length == parts[4].length);
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
