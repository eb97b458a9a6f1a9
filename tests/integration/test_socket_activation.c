/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets that a service manager passes: the test is the manager. What matters
 * most is the last part: from one instance to the next no connection is refused
 * and nothing that was acknowledged is lost.
 */
#include "lib/harness.h"
#include "lib/temporary_folder.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    FIRST = 3,  /* descriptor that is passed */
    PLACES = 3, /* that the test keeps for them */
    PATH_SIZE = 96,
    LIMIT = 16,
    CROWD = 3 * LIMIT,
    SENDERS = 4,
    RESTARTS = 4,
    ENOUGH = 25, /* messages of each sender, with each instance */
    STATUS_USAGE = 2,
};

static const char *const modes[] = {"-threads=1", "-threads=2",
                                    "-threads=per-connection"};
enum { MODES = sizeof(modes) / sizeof(modes[0]) };

struct scene {
    char folder[FOLDER_ROOT];
    char path[PATH_SIZE];
    int sockets[PLACES]; /* of the manager; 0: none */
    size_t count;
    struct instance instance, next;
};

static int set_up(void **state)
{
    static struct scene scene;

    scene = (struct scene){.count = 0};
    folder_make(scene.folder);
    snprintf(scene.path, sizeof(scene.path), "%s/socket", scene.folder);
    *state = &scene;
    return 0;
}

static void forget_sockets(struct scene *scene)
{
    for (size_t i = 0; i < scene->count; i++)
        close(scene->sockets[i]);
    scene->count = 0;
    unlink(scene->path);
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    instance_release(&scene->instance);
    instance_release(&scene->next);
    forget_sockets(scene);
    folder_remove(scene->folder);
    return 0;
}

#define FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

/* No other descriptor of the test gets the numbers that are passed. */
static void keep_places(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int fd = FIRST; fd < FIRST + PLACES; fd++)
        if (fd != null)
            dup3(null, fd, O_CLOEXEC);
}

static void add_socket(struct scene *scene, int fd)
{
    assert_true(fd >= FIRST + PLACES && scene->count < PLACES);
    scene->sockets[scene->count++] = fd;
}

/* A socket of the manager, bound to a loopback or to all addresses. */
static int bind_ip(int family, int type, bool all)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    struct sockaddr_in *ipv4 = (struct sockaddr_in *)&address;
    int fd = socket(family, type | SOCK_CLOEXEC, 0);

    if (family == AF_INET)
        *ipv4 = (struct sockaddr_in){
            .sin_family = AF_INET,
            .sin_addr.s_addr = htonl(all ? INADDR_ANY : INADDR_LOOPBACK)};
    else
        address.sin6_addr = all ? in6addr_any : in6addr_loopback;
    assert_int_equal(bind(fd, (struct sockaddr *)&address,
                          family == AF_INET ? sizeof(*ipv4) : sizeof(address)),
                     0);
    return fd;
}

static int listen_ip(int family, bool all)
{
    int fd = bind_ip(family, SOCK_STREAM, all);

    assert_int_equal(listen(fd, SOMAXCONN), 0);
    return fd;
}

static int bind_unix(const char *path, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static int listen_unix(const char *path)
{
    int fd = bind_unix(path, SOCK_STREAM);

    assert_int_equal(listen(fd, SOMAXCONN), 0);
    return fd;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in6 address = {.sin6_port = 0};
    socklen_t size = sizeof(address);

    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin6_port);
}

/*
 * Start the service with the sockets. The shell knows the number of the process
 * that it becomes; `pid` is what it says in LISTEN_PID.
 */
