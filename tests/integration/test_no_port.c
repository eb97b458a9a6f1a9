/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service that listens on a Unix socket alone, as behind a proxy: it has no
 * port, says so, and -check-health finds it all the same.
 */
#include "lib/harness.h"
#include "lib/temporary_folder.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATH_SIZE = 96, MAX_TEXT = 512, LINE = 256, INODE_COLUMN = 10 };

#define FLAGS INSTANCE_FLAGS

static const char *const modes[] = {"-threads=1", "-threads=2",
                                    "-threads=per-connection"};
enum { MODES = sizeof(modes) / sizeof(modes[0]) };

struct scene {
    char folder[FOLDER_ROOT];
    char path[PATH_SIZE];
    char flag[PATH_SIZE + 32]; /* -listen */
    struct instance instance;
};

static int set_up(void **state)
{
    static struct scene scene;

    scene = (struct scene){.instance = {.port = 0}};
    folder_make(scene.folder);
    snprintf(scene.path, sizeof(scene.path), "%s/socket", scene.folder);
    snprintf(scene.flag, sizeof(scene.flag), "-listen=unix:%s", scene.path);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    instance_release(&scene->instance);
    folder_remove(scene->folder);
    return 0;
}

/* Whether a table of /proc/net has the socket with this number. */
static bool has_socket(const char *table, unsigned long inode)
{
    char line[LINE];
    bool found = false;
    FILE *file = fopen(table, "re");

    /* There may be no IPv6. */
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        char *rest = line, *column = NULL;
        for (unsigned i = 0; i < INODE_COLUMN; i++)
            column = strtok_r(NULL, " ", &rest);
        found = found || (column != NULL && strtoul(column, NULL, 10) == inode);
    }
    if (file != NULL)
        fclose(file);
    return found;
}

/* How many sockets of the service are TCP. */
static unsigned count_tcp(const struct instance *instance)
{
    char path[64], target[64];
    struct dirent *entry;
    unsigned count = 0;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)instance->process.pid);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread uses `folder` */
    while ((entry = readdir(folder)) != NULL) {
        ssize_t length = readlinkat(dirfd(folder), entry->d_name, target,
                                    sizeof(target) - 1);
        target[length > 0 ? length : 0] = '\0';
        if (strncmp(target, "socket:[", 8) != 0)
            continue;
        unsigned long inode = strtoul(target + 8, NULL, 10);
        count += has_socket("/proc/net/tcp", inode) ||
                 has_socket("/proc/net/tcp6", inode);
    }
    closedir(folder);
    return count;
}

/* Expect that a command prints `expected`, on stdout if the status is 0. */
static void expect_output(const char *const flags[],
                          const char *const variables[], int status,
                          const char *expected)
{
    struct process process;
    char *errors = NULL;

    instance_start_command(&process, flags, variables);
    char *output = process_finish(&process, status, &errors);
    if (strcmp(status == 0 ? output : errors, expected) != 0)
        fail_msg("expected '%s': %s%s", expected, output, errors);
    free(output);
    free(errors);
}

static void only_the_unix_socket_is_open(void **state)
{
    struct scene *scene = *state;
    char expected[MAX_TEXT];
    struct stat status;

    snprintf(expected, sizeof(expected),
             "lunar.service: listening on unix:%s (no TCP port; state in "
             "memory only, -data=DIR keeps it)",
             scene->path);
    for (size_t mode = 0; mode < MODES; mode++) {
        struct connection local;
        instance_start(&scene->instance,
                       FLAGS("-port=none", scene->flag, modes[mode]));
        assert_string_equal(scene->instance.ready, expected);
        assert_int_equal(count_tcp(&scene->instance), 0);
        assert_true(connection_open_path(&local, scene->path));
        connection_post(&local, fleet_faster("one", 1, 1).body);
        connection_expect_status(&local, 202);
        connection_get(&local, "/metrics");
        struct response response;
        connection_expect(&local, &response);
        assert_non_null(
            strstr(response.body, "\nlunar_connections_limit 10000\n"));
        response_release(&response);
        /* The stop waits for a request, and closes idle connections. */
        connection_get(&local, "/health");
        connection_expect_status(&local, 200);
        instance_stop(&scene->instance);
        connection_expect_closed(&local);
        connection_close(&local);
        assert_int_not_equal(lstat(scene->path, &status), 0);
    }
}

