/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of browsers: how they begin, what they allow, and what ends them. */
#include "lib/access_scene.h"
#include "lib/unit_check.h"

#define KEY_1                                                                  \
    "session-key "                                                             \
    "1111111111111111111111111111111111111111111111111111111111111111\n"
#define KEY_2                                                                  \
    "session-key "                                                             \
    "2222222222222222222222222222222222222222222222222222222222222222\n"

enum { FIELD = ACCESS_COOKIE_NAME + ACCESS_COOKIE_VALUE };

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

/* A file with a key, or "", and one token. */
static const char *file_of(const char *key, const char *name, const char *token,
                           const char *scopes)
{
    static char text[256 + TOKENS_LINE];
    char line[TOKENS_LINE];

    snprintf(text, sizeof(text), "%s%s", key,
             access_scene_line(line, name, token, scopes));
    return text;
}

static void must_open(struct access_scene *scene, const char *text)
{
    if (!access_scene_open(scene, text, 0, 0))
        fail_msg("%s", scene->error);
}

static void must_reload(struct access_scene *scene, const char *text)
{
    if (!access_scene_reload(scene, text))
        fail_msg("%s", scene->error);
}

static void must_log_in(struct access_scene *scene,
                        struct access_session *session)
{
    assert_true(access_login(scene->access, TEXT("secret"), session));
}

static enum access_result check(struct access_scene *scene, const char *field,
                                struct access_identity *identity)
{
    struct access_request request = access_scene_request(NULL, field);

    return access_check(scene->access, &request, SCOPE_READ, identity);
}

static void pass(uint64_t seconds)
{
    atomic_fetch_add(&access_scene_time, seconds);
}

static void a_login_begins_a_session_of_its_token(void **context)
{
    struct access_scene *scene = *context;
    struct access_session session;
    struct access_identity identity;
    char field[FIELD];

    must_open(scene, file_of("", "alice", "secret", "read,admin"));
    assert_int_equal(access_session_seconds(scene->access), 100);
    must_log_in(scene, &session);
    assert_string_equal(session.identity.name, "alice");
    assert_int_equal(session.identity.scopes, SCOPE_READ | SCOPE_ADMIN);
    assert_true(session.identity.expires == access_scene_now() + 100);
    assert_null(strstr(session.cookie, "secret"));

    access_scene_cookie(field, session.cookie);
    assert_int_equal(check(scene, field, &identity), ACCESS_GRANTED);
    assert_string_equal(identity.name, "alice");
    assert_true(identity.expires == session.identity.expires);
}

static void an_unknown_token_begins_none(void **context)
{
    static const char *const others[] = {"", "other", "secret ", " secret",
                                         "Bearer secret"};
    struct access_scene *scene = *context;
    struct access_session session, untouched;

    must_open(scene, file_of("", "alice", "secret", "read"));
    memset(&session, 7, sizeof(session));
    untouched = session;
    for (size_t i = 0; i < COUNT(others); i++)
        assert_false(access_login(scene->access, text_of(others[i]), &session));
    assert_false(access_login(scene->access, (struct text){NULL, 0}, &session));
    assert_memory_equal(&session, &untouched, sizeof(session));
}

static void a_session_ends_at_its_expiry(void **context)
{
    struct access_scene *scene = *context;
    struct access_session session;
    struct access_identity identity;
    char field[FIELD];

    must_open(scene, file_of("", "alice", "secret", "read"));
    must_log_in(scene, &session);
    access_scene_cookie(field, session.cookie);
    pass(99);
    assert_int_equal(check(scene, field, &identity), ACCESS_GRANTED);
    assert_true(access_is_current(scene->access, &identity, SCOPE_READ));
    pass(1);
    assert_false(access_is_current(scene->access, &identity, SCOPE_READ));
    assert_int_equal(check(scene, field, &identity), ACCESS_NO_SESSION);
    assert_string_equal(identity.name, "");
}

/* A clock that was wrong must not make sessions of years. */
static void a_session_longer_than_any_is_not_valid(void **context)
{
    struct access_scene *scene = *context;
    struct access_session session;
    char field[FIELD];

    must_open(scene, file_of("", "alice", "secret", "read"));
    pass(ACCESS_CLOCK_SKEW);
    must_log_in(scene, &session);
    access_scene_cookie(field, session.cookie);
    atomic_fetch_sub(&access_scene_time, ACCESS_CLOCK_SKEW);
    assert_int_equal(check(scene, field, NULL), ACCESS_GRANTED);
    atomic_fetch_sub(&access_scene_time, 1);
    assert_int_equal(check(scene, field, NULL), ACCESS_NO_SESSION);
}

static void only_own_pages_and_requests_without_a_token_use_it(void **context)
{
    struct access_scene *scene = *context;
    struct access_session session;
    char field[FIELD];

    must_open(scene, file_of("", "alice", "secret", "read"));
    must_log_in(scene, &session);

    struct access_request request =
        access_scene_request(NULL, access_scene_cookie(field, session.cookie));
    request.own_page = false;
    assert_int_equal(access_check(scene->access, &request, SCOPE_READ, NULL),
                     ACCESS_MISSING);
    request.own_page = true;
    request.authorization = TEXT("Basic of-a-proxy");
    assert_int_equal(access_check(scene->access, &request, SCOPE_READ, NULL),
                     ACCESS_GRANTED);
    request.authorization = TEXT("Bearer other");
    assert_int_equal(access_check(scene->access, &request, SCOPE_READ, NULL),
                     ACCESS_INVALID_TOKEN);
    request.authorization = (struct text){NULL, 0};
    request.host = TEXT("example.org:8089");
    assert_int_equal(access_check(scene->access, &request, SCOPE_READ, NULL),
                     ACCESS_MISSING);
}

