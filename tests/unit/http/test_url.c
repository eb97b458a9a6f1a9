/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of URLs as a client reads them.
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

static void url_has_http_a_host_and_what_may_follow(void **state)
{
    static const char *const valid[] = {
        "http://localhost",
        "HTTP://localhost/",
        "http://localhost:8088/health",
        "http://localhost:/health",
        "http://localhost?for=ingest",
        "http://127.0.0.1:65535/health/ready?for=ingest",
        "https://localhost/",
        "https://[::1]:8443/health",
        "http://[::1]",
        "http://[::1]:8088/health",
        "http://[fe80::1%25eth0]:8088/health",
        "http://lunar-0.lunar.default.svc:1/a%20b",
    };
    static const char *const invalid[] = {
        "",
        "localhost",
        "localhost:8088/health",
        "/health",
        "http:",
        "http://",
        "http:///health",
        "http://:8088/health",
        "https:/localhost/",
        "https://user:password@localhost/",
        "ftp://localhost/",
        "http://user@localhost/",
        "http://localhost:0/",
        "http://localhost:65536/",
        "http://localhost:99999999999999999999/",
        "http://localhost:8088x/",
        "http://::1/",
        "http://[]/",
        "http://[::1/",
        "http://[::1]8088/",
        "http://[fe80::1%eth0]/",
        "http://[fe80::1%25]/",
        "http://[fe80::1%0aeth0]/",
        "http://local%68ost/",
        "http://localhost/a b",
        "http://localhost/a\r\nX: y",
        "http://localhost/\x7f",
        "http://localhost/\xc3\xa9",
        "http://localhost/#a",
        "http://local host/",
    };
    struct http_url ignored;

    (void)state;
    for (size_t i = 0; i < COUNT(valid); i++)
        if (!http_url_read(text_of(valid[i]), &ignored))
            fail_msg("%s is refused", valid[i]);
    for (size_t i = 0; i < COUNT(invalid); i++)
        if (http_url_read(text_of(invalid[i]), &ignored))
            fail_msg("%s is accepted", invalid[i]);
}

static void long_url_is_refused(void **state)
{
    char url[HTTP_URL_TEXT + 1] = "http://localhost/";
    struct http_url ignored;

    (void)state;
    memset(url + strlen(url), 'x', HTTP_URL_TEXT - strlen(url));
    assert_false(http_url_read(text_of(url), &ignored));
    url[HTTP_URL_TEXT - 1] = '\0';
    assert_true(http_url_read(text_of(url), &ignored));
    /* Of the host 255 bytes are read. */
    snprintf(url, sizeof(url), "http://%0256d/", 0);
    assert_false(http_url_read(text_of(url), &ignored));
    snprintf(url, sizeof(url), "http://%0255d/", 0);
    assert_true(http_url_read(text_of(url), &ignored));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(url_has_http_a_host_and_what_may_follow),
        cmocka_unit_test(long_url_is_refused),
        cmocka_unit_test(url_has_the_parts_that_a_client_needs),
        cmocka_unit_test(url_ends_where_its_text_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
