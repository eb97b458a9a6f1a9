/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replaces the calls of the C library that change files, and those that send to
 * clients, by functions that look at the rules, call the next function of that
 * name, which with a sanitizer is that of the sanitizer, and record what it
 * did.
 */
#include "disk.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_FILES = 65536, /* descriptors; above the limit of tests */
    MAX_PATH = 4096,
    HELD_NANOSECONDS = 1000000,
};

/* What a descriptor of the folder, or in it, refers to. */
struct file {
    uint64_t inode; /* 0: not followed */
    dev_t device;
    bool folder;
    char name[NAME_MAX + 1];
};

/* Set at the start, then read-only. */
static const char *folder;
static int trace = -1;
static struct disk_control none, *control = &none;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* the trace */
static struct file *files[MAX_FILES]; /* by descriptor, made when needed */
static _Atomic uint64_t syncs;        /* begun */

/* Called by AddressSanitizer, which by default must be loaded first. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "verify_asan_link_order=0";
}

__attribute__((noreturn)) static void fail(const char *what)
{
    static const char head[] = "disk: ";

    syscall(SYS_write, STDERR_FILENO, head, sizeof(head) - 1);
    syscall(SYS_write, STDERR_FILENO, what, strlen(what));
    syscall(SYS_write, STDERR_FILENO, "\n", 1);
    abort();
}

/*
 * Define NEXT as the next function of this name. POSIX requires the conversion
 * to work for dlsym(3).
 */
