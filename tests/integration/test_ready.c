/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service says at its start: the ready line, which is true of the
 * address that it listens on, and the first lines of the log.
 */
#include "lib/count_parts.h"
#include "lib/harness.h"
#include "lib/full_pipe.h"
#include "lib/temporary_folder.h"

#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BEGINNING "lunar.service: listening on "
#define STATE "state in memory only, -data=DIR keeps it"
#define OPEN "insecure: no authentication; "

enum { MAX_HOST = 128, MAX_LINE = 512 };

/* What a ready line says about the address. */
enum form { LOOPBACK, ONE_ADDRESS, ALL_ADDRESSES };

/*
 * Expect a ready line with this address, which says that everything is open if
 * others can connect, as they were allowed to by -insecure: no other line does.
 */
static void expect_ready_line(const struct instance *instance, enum form form,
                              const char *address)
{
    unsigned port = instance->port;
    char expected[MAX_LINE];

    if (form == ALL_ADDRESSES) {
        snprintf(expected, sizeof(expected),
                 BEGINNING "%s:%u (all addresses; " OPEN STATE ")", address,
                 port);
        assert_string_equal(instance->ready, expected);
    } else {
        instance_expect_ready(instance, address,
                              form == LOOPBACK ? STATE : OPEN STATE);
    }
    char *log = process_errors(&instance->process);
    assert_int_equal(count_parts(log, " warn "), 0);
    free(log);
}

/*
 * Return whether a connection to a host, as in 127.0.0.1 or fe80::1%eth0, is
 * accepted.
 */
