/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of what LISTEN_PID, LISTEN_FDS and the descriptors say. That the
 * sockets are served is tested with the binary (tests/integration).
 */
#include "lib/unit_check.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "process/activation.h"

enum { OWN = 4711, FIRST = 200 /* a descriptor that no other has */ };

static void variables_are_for_the_process_that_they_name(void **state)
{
    static const struct {
        const char *pid, *fds;
        int count;
        const char *error;
    } rows[] = {
        {NULL, NULL, 0, NULL},
        {NULL, "1", 0, NULL},
        {"4711", NULL, 0, NULL},
        {"4711", "0", 0, NULL},
        {"4711", "1", 1, NULL},
        {"4711", "2", 2, NULL},
        {"4711", "3", -1, "passes 3 sockets"},
        {"4711", "2147483644", -1, "passes 2147483644 sockets"},
        {"4711", "2147483648", -1, "LISTEN_FDS is not"},
        {"4711", "", -1, "LISTEN_FDS is not"},
        {"4711", "-1", -1, "LISTEN_FDS is not"},
        {"4711", "1x", -1, "LISTEN_FDS is not"},
        {"4712", "1", 0, NULL},
        {"4712", "many", 0, NULL},
        {"1", "3", 0, NULL},
        {"", "1", -1, "LISTEN_PID is not"},
        {"-4711", "1", -1, "LISTEN_PID is not"},
        {"99999999999", "1", -1, "LISTEN_PID is not"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char error[ACTIVATION_ERROR] = "";
        assert_int_equal(activation_count(rows[i].pid, rows[i].fds, OWN, error),
                         rows[i].count);
        if (rows[i].error == NULL)
            assert_string_equal(error, "");
        else
            assert_non_null(strstr(error, rows[i].error));
    }
}

/* A socket at descriptor `place`, listening if it can. */
static void put_socket(int place, int family, const char *name)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    int fd = socket(family, SOCK_STREAM, 0);

    memcpy(local.sun_path + 1, name, strlen(name));
    if (family == AF_UNIX)
        assert_int_equal(
            bind(fd, (struct sockaddr *)&local,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
                             strlen(name))),
            0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(dup2(fd, place), place);
    close(fd);
}

static void sockets_are_found_by_their_kind(void **state)
{
    char error[ACTIVATION_ERROR];
    struct activation activation;

    (void)state;
    assert_true(activation_find(&activation, FIRST, 0, error));
    assert_int_equal(activation.given.tcp, 0);
    assert_int_equal(activation.given.unix_socket, 0);
    put_socket(FIRST, AF_UNIX, "lunar-test-activation");
    put_socket(FIRST + 1, AF_INET, "");
    assert_true(activation_find(&activation, FIRST, 2, error));
    assert_int_equal(activation.given.tcp, FIRST + 1);
    assert_int_equal(activation.given.unix_socket, FIRST);
    assert_string_equal(activation.path, "@lunar-test-activation");
    assert_false(activation_find(&activation, FIRST, 3, error));
    assert_non_null(strstr(error, "descriptor 202, which is not open"));
    close(FIRST);
    close(FIRST + 1);
}

static void variables_are_removed(void **state)
{
    static const char *const names[] = {"LISTEN_PID", "LISTEN_FDS",
                                        "LISTEN_FDNAMES", "LISTEN_PIDFDID"};
    char error[ACTIVATION_ERROR];
    struct activation activation;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        setenv(names[i], "1", 1); /* NOLINT(concurrency-mt-unsafe) */
    assert_true(activation_take(&activation, error));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_null(getenv(names[i])); /* NOLINT(concurrency-mt-unsafe) */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_are_for_the_process_that_they_name),
        cmocka_unit_test(sockets_are_found_by_their_kind),
        cmocka_unit_test(variables_are_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