static void pass(struct scene *scene, struct process *process, const char *pid,
                 const char *const flags[])
{
    static const char script[] =
        "LISTEN_PID=$0; [ $0 != own ] || LISTEN_PID=$$; export LISTEN_PID; "
        "exec \"$@\"";
    const char *arguments[INSTANCE_MAX_FLAGS + 6] = {
        "/bin/sh", "-c", script, pid, process_setting("LUNAR_SERVICE")};
    char count[32];
    size_t used = 5;

    for (; *flags != NULL; flags++) {
        assert_in_range(used, 0, INSTANCE_MAX_FLAGS + 4);
        arguments[used++] = *flags;
    }
    snprintf(count, sizeof(count), "LISTEN_FDS=%zu", scene->count);
    for (size_t i = 0; i < scene->count; i++)
        dup2(scene->sockets[i], FIRST + (int)i);
    process_start(process, arguments, INSTANCE_FLAGS(count));
    keep_places();
}

static void start(struct scene *scene, struct instance *instance,
                  const char *const flags[])
{
    *instance = (struct instance){.port = 0};
    pass(scene, &instance->process, "own", flags);
    instance_wait_ready(instance);
}

/* Expect that the service does not start, and says why. */
static void expect_refused(struct scene *scene, const char *const flags[],
                           const char *part)
{
    struct process process;
    char *errors = NULL;

    pass(scene, &process, "own", flags);
    free(process_finish(&process, STATUS_USAGE, &errors));
    if (strstr(errors, part) == NULL)
        fail_msg("no '%s': %s", part, errors);
    free(errors);
    forget_sockets(scene);
}

static void expect_served(struct connection *connection)
{
    connection_get(connection, "/health");
    connection_expect_status(connection, 200);
    connection_close(connection);
}

static void expect_port_served(uint16_t port)
{
    struct connection connection;

    assert_true(connection_open(&connection, port));
    expect_served(&connection);
}

static void expect_path_served(const char *path)
{
    struct connection connection;

    assert_true(connection_open_path(&connection, path));
    expect_served(&connection);
}

static void sockets_that_cannot_be_served_are_refused(void **state)
{
    struct scene *scene = *state;
    const char *const *none = INSTANCE_FLAGS("-port=0");
    int ends[2];

    add_socket(scene, bind_ip(AF_INET, SOCK_DGRAM, false));
    expect_refused(scene, none, "3 of LISTEN_FDS is neither a TCP socket nor");
    add_socket(scene, bind_ip(AF_INET, SOCK_STREAM, false));
    expect_refused(scene, none, "3 of LISTEN_FDS is a socket that does not");
    add_socket(scene, bind_unix(scene->path, SOCK_DGRAM));
    expect_refused(scene, none, "3 of LISTEN_FDS is neither a TCP socket nor");
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends),
                     0);
    add_socket(scene, ends[0]);
    add_socket(scene, ends[1]);
    expect_refused(scene, none, "3 of LISTEN_FDS is a socket that does not");
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    add_socket(scene, listen_ip(AF_INET, false));
    add_socket(scene, ends[0]);
    close(ends[1]);
    expect_refused(scene, none, "4 of LISTEN_FDS is not a socket: a .socket");
    add_socket(scene, listen_ip(AF_INET, false));
    add_socket(scene, listen_ip(AF_INET6, false));
    expect_refused(scene, none, "passes two TCP sockets, but only one");
    add_socket(scene, listen_ip(AF_INET, false));
    add_socket(scene, listen_ip(AF_INET6, false));
    add_socket(scene, listen_unix(scene->path));
    expect_refused(scene, none, "passes 3 sockets, but one for TCP and one");
}

/* The rule for addresses asks the socket, not -host. */
static void socket_of_all_addresses_needs_tokens(void **state)
{
    struct scene *scene = *state;

    add_socket(scene, listen_ip(AF_INET6, true));
    expect_refused(scene, INSTANCE_FLAGS("-host=127.0.0.1"),
                   "can be reached from other machines, and without -tokens");
    add_socket(scene, listen_ip(AF_INET, true));
    start(scene, &scene->instance, INSTANCE_FLAGS("-insecure"));
    expect_port_served(port_of(scene->sockets[0]));
    instance_stop(&scene->instance);
}

