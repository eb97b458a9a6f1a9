/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the data folder. The linker redirects some system calls to this
 * file, which notes them, and makes one of them fail.
 */
#include "lib/unit_check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/captured_log.h"
#include "lib/folder.h"
#include "store/folder.h"

/* The calls so far, a letter each, and the one that fails. */
static char calls[64];
static struct {
    char call; /* 0: none */
    unsigned nth;
    int error;
} fails;

static char root[32];
static char data[64];
static char error[JOURNAL_ERROR];

/* Whether the call is the one that fails; then errno is set. */
static bool note_call(char call)
{
    size_t length = strlen(calls);
    unsigned nth = 1;

    for (size_t i = 0; i < length; i++)
        nth += calls[i] == call;
    if (length + 1 < sizeof(calls)) {
        calls[length] = call;
        calls[length + 1] = '\0';
    }
    if (fails.call != call || fails.nth != nth)
        return false;
    errno = fails.error;
    return true;
}

#define REDIRECT(letter, name, parameters, arguments)                          \
    int __real_##name parameters;                                              \
    int __wrap_##name parameters;                                              \
    int __wrap_##name parameters                                               \
    {                                                                          \
        return note_call(letter) ? -1 : __real_##name arguments;               \
    }

REDIRECT('m', mkdir, (const char *path, mode_t mode), (path, mode))
REDIRECT('l', flock, (int file, int operation), (file, operation))
REDIRECT('s', fsync, (int file), (file))
REDIRECT('r', renameat, (int from, const char *old, int to, const char *new),
         (from, old, to, new))
REDIRECT('u', unlinkat, (int folder, const char *name, int flags),
         (folder, name, flags))
REDIRECT('a', fallocate, (int file, int mode, off_t offset, off_t length),
         (file, mode, offset, length))

ssize_t __real_write(int file, const void *bytes, size_t size);
ssize_t __wrap_write(int file, const void *bytes, size_t size);

/* An error of 0 is a short write. */
ssize_t __wrap_write(int file, const void *bytes, size_t size)
{
    if (!note_call('w'))
        return __real_write(file, bytes, size);
    return errno == 0 ? (ssize_t)size / 2 : -1;
}

static void fail_call(char call, unsigned nth, int number)
{
    calls[0] = '\0';
    fails.call = call;
    fails.nth = nth;
    fails.error = number;
}

static struct folder *open_data(void)
{
    fail_call(0, 0, 0);
    struct folder *folder = folder_open(data, error);
    if (folder == NULL) {
        fail_msg("%s", error);
        abort();
    }
    return folder;
}

static void expect_error(const char *expected)
{
    if (strcmp(error, expected) != 0)
        fail_msg("\"%s\" instead of \"%s\"", error, expected);
}

static bool exists(const char *name)
{
    char path[FOLDER_MAX_PATH];
    struct stat status;

    snprintf(path, sizeof(path), "%s%s", data, name);
    return lstat(path, &status) == 0;
}

static mode_t mode_of(const char *name)
{
    char path[FOLDER_MAX_PATH];
    struct stat status;

    snprintf(path, sizeof(path), "%s%s", data, name);
    assert_int_equal(lstat(path, &status), 0);
    return status.st_mode & 07777U;
}

static int set_up(void **context)
{
    (void)context;
    snprintf(root, sizeof(root), "/tmp/test_folder-XXXXXX");
    assert_non_null(mkdtemp(root));
    snprintf(data, sizeof(data), "%s/data", root);
    fail_call(0, 0, 0);
    return 0;
}

static int tear_down(void **context)
{
    (void)context;
    return folder_remove(root);
}

static void a_missing_folder_is_made_for_its_user_alone(void **context)
{
    (void)context;
    mode_t mask = umask(0);
    struct folder *folder = open_data();

    umask(mask);
    assert_int_equal(mode_of(""), 0700);
    assert_int_equal(mode_of("/lock"), 0600);
    assert_false(exists("/probe"));
    assert_false(exists("/probe.new"));
    assert_string_equal(folder_path(folder), data);
    /* Its entry in the parent is synced, and what the probe makes. */
    assert_string_equal(calls, "mslwsrsu");
    folder_close(folder);
    folder_close(NULL);
}

