/* SPDX-License-Identifier: Apache-2.0 */
/* What a request may do by what it presents, and what a reload changes. */
#include "lib/access_scene.h"
#include "lib/unit_check.h"

static int set_up(void **context)
{
    static struct access_scene scene;

    access_scene_init(&scene);
    *context = &scene;
    return 0;
}

static int tear_down(void **context)
{
    access_scene_release(*context);
    return 0;
}

/* A file with a token of each of two names: "read-token" and "all-token". */
static const char *two_tokens(void)
{
    static char text[2 * TOKENS_LINE];
    char reader[TOKENS_LINE], all[TOKENS_LINE];

    snprintf(text, sizeof(text), "%s%s",
             access_scene_line(reader, "reader", "read-token", "read,metrics"),
             access_scene_line(all, "all", "all-token",
                               "ingest,read,metrics,admin"));
    return text;
}

static void must_open(struct access_scene *scene, unsigned anonymous,
                      unsigned unix_scopes)
{
    if (!access_scene_open(scene, two_tokens(), anonymous, unix_scopes))
        fail_msg("%s", scene->error);
}

static void must_reload(struct access_scene *scene, const char *text)
{
    if (!access_scene_reload(scene, text))
        fail_msg("%s", scene->error);
}

/* With and without an identity the result is the same. */
static enum access_result check(struct access_scene *scene,
                                const struct access_request *request,
                                enum scope scope,
                                struct access_identity *identity)
{
    enum access_result result =
        access_check(scene->access, request, scope, identity);

    assert_int_equal(access_check(scene->access, request, scope, NULL), result);
    return result;
}

static void each_credential_has_its_result(void **context)
{
    static const struct {
        const char *authorization;
        enum scope scope;
        enum access_result result;
        const char *name;
    } rows[] = {
        {"Bearer read-token", SCOPE_READ, ACCESS_GRANTED, "reader"},
        {"bearer   read-token", SCOPE_METRICS, ACCESS_GRANTED, "reader"},
        {"Bearer read-token", SCOPE_ADMIN, ACCESS_NO_SCOPE, "reader"},
        {"Bearer all-token", SCOPE_ADMIN, ACCESS_GRANTED, "all"},
        {"Bearer other", SCOPE_READ, ACCESS_INVALID_TOKEN, ""},
        {"Bearer", SCOPE_READ, ACCESS_INVALID_TOKEN, ""},
        {"Bearer read-token x", SCOPE_READ, ACCESS_INVALID_TOKEN, ""},
        {"Bearer read-token ", SCOPE_READ, ACCESS_INVALID_TOKEN, ""},
        {"Basic read-token", SCOPE_READ, ACCESS_MISSING, ""},
        {"", SCOPE_READ, ACCESS_MISSING, ""},
        {NULL, SCOPE_READ, ACCESS_MISSING, ""},
        /* Even where nobody needs a token. */
        {"Bearer other", SCOPE_INGEST, ACCESS_INVALID_TOKEN, ""},
        {NULL, SCOPE_INGEST, ACCESS_GRANTED, ""},
        {"Basic x", SCOPE_INGEST, ACCESS_GRANTED, ""},
        {"Bearer read-token", SCOPE_INGEST, ACCESS_GRANTED, "reader"},
    };

    must_open(*context, SCOPE_INGEST, 0);
    for (size_t i = 0; i < 2 * COUNT(rows); i++) {
        size_t row = i % COUNT(rows);
        struct access_identity identity;
        struct access_request request =
            access_scene_request(rows[row].authorization, NULL);
        enum access_result result =
            check(*context, &request, rows[row].scope, &identity);
        if (result != rows[row].result)
            fail_msg("row %zu: %d", row, (int)result);
        assert_string_equal(identity.name, rows[row].name);
        assert_true(identity.expires == 0);
    }
}