static void variables_of_another_process_are_ignored(void **state)
{
    struct scene *scene = *state;

    add_socket(scene, listen_ip(AF_INET, false));
    pass(scene, &scene->instance.process, "1", INSTANCE_FLAGS("-port=0"));
    instance_wait_ready(&scene->instance);
    assert_int_not_equal(scene->instance.port, port_of(scene->sockets[0]));
    expect_port_served(scene->instance.port);
    instance_stop(&scene->instance);
}

static void flags_that_are_not_used_are_warned_of(void **state)
{
    struct scene *scene = *state;
    char flag[PATH_SIZE + 16];

    add_socket(scene, listen_ip(AF_INET, false));
    add_socket(scene, listen_unix(scene->path));
    start(scene, &scene->instance, INSTANCE_FLAGS("-log-level=info"));
    char *log = instance_stop_log(&scene->instance);
    assert_null(strstr(log, "not used"));
    assert_null(strstr(log, "only the scopes"));
    free(log);

    snprintf(flag, sizeof(flag), "-listen=unix:%s/other", scene->folder);
    start(scene, &scene->instance, INSTANCE_FLAGS("-port=1", flag));
    assert_int_equal(scene->instance.port, port_of(scene->sockets[0]));
    log = instance_stop_log(&scene->instance);
    assert_non_null(strstr(log, "-host and -port are not used"));
    assert_non_null(strstr(log, "other only the scopes are used"));
    free(log);
}

/* poll(2) reports it at once, and again and again. */
static void socket_that_its_other_owner_shuts_is_an_error(void **state)
{
    struct scene *scene = *state;

    add_socket(scene, listen_ip(AF_INET, false));
    start(scene, &scene->instance, INSTANCE_FLAGS("-threads=2"));
    assert_int_equal(shutdown(scene->sockets[0], SHUT_RDWR), 0);
    process_wait_error(&scene->instance.process,
                       " error the TCP socket of the service manager was shut");
    instance_stop(&scene->instance);
}

/*
 * Each kind alone and both, served in each way. After the stop the sockets
 * still listen: a client waits in the queue for the next instance.
 */
static void sockets_are_served_and_outlive_the_service(void **state)
{
    struct scene *scene = *state;
    struct connection waiting;

    for (size_t i = 0; i < 2 * (size_t)MODES; i++) {
        bool ipv6 = i % 2 == 1;
        add_socket(scene, listen_ip(ipv6 ? AF_INET6 : AF_INET, ipv6));
        add_socket(scene, listen_unix(scene->path));
        const char *const *flags =
            INSTANCE_FLAGS(modes[i / 2], ipv6 ? "-insecure" : "-drain=0");
        start(scene, &scene->instance, flags);
        assert_non_null(strstr(scene->instance.ready, scene->path));
        expect_port_served(port_of(scene->sockets[0]));
        expect_path_served(scene->path);
        instance_stop(&scene->instance);

        assert_true(connection_open_path(&waiting, scene->path));
        start(scene, &scene->next, flags);
        expect_served(&waiting);
        instance_stop(&scene->next);
        assert_true(connection_open(&waiting, port_of(scene->sockets[0])));
        start(scene, &scene->next, flags);
        expect_served(&waiting);
        instance_stop(&scene->next);
        forget_sockets(scene);
    }
}

/* Only a Unix socket: that of -port is opened as without a manager. */
static void unix_socket_alone_leaves_the_port_to_the_service(void **state)
{
    struct scene *scene = *state;
    struct stat status;

    add_socket(scene, listen_unix(scene->path));
    start(scene, &scene->instance, INSTANCE_FLAGS("-port=0"));
    expect_path_served(scene->path);
    expect_port_served(scene->instance.port);
    instance_stop(&scene->instance);
    assert_int_equal(lstat(scene->path, &status), 0);
}