static void no_socket_at_all_is_refused(void **state)
{
    struct scene *scene = *state;
    char expected[MAX_TEXT], file[MAX_TEXT];

    expect_output(FLAGS("-port=none"), NULL, 2,
                  "lunar.service: -port: none needs -listen=unix:PATH; without "
                  "it no client can connect\n");
    expect_output(FLAGS("-port=none", scene->flag, "-tls-cert=c", "-tls-key=k"),
                  NULL, 2,
                  "lunar.service: -tls-cert: can't be combined with "
                  "-port=none: a Unix socket has no TLS\n");
    snprintf(file, sizeof(file), "-config=%s/conf", scene->folder);
    FILE *settings = fopen(strchr(file, '=') + 1, "we");
    assert_non_null(settings);
    fputs("# none\nport=none\n", settings);
    fclose(settings);
    snprintf(expected, sizeof(expected),
             "lunar.service: %s:2: port: none needs -listen=unix:PATH; without "
             "it no client can connect\n",
             strchr(file, '=') + 1);
    expect_output(FLAGS(file), NULL, 2, expected);
}

static void health_is_checked_at_the_socket(void **state)
{
    struct scene *scene = *state;
    char flag[MAX_TEXT], good[MAX_TEXT], variable[MAX_TEXT];

    snprintf(flag, sizeof(flag), "-check-health=unix:%s", scene->path);
    snprintf(variable, sizeof(variable), "LUNAR_LISTEN=unix:%s?mode=0666",
             scene->path);
    snprintf(good, sizeof(good), "unix:%s: 200 OK\n", scene->path);
    for (size_t mode = 0; mode < MODES; mode++) {
        instance_start(&scene->instance,
                       FLAGS("-port=none", scene->flag, modes[mode]));
        expect_output(FLAGS(flag), NULL, 0, good);
        /* By the settings of the service. */
        expect_output(FLAGS("-check-health", "-port=none", scene->flag), NULL,
                      0, good);
        expect_output(FLAGS("-check-health"),
                      FLAGS(variable, "LUNAR_PORT=none"), 0, good);
        instance_stop(&scene->instance);
    }
    /* Beside a port it is asked only if it is named. */
    instance_start(&scene->instance, FLAGS(scene->flag));
    expect_output(FLAGS(flag), NULL, 0, good);
    instance_stop(&scene->instance);
}

static void socket_that_is_not_well_is_a_failure(void **state)
{
    struct scene *scene = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char flag[MAX_TEXT], line[MAX_TEXT];

    snprintf(flag, sizeof(flag), "-check-health=unix:%s", scene->path);
    snprintf(line, sizeof(line),
             "lunar.service: unix:%s: cannot connect: No such file or "
             "directory\n",
             scene->path);
    expect_output(FLAGS(flag), NULL, 1, line);
    expect_output(FLAGS("-check-health", "-port=none"), NULL, 2,
                  "lunar.service: -check-health: -port=none needs "
                  "-listen=unix:PATH as well, or give the socket, as in "
                  "-check-health=unix:/run/lunar/socket\n");

    /* It takes connections, and never answers; then even its queue is full. */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", scene->path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 0), 0);
    snprintf(line, sizeof(line),
             "lunar.service: unix:%s: no response within 5 s\n", scene->path);
    struct connection waiting;
    assert_true(connection_open_path(&waiting, scene->path));
    struct process full;
    char *errors = NULL;
    instance_start_command(&full, FLAGS(flag), NULL);
    free(process_finish(&full, 1, &errors));
    assert_string_equal(errors, line);
    free(errors);
    connection_close(&waiting);
    close(fd);
}

#define FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE(only_the_unix_socket_is_open),
        FIXTURE(no_socket_at_all_is_refused),
        FIXTURE(health_is_checked_at_the_socket),
        FIXTURE(socket_that_is_not_well_is_a_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
