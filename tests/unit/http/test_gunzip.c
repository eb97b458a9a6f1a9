/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the gzip decoder: wherever the data is cut, what is no gzip data,
 * and the bounds of a step and of memory.
 */
#include "lib/unit_check.h"

#include "base/buffer.h"
#include "http/gunzip.h"
#include "lib/gzip_data.h"

enum { BOMB = 20 * 1000 * 1000 };

struct decoding {
    struct quota quota;
    struct gunzip *gunzip;
    struct buffer out;
    enum gunzip_result result; /* of the last step */
    size_t steps;
};

static void begin(struct decoding *decoding, size_t limit)
{
    *decoding = (struct decoding){.out = BUFFER_INIT};
    quota_init(&decoding->quota, limit, 0);
    decoding->gunzip = gunzip_new(&decoding->quota);
}

/* Nothing is left of what was counted. */
static void end(struct decoding *decoding)
{
    gunzip_free(decoding->gunzip);
    assert_int_equal(quota_used(&decoding->quota), 0);
    buffer_release(&decoding->out);
}

/* Decode a part, in a copy of its size, as far as it goes. */
static void decode_part(struct decoding *decoding, struct text part)
{
    struct text copy = exact_copy(part), rest = copy;
    char out[GUNZIP_STEP];
    size_t length;

    do {
        decoding->result = gunzip_step(decoding->gunzip, &rest, out, &length);
        decoding->steps++;
        assert_in_range(length, 0, GUNZIP_STEP);
        buffer_append(&decoding->out, (struct text){out, length});
        if (decoding->result == GUNZIP_FULL)
            assert_int_equal(length, GUNZIP_STEP);
        if (decoding->result == GUNZIP_MORE)
            assert_int_equal(rest.length, 0);
    } while (decoding->result == GUNZIP_FULL);
    exact_copy_free(copy);
}

/* Members with these contents, one behind the other. */
static struct buffer make_members(const char *const contents[], size_t count)
{
    struct buffer data = BUFFER_INIT;

    for (size_t i = 0; i < count; i++) {
        size_t size;
        char *member =
            gzip_data(contents[i], strlen(contents[i]), i % 2 == 1, &size);
        buffer_append(&data, (struct text){member, size});
        free(member);
    }
    if (buffer_failed(&data) || data.data == NULL)
        abort();
    return data;
}

/* The data is complete only where a member ends. */
static void parts_may_end_anywhere(void **state)
{
    static const char *const contents[] = {"one\ntwo\n", "", "three\n", ""};
    struct buffer data = make_members(contents, COUNT(contents));
    struct text all = buffer_text(&data);

    (void)state;
    for (size_t size = 1; size <= all.length; size++) {
        struct decoding decoding;
        begin(&decoding, SIZE_MAX);
        for (size_t at = 0; at < all.length; at += size) {
            size_t left = all.length - at < size ? all.length - at : size;
            decode_part(&decoding, (struct text){all.data + at, left});
            assert_int_equal(decoding.result, GUNZIP_MORE);
        }
        assert_true(gunzip_is_complete(decoding.gunzip));
        unit_check_text(buffer_text(&decoding.out), TEXT("one\ntwo\nthree\n"));
        end(&decoding);
    }
    buffer_release(&data);
}

static void data_is_complete_where_a_member_ends(void **state)
{
    static const char *const contents[] = {"one\ntwo\n", "three\n"};
    struct buffer first = make_members(contents, 1);
    struct buffer data = make_members(contents, 2);

    (void)state;
    for (size_t length = 0; length <= data.length; length++) {
        struct decoding decoding;
        begin(&decoding, SIZE_MAX);
        decode_part(&decoding, (struct text){data.data, length});
        assert_int_equal(decoding.result, GUNZIP_MORE);
        assert_int_equal(gunzip_is_complete(decoding.gunzip),
                         length == first.length || length == data.length);
        end(&decoding);
    }
    buffer_release(&first);
    buffer_release(&data);
}

#define HEAD "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
#define NOTHING "\x03\x00"
#define EMPTY HEAD NOTHING "\0\0\0\0\0\0\0\0"

