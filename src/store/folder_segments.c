/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the data folder, by their names, and those of segments.
 */
#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "error.h"
#include "folder_parts.h"

enum {
    POSITION_DIGITS = 20, /* of UINT64_MAX */
    SEGMENTS_AT_FIRST = 16,
};

/* What SQLite keeps beside a database, which belongs to it. */
static const char *const sqlite_suffixes[] = {"-wal", "-journal", "-shm"};

enum { SQLITE_SUFFIXES = sizeof(sqlite_suffixes) / sizeof(*sqlite_suffixes) };

/*
 * Whether `name` is that of a segment, or begins with it. `rest` becomes what
 * is behind it.
 */
static bool read_segment_name(const char *name, uint64_t *first,
                              const char **rest)
{
    static const char prefix[] = "journal-", suffix[] = ".db";
    const size_t digits = sizeof(prefix) - 1;
    const size_t end = digits + POSITION_DIGITS;

    if (strlen(name) < end || memcmp(name, prefix, digits) != 0 ||
        strncmp(name + end, suffix, sizeof(suffix) - 1) != 0 ||
        !text_read_unsigned((struct text){name + digits, POSITION_DIGITS},
                            INT64_MAX, first) ||
        *first == 0)
        return false;
    *rest = name + end + sizeof(suffix) - 1;
    return true;
}

static bool is_sqlite_suffix(const char *suffix)
{
    for (size_t i = 0; i < SQLITE_SUFFIXES; i++) {
        if (strcmp(suffix, sqlite_suffixes[i]) == 0)
            return true;
    }
    return false;
}

/* Whether `name` begins with that of the snapshot. The same results. */
static bool read_snapshot_name(const char *name, const char **rest)
{
    static const char snapshot[] = FOLDER_SNAPSHOT;

    if (strncmp(name, snapshot, sizeof(snapshot) - 1) != 0)
        return false;
    *rest = name + sizeof(snapshot) - 1;
    return true;
}

/*
 * Whether it is a segment or a snapshot that was not completed, or SQLite's
 * file of one.
 */
static bool is_leftover(const char *name)
{
    static const char suffix[] = ".new";
    uint64_t first;
    const char *rest;

    if (!read_segment_name(name, &first, &rest) &&
        !read_snapshot_name(name, &rest))
        return false;
    if (strncmp(rest, suffix, sizeof(suffix) - 1) != 0)
        return false;
    rest += sizeof(suffix) - 1;
    return *rest == '\0' || is_sqlite_suffix(rest);
}

