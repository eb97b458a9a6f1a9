/* SPDX-License-Identifier: Apache-2.0 */
/*
 * To connect to a Unix socket, a process needs permission to write to its file,
 * and to search the folders above it (unix(7)). The file gets its permissions
 * from those of the descriptor, less the umask, when bind(2) makes it; what the
 * umask took is added before listen(2). So nobody connects who must not.
 */
#include "unix_listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

enum {
    BACKLOG = 4096,    /* connections that the kernel queues, up to its limit */
    LOCK_TRIES = 2000, /* one a millisecond */
    PERMISSIONS = 0777,
};

struct report {
    char *error;
    size_t size;
    char path[4 * sizeof(((struct sockaddr_un *)0)->sun_path)]; /* escaped */
};

__attribute__((format(printf, 2, 3))) static int
explain(struct report *report, const char *format, ...)
{
    char reason[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    snprintf(report->error, report->size, "-listen=unix:%s: %s", report->path,
             reason);
    return -1;
}

static int explain_errno(struct report *report, int number)
{
    char reason[128];

    switch (number) {
    case ENOENT:
        return explain(report, "its folder does not exist; create it, or "
                               "choose another path");
    case ENOTDIR:
        return explain(report, "its folder is no folder; choose another path");
    case EACCES:
    case EPERM:
    case EROFS:
        return explain(report,
                       "no permission to create it; choose a path in a folder "
                       "that only this user can write to");
    case EADDRINUSE:
        return explain(report, "another program has just created it; choose "
                               "another path");
    default:
        return explain(report, "can't listen: %s; choose another path",
                       strerror_r(number, reason, sizeof(reason)));
    }
}

/* False if it is too long; errno is not used. */
static bool set_address(struct sockaddr_un *address, const char *path)
{
    size_t length = strlen(path);

    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (length >= sizeof(address->sun_path))
        return false;
    memcpy(address->sun_path, path, length + 1);
    return true;
}

/*
 * The folder, locked; or -1 and errno. Whoever can read a folder can lock it,
 * so that nobody is waited for without end.
 */
static int lock_folder(const struct sockaddr_un *address, int tries)
{
    struct timespec millisecond = {.tv_nsec = 1000000};
    char path[sizeof(address->sun_path)];

    memcpy(path, address->sun_path, sizeof(path));
    char *slash = strrchr(path, '/');
    if (slash != NULL)
        slash[slash == path ? 1 : 0] = '\0';
    int folder =
        open(slash == NULL ? "." : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return -1;
    while (flock(folder, LOCK_EX | LOCK_NB) != 0 && --tries > 0)
        clock_nanosleep(CLOCK_MONOTONIC, 0, &millisecond, NULL);
    if (tries > 0)
        return folder;
    close(folder);
    errno = EWOULDBLOCK;
    return -1;
}

/* The errno with which connect(2) fails, or 0. */
static int try_connect(const struct sockaddr_un *address)
{
    int number = 0;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return errno;
    if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0)
        number = errno;
    close(fd);
    return number;
}

/*
 * Make room for the file. connect(2) is refused only if nobody listens: by one
 * that is full it fails with EAGAIN, and without permission with EACCES.
 */
static int remove_stale(const struct sockaddr_un *address,
                        struct report *report)
{
    struct stat found;

    if (lstat(address->sun_path, &found) != 0)
        return errno == ENOENT ? 0 : explain_errno(report, errno);
    if (!S_ISSOCK(found.st_mode))
        return explain(report, "there is a file that is no socket; remove it, "
                               "or choose another path");
    switch (try_connect(address)) {
    case ECONNREFUSED:
        break;
    case EACCES:
        return explain(report,
                       "there is a socket of another user, and no permission "
                       "to find out whether it is in use; choose another "
                       "path");
    default:
        return explain(report,
                       "another program listens there; stop it, or choose "
                       "another path");
    }
    if (unlink(address->sun_path) != 0 && errno != ENOENT)
        return explain_errno(report, errno);
    return 0;
}

/* -1 and errno on failure. On success the file's identity is known. */
static int bind_file(struct unix_listener *listener, unsigned mode)
{
    const struct sockaddr_un *address = &listener->address;
    struct stat made;

    if (fchmod(listener->socket, mode) != 0 ||
        bind(listener->socket, (const struct sockaddr *)address,
             sizeof(*address)) != 0 ||
        lstat(address->sun_path, &made) != 0)
        return -1;
    listener->device = made.st_dev;
    listener->inode = made.st_ino;
    if ((made.st_mode & PERMISSIONS) != mode &&
        fchmodat(AT_FDCWD, address->sun_path, mode, AT_SYMLINK_NOFOLLOW) != 0)
        return -1;
    return listen(listener->socket, BACKLOG);
}

/* The folder is locked. */
static int open_locked(struct unix_listener *listener, unsigned mode,
                       struct report *report)
{
    if (remove_stale(&listener->address, report) != 0)
        return -1;
    listener->socket =
        socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->socket >= 0 && bind_file(listener, mode) == 0)
        return 0;
    explain_errno(report, errno);
    if (listener->inode != 0)
        unlink(listener->address.sun_path);
    if (listener->socket >= 0)
        close(listener->socket);
    listener->socket = -1;
    return -1;
}

int unix_listener_open(struct unix_listener *listener,
                       const struct server_unix_socket *wanted, char *error,
                       size_t error_size)
{
    struct report report = {.error = error, .size = error_size};

    *listener = (struct unix_listener){.socket = -1};
    log_escape(text_of(wanted->path), report.path, sizeof(report.path));
    if (!set_address(&listener->address, wanted->path))
        return explain(&report,
                       "a path of a Unix socket has at most %zu bytes; "
                       "choose a shorter one",
                       sizeof(listener->address.sun_path) - 1);
    int folder = lock_folder(&listener->address, LOCK_TRIES);
    if (folder < 0 && errno == EWOULDBLOCK)
        return explain(&report, "another program keeps its folder locked; "
                                "choose a path in another folder");
    if (folder < 0)
        return explain_errno(&report, errno);
    int result = open_locked(listener, wanted->mode, &report);
    close(folder);
    return result;
}

/*
 * The lock keeps another service from replacing the file between the check and
 * the removal. If it cannot be had, that is only improbable.
 */
void unix_listener_remove(const struct unix_listener *listener)
{
    const char *path = listener->address.sun_path;
    char reason[128];
    struct stat found;

    if (listener->socket < 0)
        return;
    int folder = lock_folder(&listener->address, LOCK_TRIES / 20);
    if (lstat(path, &found) == 0 && found.st_dev == listener->device &&
        found.st_ino == listener->inode && unlink(path) != 0)
        log_line(LOG_WARN, "cannot remove the Unix socket: %s",
                 strerror_r(errno, reason, sizeof(reason)));
    if (folder >= 0)
        close(folder);
}
