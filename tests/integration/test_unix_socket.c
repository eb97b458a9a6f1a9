/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Unix socket beside the TCP one: who may connect, what becomes of files
 * that are in its place, and what is of both sockets. That connections over it
 * are what those over TCP are, the tests of these show (LUNAR_TEST_UNIX).
 */
#include "lib/harness.h"
#include "lib/count_parts.h"
#include "lib/scrape.h"
#include "lib/temporary_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    PATH_SIZE = 96,
    LIMIT = 16,
    CROWD = 3 * LIMIT,
    OTHER_SOCKETS = 3, /* two that listen, and one for the stop */
    RACES = 5,
    OBSERVED = 300, /* ms */
    PERMISSIONS = 0777,
};

static const char *const modes[] = {"-threads=1", "-threads=2",
                                    "-threads=per-connection"};
enum { MODES = sizeof(modes) / sizeof(modes[0]) };

#define FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

struct scene {
    char folder[FOLDER_ROOT];
    char path[PATH_SIZE];
    char flag[PATH_SIZE + 32];
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

static void start(struct scene *scene, const char *threads)
{
    instance_start(&scene->instance, INSTANCE_FLAGS(scene->flag, threads));
}

static bool exists(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

static unsigned mode_of(const char *path)
{
    struct stat status;

    assert_int_equal(lstat(path, &status), 0);
    assert_true(S_ISSOCK(status.st_mode));
    return status.st_mode & PERMISSIONS;
}

static void expect_served(const char *path)
{
    struct connection connection;

    assert_true(connection_open_path(&connection, path));
    connection_get(&connection, "/health");
    connection_expect_status(&connection, 200);
    connection_close(&connection);
}

static void expect_served_by_port(const struct instance *instance)
{
    struct connection connection;

    instance_connect(instance, &connection);
    connection_get(&connection, "/health");
    connection_expect_status(&connection, 200);
    connection_close(&connection);
}

/* A socket of ours: listening, or left behind. */
static int make_socket(const char *path, bool listens)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    if (listens)
        assert_int_equal(listen(fd, 1), 0);
    return fd;
}

/* Expect that a service does not start, and that its error has `part`. */
static void expect_refused(const char *flag, int status, const char *part)
{
    struct process process;
    char *errors = NULL;

    instance_start_command(&process, INSTANCE_FLAGS("-port=0", flag), NULL);
    free(process_finish(&process, status, &errors));
    if (strstr(errors, part) == NULL)
        fail_msg("no '%s': %s", part, errors);
    free(errors);
}

/* The umask takes none of the wanted permissions away, and adds none. */
static void file_has_the_wanted_permissions(void **state)
{
    static const struct {
        const char *parameter;
        mode_t mask;
        unsigned expected;
    } rows[] = {
        {"", 0, 0600},           {"", 077, 0600},
        {"?mode=0660", 0, 0660}, {"?mode=0666", 077, 0666},
        {"?mode=0600", 0, 0600}, {"?mode=0660", 0277, 0660},
    };
    struct scene *scene = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(scene->flag, sizeof(scene->flag), "-listen=unix:%s%s",
                 scene->path, rows[i].parameter);
        mode_t before = umask(rows[i].mask);
        start(scene, NULL);
        umask(before);
        assert_int_equal(mode_of(scene->path), rows[i].expected);
        expect_served(scene->path);
        instance_stop(&scene->instance);
    }
}

/*
 * From its first moment: a change of the permissions after the file is made
 * would be seen in its folder.
 */
static void file_never_has_other_permissions(void **state)
{
    struct scene *scene = *state;
    char buffer[4096] __attribute__((aligned(8)));
    bool made = false;
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

    assert_true(watch >= 0);
    assert_true(
        inotify_add_watch(watch, scene->folder, IN_CREATE | IN_ATTRIB) >= 0);
    mode_t before = umask(0);
    start(scene, NULL);
    umask(before);
    ssize_t length = read(watch, buffer, sizeof(buffer));
    for (const char *at = buffer; at < buffer + length;) {
        const struct inotify_event *event = (const void *)at;
        made = made || (event->mask & IN_CREATE) != 0;
        assert_int_equal(event->mask & IN_ATTRIB, 0);
        at += sizeof(*event) + event->len;
    }
    assert_true(made);
    assert_int_equal(mode_of(scene->path), 0600);
    close(watch);
    instance_stop(&scene->instance);
}

static void file_is_removed_at_the_stop(void **state)
{
    struct scene *scene = *state;

    start(scene, NULL);
    assert_true(exists(scene->path));
    instance_stop(&scene->instance);
    assert_false(exists(scene->path));
}

