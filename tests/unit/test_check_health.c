/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the URLs of -check-health. tests/integration/test_check_service.c
 * asks for them.
 */
#include "lib/unit_check.h"

#include "check_health.h"

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

    (void)state;
    for (size_t i = 0; i < COUNT(valid); i++)
        if (!check_health_is_url(valid[i]))
            fail_msg("%s is refused", valid[i]);
    for (size_t i = 0; i < COUNT(invalid); i++)
        if (check_health_is_url(invalid[i]))
            fail_msg("%s is accepted", invalid[i]);
}

static void long_url_is_refused(void **state)
{
    char url[CHECK_HEALTH_URL + 1] = "http://localhost/";

    (void)state;
    memset(url + strlen(url), 'x', CHECK_HEALTH_URL - strlen(url));
    assert_false(check_health_is_url(url));
    url[CHECK_HEALTH_URL - 1] = '\0';
    assert_true(check_health_is_url(url));
    /* Of the host 255 bytes are read. */
    snprintf(url, sizeof(url), "http://%0256d/", 0);
    assert_false(check_health_is_url(url));
    snprintf(url, sizeof(url), "http://%0255d/", 0);
    assert_true(check_health_is_url(url));
}

static void own_url_follows_from_host_and_port(void **state)
{
    static const struct {
        const char *host;
        uint16_t port;
        const char *url; /* NULL: none */
    } rows[] = {
        {"127.0.0.1", 8088, "http://127.0.0.1:8088/health"},
        {"localhost", 1, "http://localhost:1/health"},
        {"0.0.0.0", 65535, "http://0.0.0.0:65535/health"},
        {"::", 8088, "http://[::]:8088/health"},
        {"::ffff:192.0.2.1", 8088, "http://[::ffff:192.0.2.1]:8088/health"},
        {"fe80::1%eth0", 8088, "http://[fe80::1%25eth0]:8088/health"},
        {"localhost", 0, NULL},
        {"", 8088, NULL},
        {"a/b", 8088, NULL},
        {"a?b", 8088, NULL},
        {"a b", 8088, NULL},
        {"a%b", 8088, NULL},
        {"[::1]", 8088, NULL},
    };
    char url[CHECK_HEALTH_URL], host[CHECK_HEALTH_URL] = "";

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool known =
            check_health_own_url(rows[i].host, rows[i].port, false, url);
        if (known != (rows[i].url != NULL))
            fail_msg("%s %u: %s", rows[i].host, rows[i].port, url);
        if (known)
            assert_string_equal(url, rows[i].url);
    }
    assert_true(check_health_own_url("::1", 8443, true, url));
    assert_string_equal(url, "https://[::1]:8443/health");
    memset(host, 'x', sizeof(host) - 1);
    assert_false(check_health_own_url(host, 1, false, url));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(url_has_http_a_host_and_what_may_follow),
        cmocka_unit_test(long_url_is_refused),
        cmocka_unit_test(own_url_follows_from_host_and_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
