/* SPDX-License-Identifier: Apache-2.0 */
/* Files with secrets: which are read, and what is said of the others. */
#include "lib/secret_file.h"
#include "lib/unit_check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/private_file.h"

static const struct private_file_rules rules = {"-secret", 64, false};

struct fixture {
    struct secret_file secret;
    char error[PRIVATE_FILE_ERROR];
    struct private_file file;
};

static int set_up(void **context)
{
    return secret_file_set_up(context, sizeof(struct fixture));
}

static int tear_down(void **context)
{
    return secret_file_tear_down(context);
}

static bool is_read(struct fixture *fixture, const char *path)
{
    fixture->error[0] = '\0';
    return private_file_read(&fixture->file, path, &rules, fixture->error);
}

/* The error has both parts, and the path. */
static void expect_refusal(struct fixture *fixture, const char *path,
                           const char *reason, const char *remedy)
{
    struct private_file untouched = fixture->file;

    if (is_read(fixture, path))
        fail_msg("%s was read", path);
    assert_memory_equal(&fixture->file, &untouched, sizeof(untouched));
    if (strstr(fixture->error, reason) == NULL ||
        strstr(fixture->error, remedy) == NULL ||
        strstr(fixture->error, path) == NULL ||
        strstr(fixture->error, "-secret") == NULL)
        fail_msg("not \"%s\" and \"%s\": %s", reason, remedy, fixture->error);
    assert_null(strchr(fixture->error, '\n'));
}

static void all_bytes_are_read_with_a_nul_behind_them(void **context)
{
    struct fixture *fixture = *context;
    char bytes[64];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)i;
    for (size_t length = 0; length <= sizeof(bytes); length += 32) {
        secret_file_write(&fixture->secret, bytes, length, 0600);
        assert_true(is_read(fixture, fixture->secret.path));
        assert_int_equal(fixture->file.length, length);
        assert_memory_equal(fixture->file.data, bytes, length);
        assert_int_equal(fixture->file.data[length], '\0');
        private_file_release(&fixture->file);
        assert_null(fixture->file.data);
        assert_int_equal(fixture->file.length, 0);
        private_file_release(&fixture->file);
    }
}

static void permissions_of_others_are_refused_with_the_command(void **context)
{
    static const struct {
        mode_t mode;
        bool read;
    } rows[] = {{0600, true},  {0400, true},  {0640, true},  {0440, true},
                {0620, false}, {0660, false}, {0604, false}, {0602, false},
                {0601, false}, {0610, false}, {0644, false}, {0666, false},
                {0777, false}};
    struct fixture *fixture = *context;

    for (size_t i = 0; i < COUNT(rows); i++) {
        char shown[32];
        snprintf(shown, sizeof(shown), "(its permissions are %03o)",
                 (unsigned)rows[i].mode);
        secret_file_write(&fixture->secret, "x", 1, rows[i].mode);
        if (!rows[i].read) {
            expect_refusal(fixture, fixture->secret.path, shown,
                           ": chmod 640 /");
        } else {
            assert_true(is_read(fixture, fixture->secret.path));
            private_file_release(&fixture->file);
        }
    }
}

static void file_of_somebody_else_is_refused(void **context)
{
    struct fixture *fixture = *context;

    if (geteuid() != 0)
        skip();
    secret_file_write(&fixture->secret, "x", 1, 0600);
    assert_int_equal(chown(fixture->secret.path, 12345, 0), 0);
    expect_refusal(fixture, fixture->secret.path, "belongs to user 12345",
                   "chown 0 /");
}

/* root installs it, and the service, which is another user, reads it. */
static void file_of_root_is_read_by_its_group(void **context)
{
    struct fixture *fixture = *context;

    if (geteuid() != 0)
        skip();
    secret_file_write(&fixture->secret, "x", 1, 0640);
    assert_int_equal(chown(fixture->secret.path, 0, 12345), 0);
    assert_int_equal(chmod(fixture->secret.folder, 0755), 0);
    gid_t group = getegid();
    assert_int_equal(setegid(12345), 0);
    assert_int_equal(seteuid(12345), 0);
    bool read = is_read(fixture, fixture->secret.path);
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(setegid(group), 0);
    assert_true(read);
    private_file_release(&fixture->file);
}

static void what_is_no_such_file_is_refused(void **context)
{
    struct fixture *fixture = *context;
    static const char large[65] = "";

    expect_refusal(fixture, "/nowhere/at/all", "No such file or directory",
                   "check the path");
    expect_refusal(fixture, "/run/credentials/nobody.service/lunar_tokens",
                   "No such file or directory", "/etc/lunar/secrets");
    expect_refusal(fixture, fixture->secret.folder, "is not a regular file",
                   "name a file");
    /* And does not wait for a writer. */
    assert_int_equal(mkfifo(fixture->secret.path, 0600), 0);
    expect_refusal(fixture, fixture->secret.path, "is not a regular file",
                   "name a file");
    assert_int_equal(unlink(fixture->secret.path), 0);
    secret_file_write(&fixture->secret, large, sizeof(large), 0600);
    expect_refusal(fixture, fixture->secret.path,
                   "is not a file of at most 64 bytes", "check the path");
}

static void a_file_that_we_may_not_read_says_who_has_to_own_it(void **context)
{
    struct fixture *fixture = *context;

    if (geteuid() != 0)
        skip();
    secret_file_write(&fixture->secret, "x", 1, 0600);
    assert_int_equal(chmod(fixture->secret.folder, 0755), 0);
    assert_int_equal(seteuid(12345), 0);
    bool read = is_read(fixture, fixture->secret.path);
    assert_int_equal(seteuid(0), 0);
    assert_false(read);
    assert_non_null(strstr(fixture->error, "Permission denied: chown it to"));
}

/* The kernel says that this file is empty, and then it has bytes. */
static void a_file_that_grows_is_refused(void **context)
{
    expect_refusal(*context, "/proc/self/environ", "changed while it was read",
                   "rename it");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(all_bytes_are_read_with_a_nul_behind_them),
        FIXTURE_TEST(permissions_of_others_are_refused_with_the_command),
        FIXTURE_TEST(file_of_somebody_else_is_refused),
        FIXTURE_TEST(file_of_root_is_read_by_its_group),
        FIXTURE_TEST(what_is_no_such_file_is_refused),
        FIXTURE_TEST(a_file_that_we_may_not_read_says_who_has_to_own_it),
        FIXTURE_TEST(a_file_that_grows_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
