/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data folder. All calls but SQLite's are relative to its descriptor, so
 * that they act on the folder that was locked, also if it is renamed.
 *
 * flock(2) and no file with a process id: the kernel unlocks when the process
 * ends, however it ends, so there is nothing that could be stale.
 *
 * The probe makes, writes, syncs, renames and removes a file, so that a folder
 * that cannot take state is refused at the start, not at the first message.
 */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "error.h"
#include "folder_parts.h"

enum { ASK_MS = 20 }; /* how long a lock is asked for, at most */

static const char lock_name[] = "lock";
static const char probe_new_name[] = "probe.new";
static const char probe_name[] = "probe";

bool folder_fail(const struct folder *folder, const char *what,
                 const char *name, char error[JOURNAL_ERROR])
{
    int number = errno;

    snprintf(error, JOURNAL_ERROR, "cannot %s %.*s%s%s: %s%s", what,
             FOLDER_SHOWN, folder->path, name == NULL ? "" : "/",
             name == NULL ? "" : name, strerrordesc_np(number),
             error_advice(number));
    errno = number;
    return false;
}

bool folder_sync(const struct folder *folder, char error[JOURNAL_ERROR])
{
    return fsync(folder->descriptor) == 0 ||
           folder_fail(folder, "sync the folder", NULL, error);
}

/*
 * Sync the entry of the folder in its parent, also if the folder was there: the
 * process that made it may have been killed before it did so. Then an error is
 * no matter, as this user may not be allowed to read the parent.
 */
static bool sync_parent(const struct folder *folder, bool made,
                        char error[JOURNAL_ERROR])
{
    int parent =
        openat(folder->descriptor, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = parent >= 0 && fsync(parent) == 0;

    if (!synced && made)
        folder_fail(folder, "sync the parent of", NULL, error);
    if (parent >= 0)
        close(parent);
    return synced || !made;
}

/* Whether others may read the messages is for the operator to decide. */
static void warn_of_others(const struct folder *folder)
{
    struct stat status;

    if (fstat(folder->descriptor, &status) != 0)
        return;
    if (status.st_uid != geteuid())
        log_line(LOG_WARN,
                 "%s belongs to the user %u, not to %u, who runs this service",
                 folder->path, (unsigned)status.st_uid, (unsigned)geteuid());
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        log_line(LOG_WARN,
                 "%s has mode %04o, so others than its owner may read or "
                 "change what is in it: consider chmod 700",
                 folder->path, (unsigned)status.st_mode & 07777U);
}

static bool open_folder(struct folder *folder, char error[JOURNAL_ERROR])
{
    bool made = mkdir(folder->path, 0700) == 0;

    if (!made && errno != EEXIST)
        return folder_fail(folder, "make the folder", NULL, error);
    folder->descriptor = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->descriptor < 0)
        return folder_fail(folder, "open the folder", NULL, error);
    return sync_parent(folder, made, error);
}

/* A lock file that was removed keeps nobody else away: see folder_discard(). */
static bool has_lock_file(const struct folder *folder)
{
    struct stat status;

    return fstat(folder->lock, &status) != 0 || status.st_nlink > 0;
}

