/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the compressor: whatever the text and its parts, zlib's inflate
 * gives the text back.
 */
#include "lib/unit_check.h"

#include "http/gzip.h"
#include "lib/inflated.h"

enum { SIZE = 600 * 1000 };

/* Compress `text` in parts of random length, up to `most` bytes. */
static void compress_parts(struct text text, size_t most, struct buffer *out)
{
    uint64_t state = 88172645463325252 + most;
    struct gzip *gzip = gzip_new();

    assert_non_null(gzip);
    while (text.length > 0) {
        size_t length = 1 + unit_random(&state) % most;
        if (length > text.length)
            length = text.length;
        gzip_add(gzip, (struct text){text.data, length}, out);
        text = text_skip(text, length);
    }
    gzip_end(gzip, out);
    gzip_free(gzip);
}

static void check_round_trip(struct text text, size_t most, size_t largest)
{
    struct buffer out = BUFFER_INIT;
    size_t length;
    bool whole;

    compress_parts(text, most, &out);
    assert_false(buffer_failed(&out));
    assert_in_range(out.length, 1, largest);
    char *plain = inflated(out.data, out.length, &length, &whole);
    assert_true(whole);
    assert_true(text_equal((struct text){plain, length}, text));
    free(plain);
    buffer_release(&out);
}

static void text_is_the_same_after_decompression(void **context)
{
    static char repeated[SIZE], noise[SIZE];
    static const size_t parts[] = {1, 7, 1000, SIZE};
    uint64_t state = 0x9e3779b97f4a7c15;

    (void)context;
    for (size_t i = 0; i < SIZE; i++) {
        repeated[i] = "{\"id\":\"rocket-0\"},"[i % 18];
        noise[i] = (char)unit_random(&state);
    }
    for (size_t i = 0; i < COUNT(parts); i++) {
        check_round_trip(TEXT(""), parts[i], 20);
        check_round_trip(TEXT("a"), parts[i], 30);
        check_round_trip((struct text){repeated, SIZE}, parts[i], SIZE / 100);
        check_round_trip((struct text){noise, SIZE}, parts[i],
                         SIZE + SIZE / 1000 + 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_the_same_after_decompression),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