/* The folder's entries, from the first. NULL with errno. */
static DIR *open_entries(const struct folder *folder)
{
    int copy =
        openat(folder->descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = copy < 0 ? NULL : fdopendir(copy);

    if (entries == NULL && copy >= 0)
        close(copy);
    return entries;
}

/* The name of the next entry. NULL at the end, or with errno. */
static const char *next_name(DIR *entries)
{
    errno = 0;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is not shared. */
    const struct dirent *entry = readdir(entries);

    return entry == NULL ? NULL : entry->d_name;
}

bool folder_remove_leftovers(const struct folder *folder,
                             char error[JOURNAL_ERROR])
{
    DIR *entries = open_entries(folder);
    const char *name;
    bool removed = true;

    if (entries == NULL)
        return folder_fail(folder, "read", NULL, error);
    while (removed && (name = next_name(entries)) != NULL) {
        if (!is_leftover(name))
            continue;
        removed = unlinkat(folder->descriptor, name, 0) == 0 ||
                  folder_fail(folder, "remove", name, error);
    }
    if (removed && errno != 0)
        removed = folder_fail(folder, "read", NULL, error);
    closedir(entries);
    return removed;
}

/* Always false. */
static bool fail_memory(char error[JOURNAL_ERROR])
{
    snprintf(error, JOURNAL_ERROR, "memory is exhausted");
    errno = ENOMEM;
    return false;
}

static bool add_segment(struct folder_segments *segments, uint64_t first,
                        char error[JOURNAL_ERROR])
{
    size_t count = segments->count;

    /* The room doubles whenever the count is a power of two. */
    if (count == 0 ||
        (count >= SEGMENTS_AT_FIRST && (count & (count - 1)) == 0)) {
        size_t room = count == 0 ? SEGMENTS_AT_FIRST : 2 * count;
        uint64_t *grown =
            realloc(segments->first, room * sizeof(*segments->first));
        if (grown == NULL)
            return fail_memory(error);
        segments->first = grown;
    }
    segments->first[segments->count++] = first;
    return true;
}

/* Always false. */
static bool refuse_file(const struct folder *folder, const char *name,
                        const char *problem, char error[JOURNAL_ERROR])
{
    error_write(error, "%.*s/%s %s", FOLDER_SHOWN, folder->path, name, problem);
    return false;
}

/*
 * A log or a rollback journal without its segment. What it holds was
 * acknowledged, and SQLite would not read it.
 */
static bool check_owner(const struct folder *folder, const char *name,
                        uint64_t first, char error[JOURNAL_ERROR])
{
    char owner[FOLDER_NAME];
    struct stat status;

    folder_segment_name(first, "", owner);
    if (fstatat(folder->descriptor, owner, &status, AT_SYMLINK_NOFOLLOW) == 0)
        return true;
    if (errno != ENOENT)
        return folder_fail(folder, "look at", owner, error);
    return refuse_file(folder, name,
                       "belongs to a segment of the journal "
                       "that is missing: restore both files from a copy",
                       error);
}

static bool check_regular(const struct folder *folder, const char *name,
                          char error[JOURNAL_ERROR])
{
    struct stat status;

    if (fstatat(folder->descriptor, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return folder_fail(folder, "look at", name, error);
    return S_ISREG(status.st_mode) ||
           refuse_file(folder, name, "is not a regular file", error);
}

static bool ends_in_db(const char *name)
{
    size_t length = strlen(name);

    return length >= 3 && strcmp(name + length - 3, ".db") == 0;
}

static bool list_file(const struct folder *folder, const char *name,
                      struct folder_segments *segments,
                      char error[JOURNAL_ERROR])
{
    uint64_t first;
    const char *rest;

    if (read_segment_name(name, &first, &rest)) {
        if (*rest == '\0')
            return check_regular(folder, name, error) &&
                   add_segment(segments, first, error);
        if (strcmp(rest, "-wal") == 0 || strcmp(rest, "-journal") == 0)
            return check_owner(folder, name, first, error);
    }
    if (strcmp(name, FOLDER_SNAPSHOT) == 0) {
        segments->snapshot = true;
        return check_regular(folder, name, error);
    }
    return !ends_in_db(name) ||
           refuse_file(folder, name,
                       "is not a file of this version of "
                       "lunar.service (" LUNAR_VERSION "): use the version "
                       "that wrote it, or move the file away if it is from "
                       "another program",
                       error);
}

static int compare_positions(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

bool folder_list(const struct folder *folder, struct folder_segments *segments,
                 char error[JOURNAL_ERROR])
{
    DIR *entries = open_entries(folder);
    const char *name;
    bool listed = true;

    *segments = (struct folder_segments){NULL, 0, false};
    if (entries == NULL)
        return folder_fail(folder, "read", NULL, error);
    while (listed && (name = next_name(entries)) != NULL)
        listed = list_file(folder, name, segments, error);
    if (listed && errno != 0)
        listed = folder_fail(folder, "read", NULL, error);
    closedir(entries);
    if (segments->count > 1)
        qsort(segments->first, segments->count, sizeof(*segments->first),
              compare_positions);
    return listed;
}

void folder_segments_release(struct folder_segments *segments)
{
    free(segments->first);
    *segments = (struct folder_segments){NULL, 0, false};
}

void folder_segment_name(uint64_t first, const char *suffix,
                         char name[FOLDER_NAME])
{
    snprintf(name, FOLDER_NAME, "journal-%0*" PRIu64 ".db%s", POSITION_DIGITS,
             first, suffix);
}

bool folder_publish(const struct folder *folder, uint64_t first,
                    char error[JOURNAL_ERROR])
{
    char made[FOLDER_NAME], name[FOLDER_NAME];
    struct stat status;

    folder_segment_name(first, ".new", made);
    folder_segment_name(first, "", name);
    /* Nobody else makes files here, as the folder is locked. */
    if (fstatat(folder->descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
        errno = EEXIST;
    if (errno != ENOENT)
        return folder_fail(folder, "make", name, error);
    if (renameat(folder->descriptor, made, folder->descriptor, name) != 0)
        return folder_fail(folder, "rename", made, error);
    return folder_sync(folder, error);
}

bool folder_remove_segment(const struct folder *folder, uint64_t first,
                           char error[JOURNAL_ERROR])
{
    char name[FOLDER_NAME];

    for (size_t i = 0; i < SQLITE_SUFFIXES; i++) {
        folder_segment_name(first, sqlite_suffixes[i], name);
        if (unlinkat(folder->descriptor, name, 0) != 0 && errno != ENOENT)
            return folder_fail(folder, "remove", name, error);
    }
    /*
     * A power cut must not leave a log whose segment is gone. SQLite may have
     * removed the log just now, without a sync.
     */
    if (!folder_sync(folder, error))
        return false;
    folder_segment_name(first, "", name);
    if (unlinkat(folder->descriptor, name, 0) != 0 && errno != ENOENT)
        return folder_fail(folder, "remove", name, error);
    return folder_sync(folder, error);
}