static bool lock_folder(struct folder *folder, char error[JOURNAL_ERROR])
{
    folder->lock = openat(folder->descriptor, lock_name,
                          O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (folder->lock < 0)
        return folder_fail(folder, "open", lock_name, error);
    int result = flock(folder->lock, LOCK_EX | LOCK_NB);
    /* Who reads the folder has the lock for a moment: see ask_lock(). */
    if (result != 0 && errno == EWOULDBLOCK) {
        poll(NULL, 0, ASK_MS);
        result = flock(folder->lock, LOCK_EX | LOCK_NB);
    }
    if (result == 0 && has_lock_file(folder))
        return true;
    if (result != 0 && errno != EWOULDBLOCK)
        return folder_fail(folder, "lock", lock_name, error);
    snprintf(error, JOURNAL_ERROR,
             "%.*s is in use by another lunar.service: stop that one, or "
             "choose another folder",
             FOLDER_SHOWN, folder->path);
    return false;
}

static bool fill_probe(const struct folder *folder, int file, size_t size,
                       char error[JOURNAL_ERROR])
{
    static const char zeros[FOLDER_BLOCK];
    ssize_t written = FOLDER_BLOCK;

    for (size_t done = 0; written == FOLDER_BLOCK && done < size;
         done += FOLDER_BLOCK)
        written = write(file, zeros, sizeof(zeros));
    /* A short write says that there is no room for the rest. */
    if (written >= 0 && written < FOLDER_BLOCK)
        errno = ENOSPC;
    if (written != FOLDER_BLOCK)
        return folder_fail(folder, "write", probe_new_name, error);
    return fsync(file) == 0 ||
           folder_fail(folder, "sync", probe_new_name, error);
}

bool folder_probe(const struct folder *folder, size_t size,
                  char error[JOURNAL_ERROR])
{
    int directory = folder->descriptor;
    int file =
        openat(directory, probe_new_name,
               O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return folder_fail(folder, "create", probe_new_name, error);
    bool filled = fill_probe(folder, file, size, error);
    close(file);
    bool renamed =
        filled &&
        (renameat(directory, probe_new_name, directory, probe_name) == 0 ||
         folder_fail(folder, "rename", probe_new_name, error));
    if (!renamed) {
        unlinkat(directory, probe_new_name, 0);
        return false;
    }
    if (!folder_sync(folder, error))
        return false;
    return unlinkat(directory, probe_name, 0) == 0 ||
           folder_fail(folder, "remove", probe_name, error);
}

/* A folder that is not open yet. NULL, with a sentence in `error` and errno. */
static struct folder *new_folder(const char *path, char error[JOURNAL_ERROR])
{
    struct folder *folder = malloc(sizeof(*folder));

    if (folder == NULL) {
        snprintf(error, JOURNAL_ERROR, "memory is exhausted");
        return NULL;
    }
    folder->descriptor = -1;
    folder->lock = -1;
    snprintf(folder->path, sizeof(folder->path), "%s", path);
    if (strlen(path) < sizeof(folder->path))
        return folder;
    errno = ENAMETOOLONG;
    folder_fail(folder, "use", NULL, error);
    free(folder);
    return NULL;
}

/* Close it, with errno kept. Always NULL. */
static struct folder *abandon_folder(struct folder *folder)
{
    int number = errno;

    folder_close(folder);
    errno = number;
    return NULL;
}

struct folder *folder_open(const char *path, char error[JOURNAL_ERROR])
{
    struct folder *folder = new_folder(path, error);

    if (folder == NULL)
        return NULL;
    if (!open_folder(folder, error) || !lock_folder(folder, error) ||
        !folder_remove_leftovers(folder, error) ||
        !folder_probe(folder, FOLDER_BLOCK, error))
        return abandon_folder(folder);
    warn_of_others(folder);
    return folder;
}

/*
 * Whether a service has the folder open. The lock is only asked for, and not
 * kept: a service must be able to start while a backup runs. Without a lock
 * file the folder was never used, or is a copy.
 */
static bool ask_lock(const struct folder *folder, bool *in_use,
                     char error[JOURNAL_ERROR])
{
    int lock = openat(folder->descriptor, lock_name,
                      O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    *in_use = false;
    if (lock < 0)
        return errno == ENOENT || folder_fail(folder, "open", lock_name, error);
    bool asked = flock(lock, LOCK_SH | LOCK_NB) == 0;
    *in_use = !asked && errno == EWOULDBLOCK;
    if (!asked && !*in_use)
        folder_fail(folder, "lock", lock_name, error);
    int number = errno;
    close(lock);
    errno = number;
    return asked || *in_use;
}

struct folder *folder_open_to_read(const char *path, bool *in_use,
                                   char error[JOURNAL_ERROR])
{
    struct folder *folder = new_folder(path, error);

    if (folder == NULL)
        return NULL;
    folder->descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->descriptor < 0 && errno == ENOENT)
        snprintf(error, JOURNAL_ERROR, "there is no folder %.*s", FOLDER_SHOWN,
                 path);
    else if (folder->descriptor < 0)
        folder_fail(folder, "open the folder", NULL, error);
    else if (ask_lock(folder, in_use, error))
        return folder;
    return abandon_folder(folder);
}

void folder_close(struct folder *folder)
{
    if (folder == NULL)
        return;
    if (folder->lock >= 0)
        close(folder->lock); /* which unlocks it */
    if (folder->descriptor >= 0)
        close(folder->descriptor);
    free(folder);
}

void folder_discard(struct folder *folder)
{
    if (unlinkat(folder->descriptor, lock_name, 0) == 0)
        rmdir(folder->path);
}

const char *folder_path(const struct folder *folder)
{
    return folder->path;
}

int folder_descriptor(const struct folder *folder)
{
    return folder->descriptor;
}