static bool can_connect(const char *host, unsigned port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char service[16];
    bool connected = false;

    snprintf(service, sizeof(service), "%u", port);
    if (getaddrinfo(host, service, &hints, &found) != 0)
        return false;
    for (struct addrinfo *next = found; next != NULL; next = next->ai_next) {
        int fd = socket(next->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        connected = connected || (fd >= 0 && connect(fd, next->ai_addr,
                                                     next->ai_addrlen) == 0);
        if (fd >= 0)
            close(fd);
    }
    freeaddrinfo(found);
    return connected;
}

/*
 * Start the service with -host=`host`. Expect a ready line with `address`, and
 * that `client` is an address that accepts connections.
 */
static void check_host(const char *host, enum form form, const char *address,
                       const char *client)
{
    struct instance instance;
    char flag[MAX_HOST + 8];

    print_message("-host=%s\n", host);
    snprintf(flag, sizeof(flag), "-host=%s", host);
    instance_start(&instance, INSTANCE_FLAGS(flag, "-insecure"));
    expect_ready_line(&instance, form, address);
    assert_true(can_connect(client, instance.port));
    instance_stop(&instance);
}

static void ready_line_has_the_address_of_the_socket(void **state)
{
    (void)state;
    check_host("127.0.0.1", LOOPBACK, "127.0.0.1", "127.0.0.1");
    check_host("127.1.2.3", LOOPBACK, "127.1.2.3", "127.1.2.3");
    check_host("0.0.0.0", ALL_ADDRESSES, "0.0.0.0", "127.0.0.1");
}

/* Return whether this machine has the IPv6 loopback address. */
static bool has_ipv6(void)
{
    FILE *addresses = fopen("/proc/net/if_inet6", "re");
    char line[128];
    bool found = false;

    while (addresses != NULL && fgets(line, sizeof(line), addresses) != NULL)
        found =
            found || strncmp(line, "00000000000000000000000000000001", 32) == 0;
    if (addresses != NULL)
        fclose(addresses);
    return found;
}

static void ready_line_has_brackets_around_ipv6(void **state)
{
    (void)state;
    if (!has_ipv6())
        skip();
    check_host("::1", LOOPBACK, "[::1]", "::1");
    check_host("::", ALL_ADDRESSES, "[::]", "::1");
    check_host("::", ALL_ADDRESSES, "[::]", "127.0.0.1");
    check_host("::ffff:127.0.0.1", LOOPBACK, "127.0.0.1", "127.0.0.1");
    check_host("::ffff:0.0.0.0", ALL_ADDRESSES, "0.0.0.0", "127.0.0.1");
}

/* A name may have any loopback address. */
static void host_name_is_replaced_by_its_address(void **state)
{
    struct instance instance;

    (void)state;
    instance_start(&instance, INSTANCE_FLAGS("-host=localhost"));
    bool ipv6 = strstr(instance.ready, "[::1]") != NULL;
    expect_ready_line(&instance, LOOPBACK, ipv6 ? "[::1]" : "127.0.0.1");
    assert_true(can_connect("localhost", instance.port));
    instance_stop(&instance);
}

/* In a URL the % of an address is %25. */
static void check_own_address(const struct sockaddr *address)
{
    bool ipv6 = address->sa_family == AF_INET6;
    char host[MAX_HOST], shown[MAX_HOST + 8];

    assert_int_equal(getnameinfo(address,
                                 ipv6 ? sizeof(struct sockaddr_in6)
                                      : sizeof(struct sockaddr_in),
                                 host, sizeof(host), NULL, 0, NI_NUMERICHOST),
                     0);
    int end = (int)strcspn(host, "%");
    if (!ipv6)
        snprintf(shown, sizeof(shown), "%s", host);
    else if (host[end] == '\0')
        snprintf(shown, sizeof(shown), "[%s]", host);
    else
        snprintf(shown, sizeof(shown), "[%.*s%%25%s]", end, host,
                 host + end + 1);
    check_host(host, ONE_ADDRESS, shown, host);
}

static void other_addresses_are_said_to_be_open(void **state)
{
    struct ifaddrs *all = NULL;
    unsigned checked = 0;

    (void)state;
    assert_int_equal(getifaddrs(&all), 0);
    for (struct ifaddrs *next = all; next != NULL; next = next->ifa_next) {
        unsigned wanted = IFF_UP | IFF_RUNNING;
        if (next->ifa_addr == NULL ||
            (next->ifa_flags & (wanted | IFF_LOOPBACK)) != wanted ||
            (next->ifa_addr->sa_family != AF_INET &&
             next->ifa_addr->sa_family != AF_INET6))
            continue;
        check_own_address(next->ifa_addr);
        checked++;
    }
    freeifaddrs(all);
    if (checked == 0)
        skip();
}

/*
 * Start the service with a file that has no token and these flags. Expect that
 * its ready line has `part`, and how many warnings its log has.
 */
static void check_access(const char *const flags[3], const char *part,
                         size_t warnings)
{
    char root[FOLDER_ROOT], file[FOLDER_ROOT + 16], tokens[FOLDER_ROOT + 32];
    struct instance instance;

    folder_make(root);
    snprintf(file, sizeof(file), "%s/tokens", root);
    snprintf(tokens, sizeof(tokens), "-tokens=%s", file);
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_true(dprintf(fd, "alice sha256:%064d read\n", 1) > 0);
    close(fd);
    instance_start(&instance,
                   INSTANCE_FLAGS(tokens, flags[0], flags[1], flags[2]));
    if (strstr(instance.ready, part) == NULL)
        fail_msg("no \"%s\" in: %s", part, instance.ready);
    process_wait_error(&instance.process, " info  1 token in ");
    process_wait_error(&instance.process, " has no session-key: ");
    char *log = instance_stop_log(&instance);
    assert_int_equal(count_parts(log, " warn "), warnings);
    assert_int_equal(count_parts(log, " warn  tokens are sent to "), warnings);
    free(log);
    unlink(file);
    assert_int_equal(rmdir(root), 0);
}

static void ready_line_says_whether_tokens_are_needed(void **state)
{
    static const struct {
        const char *flags[3];
        const char *part;
        size_t warnings;
    } rows[] = {
        {{NULL}, "/swagger; tokens are needed; state in memory", 0},
        {{"-anonymous=ingest,read"},
         "; tokens are needed, but not for ingest,read; state",
         0},
        /* Nobody is warned of a proxy that has TLS. */
        {{"-host=0.0.0.0"}, "(all addresses; tokens are needed; state", 1},
        {{"-host=0.0.0.0", "-trusted-proxy=10.0.0.1"},
         "(all addresses; tokens are needed; state",
         0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_access(rows[i].flags, rows[i].part, rows[i].warnings);
}

/* In a new network namespace there is no address, so none of IPv6. */
static void all_addresses_without_ipv6_are_those_of_ipv4(void **state)
{
    const char *const probe[] = {"/bin/sh", "-c", "exec unshare -rn true",
                                 NULL};
    const char *const arguments[] = {
        "/bin/sh", "-c", "exec unshare -rn \"$0\" -port=0 -insecure -host=::",
        process_setting("LUNAR_SERVICE"), NULL};
    struct instance instance = {0};

    (void)state;
    process_start(&instance.process, probe, NULL);
    bool allowed = process_wait(&instance.process, INSTANCE_PATIENCE) == 0;
    process_release(&instance.process);
    if (!allowed)
        skip();
    process_start(&instance.process, arguments, NULL);
    instance_wait_ready(&instance);
    expect_ready_line(&instance, ALL_ADDRESSES, "0.0.0.0");
    instance_stop(&instance);
}

/* Start the service, stop it, and expect `part` in its log. */
static void check_log(const char *const flags[], const char *part)
{
    struct instance instance;

    instance_start(&instance, flags);
    process_wait_error(&instance.process, part);
    instance_stop(&instance);
}

/* The test's affinity is that of the service. */
static void log_has_the_sizes_and_their_reasons(void **state)
{
    static const char start[] = " info  lunar.service " LUNAR_VERSION ": ";
    char part[MAX_LINE];
    cpu_set_t usable, one;
    size_t first = 0;

    (void)state;
    snprintf(part, sizeof(part),
             "%s3 event loops, at most 64.0 MiB for rockets\n", start);
    check_log(INSTANCE_FLAGS("-threads=3", "-max-memory=64M"), part);
    snprintf(part, sizeof(part),
             "%s1 event loop, at most 1.5 GiB for rockets\n", start);
    check_log(INSTANCE_FLAGS("-threads=1", "-max-memory=1536M"), part);
    snprintf(part, sizeof(part), "%sa thread for each connection, at most ",
             start);
    check_log(INSTANCE_FLAGS("-threads=per-connection"), part);
    check_log(NULL, "B for rockets (half of the ");

    assert_int_equal(sched_getaffinity(0, sizeof(usable), &usable), 0);
    while (!CPU_ISSET(first, &usable))
        first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
    snprintf(part, sizeof(part), "%s1 event loop (one for each usable processo",
             start);
    check_log(NULL, part);
    assert_int_equal(sched_setaffinity(0, sizeof(usable), &usable), 0);
}

/*
 * Start the service with variables, and return its log when it has ended.
 * Ownership: the caller frees it.
 */
static char *log_with_variables(const char *flag, const char *const variables[])
{
    struct instance instance;

    instance_start_with(&instance, INSTANCE_FLAGS(flag), variables);
    return instance_stop_log(&instance);
}

/* tests/unit/config has the texts. */
static void ignored_variables_are_warned_of(void **state)
{
    const char *const *variables =
        INSTANCE_FLAGS("LUNAR_PROT=1", "LUNAR_1=1", "LUNAR_2=1", "LUNAR_3=1",
                       "LUNAR_4=1", "LUNAR_5=1", "LUNAR_6=1", "LUNAR_7=1",
                       "LUNAR_8=1", "LUNAR_9=1", "LUNAR_HOST=");

    (void)state;
    char *log = log_with_variables("-log-level=warn", variables);
    assert_non_null(strstr(log, " warn  LUNAR_PROT is ignored: "));
    assert_non_null(
        strstr(log, " warn  2 more unknown variables are ignored\n"));
    assert_int_equal(count_parts(log, "\n"), 9);
    free(log);
    log = log_with_variables("-log-level=error", variables);
    assert_string_equal(log, "");
    free(log);
}

/* Fill the pipe that the child has as stdout. */
static void fill_stdout(const struct process *process)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", process->out);
    int in = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(in >= 0);
    full_pipe_fill(in);
    close(in);
}

/*
 * Start the service by a command of the shell that stops itself first. Expect
 * that the service logs its address and serves, although stdout, whose pipe is
 * full, does not take the ready line.
 */
static void check_stdout(const char *command)
{
    static const char line[] =
        " warn  stdout does not take this line: listening on http://";
    const char *const arguments[] = {"/bin/sh", "-c", command,
                                     process_setting("LUNAR_SERVICE"), NULL};
    struct instance instance = {0};
    int status = 0;

    process_start(&instance.process, arguments, NULL);
    assert_int_equal(waitpid(instance.process.pid, &status, WUNTRACED),
                     instance.process.pid);
    assert_true(WIFSTOPPED(status));
    fill_stdout(&instance.process);
    process_signal(&instance.process, SIGCONT);
    process_wait_error(&instance.process, line);
    char *log = process_errors(&instance.process);
    const char *url = strstr(log, line) + strlen(line);
    instance.port = (uint16_t)strtoul(strchr(url, ':') + 1, NULL, 10);
    free(log);
    EXCHANGE(&instance, .target = "/health", .status = 200);
    process_signal(&instance.process, SIGTERM);
    assert_int_equal(process_wait(&instance.process, INSTANCE_PATIENCE), 0);
    instance_release(&instance);
}

/* A pipe that is full, and a full disk. */
static void service_runs_while_nobody_reads_its_stdout(void **state)
{
    (void)state;
    check_stdout("kill -STOP $$; exec \"$0\" -port=0");
    check_stdout("kill -STOP $$; exec \"$0\" -port=0 >/dev/full");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ready_line_has_the_address_of_the_socket),
        cmocka_unit_test(ready_line_has_brackets_around_ipv6),
        cmocka_unit_test(host_name_is_replaced_by_its_address),
        cmocka_unit_test(other_addresses_are_said_to_be_open),
        cmocka_unit_test(ready_line_says_whether_tokens_are_needed),
        cmocka_unit_test(all_addresses_without_ipv6_are_those_of_ipv4),
        cmocka_unit_test(log_has_the_sizes_and_their_reasons),
        cmocka_unit_test(ignored_variables_are_warned_of),
        cmocka_unit_test(service_runs_while_nobody_reads_its_stdout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