#define FIND_NEXT(function)                                                    \
    static __typeof__(&(function)) next_function;                              \
    if (next_function == NULL)                                                 \
    *(void **)&next_function = dlsym(RTLD_NEXT, #function)
#define NEXT next_function

__attribute__((constructor)) static void start(void)
{
    /* There are no threads yet. */
    const char *to = getenv(DISK_TRACE);   /* NOLINT(concurrency-mt-unsafe) */
    const char *by = getenv(DISK_CONTROL); /* NOLINT(concurrency-mt-unsafe) */

    folder = getenv(DISK_FOLDER); /* NOLINT(concurrency-mt-unsafe) */
    if (folder == NULL)
        return;
    if (to != NULL) {
        trace = (int)syscall(SYS_openat, AT_FDCWD, to,
                             O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (trace < 0)
            fail("can't open the trace");
    }
    if (by != NULL) {
        int fd = (int)syscall(SYS_openat, AT_FDCWD, by, O_RDWR | O_CLOEXEC, 0);
        FIND_NEXT(mmap);
        void *page = fd < 0 ? MAP_FAILED
                            : NEXT(NULL, sizeof(*control),
                                   PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (page == MAP_FAILED)
            fail("can't map the control file");
        control = page;
        syscall(SYS_close, fd);
    }
}

/* Append a record. The lock is held. */
static void record_locked(char kind, uint64_t file, uint64_t offset,
                          const void *bytes, size_t length)
{
    struct disk_record head = {kind, file, offset, (uint32_t)length};
    struct iovec parts[] = {{&head, sizeof(head)}, {(void *)bytes, length}};

    if (trace >= 0 &&
        syscall(SYS_writev, trace, parts, 2) != (long)(sizeof(head) + length))
        fail("can't write the trace");
}

static void record(char kind, uint64_t file, uint64_t offset)
{
    pthread_mutex_lock(&lock);
    record_locked(kind, file, offset, "", 0);
    pthread_mutex_unlock(&lock);
}

/* What a rule decides about a call. */
struct verdict {
    int error;       /* 0: make the call */
    uint32_t length; /* of a write, at most; 0: all */
};

/* Whether this call is one of those that the rule hits. */
static bool is_hit(struct disk_rule *rule, const char *name)
{
    uint32_t left = rule->skip;

    if (rule->times == 0 || strstr(name, rule->name) == NULL)
        return false;
    while (left > 0)
        if (atomic_compare_exchange_weak(&rule->skip, &left, left - 1))
            return false;
    left = rule->times;
    while (left > 0 && left != DISK_ALWAYS &&
           !atomic_compare_exchange_weak(&rule->times, &left, left - 1))
        ;
    return left > 0;
}

/* The decision about a call for the file `name`. Waits while it is held. */
static struct verdict judge(enum disk_call call, const char *name)
{
    struct disk_rule *rule = &control->rules[call];
    const struct timespec pause = {.tv_nsec = HELD_NANOSECONDS};

    if (!is_hit(rule, name))
        return (struct verdict){0};
    rule->hits++;
    while (rule->hold != 0)
        nanosleep(&pause, NULL);
    return (struct verdict){(int)rule->error, rule->length};
}

/*
 * The name of a file that lies directly in the folder, within `path`; NULL if
 * it lies elsewhere. `at` as for openat(2).
 */
static const char *name_in_folder(int at, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    char parent[MAX_PATH] = ".";
    struct stat here, ours;

    if (folder == NULL || length >= sizeof(parent))
        return NULL;
    if (length > 0) {
        memcpy(parent, path, length);
        parent[length] = '\0';
    }
    if (fstatat(at, parent, &here, 0) != 0 || stat(folder, &ours) != 0 ||
        here.st_ino != ours.st_ino || here.st_dev != ours.st_dev)
        return NULL;
    return slash == NULL ? path : slash + 1;
}

static bool is_folder(const struct stat *status)
{
    struct stat ours;

    return S_ISDIR(status->st_mode) && folder != NULL &&
           stat(folder, &ours) == 0 && status->st_ino == ours.st_ino &&
           status->st_dev == ours.st_dev;
}

/*
 * The file of a descriptor; NULL if it is not followed. The C library may have
 * closed it, as closedir(3) does, so that it is another file's by now.
 */
static const struct file *file_of(int fd)
{
    struct stat status;

    if (fd < 0 || fd >= MAX_FILES || files[fd] == NULL || files[fd]->inode == 0)
        return NULL;
    if (fstat(fd, &status) == 0 && status.st_ino == files[fd]->inode &&
        status.st_dev == files[fd]->device)
        return files[fd];
    files[fd]->inode = 0;
    return NULL;
}

/*
 * Follow a new descriptor. `name` is that in the folder, or NULL, as when it is
 * the folder itself. The lock is held.
 */
static void follow_locked(int fd, const char *name, int flags, bool made)
{
    struct stat status;

    if (folder == NULL || fstat(fd, &status) != 0 ||
        (name == NULL && !is_folder(&status)))
        return;
    if (fd >= MAX_FILES)
        fail("too many descriptors");
    if (files[fd] == NULL)
        files[fd] = calloc(1, sizeof(*files[fd]));
    if (files[fd] == NULL)
        fail("no memory");
    files[fd]->folder = S_ISDIR(status.st_mode);
    snprintf(files[fd]->name, sizeof(files[fd]->name), "%s",
             name == NULL ? "" : name);
    files[fd]->device = status.st_dev;
    files[fd]->inode = status.st_ino;
    if (files[fd]->folder || name == NULL)
        return;
    record_locked(made ? 'c' : 'o', status.st_ino, 0, name, strlen(name));
    if ((flags & O_TRUNC) != 0 && !made)
        record_locked('t', status.st_ino, 0, "", 0);
}

/* All ways to open a file come here. */
static int open_at(int at, const char *path, int flags, mode_t mode)
{
    FIND_NEXT(openat);
    const char *name = name_in_folder(at, path);
    struct stat status;

    if (name != NULL) {
        struct verdict verdict = judge(DISK_OPEN, name);
        if (verdict.error != 0) {
            errno = verdict.error;
            return -1;
        }
    }
    pthread_mutex_lock(&lock);
    bool made = name != NULL && (flags & O_CREAT) != 0 &&
                fstatat(at, path, &status, AT_SYMLINK_NOFOLLOW) != 0;
    int fd = NEXT(at, path, flags, mode);
    int error = errno;
    if (fd >= 0)
        follow_locked(fd, name, flags, made);
    pthread_mutex_unlock(&lock);
    errno = error;
    return fd;
}

static bool has_mode(int flags)
{
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

#define DEFINE_OPEN(function)                                                  \
    int function(const char *path, int flags, ...)                             \
    {                                                                          \
        va_list list;                                                          \
        va_start(list, flags);                                                 \
        mode_t mode = has_mode(flags) ? va_arg(list, mode_t) : 0;              \
        va_end(list);                                                          \
        return open_at(AT_FDCWD, path, flags, mode);                           \
    }
DEFINE_OPEN(open)
DEFINE_OPEN(open64)

#define DEFINE_OPENAT(function)                                                \
    int function(int at, const char *path, int flags, ...)                     \
    {                                                                          \
        va_list list;                                                          \
        va_start(list, flags);                                                 \
        mode_t mode = has_mode(flags) ? va_arg(list, mode_t) : 0;              \
        va_end(list);                                                          \
        return open_at(at, path, flags, mode);                                 \
    }
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)

int creat(const char *path, mode_t mode)
{
    return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* What _FORTIFY_SOURCE makes of an open(2) without a mode. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int at, const char *path, int flags);
int __openat64_2(int at, const char *path, int flags);

int __open_2(const char *path, int flags)
{
    return open_at(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
    return open_at(AT_FDCWD, path, flags, 0);
}

int __openat_2(int at, const char *path, int flags)
{
    return open_at(at, path, flags, 0);
}

int __openat64_2(int at, const char *path, int flags)
{
    return open_at(at, path, flags, 0);
}

int close(int fd)
{
    FIND_NEXT(close);

    if (fd >= 0 && fd == trace)
        fail("the program closes a descriptor that it has not opened");
    pthread_mutex_lock(&lock);
    if (file_of(fd) != NULL)
        files[fd]->inode = 0;
    pthread_mutex_unlock(&lock);
    return NEXT(fd);
}

/* The port of the client whose socket this is; 0 if it is none. */
static uint16_t client_of(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof(address);

    if (trace < 0 || getpeername(fd, (struct sockaddr *)&address, &size) != 0)
        return 0;
    if (address.ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)&address)->sin_port);
    if (address.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)&address)->sin6_port);
    return 0;
}

