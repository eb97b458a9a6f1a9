/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the listening socket: what the server knows about its address, and
 * what it says where IPv6 is missing.
 */
#include "lib/unit_check.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server/address.h"
#include "server/listener.h"

/* Listen on `host`. Return -1, and set the error, if that fails. */
static int open_listener(const char *host, char error[256])
{
    struct addrinfo *addresses = listener_resolve(host, 0, error, 256);

    assert_non_null(addresses);
    int listener = listener_open(addresses, host, 0, error, 256);
    freeaddrinfo(addresses);
    return listener;
}

/*
 * Listen on `host` and compare. False if this machine does not have the
 * address. `text`: without the port.
 */
static bool check_address(const char *host, enum server_reach reach,
                          const char *text)
{
    struct server_address address;
    char error[256], expected[160];
    int listener = open_listener(host, error);

    if (listener < 0)
        return false;
    address_of_socket(listener, &address);
    close(listener);
    assert_int_not_equal(address.port, 0);
    snprintf(expected, sizeof(expected), "%s:%u", text, address.port);
    if (address.reach != reach || strcmp(address.text, expected) != 0)
        fail_msg("%s: %s, reach %d", host, address.text, (int)address.reach);
    return true;
}

/* Addresses that this machine does not have, such as IPv6, are left out. */
static void address_is_that_of_the_socket(void **state)
{
    static const struct {
        const char *host;
        enum server_reach reach;
        const char *text;
    } rows[] = {
        {"127.0.0.1", SERVER_LOOPBACK, "127.0.0.1"},
        {"127.255.1.2", SERVER_LOOPBACK, "127.255.1.2"},
        {"127.1", SERVER_LOOPBACK, "127.0.0.1"},
        {"0.0.0.0", SERVER_ALL_ADDRESSES, "0.0.0.0"},
        {"0", SERVER_ALL_ADDRESSES, "0.0.0.0"},
        {"::1", SERVER_LOOPBACK, "[::1]"},
        {"0:0:0:0:0:0:0:1", SERVER_LOOPBACK, "[::1]"},
        {"::ffff:127.0.0.1", SERVER_LOOPBACK, "127.0.0.1"},
        {"::ffff:0.0.0.0", SERVER_ALL_ADDRESSES, "0.0.0.0"},
    };
    size_t checked = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        checked += check_address(rows[i].host, rows[i].reach, rows[i].text);
    assert_true(checked >= 5);
}

static void name_is_replaced_by_its_address(void **state)
{
    struct server_address address;
    char error[256];
    int listener = open_listener("localhost", error);

    (void)state;
    assert_true(listener >= 0);
    address_of_socket(listener, &address);
    close(listener);
    assert_int_equal(address.reach, SERVER_LOOPBACK);
    assert_true(strncmp(address.text, "127.0.0.1:", 10) == 0 ||
                strncmp(address.text, "[::1]:", 6) == 0);
}

/*
 * An interface's address as -host has it, "fe80::1%eth0", and as a URL has it,
 * "[fe80::1%25eth0]".
 */
static void write_address(const struct sockaddr *address, char host[96],
                          char text[128])
{
    bool is_ipv6 = address->sa_family == AF_INET6;
    socklen_t size =
        is_ipv6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);

    assert_int_equal(
        getnameinfo(address, size, host, 96, NULL, 0, NI_NUMERICHOST), 0);
    int end = (int)strcspn(host, "%");
    const char *zone = host[end] != '\0' ? host + end + 1 : "";
    snprintf(text, 128, is_ipv6 ? "[%.*s%s%s]" : "%.*s%s%s", end, host,
             *zone != '\0' ? "%25" : "", zone);
}

static void addresses_of_this_machine_are_written_as_in_urls(void **state)
{
    struct ifaddrs *all = NULL;
    bool has_ipv6 = false;
    size_t checked = 0;

    (void)state;
    assert_int_equal(getifaddrs(&all), 0);
    for (struct ifaddrs *next = all; next != NULL; next = next->ifa_next) {
        char host[96], text[128];
        if (next->ifa_addr == NULL || (next->ifa_addr->sa_family != AF_INET &&
                                       next->ifa_addr->sa_family != AF_INET6))
            continue;
        has_ipv6 = has_ipv6 || next->ifa_addr->sa_family == AF_INET6;
        write_address(next->ifa_addr, host, text);
        bool loopback =
            strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
        checked += check_address(
            host, loopback ? SERVER_LOOPBACK : SERVER_ONE_ADDRESS, text);
    }
    freeifaddrs(all);
    assert_int_not_equal(checked, 0);
    /* It may be that there is no IPv6 at all. */
    assert_true(check_address("::", SERVER_ALL_ADDRESSES,
                              has_ipv6 ? "[::]" : "0.0.0.0") ||
                !has_ipv6);
}

static void groups_are_no_addresses(void **state)
{
    static const char *const hosts[] = {"224.0.0.1", "239.255.255.255",
                                        "255.255.255.255", "ff02::1"};

    (void)state;
    for (size_t i = 0; i < COUNT(hosts); i++) {
        char error[256] = "";
        int listener = open_listener(hosts[i], error);
        if (listener >= 0)
            close(listener);
        assert_int_equal(listener, -1);
        assert_non_null(strstr(error, " is not an address of this machine; "));
    }
}

/*
 * Refuse sockets of IPv6, for good, as a kernel without it does, or the setting
 * RestrictAddressFamilies of systemd. False if this machine forbids that.
 */
static bool switch_off_ipv6(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {COUNT(filter), filter};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* The last test, as there is no IPv6 after it. */
static void missing_ipv6_is_an_error_that_says_so(void **state)
{
    static const char *const hosts[] = {"::", "::1", "::ffff:127.0.0.1"};

    (void)state;
    if (!switch_off_ipv6())
        skip();
    for (size_t i = 0; i < COUNT(hosts); i++) {
        char error[256];
        assert_int_equal(open_listener(hosts[i], error), -1);
        assert_non_null(strstr(error, ": there is no IPv6 here; "));
    }
    assert_true(check_address("127.0.0.1", SERVER_LOOPBACK, "127.0.0.1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_is_that_of_the_socket),
        cmocka_unit_test(name_is_replaced_by_its_address),
        cmocka_unit_test(addresses_of_this_machine_are_written_as_in_urls),
        cmocka_unit_test(groups_are_no_addresses),
        cmocka_unit_test(missing_ipv6_is_an_error_that_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
