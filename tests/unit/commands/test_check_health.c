/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the URL of -check-health alone.
 * tests/integration/test_check_service.c asks for them.
 */
#include "lib/unit_check.h"

#include "commands/check_health.h"

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
    char url[HTTP_URL_TEXT], host[HTTP_URL_TEXT] = "";

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
        cmocka_unit_test(own_url_follows_from_host_and_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