static void file_of_another_is_not_removed(void **state)
{
    struct scene *scene = *state;

    start(scene, NULL);
    assert_int_equal(unlink(scene->path), 0);
    int other = make_socket(scene->path, true);
    instance_stop(&scene->instance);
    assert_true(exists(scene->path));
    close(other);
}

/* Who is connected stays so, and the stop finds nothing to remove. */
static void service_outlives_its_file(void **state)
{
    struct scene *scene = *state;
    struct connection connection;
    char *errors = NULL;

    start(scene, NULL);
    assert_true(connection_open_path(&connection, scene->path));
    folder_remove(scene->folder);
    connection_get(&connection, "/health");
    connection_expect_status(&connection, 200);
    connection_close(&connection);
    process_signal(&scene->instance.process, SIGTERM);
    free(process_finish(&scene->instance.process, 0, &errors));
    assert_null(strstr(errors, "cannot remove"));
    free(errors);
}

/* As after SIGKILL. */
static void socket_without_a_listener_is_replaced(void **state)
{
    struct scene *scene = *state;

    start(scene, NULL);
    process_signal(&scene->instance.process, SIGKILL);
    instance_expect_end(&scene->instance, PROCESS_SIGNALLED + SIGKILL);
    assert_true(exists(scene->path));
    start(scene, NULL);
    expect_served(scene->path);
    instance_stop(&scene->instance);
}

static void socket_with_a_listener_is_kept(void **state)
{
    struct scene *scene = *state;

    start(scene, NULL);
    expect_refused(scene->flag, 1, "another program listens there");
    expect_served(scene->path);
    instance_stop(&scene->instance);
}

/* Its queue is full: that is no refusal. */
static void busy_listener_is_kept(void **state)
{
    struct scene *scene = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = make_socket(scene->path, true), clients[8], last = 0;

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", scene->path);
    for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++) {
        clients[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        last =
            connect(clients[i], (struct sockaddr *)&address, sizeof(address));
    }
    assert_int_equal(last, -1);
    expect_refused(scene->flag, 1, "another program listens there");
    assert_true(exists(scene->path));
    for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++)
        close(clients[i]);
    close(listener);
}

/* Without permission to connect nobody knows whether it is in use. */
static void socket_that_may_not_be_tried_is_kept(void **state)
{
    struct scene *scene = *state;

    close(make_socket(scene->path, false));
    assert_int_equal(chmod(scene->path, 0), 0);
    expect_refused(scene->flag, 1, "no permission to find out");
    assert_true(exists(scene->path));
}