/* Record what is about to be sent. Returns its length; 0 if to no client. */
static size_t record_sent(int fd, const struct iovec *parts, size_t count)
{
    uint16_t port = client_of(fd);
    size_t length = 0;

    if (port == 0)
        return 0;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < count; i++) {
        record_locked('a', port, 0, parts[i].iov_base, parts[i].iov_len);
        length += parts[i].iov_len;
    }
    pthread_mutex_unlock(&lock);
    return length;
}

/*
 * The rest of a short send would be recorded twice. Responses to messages are
 * so short that this does not happen.
 */
static ssize_t check_sent(ssize_t sent, size_t length)
{
    if (length > 0 && (sent < 0 ? errno == EAGAIN : (size_t)sent != length))
        fail("only a part of a response was sent, which can't be recorded");
    return sent;
}

ssize_t send(int fd, const void *bytes, size_t length, int flags)
{
    FIND_NEXT(send);
    const struct iovec part = {(void *)bytes, length};
    size_t recorded = record_sent(fd, &part, 1);

    return check_sent(NEXT(fd, bytes, length, flags), recorded);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    FIND_NEXT(sendmsg);
    size_t recorded = record_sent(fd, message->msg_iov, message->msg_iovlen);

    return check_sent(NEXT(fd, message, flags), recorded);
}

/*
 * A write of `count` parts at `offset`, -1 for the position of the descriptor.
 * The rule may cut it, and so it is made of one part only, if it is followed.
 */
static ssize_t write_parts(const struct file *file, int fd,
                           const struct iovec *parts, size_t count,
                           off_t offset)
{
    struct verdict verdict = judge(DISK_WRITE, file->name);
    ssize_t total = 0;

    if (verdict.error != 0 && verdict.length == 0) {
        errno = verdict.error;
        return -1;
    }
    pthread_mutex_lock(&lock);
    if (offset < 0)
        offset = lseek(fd, 0, SEEK_CUR);
    for (size_t i = 0; i < count; i++) {
        size_t length = parts[i].iov_len;
        bool cut =
            verdict.length > 0 && (size_t)total + length > verdict.length;
        if (cut)
            length = verdict.length - (size_t)total;
        ssize_t written = syscall(SYS_pwrite64, fd, parts[i].iov_base, length,
                                  offset + total);
        if (written > 0)
            record_locked('w', file->inode, (uint64_t)(offset + total),
                          parts[i].iov_base, (size_t)written);
        if (written > 0)
            total += written;
        if (written < 0 && total == 0)
            total = -1;
        if (cut || written < (ssize_t)length)
            break;
    }
    int error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return total;
}

