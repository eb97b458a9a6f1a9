/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket of a service manager, as NOTIFY_SOCKET names it: the datagrams of
 * sd_notify(3) that a service sends. For files that include <cmocka.h>.
 */
#ifndef LUNAR_TESTS_MANAGER_H
#define LUNAR_TESTS_MANAGER_H

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/temporary_folder.h"

enum {
    MANAGER_PATIENCE = 60 * 1000, /* ms; only a bound */
    MANAGER_NAME = 100,
    MANAGER_TEXT = 2048,
};

struct manager {
    int socket;
    char root[FOLDER_ROOT];           /* "" for an abstract name */
    char name[MANAGER_NAME];          /* of NOTIFY_SOCKET */
    char variable[MANAGER_NAME + 16]; /* NOTIFY_SOCKET=name */
    char text[MANAGER_TEXT];          /* the last datagram */
};

static inline socklen_t manager_address(const struct manager *manager,
                                        struct sockaddr_un *address)
{
    size_t length = strlen(manager->name);
    bool abstract = manager->name[0] == '@';

    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, manager->name, length);
    if (abstract)
        address->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length +
                       (abstract ? 0 : 1));
}

static inline void manager_listen(struct manager *manager)
{
    struct sockaddr_un address;
    socklen_t size = manager_address(manager, &address);

    manager->socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(manager->socket >= 0);
    assert_int_equal(bind(manager->socket, (struct sockaddr *)&address, size),
                     0);
}

/* With a path, or an abstract name. */
static inline void manager_open(struct manager *manager, bool abstract)
{
    *manager = (struct manager){.socket = -1};
    folder_make(manager->root);
    snprintf(manager->name, sizeof(manager->name), "%s%s%s",
             abstract ? "@" : "", manager->root, abstract ? "" : "/notify");
    snprintf(manager->variable, sizeof(manager->variable), "NOTIFY_SOCKET=%s",
             manager->name);
    manager_listen(manager);
}

/* The socket goes, as that of a manager that has ended. */
static inline void manager_leave(struct manager *manager)
{
    if (manager->socket >= 0)
        close(manager->socket);
    manager->socket = -1;
    if (manager->name[0] == '/')
        unlink(manager->name);
}

static inline void manager_close(struct manager *manager)
{
    manager_leave(manager);
    rmdir(manager->root);
}

/* The next datagram. False if there is none within `ms`. */
static inline bool manager_receive(struct manager *manager, int ms)
{
    struct pollfd input = {.fd = manager->socket, .events = POLLIN};
    ssize_t size = -1;

    if (poll(&input, 1, ms) > 0)
        size = recv(manager->socket, manager->text, MANAGER_TEXT - 1,
                    MSG_DONTWAIT);
    if (size < 0)
        return false;
    manager->text[size] = '\0';
    return true;
}

/* The next datagram but WATCHDOG=1, which may come at any time. */
static inline const char *manager_next(struct manager *manager)
{
    do {
        if (!manager_receive(manager, MANAGER_PATIENCE))
            fail_msg("no datagram has come");
    } while (strcmp(manager->text, "WATCHDOG=1") == 0);
    return manager->text;
}

/* Receive until a datagram has `part`. */
static inline void manager_wait(struct manager *manager, const char *part)
{
    do {
        if (!manager_receive(manager, MANAGER_PATIENCE))
            fail_msg("no datagram has \"%s\"", part);
    } while (strstr(manager->text, part) == NULL);
}

static inline void manager_expect(struct manager *manager, const char *text)
{
    assert_string_equal(manager_next(manager), text);
}

/* Nothing has come that was not received. */
static inline void manager_expect_none(struct manager *manager)
{
    if (manager_receive(manager, 0))
        fail_msg("there was a datagram: %s", manager->text);
}

/* As many datagrams as one sender may have on their way. */
static inline size_t manager_send_many(const struct manager *manager)
{
    int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address;
    socklen_t size = manager_address(manager, &address);
    size_t count = 0;

    assert_true(sender >= 0);
    while (sendto(sender, "full", 4, MSG_DONTWAIT, (struct sockaddr *)&address,
                  size) == 4)
        count++;
    assert_int_equal(errno, EAGAIN);
    close(sender);
    return count;
}

/* Send to it until it takes no more, from anybody. Returns how many it took. */
static inline size_t manager_fill(const struct manager *manager)
{
    size_t all = 0, count;

    while ((count = manager_send_many(manager)) > 0)
        all += count;
    return all;
}

/* Receive what manager_fill() has sent. */
static inline void manager_empty(struct manager *manager, size_t count)
{
    for (size_t i = 0; i < count; i++)
        manager_expect(manager, "full");
}

#endif