static void a_folder_is_used_by_one_at_a_time(void **context)
{
    (void)context;
    char expected[JOURNAL_ERROR];
    struct folder *folder = open_data();

    assert_null(folder_open(data, error));
    snprintf(expected, sizeof(expected),
             "%s is in use by another lunar.service: stop that one, or choose "
             "another folder",
             data);
    expect_error(expected);
    folder_close(folder);
    folder_close(open_data());
}

static void a_path_that_cannot_be_a_folder_is_named(void **context)
{
    (void)context;
    static char longest[PATH_MAX];
    static const struct {
        const char *path, *error;
    } rows[] = {
        {"none/data", "cannot make the folder none/data: No such file or "
                      "directory: make the folder that it is in first"},
        {"/dev/null", "cannot open the folder /dev/null: Not a directory: "
                      "choose a path that is a folder"},
        {"/dev/null/data", "cannot make the folder /dev/null/data: Not a "
                           "directory: choose a path that is a folder"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_null(folder_open(rows[i].path, error));
        expect_error(rows[i].error);
    }
    memset(longest, 'x', sizeof(longest) - 1);
    assert_null(folder_open(longest, error));
    assert_non_null(strstr(error, "x: File name too long"));
}

#define PERMISSION                                                             \
    ": give the user who runs this the permission, which root and the owner "  \
    "have, or choose another folder"
#define READ_ONLY                                                              \
    ": make the file system writable, or choose another folder; of a unit "    \
    "with ProtectSystem= only those of StateDirectory= and ReadWritePaths= "   \
    "are writable"
#define FLOCK ": use a file system with flock(2), such as that of a local disk"
#define DISK ": check the disk, and the log of the kernel"

static void each_call_that_fails_is_named(void **context)
{
    (void)context;
    static const struct {
        char call;
        unsigned nth;
        int error;
        const char *what, *name, *why;
    } rows[] = {
        {'m', 1, EACCES, "make the folder", "", "Permission denied" PERMISSION},
        {'m', 1, EROFS, "make the folder", "",
         "Read-only file system" READ_ONLY},
        {'s', 1, EIO, "sync the parent of", "", "Input/output error" DISK},
        {'l', 1, ENOLCK, "lock", "/lock", "No locks available" FLOCK},
        {'l', 1, EOPNOTSUPP, "lock", "/lock", "Operation not supported" FLOCK},
        {'w', 1, ENOSPC, "write", "/probe.new",
         "No space left on device: free some space"},
        {'w', 1, EDQUOT, "write", "/probe.new",
         "Disk quota exceeded: free some space"},
        {'w', 1, 0, "write", "/probe.new",
         "No space left on device: free some space"},
        {'s', 2, EIO, "sync", "/probe.new", "Input/output error" DISK},
        {'r', 1, EPERM, "rename", "/probe.new",
         "Operation not permitted" PERMISSION},
        {'s', 3, EINVAL, "sync the folder", "", "Invalid argument"},
        {'u', 1, EPERM, "remove", "/probe",
         "Operation not permitted" PERMISSION},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        char expected[JOURNAL_ERROR];
        folder_remove(data);
        fail_call(rows[i].call, rows[i].nth, rows[i].error);
        assert_null(folder_open(data, error));
        assert_int_equal(errno, rows[i].error == 0 ? ENOSPC : rows[i].error);
        snprintf(expected, sizeof(expected), "cannot %s %s%s: %s", rows[i].what,
                 data, rows[i].name, rows[i].why);
        expect_error(expected);
        /* A second try finds nothing in its way. */
        if (rows[i].call == 'w')
            assert_false(exists("/probe.new"));
        folder_close(open_data());
    }
}

static void
a_parent_that_cannot_be_synced_matters_to_a_new_folder_only(void **context)
{
    (void)context;
    folder_close(open_data());
    fail_call('s', 1, EIO);
    struct folder *folder = folder_open(data, error);
    assert_non_null(folder);
    folder_close(folder);
}

static void a_folder_that_others_can_use_is_logged(void **context)
{
    (void)context;
    struct captured_log log;
    char expected[CAPTURED_MAX];

    assert_int_equal(mkdir(data, 0700), 0);
    assert_int_equal(chmod(data, 0750), 0);
    captured_log_start(&log);
    folder_close(open_data());
    captured_log_stop(&log);
    snprintf(expected, sizeof(expected),
             "%s has mode 0750, so others than its owner may read or change "
             "what is in it: consider chmod 700\n",
             data);
    assert_int_equal(log.writes, 1);
    assert_string_equal(log.text + CAPTURED_PREFIX, expected);
}

static void what_was_not_completed_is_removed(void **context)
{
    (void)context;
    static const struct {
        const char *name;
        bool stays;
    } rows[] = {
        {"/journal-00000000000000000001.db", true},
        {"/journal-00000000000000000001.db.new", false},
        {"/journal-00000000000000000002.db.new-journal", false},
        {"/journal-00000000000000000002.db.new-wal", false},
        {"/journal-00000000000000000002.db.newer", true},
        {"/journal-2.db.new", true},
        {"/snapshot.db", true},
        {"/snapshot.db.new", false},
        {"/snapshot.db.new-journal", false},
        {"/snapshot.db.newer", true},
        {"/notes.new", true},
        {"/probe.new", false},
        {"/probe", false},
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        folder_write(data, rows[i].name, "x");
    folder_close(open_data());
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (exists(rows[i].name) != rows[i].stays)
            fail_msg("%s", rows[i].name);
    }
}

static void segments_are_listed_in_order(void **context)
{
    (void)context;
    enum { SEGMENTS = 70 };
    struct folder *folder = open_data();
    struct folder_segments segments;
    char name[FOLDER_NAME + 1] = "/";

    assert_true(folder_list(folder, &segments, error));
    assert_int_equal(segments.count, 0);
    folder_segments_release(&segments);
    for (uint64_t i = 0; i < SEGMENTS; i++) {
        uint64_t first = i * 37 % SEGMENTS * 1000 + 1;
        folder_segment_name(first, "", name + 1);
        folder_write(data, name, "x");
        folder_segment_name(first, "-wal", name + 1);
        folder_write(data, name, "x");
    }
    assert_true(folder_list(folder, &segments, error));
    assert_int_equal(segments.count, SEGMENTS);
    for (uint64_t i = 0; i < SEGMENTS; i++)
        assert_int_equal(segments.first[i], i * 1000 + 1);
    folder_segments_release(&segments);
    folder_segments_release(&segments);
    folder_close(folder);
}

#define VERSION                                                                \
    "is not a file of this version of lunar.service (" LUNAR_VERSION           \
    "): use the version that wrote it, or move the file away if it is from "   \
    "another program"
#define MISSING                                                                \
    "belongs to a segment of the journal that is missing: restore both files " \
    "from a copy"

static void files_that_may_hold_state_are_not_ignored(void **context)
{
    (void)context;
    static const struct {
        const char *name, *problem; /* NULL: it is left alone */
    } rows[] = {
        {"/journal-99999999999999999999.db", VERSION},
        {"/journal-00000000000000000000.db", VERSION},
        {"/journal-0000000000000000001.db", VERSION},
        {"/journal-000000000000000000001.db", VERSION},
        {"/journal-00000000000000000001-2.db", VERSION},
        {"/snapshot-1.db", VERSION},
        {"/.db", VERSION},
        {"/journal-00000000000000000002.db-wal", MISSING},
        {"/journal-00000000000000000002.db-journal", MISSING},
        {"/journal-00000000000000000002.db-shm", NULL},
        {"/journal-00000000000000000002.db.bak", NULL},
        {"/db", NULL},
        {"/README", NULL},
        {"/lost+found/x", NULL},
    };
    struct folder *folder = open_data();

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct folder_segments segments;
        char expected[JOURNAL_ERROR], path[FOLDER_MAX_PATH];
        folder_write(data, rows[i].name, "x");
        bool listed = folder_list(folder, &segments, error);
        folder_segments_release(&segments);
        if (listed != (rows[i].problem == NULL))
            fail_msg("%s: %s", rows[i].name, listed ? "listed" : error);
        if (!listed) {
            snprintf(expected, sizeof(expected), "%s%s %s", data, rows[i].name,
                     rows[i].problem);
            expect_error(expected);
        }
        assert_true(exists(rows[i].name));
        snprintf(path, sizeof(path), "%s%s", data, rows[i].name);
        assert_int_equal(remove(path), 0);
    }
    folder_close(folder);
}

