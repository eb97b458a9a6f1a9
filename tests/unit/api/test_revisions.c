/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of revisions as text: what is written is read again, in all forms in
 * which clients get it, and nothing else is.
 */
#include "lib/unit_check.h"

#include "api/revisions.h"

#define START "0123456789abcdef"

static void names_are_written_with_sixteen_digits(void **state)
{
    static const struct {
        struct revision_name name;
        const char *text;
    } rows[] = {
        {{0x0123456789abcdef, 42}, START "-42"},
        {{0, 0}, "0000000000000000-0"},
        {{0xa, 1}, "000000000000000a-1"},
        {{UINT64_MAX, UINT64_MAX}, "ffffffffffffffff-18446744073709551615"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buffer out = BUFFER_INIT;
        struct revision_name read = {0, 0};

        revisions_write(&out, &rows[i].name);
        unit_check_text(buffer_text(&out), text_of(rows[i].text));
        assert_true(out.length <= REVISIONS_SIZE);
        assert_true(revisions_read(buffer_text(&out), &read));
        assert_int_equal(read.start, rows[i].name.start);
        assert_int_equal(read.revision, rows[i].name.revision);
        buffer_clear(&out);
        revisions_write_start(&out, rows[i].name.start);
        unit_check_text(buffer_text(&out), (struct text){rows[i].text, 16});
        buffer_release(&out);
    }
}

/* Read a copy of the size of the text. */
static bool read_copy(const char *text, struct revision_name *name)
{
    struct text copy = exact_copy(text_of(text));
    bool read = revisions_read(copy, name);

    exact_copy_free(copy);
    return read;
}

static void etags_are_read_as_they_come_back(void **state)
{
    static const char *const texts[] = {
        START "-42",           "\"" START "-42\"",
        "W/\"" START "-42\"",  "W/\"" START "-42-gzip\"",
        "\"" START "-42-br\"",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct revision_name name = {0, 0};
        if (!read_copy(texts[i], &name))
            fail_msg("%s is not read", texts[i]);
        assert_int_equal(name.start, 0x0123456789abcdef);
        assert_int_equal(name.revision, 42);
    }
}

static void nothing_else_is_read(void **state)
{
    static const char *const texts[] = {
        "",
        "-",
        "\"",
        "\"\"",
        "W",
        "W/",
        "W/\"",
        "W/\"\"",
        "*",
        "42",
        START,
        START "-",
        START "--1",
        START "-+1",
        START "- 1",
        START "-1 ",
        " " START "-1",
        START "-1\n",
        START "-0x1",
        START "-1.0",
        START "-18446744073709551616",
        START "-42-gzip",
        START "-42\"",
        "\"" START "-42",
        "W/" START "-42",
        "w/\"" START "-42\"",
        "W/\"" START "-42-gzip-br\"",
        "W/\"" START "-42-xz\"",
        "W/\"" START "-gzip\"",
        "\"" START "-1\", \"" START "-2\"",
        "0123456789ABCDEF-42",
        "0123456789abcde-42",
        "0123456789abcdef0-42",
        "0123456789abcdeg-42",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct revision_name name = {7, 7};
        if (read_copy(texts[i], &name))
            fail_msg("\"%s\" is read", texts[i]);
        assert_int_equal(name.start, 7);
        assert_int_equal(name.revision, 7);
    }
}

static void absent_text_is_none(void **state)
{
    struct revision_name name = {7, 7};

    (void)state;
    assert_false(revisions_read((struct text){NULL, 0}, &name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_written_with_sixteen_digits),
        cmocka_unit_test(etags_are_read_as_they_come_back),
        cmocka_unit_test(nothing_else_is_read),
        cmocka_unit_test(absent_text_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
