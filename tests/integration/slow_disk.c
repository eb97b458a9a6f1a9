/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that does not answer in time: preloaded into the service. The variable
 * SLOW_DISK is a path. While PATH.reads exists, and once the service listens,
 * each read of SQLite takes a second longer; while PATH.syncs exists, no
 * fdatasync(2) ends, as those of SQLite; while PATH.openings exists, no
 * fsync(2) does, as that which tries a folder. The first that waits makes
 * PATH.waiting.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { STEP_MS = 10, READ_STEPS = 100, PATH_SIZE = 512 };

static _Atomic bool listening;

/* Whether the variable is set. */
static bool find_path(const char *suffix, char path[PATH_SIZE])
{
    const char *start = getenv("SLOW_DISK"); /* NOLINT(concurrency-mt-unsafe) */

    if (start == NULL)
        return false;
    snprintf(path, PATH_SIZE, "%s.%s", start, suffix);
    return true;
}

static bool exists(const char *suffix)
{
    char path[PATH_SIZE];

    return find_path(suffix, path) && access(path, F_OK) == 0;
}

static void make(const char *suffix)
{
    char path[PATH_SIZE];

    if (find_path(suffix, path))
        close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

static void sleep_step(void)
{
    nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
}

int listen(int fd, int backlog)
{
    int (*next)(int, int) = (int (*)(int, int))dlsym(RTLD_NEXT, "listen");

    atomic_store(&listening, true);
    return next(fd, backlog);
}

ssize_t pread64(int fd, void *bytes, size_t size, off64_t at)
{
    ssize_t (*next)(int, void *, size_t, off64_t) =
        (ssize_t(*)(int, void *, size_t, off64_t))dlsym(RTLD_NEXT, "pread64");

    for (int i = 0;
         i < READ_STEPS && atomic_load(&listening) && exists("reads"); i++)
        sleep_step();
    return next(fd, bytes, size, at);
}

static void wait_to_sync(const char *while_exists)
{
    if (exists(while_exists))
        make("waiting");
    while (exists(while_exists))
        sleep_step();
}

int fdatasync(int fd)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");

    wait_to_sync("syncs");
    return next(fd);
}

int fsync(int fd)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");

    wait_to_sync("openings");
    return next(fd);
}

/*
 * Called by AddressSanitizer for its options. By default it aborts if another
 * library is loaded before it.
 */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "verify_asan_link_order=0";
}