static void what_holds_state_is_a_regular_file(void **context)
{
    (void)context;
    static const char *const names[] = {"/journal-00000000000000000001.db",
                                        "/snapshot.db"};
    struct folder *folder = open_data();

    for (size_t i = 0; i < COUNT(names); i++) {
        struct folder_segments segments;
        char path[FOLDER_MAX_PATH], expected[JOURNAL_ERROR];
        folder_write(data, names[i], NULL);
        assert_false(folder_list(folder, &segments, error));
        folder_segments_release(&segments);
        snprintf(path, sizeof(path), "%s%s", data, names[i]);
        snprintf(expected, sizeof(expected), "%s%s is not a regular file", data,
                 names[i]);
        expect_error(expected);
        assert_int_equal(rmdir(path), 0);
    }
    folder_close(folder);
}

static void the_list_tells_of_the_snapshot(void **context)
{
    (void)context;
    struct folder *folder = open_data();
    struct folder_segments segments;
    char path[FOLDER_FILE], expected[FOLDER_FILE];

    folder_write(data, "/snapshot.db.new", "x");
    assert_true(folder_list(folder, &segments, error));
    assert_false(segments.snapshot);
    folder_segments_release(&segments);
    folder_write(data, "/snapshot.db", "x");
    assert_true(folder_list(folder, &segments, error));
    assert_true(segments.snapshot);
    assert_int_equal(segments.count, 0);
    folder_segments_release(&segments);

    folder_snapshot_path(folder, ".new", path);
    snprintf(expected, sizeof(expected), "%s/snapshot.db.new", data);
    assert_string_equal(path, expected);
    folder_close(folder);
}