/* The same at the position of the descriptor, which it moves. */
static ssize_t write_on(const struct file *file, int fd,
                        const struct iovec *parts, size_t count)
{
    ssize_t written = write_parts(file, fd, parts, count, -1);

    if (written > 0)
        lseek(fd, written, SEEK_CUR);
    return written;
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    FIND_NEXT(write);
    const struct file *file = file_of(fd);
    const struct iovec part = {(void *)bytes, length};

    if (file != NULL)
        return write_on(file, fd, &part, 1);
    size_t recorded = record_sent(fd, &part, 1);
    return check_sent(NEXT(fd, bytes, length), recorded);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    FIND_NEXT(writev);
    const struct file *file = file_of(fd);

    if (file != NULL)
        return write_on(file, fd, parts, (size_t)count);
    size_t recorded = record_sent(fd, parts, (size_t)count);
    return check_sent(NEXT(fd, parts, count), recorded);
}

#define DEFINE_PWRITE(function)                                                \
    ssize_t function(int fd, const void *bytes, size_t length, off_t offset)   \
    {                                                                          \
        FIND_NEXT(function);                                                   \
        const struct file *file = file_of(fd);                                 \
        const struct iovec part = {(void *)bytes, length};                     \
                                                                               \
        return file != NULL ? write_parts(file, fd, &part, 1, offset)          \
                            : NEXT(fd, bytes, length, offset);                 \
    }
DEFINE_PWRITE(pwrite)
DEFINE_PWRITE(pwrite64)

#define DEFINE_PWRITEV(function)                                               \
    ssize_t function(int fd, const struct iovec *parts, int count,             \
                     off_t offset)                                             \
    {                                                                          \
        FIND_NEXT(function);                                                   \
        const struct file *file = file_of(fd);                                 \
                                                                               \
        return file != NULL                                                    \
                   ? write_parts(file, fd, parts, (size_t)count, offset)       \
                   : NEXT(fd, parts, count, offset);                           \
    }
DEFINE_PWRITEV(pwritev)
DEFINE_PWRITEV(pwritev64)