static void other_files_are_kept(void **state)
{
    struct scene *scene = *state;
    char target[PATH_SIZE + 8];

    snprintf(target, sizeof(target), "%s-target", scene->path);
    close(open(scene->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    expect_refused(scene->flag, 1, "no socket");
    assert_true(exists(scene->path));
    unlink(scene->path);
    close(make_socket(target, false));
    assert_int_equal(symlink(target, scene->path), 0);
    expect_refused(scene->flag, 1, "no socket");
    assert_true(exists(target));
}

static void unusable_folders_are_explained(void **state)
{
    struct scene *scene = *state;
    char flag[2 * PATH_SIZE];

    snprintf(flag, sizeof(flag), "-listen=unix:%s/none/socket", scene->folder);
    expect_refused(flag, 1, "its folder does not exist");
    close(open(scene->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    snprintf(flag, sizeof(flag), "-listen=unix:%s/socket", scene->path);
    expect_refused(flag, 1, "its folder is no folder");
    unlink(scene->path);
    assert_int_equal(chmod(scene->folder, 0500), 0);
    expect_refused(scene->flag, 1, "no permission");
    assert_int_equal(chmod(scene->folder, 0700), 0);
}

/* Of two that find the same stale file, one serves and the other ends. */
static void one_of_two_services_gets_the_socket(void **state)
{
    struct scene *scene = *state;

    for (int i = 0; i < RACES; i++) {
        struct process both[2];
        size_t ready = 0;
        close(make_socket(scene->path, false));
        for (size_t j = 0; j < 2; j++)
            instance_start_command(
                &both[j], INSTANCE_FLAGS("-port=0", scene->flag), NULL);
        for (size_t j = 0; j < 2; j++) {
            char line[512], *errors = NULL;
            bool serves =
                process_line(&both[j], line, sizeof(line), INSTANCE_PATIENCE);
            ready += serves ? 1 : 0;
            if (serves)
                continue;
            free(process_finish(&both[j], 1, &errors));
            assert_non_null(strstr(errors, "another program listens there"));
            free(errors);
            both[j].pid = 0;
        }
        assert_int_equal(ready, 1);
        expect_served(scene->path);
        for (size_t j = 0; j < 2; j++) {
            char *errors = NULL;
            if (both[j].pid == 0)
                continue;
            process_signal(&both[j], SIGTERM);
            free(process_finish(&both[j], 0, &errors));
            free(errors);
        }
        assert_false(exists(scene->path));
    }
}

static void both_sockets_serve_one_state(void **state)
{
    static const char target[] =
        "/rockets/193270a9-c9cf-404a-8f83-838e71d9ae67";
    struct scene *scene = *state;

    for (size_t i = 0; i < MODES; i++) {
        struct connection tcp, local;
        start(scene, modes[i]);
        instance_connect(&scene->instance, &tcp);
        assert_true(connection_open_path(&local, scene->path));
        connection_post(
            &local,
            "{\"metadata\":{\"channel\":\"193270a9-c9cf-404a-8f83-838e71d9ae67"
            "\",\"messageNumber\":1,\"messageTime\":\"2022-02-02T19:39:05Z\","
            "\"messageType\":\"RocketLaunched\"},\"message\":{\"type\":"
            "\"Falcon-9\",\"launchSpeed\":500,\"mission\":\"ARTEMIS\"}}");
        connection_expect_status(&local, 202);
        connection_get(&tcp, target);
        connection_expect_status(&tcp, 200);
        connection_get(&local, target);
        connection_expect_status(&local, 200);
        connection_close(&tcp);
        connection_close(&local);
        instance_stop(&scene->instance);
    }
}

/*
 * They are of who can open the socket, not of the clients of a proxy that has
 * opened it, whether the service believes this proxy or not.
 */
static void scopes_are_not_for_clients_of_a_proxy(void **state)
{
    static const char *const proxies[] = {"-trusted-proxy=192.0.2.1",
                                          "-trusted-proxy=unix"};
    static const struct {
        const char *fields;
        unsigned status;
    } rows[] = {
        {"", 200},
        {"Forwarded: for=192.0.2.7\r\n", 401},
        {"", 200},
        {"X-Forwarded-For: 192.0.2.7\r\n", 401},
        {"X-Forwarded-Proto: https\r\n", 401},
        {"X-Forwarded-Host: localhost\r\n", 401},
        {"X-Other: 192.0.2.7\r\n", 200},
    };
    struct scene *scene = *state;
    char tokens[PATH_SIZE + 32], flag[sizeof(scene->flag) + 16];

    snprintf(tokens, sizeof(tokens), "-tokens=%s/tokens", scene->folder);
    int fd =
        open(tokens + strlen("-tokens="), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    snprintf(flag, sizeof(flag), "%s?scopes=read", scene->flag);
    for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++) {
        struct connection local;
        instance_start(&scene->instance,
                       INSTANCE_FLAGS(flag, tokens, proxies[i]));
        assert_true(connection_open_path(&local, scene->path));
        for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
            connection_request(&local, "GET", "/fleet", rows[row].fields);
            connection_expect_status(&local, rows[row].status);
        }
        connection_close(&local);
        char *log = instance_stop_log(&scene->instance);
        assert_int_equal(count_parts(log, " 192.0.2.7 GET /fleet 401"),
                         i == 0 ? 0 : 2);
        assert_int_equal(count_parts(log, " unix GET /fleet 401"),
                         i == 0 ? 4 : 2);
        free(log);
    }
}

static size_t count_sockets(const struct instance *instance)
{
    char path[64], target[32];
    struct dirent *entry;
    size_t count = 0;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)instance->process.pid);
    DIR *folder = opendir(path);
    assert_non_null(folder);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread uses `folder` */
    while ((entry = readdir(folder)) != NULL) {
        ssize_t length =
            readlinkat(dirfd(folder), entry->d_name, target, sizeof(target));
        count += length > 7 && memcmp(target, "socket:", 7) == 0;
    }
    closedir(folder);
    return count;
}

/* Connections in the middle of a request: none can be evicted at once. */
static void open_busy(const struct scene *scene, struct connection crowd[],
                      size_t count, bool local)
{
    static const char beginning[] =
        "POST /messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
        "\r\n{";

    for (size_t i = 0; i < count; i++) {
        assert_true(local ? connection_open_path(&crowd[i], scene->path)
                          : connection_open(&crowd[i], scene->instance.port));
        connection_send_text(&crowd[i], beginning);
    }
}

static void close_crowd(struct connection crowd[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        connection_close(&crowd[i]);
}

static void each_socket_has_the_limit_of_connections(void **state)
{
    struct scene *scene = *state;

    for (size_t i = 0; i < MODES; i++) {
        struct connection crowds[2][CROWD];
        size_t most = 0;
        instance_start(&scene->instance, INSTANCE_FLAGS(scene->flag, modes[i],
                                                        "-max-connections=16"));
        assert_true(scrape_value(&scene->instance, "lunar_connections_limit") ==
                    2 * LIMIT);
        open_busy(scene, crowds[0], CROWD, false);
        open_busy(scene, crowds[1], CROWD, true);
        /* Also when some are evicted, and others take their places. */
        int64_t start = process_clock();
        while (
            process_clock() - start < OBSERVED ||
            (most <= LIMIT && process_clock() - start < CONNECTION_PATIENCE)) {
            size_t count = count_sockets(&scene->instance);
            most = count > most ? count : most;
        }
        assert_in_range(most, LIMIT + 1, 2 * LIMIT + OTHER_SOCKETS + 1);
        close_crowd(crowds[0], CROWD);
        close_crowd(crowds[1], CROWD);
        instance_stop(&scene->instance);
    }
}

/* So an operator still gets in over the one while the other is flooded. */
static void crowd_at_one_socket_leaves_the_other_open(void **state)
{
    struct scene *scene = *state;

    for (size_t i = 0; i < MODES; i++) {
        for (int local = 0; local <= 1; local++) {
            struct connection crowd[CROWD];
            instance_start(
                &scene->instance,
                INSTANCE_FLAGS(scene->flag, modes[i], "-max-connections=16"));
            open_busy(scene, crowd, CROWD, local);
            if (local)
                expect_served_by_port(&scene->instance);
            else
                expect_served(scene->path);
            close_crowd(crowd, CROWD);
            instance_stop(&scene->instance);
        }
    }
}

/*
 * It waits until one that takes too long is evicted, and is not itself evicted
 * while its request is on the way. Not with a thread a connection:
 * libmicrohttpd closes what is over its limit then, over TCP as well.
 */
static void client_over_the_limit_waits(void **state)
{
    struct scene *scene = *state;

    for (int i = 0; i < 2; i++) {
        struct connection crowd[CROWD], one;
        instance_start(&scene->instance, INSTANCE_FLAGS(scene->flag, modes[i],
                                                        "-max-connections=16"));
        open_busy(scene, crowd, LIMIT, true);
        assert_true(connection_open_path(&one, scene->path));
        assert_true(connection_get(&one, "/health"));
        connection_expect_status(&one, 200);
        connection_close(&one);
        close_crowd(crowd, LIMIT);
        instance_stop(&scene->instance);
    }
}

/* libmicrohttpd would copy more than there is. */
static void client_with_a_long_name_is_refused(void **state)
{
    struct scene *scene = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct connection connection;

    start(scene, NULL);
    char name[2 * PATH_SIZE];
    snprintf(name, sizeof(name), "%s/%s", scene->folder,
             "client-with-a-name-that-is-long");
    int fd = make_socket(name, false);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", scene->path);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)),
                     0);
    connection = (struct connection){.socket = fd};
    connection_expect_closed(&connection);
    connection_close(&connection);
    instance_stop(&scene->instance);
}

/* So that the services obey permissions of files, even if root starts them. */
static void drop_privileges(void)
{
    static const int privileges[] = {CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH};

    for (size_t i = 0; i < sizeof(privileges) / sizeof(privileges[0]); i++)
        if (prctl(PR_CAPBSET_READ, privileges[i], 0, 0, 0) == 1)
            (void)prctl(PR_CAPBSET_DROP, privileges[i], 0, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE(file_has_the_wanted_permissions),
        FIXTURE(file_never_has_other_permissions),
        FIXTURE(file_is_removed_at_the_stop),
        FIXTURE(file_of_another_is_not_removed),
        FIXTURE(service_outlives_its_file),
        FIXTURE(socket_without_a_listener_is_replaced),
        FIXTURE(socket_with_a_listener_is_kept),
        FIXTURE(busy_listener_is_kept),
        FIXTURE(socket_that_may_not_be_tried_is_kept),
        FIXTURE(other_files_are_kept),
        FIXTURE(unusable_folders_are_explained),
        FIXTURE(one_of_two_services_gets_the_socket),
        FIXTURE(both_sockets_serve_one_state),
        FIXTURE(scopes_are_not_for_clients_of_a_proxy),
        FIXTURE(each_socket_has_the_limit_of_connections),
        FIXTURE(crowd_at_one_socket_leaves_the_other_open),
        FIXTURE(client_over_the_limit_waits),
        FIXTURE(client_with_a_long_name_is_refused),
    };
    drop_privileges();
    connection_raise_limit();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