static void a_published_segment_is_synced(void **context)
{
    (void)context;
    struct folder *folder = open_data();

    folder_write(data, "/journal-00000000000000000007.db.new", "x");
    calls[0] = '\0';
    assert_true(folder_publish(folder, 7, error));
    assert_string_equal(calls, "rs");
    assert_true(exists("/journal-00000000000000000007.db"));
    assert_false(exists("/journal-00000000000000000007.db.new"));

    /* Neither is it replaced, nor is one made from nothing. */
    folder_write(data, "/journal-00000000000000000007.db.new", "y");
    assert_false(folder_publish(folder, 7, error));
    assert_int_equal(errno, EEXIST);
    assert_non_null(strstr(error, "db: File exists"));
    assert_false(folder_publish(folder, 8, error));
    assert_int_equal(errno, ENOENT);
    fail_call('s', 1, EIO);
    assert_int_equal(unlinkat(folder_descriptor(folder),
                              "journal-00000000000000000007.db", 0),
                     0);
    assert_false(folder_publish(folder, 7, error));
    assert_int_equal(errno, EIO);
    folder_close(folder);
}

static void expect_file(const char *name, const char *expected)
{
    char path[FOLDER_MAX_PATH], text[16] = "";

    snprintf(path, sizeof(path), "%s%s", data, name);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof(text), file));
    fclose(file);
    assert_string_equal(text, expected);
}

/* Only then may the segments that it holds be removed. */
static void a_published_snapshot_replaces_the_last_and_is_synced(void **context)
{
    (void)context;
    struct folder *folder = open_data();

    folder_write(data, "/snapshot.db", "old");
    folder_write(data, "/snapshot.db.new", "new");
    fail_call('r', 1, EIO);
    assert_false(folder_publish_snapshot(folder, error));
    assert_int_equal(errno, EIO);
    assert_non_null(strstr(error, "cannot rename "));
    expect_file("/snapshot.db", "old");

    fail_call(0, 0, 0);
    assert_true(folder_publish_snapshot(folder, error));
    assert_string_equal(calls, "rs");
    expect_file("/snapshot.db", "new");
    assert_false(exists("/snapshot.db.new"));

    folder_write(data, "/snapshot.db.new", "newer");
    fail_call('s', 1, EIO);
    assert_false(folder_publish_snapshot(folder, error));
    assert_int_equal(errno, EIO);
    assert_non_null(strstr(error, "cannot sync the folder "));
    fail_call(0, 0, 0);
    assert_false(folder_publish_snapshot(folder, error));
    assert_int_equal(errno, ENOENT);
    folder_close(folder);
}