/* Set the size of a followed file. */
static int truncate_file(const struct file *file, int fd, off_t size)
{
    struct verdict verdict = judge(DISK_TRUNCATE, file->name);

    if (verdict.error != 0) {
        errno = verdict.error;
        return -1;
    }
    pthread_mutex_lock(&lock);
    int result = (int)syscall(SYS_ftruncate, fd, size);
    int error = errno;
    if (result == 0)
        record_locked('t', file->inode, (uint64_t)size, "", 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

#define DEFINE_FTRUNCATE(function)                                             \
    int function(int fd, off_t size)                                           \
    {                                                                          \
        FIND_NEXT(function);                                                   \
        const struct file *file = file_of(fd);                                 \
                                                                               \
        return file != NULL ? truncate_file(file, fd, size) : NEXT(fd, size);  \
    }
DEFINE_FTRUNCATE(ftruncate)
DEFINE_FTRUNCATE(ftruncate64)

/* Reserve blocks without changing what the file holds, so without a record. */
static int reserve(const struct file *file, int fd, off_t offset, off_t length)
{
    struct verdict verdict = judge(DISK_TRUNCATE, file->name);

    if (verdict.error != 0) {
        errno = verdict.error;
        return -1;
    }
    return (int)syscall(SYS_fallocate, fd, FALLOC_FL_KEEP_SIZE, offset, length);
}

/* Space is allocated by making the file longer, which is all that shows. */
static int allocate(const struct file *file, int fd, int mode, off_t offset,
                    off_t length)
{
    struct stat status;
    off_t end = offset + length;

    if (mode == FALLOC_FL_KEEP_SIZE)
        return reserve(file, fd, offset, length);
    if (mode != 0)
        fail("fallocate() with a mode that is not followed");
    if (fstat(fd, &status) != 0)
        return -1;
    return truncate_file(file, fd, end > status.st_size ? end : status.st_size);
}

#define DEFINE_FALLOCATE(function)                                             \
    int function(int fd, int mode, off_t offset, off_t length)                 \
    {                                                                          \
        FIND_NEXT(function);                                                   \
        const struct file *file = file_of(fd);                                 \
                                                                               \
        return file != NULL ? allocate(file, fd, mode, offset, length)         \
                            : NEXT(fd, mode, offset, length);                  \
    }
DEFINE_FALLOCATE(fallocate)
DEFINE_FALLOCATE(fallocate64)

/* It returns its error. */
#define DEFINE_POSIX_FALLOCATE(function)                                       \
    int function(int fd, off_t offset, off_t length)                           \
    {                                                                          \
        FIND_NEXT(function);                                                   \
        const struct file *file = file_of(fd);                                 \
                                                                               \
        if (file == NULL)                                                      \
            return NEXT(fd, offset, length);                                   \
        return allocate(file, fd, 0, offset, length) == 0 ? 0 : errno;         \
    }
DEFINE_POSIX_FALLOCATE(posix_fallocate)
DEFINE_POSIX_FALLOCATE(posix_fallocate64)

/*
 * A sync makes durable what was changed before it began; others may go on
 * meanwhile, so its begin is recorded too.
 */
static int sync_file(const struct file *file, int fd, int (*next)(int))
{
    struct verdict verdict =
        judge(file->folder ? DISK_SYNC_FOLDER : DISK_SYNC, file->name);
    uint64_t number = ++syncs, inode = file->inode;
    bool is_a_folder = file->folder;
    char end = is_a_folder ? 'S' : 's';

    record(is_a_folder ? 'B' : 'b', inode, number);
    int result = verdict.error != 0 ? -1 : next(fd);
    int error = verdict.error != 0 ? verdict.error : errno;
    if (result != 0)
        end = 'x';
    record(end, inode, number);
    errno = error;
    return result;
}

#define DEFINE_SYNC(function)                                                  \
    int function(int fd)                                                       \
    {                                                                          \
        FIND_NEXT(function);                                                   \
        const struct file *file = file_of(fd);                                 \
                                                                               \
        return file != NULL ? sync_file(file, fd, NEXT) : NEXT(fd);            \
    }
DEFINE_SYNC(fsync)
DEFINE_SYNC(fdatasync)

static void check_mapping(int fd, int protection, int flags)
{
    if (file_of(fd) != NULL && (flags & MAP_SHARED) != 0 &&
        (protection & PROT_WRITE) != 0)
        fail("a shared mapping that can be written, which is not followed");
}

/* NOLINTBEGIN(bugprone-macro-parentheses): "void *" is no multiplication. */
#define DEFINE_MMAP(function)                                                  \
    void *function(void *at, size_t length, int protection, int flags, int fd, \
                   off_t offset)                                               \
    {                                                                          \
        FIND_NEXT(function);                                                   \
        check_mapping(fd, protection, flags);                                  \
        return NEXT(at, length, protection, flags, fd, offset);                \
    }
/* NOLINTEND(bugprone-macro-parentheses) */
DEFINE_MMAP(mmap)
DEFINE_MMAP(mmap64)

int renameat2(int from_at, const char *from, int to_at, const char *to,
              unsigned int flags)
{
    FIND_NEXT(renameat2);
    const char *old = name_in_folder(from_at, from);
    const char *new = name_in_folder(to_at, to);
    char names[2 * NAME_MAX + 2];

    if (old == NULL && new == NULL)
        return NEXT(from_at, from, to_at, to, flags);
    if ((flags & ~(unsigned)RENAME_NOREPLACE) != 0)
        fail("renameat2() with a flag that is not followed");
    if (old == NULL || new == NULL)
        fail("a file is moved into the folder or out of it");
    struct verdict verdict = judge(DISK_RENAME, old);
    if (verdict.error != 0) {
        errno = verdict.error;
        return -1;
    }
    int length = snprintf(names, sizeof(names), "%s%c%s", old, '\0', new);
    pthread_mutex_lock(&lock);
    int result = NEXT(from_at, from, to_at, to, flags);
    int error = errno;
    if (result == 0)
        record_locked('r', 0, 0, names, (size_t)length);
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int renameat(int from_at, const char *from, int to_at, const char *to)
{
    return renameat2(from_at, from, to_at, to, 0);
}

int rename(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* A second name would be unknown. */
int linkat(int from_at, const char *from, int to_at, const char *to, int flags)
{
    FIND_NEXT(linkat);

    if (name_in_folder(to_at, to) != NULL)
        fail("a link is made in the folder, which is not followed");
    return NEXT(from_at, from, to_at, to, flags);
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlinkat(int at, const char *path, int flags)
{
    FIND_NEXT(unlinkat);
    const char *name = name_in_folder(at, path);

    if (name == NULL)
        return NEXT(at, path, flags);
    struct verdict verdict = judge(DISK_UNLINK, name);
    if (verdict.error != 0) {
        errno = verdict.error;
        return -1;
    }
    pthread_mutex_lock(&lock);
    int result = NEXT(at, path, flags);
    int error = errno;
    if (result == 0)
        record_locked('u', 0, 0, name, strlen(name));
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}