static void scopes_of_the_way_are_added(void **context)
{
    struct access_identity identity;
    struct access_request request = access_scene_request(NULL, NULL);

    must_open(*context, SCOPE_INGEST, SCOPE_ADMIN);
    assert_int_equal(check(*context, &request, SCOPE_ADMIN, &identity),
                     ACCESS_MISSING);
    assert_int_equal(identity.scopes, SCOPE_INGEST);
    request.by_unix_socket = true;
    assert_int_equal(check(*context, &request, SCOPE_ADMIN, &identity),
                     ACCESS_GRANTED);
    assert_int_equal(identity.scopes, SCOPE_INGEST | SCOPE_ADMIN);
    assert_int_equal(check(*context, &request, SCOPE_READ, &identity),
                     ACCESS_MISSING);
    request.authorization = TEXT("Bearer read-token");
    assert_int_equal(check(*context, &request, SCOPE_ADMIN, &identity),
                     ACCESS_GRANTED);
    assert_int_equal(identity.scopes, SCOPE_ALL);
    request.authorization = TEXT("Bearer other");
    assert_int_equal(check(*context, &request, SCOPE_ADMIN, &identity),
                     ACCESS_INVALID_TOKEN);
}

static void who_sends_it_is_told_without_a_scope(void **context)
{
    struct access_scene *scene = *context;
    struct access_identity identity;
    struct access_request request =
        access_scene_request("Bearer read-token", NULL);

    must_open(scene, SCOPE_INGEST, 0);
    assert_int_equal(access_identify(scene->access, &request, &identity),
                     ACCESS_GRANTED);
    assert_string_equal(identity.name, "reader");
    assert_int_equal(identity.scopes,
                     SCOPE_INGEST | SCOPE_READ | SCOPE_METRICS);
    request.authorization = (struct text){NULL, 0};
    assert_int_equal(access_identify(scene->access, &request, &identity),
                     ACCESS_MISSING);
    assert_string_equal(identity.name, "");
    assert_int_equal(identity.scopes, SCOPE_INGEST);
}

static void a_reload_changes_tokens_at_once(void **context)
{
    struct access_scene *scene = *context;
    struct access_identity identity;
    char line[TOKENS_LINE];
    struct access_request reader =
        access_scene_request("Bearer read-token", NULL);
    struct access_request all = access_scene_request("Bearer all-token", NULL);

    must_open(scene, 0, 0);
    assert_int_equal(access_count(scene->access), 2);
    assert_int_equal(check(scene, &reader, SCOPE_READ, &identity),
                     ACCESS_GRANTED);
    assert_true(access_is_current(scene->access, &identity, SCOPE_READ));

    must_reload(scene,
                access_scene_line(line, "reader", "read-token", "admin,read"));
    assert_int_equal(access_count(scene->access), 1);
    assert_int_equal(check(scene, &reader, SCOPE_ADMIN, NULL), ACCESS_GRANTED);
    assert_int_equal(check(scene, &reader, SCOPE_METRICS, NULL),
                     ACCESS_NO_SCOPE);
    assert_int_equal(check(scene, &all, SCOPE_READ, NULL),
                     ACCESS_INVALID_TOKEN);
    assert_true(access_is_current(scene->access, &identity, SCOPE_READ));
    assert_true(access_is_current(scene->access, &identity, SCOPE_ADMIN));
    assert_false(access_is_current(scene->access, &identity, SCOPE_METRICS));

    must_reload(scene, "");
    assert_int_equal(access_count(scene->access), 0);
    assert_int_equal(check(scene, &reader, SCOPE_READ, NULL),
                     ACCESS_INVALID_TOKEN);
    assert_false(access_is_current(scene->access, &identity, SCOPE_READ));
}