static void room_for_a_snapshot_is_empty_but_allocated(void **context)
{
    (void)context;
    enum { ROOM = 1024 * 1024 };
    struct folder *folder = open_data();
    char path[FOLDER_FILE];
    struct stat status;

    folder_snapshot_path(folder, ".new", path);
    folder_write(data, "/snapshot.db.new", "not completed");
    if (!folder_reserve_snapshot(folder, ROOM, error) && errno == EOPNOTSUPP) {
        folder_close(folder);
        skip();
    }
    for (uint64_t i = 1; i < 3; i++) {
        assert_true(folder_reserve_snapshot(folder, i * ROOM, error));
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_size, 0);
        assert_int_equal(status.st_mode & 07777U, 0600);
        assert_true((uint64_t)status.st_blocks * 512 >= i * ROOM);
    }
    assert_true(folder_release_room(folder, error));
    assert_false(exists("/snapshot.db.new"));
    assert_true(folder_release_room(folder, error));
    folder_close(folder);
}

static void room_that_cannot_be_kept_leaves_no_file(void **context)
{
    (void)context;
    static const int numbers[] = {EOPNOTSUPP, ENOSPC, EDQUOT};
    struct folder *folder = open_data();

    for (size_t i = 0; i < COUNT(numbers); i++) {
        char expected[JOURNAL_ERROR];
        fail_call('a', 1, numbers[i]);
        assert_false(folder_reserve_snapshot(folder, 4096, error));
        assert_int_equal(errno, numbers[i]);
        snprintf(expected, sizeof(expected),
                 "cannot keep 4096 bytes of the disk for the next snapshot in "
                 "%s: %s",
                 data, strerrordesc_np(numbers[i]));
        expect_error(expected);
        assert_false(exists("/snapshot.db.new"));
    }
    fail_call('u', 1, EACCES);
    assert_false(folder_release_room(folder, error));
    assert_int_equal(errno, EACCES);
    assert_non_null(strstr(error, "snapshot.db.new: Permission denied"));
    fail_call('u', 1, EACCES);
    assert_false(folder_reserve_snapshot(folder, 4096, error));
    assert_int_equal(errno, EACCES);
    folder_close(folder);
}

static void a_folder_is_read_beside_its_service(void **context)
{
    (void)context;
    struct folder *folder = open_data();
    struct folder_segments segments;
    bool in_use = false;

    folder_write(data, "/snapshot.db", "x");
    folder_write(data, "/snapshot.db.new", "x");
    calls[0] = '\0';
    struct folder *reader = folder_open_to_read(data, &in_use, error);
    assert_non_null(reader);
    assert_true(in_use);
    assert_string_equal(calls, "l");
    assert_true(folder_list(reader, &segments, error));
    assert_true(segments.snapshot);
    folder_segments_release(&segments);
    assert_true(exists("/snapshot.db.new"));

    /* Whoever reads beside a service does not keep it from being restarted. */
    folder_close(folder);
    folder = open_data();
    folder_close(reader);
    folder_close(folder);
}

static void a_folder_that_is_read_can_be_served(void **context)
{
    (void)context;
    bool in_use = true;

    folder_close(open_data());
    struct folder *reader = folder_open_to_read(data, &in_use, error);
    assert_non_null(reader);
    assert_false(in_use);
    folder_close(open_data());
    folder_close(reader);
}