/* As a browser does whose user uses two services below one host. */
static void any_of_several_cookies_may_be_the_valid_one(void **context)
{
    struct access_scene *scene = *context;
    struct access_session session;
    char field[4 * FIELD];
    char own[FIELD];
    size_t length = 0;

    must_open(scene, file_of("", "alice", "secret", "read"));
    must_log_in(scene, &session);
    access_scene_cookie(own, session.cookie);
    snprintf(field, sizeof(field), "a=b; lunar-session-8088=1.x.9.y; %s", own);
    assert_int_equal(check(scene, field, NULL), ACCESS_GRANTED);
    snprintf(field, sizeof(field), "%s; lunar-session-8088=", own);
    assert_int_equal(check(scene, field, NULL), ACCESS_GRANTED);
    /* But only so many are looked at. */
    for (unsigned i = 1; i < ACCESS_MAX_COOKIES; i++)
        length += (size_t)snprintf(field + length, sizeof(field) - length,
                                   "lunar-session-8088=%u; ", i);
    snprintf(field + length, sizeof(field) - length, "%s", own);
    assert_int_equal(check(scene, field, NULL), ACCESS_GRANTED);
    snprintf(field + length, sizeof(field) - length, "lunar-session-8088=; %s",
             own);
    assert_int_equal(check(scene, field, NULL), ACCESS_NO_SESSION);
}

/* What the file has after the login, and what becomes of the session. */
static void a_session_ends_with_its_token_and_its_key(void **context)
{
    static const struct {
        const char *key, *name, *token, *scopes;
        enum access_result result;
    } rows[] = {
        {KEY_1, "alice", "secret", "read", ACCESS_GRANTED},
        {KEY_1, "alice", "secret", "read,admin", ACCESS_GRANTED},
        {KEY_1, "alice", "secret", "admin", ACCESS_NO_SCOPE},
        {KEY_1, "alice", "rotated", "read", ACCESS_NO_SESSION},
        {KEY_1, "alicia", "secret", "read", ACCESS_NO_SESSION},
        {KEY_1, "bob", "bobs", "read", ACCESS_NO_SESSION},
        {KEY_2, "alice", "secret", "read", ACCESS_NO_SESSION},
        {"", "alice", "secret", "read", ACCESS_NO_SESSION},
    };
    struct access_scene *scene = *context;
    char field[FIELD];

    must_open(scene, "");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct access_session session;
        must_reload(scene, file_of(KEY_1, "alice", "secret", "read"));
        assert_true(access_has_session_key(scene->access));
        must_log_in(scene, &session);
        access_scene_cookie(field, session.cookie);
        must_reload(scene, file_of(rows[i].key, rows[i].name, rows[i].token,
                                   rows[i].scopes));
        enum access_result result = check(scene, field, NULL);
        if (result != rows[i].result)
            fail_msg("row %zu: %d", i, (int)result);
        if (access_is_current(scene->access, &session.identity, SCOPE_READ) !=
            (result == ACCESS_GRANTED))
            fail_msg("row %zu: a stream", i);
    }
}

/* The key is not what a token's own requests depend on. */
static void another_session_key_ends_no_token(void **context)
{
    struct access_scene *scene = *context;
    struct access_identity identity;
    struct access_request request = access_scene_request("Bearer secret", NULL);

    must_open(scene, file_of(KEY_1, "alice", "secret", "read"));
    assert_int_equal(
        access_check(scene->access, &request, SCOPE_READ, &identity),
        ACCESS_GRANTED);
    must_reload(scene, file_of(KEY_2, "alice", "secret", "read"));
    assert_true(access_is_current(scene->access, &identity, SCOPE_READ));
}

static void without_a_key_a_session_outlives_a_reload(void **context)
{
    struct access_scene *scene = *context;
    struct access_session session;
    char field[FIELD];

    must_open(scene, file_of("", "alice", "secret", "read"));
    assert_false(access_has_session_key(scene->access));
    must_log_in(scene, &session);
    must_reload(scene, file_of("", "alice", "secret", "read"));
    access_scene_cookie(field, session.cookie);
    assert_int_equal(check(scene, field, NULL), ACCESS_GRANTED);
    assert_true(
        access_is_current(scene->access, &session.identity, SCOPE_READ));
}

static void instances_with_one_key_share_sessions(void **context)
{
    static const char *const keys[] = {KEY_1, ""};
    struct access_scene *scene = *context;

    for (size_t i = 0; i < COUNT(keys); i++) {
        struct access_scene other;
        struct access_session session;
        char field[FIELD];
        access_scene_init(&other);
        must_open(&other, file_of(keys[i], "alice", "secret", "read"));
        must_log_in(&other, &session);
        access_scene_release(&other);
        access_free(scene->access);
        must_open(scene, file_of(keys[i], "alice", "secret", "read"));
        access_scene_cookie(field, session.cookie);
        assert_int_equal(check(scene, field, NULL),
                         i == 0 ? ACCESS_GRANTED : ACCESS_NO_SESSION);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_login_begins_a_session_of_its_token),
        FIXTURE_TEST(an_unknown_token_begins_none),
        FIXTURE_TEST(a_session_ends_at_its_expiry),
        FIXTURE_TEST(a_session_longer_than_any_is_not_valid),
        FIXTURE_TEST(only_own_pages_and_requests_without_a_token_use_it),
        FIXTURE_TEST(any_of_several_cookies_may_be_the_valid_one),
        FIXTURE_TEST(a_session_ends_with_its_token_and_its_key),
        FIXTURE_TEST(another_session_key_ends_no_token),
        FIXTURE_TEST(without_a_key_a_session_outlives_a_reload),
        FIXTURE_TEST(instances_with_one_key_share_sessions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
