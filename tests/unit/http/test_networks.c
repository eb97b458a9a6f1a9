/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of lists of networks: which lists are valid, and which addresses they
 * have.
 */
#include "lib/unit_check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "http/networks.h"

static struct network_address address_of(const char *text)
{
    struct network_address address;

    if (!networks_read_address(text_of(text), &address))
        fail_msg("%s is no address", text);
    return address;
}

static void addresses_are_read(void **state)
{
    static const char *const others[] = {
        "",
        "10.0.0",
        "10.0.0.1 ",
        "10.0.0.1:80",
        "[::1]",
        "fe80::1%lo",
        "010.0.0.1",
        "256.0.0.1",
        "0x7f.0.0.1",
        "localhost",
        "::1::",
        "10.0.0.1/8",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999"};
    struct network_address address;

    (void)state;
    struct network_address ipv4 = address_of("192.0.2.1");
    struct network_address mapped = address_of("::ffff:192.0.2.1");
    assert_memory_equal(ipv4.bytes, mapped.bytes, sizeof(ipv4.bytes));
    (void)address_of("1111:2222:3333:4444:5555:6666:7777:8888");
    for (size_t i = 0; i < COUNT(others); i++)
        if (networks_read_address(text_of(others[i]), &address))
            fail_msg("%s is an address", others[i]);
    assert_false(
        networks_read_address((struct text){"1.2.3.4\0", 8}, &address));
}

static void invalid_lists_change_nothing(void **state)
{
    static const char *const lists[] = {"",
                                        ",",
                                        "10.0.0.0/8,",
                                        ",10.0.0.0/8",
                                        "10.0.0.1/8",
                                        "10.0.0.0/33",
                                        "::1/129",
                                        "10.0.0.0/",
                                        "10.0.0.0/+8",
                                        "10.0.0.0/8/8",
                                        "10.0.0.0 /8",
                                        "localhost",
                                        "::ffff:10.0.0.1/104",
                                        "2001:db8::1/32",
                                        "UNIX",
                                        "unix:",
                                        "10.0.0.0/8 unix",
                                        "0.0.0.1/0",
                                        "::1/0",
                                        "*"};
    struct networks networks = {.count = 7};
    char many[8 * (NETWORKS_MAX + 1)];

    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++)
        if (networks_read(text_of(lists[i]), &networks))
            fail_msg("\"%s\" is a list", lists[i]);
    assert_false(networks_read((struct text){NULL, 0}, &networks));
    for (size_t i = 0; i < sizeof(many); i++)
        many[i] = "1.2.3.4,"[i % 8];
    assert_false(
        networks_read((struct text){many, sizeof(many) - 1}, &networks));
    assert_int_equal(networks.count, 7);
    assert_true(
        networks_read((struct text){many, 8 * NETWORKS_MAX - 1}, &networks));
    assert_int_equal(networks.count, NETWORKS_MAX);
}

static void networks_have_their_addresses_only(void **state)
{
    static const struct {
        const char *list, *address;
        bool has;
    } rows[] = {
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.0.0.0/8", "9.255.255.255", false},
        {"10.0.0.0/8", "::ffff:10.1.2.3", true},
        {"10.0.0.0/8", "::10.1.2.3", false},
        {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.128/25", "192.0.2.128", true},
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.0", false},
        {"192.0.2.1/32", "192.0.2.1", true},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        /* All of IPv6 is not all of IPv4, although that is mapped into it. */
        {"::/0", "203.0.113.9", false},
        {"::/0", "2001:db8::1", true},
        {"::ffff:0:0/96", "203.0.113.9", true},
        {"::ffff:10.0.0.0/104", "10.9.9.9", true},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"2001:db8::1", "2001:db8::1", true},
        {"2001:db8::1", "2001:db8::2", false},
        {"127.0.0.1 ,\t10.0.0.0/8,::1", "::1", true},
        {"127.0.0.1 ,\t10.0.0.0/8,::1", "10.1.1.1", true},
        {"127.0.0.1 ,\t10.0.0.0/8,::1", "192.0.2.1", false},
        {"unix", "127.0.0.1", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct network_address address = address_of(rows[i].address);
        struct networks networks;
        if (!networks_read(text_of(rows[i].list), &networks))
            fail_msg("%s is no list", rows[i].list);
        if (networks_have(&networks, &address) != rows[i].has)
            fail_msg("%s, %s", rows[i].list, rows[i].address);
    }
}

static void peers_are_matched_by_their_family(void **state)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = 1};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = 1};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in6 unknown = {.sin6_family = AF_UNSPEC};
    const struct sockaddr *peers[] = {(void *)&ipv4, (void *)&ipv6,
                                      (void *)&local, (void *)&unknown};
    static const struct {
        const char *list;
        bool has[4]; /* of `peers` */
    } rows[] = {
        {"127.0.0.1", {true, false, false, false}},
        {"::1", {false, true, false, false}},
        {"unix", {false, false, true, false}},
        {"unix, ::/0 ,0.0.0.0/0", {true, true, true, false}},
    };

    (void)state;
    inet_pton(AF_INET, "127.0.0.1", &ipv4.sin_addr);
    inet_pton(AF_INET6, "::1", &ipv6.sin6_addr);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct networks networks;
        assert_true(networks_read(text_of(rows[i].list), &networks));
        for (size_t j = 0; j < COUNT(peers); j++)
            if (networks_have_peer(&networks, peers[j]) != rows[i].has[j])
                fail_msg("%s, peer %zu", rows[i].list, j);
    }
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &ipv6.sin6_addr);
    struct networks networks;
    assert_true(networks_read(TEXT("127.0.0.0/8"), &networks));
    assert_true(networks_have_peer(&networks, peers[1]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read),
        cmocka_unit_test(invalid_lists_change_nothing),
        cmocka_unit_test(networks_have_their_addresses_only),
        cmocka_unit_test(peers_are_matched_by_their_family),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