static void a_folder_that_cannot_be_read_is_named(void **context)
{
    (void)context;
    char expected[JOURNAL_ERROR], path[96];
    bool in_use;

    assert_null(folder_open_to_read(data, &in_use, error));
    assert_int_equal(errno, ENOENT);
    snprintf(expected, sizeof(expected), "there is no folder %s", data);
    expect_error(expected);
    assert_null(folder_open_to_read("/dev/null", &in_use, error));
    expect_error("cannot open the folder /dev/null: Not a directory: choose a "
                 "path that is a folder");

    /* A copy of the files alone. */
    assert_int_equal(mkdir(data, 0700), 0);
    struct folder *folder = folder_open_to_read(data, &in_use, error);
    assert_non_null(folder);
    assert_false(in_use);
    folder_close(folder);
    assert_false(exists("/lock"));

    folder_close(open_data());
    fail_call('l', 1, ENOLCK);
    assert_null(folder_open_to_read(data, &in_use, error));
    assert_int_equal(errno, ENOLCK);
    snprintf(path, sizeof(path), "cannot lock %s/lock: ", data);
    assert_int_equal(strncmp(error, path, strlen(path)), 0);
}

/* So that a power cut never leaves a log whose segment is missing. */
static void files_of_sqlite_are_removed_before_their_segment(void **context)
{
    (void)context;
    static const char *const files[] = {
        "/journal-00000000000000000007.db",
        "/journal-00000000000000000007.db-wal",
        "/journal-00000000000000000007.db-shm",
        "/journal-00000000000000000007.db-journal",
    };
    struct folder *folder = open_data();

    for (size_t i = 0; i < COUNT(files); i++)
        folder_write(data, files[i], "x");
    folder_write(data, "/journal-00000000000000000070.db", "x");
    fail_call('s', 1, EIO);
    assert_false(folder_remove_segment(folder, 7, error));
    assert_string_equal(calls, "uuus");
    assert_true(exists(files[0]));
    for (size_t i = 1; i < COUNT(files); i++)
        assert_false(exists(files[i]));
    fail_call(0, 0, 0);
    assert_true(folder_remove_segment(folder, 7, error));
    assert_string_equal(calls, "uuusus");
    assert_false(exists(files[0]));
    assert_true(folder_remove_segment(folder, 7, error));
    assert_true(exists("/journal-00000000000000000070.db"));
    folder_close(folder);
}

static void a_folder_that_is_renamed_is_still_the_one(void **context)
{
    (void)context;
    struct folder *folder = open_data();
    char moved[64];

    folder_write(data, "/journal-00000000000000000001.db.new", "x");
    snprintf(moved, sizeof(moved), "%s/moved", root);
    assert_int_equal(rename(data, moved), 0);
    assert_true(folder_publish(folder, 1, error));
    snprintf(data, sizeof(data), "%s", moved);
    assert_true(exists("/journal-00000000000000000001.db"));
    assert_int_equal(faccessat(folder_descriptor(folder),
                               "journal-00000000000000000001.db", F_OK, 0),
                     0);
    folder_close(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_missing_folder_is_made_for_its_user_alone),
        FIXTURE_TEST(a_folder_is_used_by_one_at_a_time),
        FIXTURE_TEST(a_path_that_cannot_be_a_folder_is_named),
        FIXTURE_TEST(each_call_that_fails_is_named),
        FIXTURE_TEST(
            a_parent_that_cannot_be_synced_matters_to_a_new_folder_only),
        FIXTURE_TEST(a_folder_that_others_can_use_is_logged),
        FIXTURE_TEST(what_was_not_completed_is_removed),
        FIXTURE_TEST(segments_are_listed_in_order),
        FIXTURE_TEST(files_that_may_hold_state_are_not_ignored),
        FIXTURE_TEST(what_holds_state_is_a_regular_file),
        FIXTURE_TEST(the_list_tells_of_the_snapshot),
        FIXTURE_TEST(a_published_segment_is_synced),
        FIXTURE_TEST(a_published_snapshot_replaces_the_last_and_is_synced),
        FIXTURE_TEST(room_for_a_snapshot_is_empty_but_allocated),
        FIXTURE_TEST(room_that_cannot_be_kept_leaves_no_file),
        FIXTURE_TEST(a_folder_is_read_beside_its_service),
        FIXTURE_TEST(a_folder_that_is_read_can_be_served),
        FIXTURE_TEST(a_folder_that_cannot_be_read_is_named),
        FIXTURE_TEST(files_of_sqlite_are_removed_before_their_segment),
        FIXTURE_TEST(a_folder_that_is_renamed_is_still_the_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