/* Neither needs -listen: the socket that is passed is the service's. */
static void unix_socket_alone_may_be_all_and_a_proxy_use_it(void **state)
{
    struct scene *scene = *state;
    struct connection local;

    for (size_t mode = 0; mode < MODES; mode++) {
        add_socket(scene, listen_unix(scene->path));
        start(scene, &scene->instance,
              INSTANCE_FLAGS("-port=none", "-trusted-proxy=unix",
                             "-log-level=debug", modes[mode]));
        assert_int_equal(scene->instance.port, 0);
        assert_non_null(strstr(scene->instance.ready, scene->path));
        assert_true(connection_open_path(&local, scene->path));
        connection_request(&local, "GET", "/health",
                           "X-Forwarded-For: 192.0.2.7\r\n");
        connection_expect_status(&local, 200);
        connection_close(&local);
        process_wait_error(&scene->instance.process, "192.0.2.7");
        instance_stop(&scene->instance);
        forget_sockets(scene);
    }
    add_socket(scene, listen_ip(AF_INET, false));
    expect_refused(scene, INSTANCE_FLAGS("-trusted-proxy=unix"),
                   "-trusted-proxy: unix needs -listen=unix:PATH");
}

/* Those above the limit wait in the queue, and nobody is sent away. */
static void crowd_waits_for_the_limit(void **state)
{
    struct scene *scene = *state;
    struct connection crowd[CROWD];

    add_socket(scene, listen_ip(AF_INET, false));
    for (size_t mode = 0; mode < MODES; mode++) {
        start(scene, &scene->instance,
              INSTANCE_FLAGS(modes[mode], "-max-connections=16",
                             "-idle-timeout=1"));
        for (size_t i = 0; i < CROWD; i++) {
            assert_true(connection_open(&crowd[i], port_of(scene->sockets[0])));
            connection_get(&crowd[i], "/health");
        }
        for (size_t i = 0; i < CROWD; i++) {
            connection_expect_status(&crowd[i], 200);
            connection_close(&crowd[i]);
        }
        instance_stop(&scene->instance);
    }
}

/* Posts the messages of one rocket, each until it is acknowledged. */
struct sender {
    pthread_t thread;
    uint16_t port;
    char channel[32];
    _Atomic unsigned acknowledged;
    bool keep; /* the connection */
    unsigned refused, garbled, closed;
    const _Atomic bool *done;
};

/* Whether the connection can be used again. */
static bool send_next(struct sender *sender, struct connection *connection)
{
    unsigned number = atomic_load(&sender->acknowledged) + 1;
    struct fleet_message message =
        number == 1 ? fleet_launched(sender->channel, 1, "Falcon-9", 1, "A")
                    : fleet_faster(sender->channel, number, 1);
    struct response response;

    connection_post(connection, message.body);
    switch (connection_receive(connection, &response)) {
    case CONNECTION_ANSWERED:
        break;
    case CONNECTION_CLOSED:
        sender->closed++; /* idle at the stop: it may be sent again */
        return false;
    default:
        sender->garbled++;
        return false;
    }
    bool keep = sender->keep && !response_closes(&response);
    if (response.status == 202)
        atomic_store(&sender->acknowledged, number);
    else if (response.status != 503) /* while the state is recovered */
        sender->garbled++;
    response_release(&response);
    return keep;
}

static void *run_sender(void *context)
{
    struct sender *sender = context;
    struct connection connection;

    while (!atomic_load(sender->done) && sender->garbled == 0) {
        if (!connection_open(&connection, sender->port)) {
            sender->refused++;
            return NULL;
        }
        while (send_next(sender, &connection) && !atomic_load(sender->done))
            continue;
        connection_close(&connection);
    }
    return NULL;
}

static void wait_for_more(struct sender senders[SENDERS])
{
    for (size_t i = 0; i < SENDERS; i++) {
        unsigned wanted = atomic_load(&senders[i].acknowledged) + ENOUGH;
        int64_t deadline = process_clock() + PROCESS_PATIENCE;
        while (atomic_load(&senders[i].acknowledged) < wanted &&
               senders[i].garbled == 0 && senders[i].refused == 0) {
            assert_true(process_clock() < deadline);
            process_wait_until(process_clock() + 1);
        }
    }
}