static void other_bytes_are_corrupt(void **state)
{
    static const struct {
        const char *claim;
        const char *data;
        size_t length;
        bool valid;
    } rows[] = {
#define ROW(claim, data, valid) {claim, data, sizeof(data) - 1, valid}
        ROW("an empty member", EMPTY, true),
        ROW("two of them", EMPTY EMPTY, true),
        ROW("text", "{\"metadata\":", false),
        ROW("a wrong checksum", HEAD NOTHING "\1\0\0\0\0\0\0\0", false),
        ROW("a wrong length", HEAD NOTHING "\0\0\0\0\1\0\0\0", false),
        ROW("a block of no type", HEAD "\x07", false),
        ROW("a distance to before the start", HEAD "\x03\x02\x00\x00", false),
        ROW("another method", "\x1f\x8b\x07\x00\0\0\0\0\0\x03", false),
        ROW("a reserved flag", "\x1f\x8b\x08\x20\0\0\0\0\0\x03", false),
        ROW("the format of zlib", "\x78\x9c\x03\x00\x00\x00\x00\x01", false),
        ROW("padding behind a member", EMPTY "\0\0", false),
        ROW("text behind a member", EMPTY "{}", false),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct decoding decoding;

        print_message("%s\n", rows[i].claim);
        begin(&decoding, SIZE_MAX);
        decode_part(&decoding, (struct text){rows[i].data, rows[i].length});
        assert_int_equal(decoding.result,
                         rows[i].valid ? GUNZIP_MORE : GUNZIP_CORRUPT);
        assert_int_equal(gunzip_objection(decoding.gunzip)[0] == '\0',
                         rows[i].valid);
        end(&decoding);
    }
}

/* What was decoded before the error is there. */
static void output_before_an_error_is_kept(void **state)
{
    static const char *const contents[] = {"one\ntwo\n"};
    struct buffer data = make_members(contents, 1);
    struct decoding decoding;

    (void)state;
    data.data[data.length - 1] ^= 1;
    begin(&decoding, SIZE_MAX);
    decode_part(&decoding, buffer_text(&data));
    assert_int_equal(decoding.result, GUNZIP_CORRUPT);
    unit_check_text(buffer_text(&decoding.out), TEXT("one\ntwo\n"));
    end(&decoding);
    buffer_release(&data);
}

static void bomb_takes_a_step_for_each_64_kib(void **state)
{
    char *zeros = calloc(1, BOMB);
    struct decoding decoding;
    size_t size;

    (void)state;
    if (zeros == NULL)
        abort();
    char *bomb = gzip_data(zeros, BOMB, false, &size);
    assert_in_range(size, 1, BOMB / 1000);
    begin(&decoding, SIZE_MAX);
    decode_part(&decoding, (struct text){bomb, size});
    assert_true(gunzip_is_complete(decoding.gunzip));
    assert_int_equal(decoding.out.length, BOMB);
    assert_int_equal(decoding.steps, BOMB / GUNZIP_STEP + 1);
    end(&decoding);
    free(bomb);
    free(zeros);
}

/*
 * With a low limit it cannot begin; with a higher one it ends at the first step
 * that needs the window of what was decoded.
 */
static void memory_is_bounded_by_the_quota(void **state)
{
    static const char zeros[2 * GUNZIP_STEP];
    size_t size, refused = 0, ended = 0, complete = 0;
    char *data = gzip_data(zeros, sizeof(zeros), false, &size);

    (void)state;
    for (size_t limit = 0; limit <= GUNZIP_STEP; limit += 512) {
        struct decoding decoding;
        begin(&decoding, limit);
        if (decoding.gunzip == NULL) {
            refused++;
        } else {
            decode_part(&decoding, (struct text){data, size});
            complete += decoding.result == GUNZIP_MORE;
            ended += decoding.result == GUNZIP_NO_MEMORY;
            assert_int_equal(gunzip_is_complete(decoding.gunzip),
                             decoding.result == GUNZIP_MORE);
        }
        end(&decoding);
    }
    assert_true(refused > 0 && ended > 0 && complete > 0);
    assert_int_equal(refused + ended + complete, GUNZIP_STEP / 512 + 1);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_may_end_anywhere),
        cmocka_unit_test(data_is_complete_where_a_member_ends),
        cmocka_unit_test(other_bytes_are_corrupt),
        cmocka_unit_test(output_before_an_error_is_kept),
        cmocka_unit_test(bomb_takes_a_step_for_each_64_kib),
        cmocka_unit_test(memory_is_bounded_by_the_quota),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
