/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of what the server knows about its listening socket.
 */
#include "lib/unit_check.h"

#include <unistd.h>

#include "server/listener.h"

/* Hosts that this machine does not have, such as those of IPv6, are left out.
 */
static void loopback_addresses_are_recognised(void **state)
{
    static const struct {
        const char *host;
        bool loopback;
    } rows[] = {
        {"127.0.0.1", true}, {"127.255.1.2", true},
        {"::1", true},       {"::ffff:127.0.0.1", true},
        {"localhost", true}, {"0.0.0.0", false},
        {"::", false},       {"::ffff:0.0.0.0", false},
    };
    size_t opened = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char error[256];
        int listener = listener_open(rows[i].host, 0, error, sizeof(error));

        if (listener < 0)
            continue;
        opened++;
        if (listener_is_loopback(listener) != rows[i].loopback)
            fail_msg("%s", rows[i].host);
        close(listener);
    }
    assert_true(opened >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_addresses_are_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