static void start_senders(struct sender senders[SENDERS], uint16_t port,
                          const _Atomic bool *done)
{
    for (int i = 0; i < SENDERS; i++) {
        senders[i] =
            (struct sender){.port = port, .keep = i % 2 == 0, .done = done};
        snprintf(senders[i].channel, sizeof(senders[i].channel), "sender-%d",
                 i);
        assert_int_equal(
            pthread_create(&senders[i].thread, NULL, run_sender, &senders[i]),
            0);
    }
}

/* What was acknowledged by any of the instances is in the last one. */
static void expect_all(const struct instance *instance,
                       struct sender senders[SENDERS])
{
    for (size_t i = 0; i < SENDERS; i++) {
        pthread_join(senders[i].thread, NULL);
        assert_int_equal(senders[i].refused, 0);
        assert_int_equal(senders[i].garbled, 0);
        /* Of each stop at most one. */
        assert_in_range(senders[i].closed, 0, RESTARTS);
        assert_int_equal(bulk_messages_of(instance, senders[i].channel),
                         senders[i].acknowledged);
    }
}

static void restart_under_load_refuses_and_loses_nothing(void **state)
{
    struct scene *scene = *state;
    struct sender senders[SENDERS];
    char data[PATH_SIZE + 16];

    add_socket(scene, listen_ip(AF_INET, false));
    for (size_t mode = 0; mode < MODES; mode++) {
        _Atomic bool done = false;
        snprintf(data, sizeof(data), "-data=%s/data-%zu", scene->folder, mode);
        const char *const *flags = INSTANCE_FLAGS(modes[mode], data);
        start(scene, &scene->instance, flags);
        start_senders(senders, port_of(scene->sockets[0]), &done);
        for (int i = 0; i < RESTARTS; i++) {
            wait_for_more(senders);
            instance_stop(&scene->instance);
            start(scene, &scene->instance, flags);
        }
        wait_for_more(senders);
        atomic_store(&done, true);
        expect_all(&scene->instance, senders);
        instance_stop(&scene->instance);
    }
}

/*
 * A request in flight keeps the stop from its end. A client that comes then is
 * not served by this instance, but by the next one.
 */
static void client_that_comes_in_a_stop_waits(void **state)
{
    struct scene *scene = *state;
    struct connection slow, waiting;

    add_socket(scene, listen_ip(AF_INET, false));
    for (size_t mode = 0; mode < MODES; mode++) {
        const char *const *flags = INSTANCE_FLAGS(modes[mode]);
        uint16_t port = port_of(scene->sockets[0]);
        start(scene, &scene->instance, flags);
        assert_true(connection_open(&slow, port));
        bulk_expect_next(&slow);
        connection_send_text(&slow, "GET /health HTTP/1.1\r\n");
        process_signal(&scene->instance.process, SIGTERM);
        process_wait_error(&scene->instance.process, "accepting no more");
        assert_true(connection_open(&waiting, port));
        connection_get(&waiting, "/health");
        connection_send_text(&slow, "Host: localhost\r\n\r\n");
        connection_expect_status(&slow, 200);
        connection_close(&slow);
        instance_expect_end(&scene->instance, 0);
        assert_false(connection_has_news(&waiting));
        start(scene, &scene->next, flags);
        connection_expect_status(&waiting, 200);
        connection_close(&waiting);
        instance_stop(&scene->next);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE(sockets_that_cannot_be_served_are_refused),
        FIXTURE(socket_of_all_addresses_needs_tokens),
        FIXTURE(variables_of_another_process_are_ignored),
        FIXTURE(flags_that_are_not_used_are_warned_of),
        FIXTURE(socket_that_its_other_owner_shuts_is_an_error),
        FIXTURE(sockets_are_served_and_outlive_the_service),
        FIXTURE(unix_socket_alone_leaves_the_port_to_the_service),
        FIXTURE(unix_socket_alone_may_be_all_and_a_proxy_use_it),
        FIXTURE(crowd_waits_for_the_limit),
        FIXTURE(client_that_comes_in_a_stop_waits),
        FIXTURE(restart_under_load_refuses_and_loses_nothing),
    };

    keep_places();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
