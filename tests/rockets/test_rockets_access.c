/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where `rockets` takes its token from.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access.h"

#define TOKEN "lunar_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"

static void set_variable(const char *value)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe) */
    assert_int_equal(setenv("ROCKETS_TOKEN", value, 1), 0);
}

/* Load the token of a file with this content and mode. */
static bool load_file(const char *content, mode_t mode, struct access *access,
                      char error[512])
{
    char path[] = "/tmp/test_rockets_access.XXXXXX";
    int file = mkstemp(path);

    assert_true(file >= 0);
    assert_int_equal(write(file, content, strlen(content)), strlen(content));
    assert_int_equal(fchmod(file, mode), 0);
    close(file);
    *access = (struct access){.token_file = path};
    error[0] = '\0';
    bool loaded = access_load(access, error, 512);
    unlink(path);
    return loaded;
}

static void token_is_the_one_line_of_its_file(void **state)
{
    static const char *const good[] = {
        TOKEN,
        TOKEN "\n",
        "# of rockets\n\n  " TOKEN " \r\n\n",
    };
    static const char *const bad[] = {
        "",
        "# none\n",
        TOKEN "\n" TOKEN "\n",
        TOKEN " lunar\n",
        "Bearer " TOKEN "\n",
        TOKEN "\x7f\n",
        "===\n",
    };
    struct access access;
    char error[512];

    (void)state;
    set_variable("another");
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(load_file(good[i], 0600, &access, error));
        assert_string_equal(access.token, TOKEN);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(load_file(bad[i], 0600, &access, error));
        assert_non_null(strstr(error, "expected one line with a token"));
        assert_null(strstr(error, "lunar_"));
    }
}

static void long_lines_are_no_tokens(void **state)
{
    char line[2 * ACCESS_MAX_TOKEN];
    struct access access;
    char error[512];

    (void)state;
    for (size_t length = ACCESS_MAX_TOKEN - 2; length < sizeof(line);
         length++) {
        memset(line, 'a', length);
        line[length] = '\0';
        assert_int_equal(load_file(line, 0600, &access, error),
                         length <= ACCESS_MAX_TOKEN);
    }
}

static void file_that_others_read_or_change_is_refused(void **state)
{
    static const struct {
        mode_t mode;
        bool good;
    } rows[] = {{0600, true},  {0400, true},  {0640, true},
                {0660, false}, {0644, false}, {0602, false}};
    struct access access;
    char error[512];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(load_file(TOKEN "\n", rows[i].mode, &access, error),
                         rows[i].good);
        assert_int_equal(strstr(error, "chmod 600") != NULL, !rows[i].good);
    }
    access = (struct access){.token_file = "/nowhere/token"};
    assert_false(access_load(&access, error, sizeof(error)));
    assert_string_equal(error, "--token-file=/nowhere/token: can't read it (No "
                               "such file or directory)");
}

static void variable_counts_without_a_file(void **state)
{
    struct access access = {.ca_file = NULL};
    char error[512];

    (void)state;
    set_variable(TOKEN);
    assert_true(access_load(&access, error, sizeof(error)));
    assert_string_equal(access.token, TOKEN);
    set_variable("");
    assert_true(access_load(&access, error, sizeof(error)));
    assert_string_equal(access.token, "");
    set_variable("secret\r\nHost: other");
    assert_false(access_load(&access, error, sizeof(error)));
    assert_null(strstr(error, "secret"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token_is_the_one_line_of_its_file),
        cmocka_unit_test(long_lines_are_no_tokens),
        cmocka_unit_test(file_that_others_read_or_change_is_refused),
        cmocka_unit_test(variable_counts_without_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
