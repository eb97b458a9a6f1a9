/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the service under test, from its ready line to its exit status.
 */
#include "lib/instance.h"

#include "lib/harness.h"
#include "lib/tls_client.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * A path that no other service of any test has. It is never freed, as the
 * connections of a test may outlive the instance. TMPDIR may be too long.
 */
static const char *make_socket_path(void)
{
    static unsigned count;
    char *path = NULL;

    if (asprintf(&path, "/tmp/lunar-test-%d-%u.socket", (int)getpid(),
                 count++) < 0)
        abort();
    return path;
}

void instance_start_with(struct instance *instance, const char *const flags[],
                         const char *const variables[])
{
    char certificate[512], key[512];
    const char *arguments[INSTANCE_MAX_FLAGS + 6] = {
        process_setting("LUNAR_SERVICE"), "-port=0"};
    const char *path =
        process_is_set("LUNAR_TEST_UNIX") ? make_socket_path() : NULL;
    char flag[128];
    size_t count = 2;

    *instance = (struct instance){0};
    for (; flags != NULL && *flags != NULL; flags++) {
        assert_in_range(count, 0, INSTANCE_MAX_FLAGS + 1);
        arguments[count++] = *flags;
    }
    if (path != NULL) {
        snprintf(flag, sizeof(flag), "-listen=unix:%s", path);
        arguments[count++] = flag;
    }
    if (tls_client_is_wanted()) {
        arguments[count++] = tls_client_file("-tls-cert=", ".crt", certificate);
        arguments[count++] = tls_client_file("-tls-key=", ".key", key);
    }
    process_start(&instance->process, arguments, variables);
    instance_wait_ready(instance);
    if (path != NULL)
        connection_route(instance->port, path);
}

void instance_start(struct instance *instance, const char *const flags[])
{
    instance_start_with(instance, flags,
                        INSTANCE_FLAGS("LUNAR_IDLE_TIMEOUT=3600"));
}

void instance_start_command(struct process *process, const char *const flags[],
                            const char *const variables[])
{
    const char *arguments[INSTANCE_MAX_FLAGS + 2] = {
        process_setting("LUNAR_SERVICE")};

    for (size_t i = 0; flags[i] != NULL; i++) {
        assert_in_range(i, 0, INSTANCE_MAX_FLAGS - 1);
        arguments[i + 1] = flags[i];
    }
    process_start(process, arguments, variables);
}

/* With SO_REUSEADDR on both, the service may listen beside this socket. */
int instance_reserve_port(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)),
                     0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

void instance_wait_ready(struct instance *instance)
{
    if (!process_line(&instance->process, instance->ready,
                      sizeof(instance->ready), INSTANCE_PATIENCE))
        fail_msg("no ready line: %s", process_errors(&instance->process));
    /* The port follows the last colon of the first URL. */
    size_t url = strcspn(instance->ready, "(");
    while (url > 0 && instance->ready[url] != ':')
        url--;
    instance->port = (uint16_t)strtoul(instance->ready + url + 1, NULL, 10);
    bool none = strstr(instance->ready, "(no TCP port; ") != NULL;
    assert_int_equal(instance->port == 0, none);
}

void instance_expect_ready(const struct instance *instance, const char *host,
                           const char *rest)
{
    char url[160], dashboard[192] = "", expected[1024];

    snprintf(url, sizeof(url), "http%s://%s:%u",
             tls_client_is_wanted() ? "s" : "", host, instance->port);
#ifdef LUNAR_WEB
    snprintf(dashboard, sizeof(dashboard), "dashboard: %s/, ", url);
#endif
    snprintf(expected, sizeof(expected),
             "lunar.service: listening on %s (%sAPI: %s/swagger; %s)", url,
             dashboard, url, rest);
    assert_string_equal(instance->ready, expected);
}

/* Returns the log. Ownership: the caller frees it. */
static char *finish_instance(struct instance *instance, int status)
{
    char *errors = NULL;

    free(process_finish(&instance->process, status, &errors));
    if (strstr(errors, "Sanitizer") != NULL ||
        strstr(errors, "runtime error:") != NULL)
        fail_msg("%s", errors);
    return errors;
}

void instance_expect_end(struct instance *instance, int status)
{
    free(finish_instance(instance, status));
}

void instance_stop(struct instance *instance)
{
    process_signal(&instance->process, SIGTERM);
    instance_expect_end(instance, 0);
}

char *instance_stop_log(struct instance *instance)
{
    process_signal(&instance->process, SIGTERM);
    return finish_instance(instance, 0);
}

void instance_release(struct instance *instance)
{
    process_release(&instance->process);
}

void instance_connect(const struct instance *instance,
                      struct connection *connection)
{
    assert_true(connection_open(connection, instance->port));
}

void instance_get(const struct instance *instance, const char *target,
                  struct response *response)
{
    struct connection connection;

    instance_connect(instance, &connection);
    connection_get(&connection, target);
    connection_expect(&connection, response);
    connection_close(&connection);
}

void instance_begin(const struct instance *instance, const char *target,
                    struct connection *connection)
{
    static const char beginning[] = "HTTP/1.1 ";

    assert_true(connection_open_narrow(connection, instance->port));
    connection_get(connection, target);
    assert_true(connection_fill(connection, strlen(beginning),
                                process_clock() + CONNECTION_PATIENCE));
    assert_memory_equal(connection->data, beginning, connection->length);
}

void instance_wait_refusing(const struct instance *instance)
{
    int64_t deadline = process_clock() + INSTANCE_PATIENCE;
    struct connection connection;

    while (connection_open(&connection, instance->port)) {
        connection_close(&connection);
        assert_true(process_clock() < deadline);
    }
}

static int set_up(void **state, const char *const flags[])
{
    struct instance *instance = malloc(sizeof(*instance));

    if (instance == NULL)
        return -1;
    instance_start(instance, flags);
    *state = instance;
    return 0;
}

int instance_setup(void **state)
{
    return set_up(state, NULL);
}

int instance_setup_per_connection(void **state)
{
    return set_up(state, INSTANCE_FLAGS("-threads=per-connection"));
}

int instance_teardown(void **state)
{
    struct instance *instance = *state;

    /* There is none if the setup failed. */
    if (instance != NULL)
        instance_stop(instance);
    free(instance);
    return 0;
}