/* By a line without it, with another hash, name, or scope. */
static void an_identity_ends_with_what_granted_it(void **context)
{
    static const struct {
        const char *name, *token, *scopes;
        bool is_current;
    } rows[] = {
        {"reader", "read-token", "read", true},
        {"reader", "read-token", "read,admin", true},
        {"reader", "read-token", "metrics", false},
        {"reader", "rotated", "read", false},
        {"writer", "read-token", "read", false},
        {"other", "other", "read", false},
    };
    struct access_scene *scene = *context;
    struct access_identity identity;
    struct access_request request =
        access_scene_request("Bearer read-token", NULL);
    char line[TOKENS_LINE];

    must_open(scene, 0, 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        must_reload(scene, two_tokens());
        assert_int_equal(check(scene, &request, SCOPE_READ, &identity),
                         ACCESS_GRANTED);
        must_reload(scene, access_scene_line(line, rows[i].name, rows[i].token,
                                             rows[i].scopes));
        if (access_is_current(scene->access, &identity, SCOPE_READ) !=
            rows[i].is_current)
            fail_msg("row %zu", i);
    }
}

static void what_everybody_may_never_ends(void **context)
{
    struct access_scene *scene = *context;
    struct access_identity by_token, by_nothing, by_socket;
    struct access_request request = access_scene_request(NULL, NULL);

    must_open(scene, SCOPE_READ, SCOPE_METRICS);
    assert_int_equal(check(scene, &request, SCOPE_READ, &by_nothing),
                     ACCESS_GRANTED);
    request.by_unix_socket = true;
    assert_int_equal(check(scene, &request, SCOPE_METRICS, &by_socket),
                     ACCESS_GRANTED);
    request.authorization = TEXT("Bearer all-token");
    assert_int_equal(check(scene, &request, SCOPE_READ, &by_token),
                     ACCESS_GRANTED);
    must_reload(scene, "");
    assert_true(access_is_current(scene->access, &by_nothing, SCOPE_READ));
    assert_false(access_is_current(scene->access, &by_nothing, SCOPE_METRICS));
    assert_true(access_is_current(scene->access, &by_socket, SCOPE_METRICS));
    assert_true(access_is_current(scene->access, &by_token, SCOPE_METRICS));
    assert_false(access_is_current(scene->access, &by_token, SCOPE_ADMIN));
}

static void a_bad_file_changes_nothing(void **context)
{
    struct access_scene *scene = *context;
    struct access_identity identity;
    struct access_request request =
        access_scene_request("Bearer read-token", NULL);

    must_open(scene, 0, 0);
    assert_int_equal(check(scene, &request, SCOPE_READ, &identity),
                     ACCESS_GRANTED);
    assert_false(access_scene_reload(scene, "reader\n"));
    assert_non_null(strstr(scene->error, "line 1 of /"));
    assert_int_equal(check(scene, &request, SCOPE_READ, NULL), ACCESS_GRANTED);
    access_scene_write(scene, "");
    assert_int_equal(chmod(scene->path, 0644), 0);
    assert_false(access_reload(scene->access, scene->error));
    assert_non_null(strstr(scene->error, "chmod 640 /"));
    assert_int_equal(remove(scene->path), 0);
    assert_false(access_reload(scene->access, scene->error));
    assert_non_null(strstr(scene->error, "No such file"));
    assert_int_equal(check(scene, &request, SCOPE_READ, NULL), ACCESS_GRANTED);
    assert_int_equal(access_count(scene->access), 2);
    assert_true(access_is_current(scene->access, &identity, SCOPE_READ));
}

static void a_bad_file_does_not_open(void **context)
{
    struct access_scene *scene = *context;

    assert_false(access_scene_open(scene, "x y z\n", 0, 0));
    assert_non_null(strstr(scene->error, "line 1 of /"));
    access_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(each_credential_has_its_result),
        FIXTURE_TEST(scopes_of_the_way_are_added),
        FIXTURE_TEST(who_sends_it_is_told_without_a_scope),
        FIXTURE_TEST(a_reload_changes_tokens_at_once),
        FIXTURE_TEST(an_identity_ends_with_what_granted_it),
        FIXTURE_TEST(what_everybody_may_never_ends),
        FIXTURE_TEST(a_bad_file_changes_nothing),
        FIXTURE_TEST(a_bad_file_does_not_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
