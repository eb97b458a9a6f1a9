/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of URLs as a client reads them. test_check_health.c has those that are
 * refused.
 */
#include "lib/unit_check.h"

#include "http/url.h"

static void url_has_the_parts_that_a_client_needs(void **state)
{
    static const struct {
        const char *url, *host, *port, *path, *field;
        bool secure;
    } rows[] = {
        {"http://localhost", "localhost", "80", "", "localhost:80", false},
        {"HTTP://a.example:8088/b?c", "a.example", "8088", "/b?c",
         "a.example:8088", false},
        {"http://a?b", "a", "80", "?b", "a:80", false},
        {"http://[::1]:65535/", "::1", "65535", "/", "[::1]:65535", false},
        {"http://[fe80::1%25eth0]", "fe80::1%eth0", "80", "", "[fe80::1]:80",
         false},
        {"https://a.example", "a.example", "443", "", "a.example:443", true},
        {"HTTPS://a:80/b", "a", "80", "/b", "a:80", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_url url;
        char field[HTTP_URL_HOST + HTTP_URL_PORT + 3];

        assert_true(http_url_read(text_of(rows[i].url), &url));
        assert_string_equal(url.host, rows[i].host);
        assert_string_equal(url.port, rows[i].port);
        assert_true(text_equal(url.path, text_of(rows[i].path)));
        http_url_write_host(&url, field);
        assert_string_equal(field, rows[i].field);
        assert_int_equal(url.secure, rows[i].secure);
    }
}

/* As in a list, whose parts do not end with a NUL. */
static void url_ends_where_its_text_ends(void **state)
{
    static const char list[] = "http://a:1,http://b:2/c";
    struct text rest = {list, sizeof(list) - 1};
    struct http_url url;

    (void)state;
    assert_true(http_url_read(text_split(&rest, ','), &url));
    assert_string_equal(url.port, "1");
    assert_int_equal(url.path.length, 0);
    assert_true(http_url_read((struct text){"http://abc", 8}, &url));
    assert_string_equal(url.host, "a");
    assert_false(http_url_read((struct text){"http://abc", 7}, &url));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(url_has_the_parts_that_a_client_needs),
        cmocka_unit_test(url_ends_where_its_text_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
