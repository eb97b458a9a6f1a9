/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads present tokens and cookies while the file is reloaded: a token that
 * every file has is never refused, whoever presents it first; and one whose
 * scopes go back and forth has one of both, never a mixture.
 */
#include "lib/access_scene.h"
#include "lib/unit_check.h"

#include <sched.h>

#include "base/sync.h"

enum {
    THREADS = 4,
    RELOADS = 150,
    SHARED = 8, /* tokens that all threads present */
    TEXT_SIZE = (SHARED + 1) * TOKENS_LINE + 128, /* of a file */
};

struct scene {
    struct access_scene access;
    char texts[2][TEXT_SIZE];
    struct access_session session;
    atomic_bool ends;
    _Atomic uint64_t checks;
};

/* Threads cannot use cmocka, which jumps out of a test that fails. */
static void require(bool claim, const char *what)
{
    if (claim)
        return;
    fprintf(stderr, "does not hold: %s\n", what);
    abort();
}

/* The file, in which the last token has these scopes. */
static void write_text(char text[TEXT_SIZE], const char *scopes)
{
    size_t length = (size_t)snprintf(text, TEXT_SIZE, "session-key %064d\n", 7);

    for (unsigned i = 0; i <= SHARED; i++) {
        char line[TOKENS_LINE], name[16];
        snprintf(name, sizeof(name), "token-%u", i);
        access_scene_line(line, name, name, i < SHARED ? "read" : scopes);
        memcpy(text + length, line, strlen(line) + 1);
        length += strlen(line);
    }
}

static void check_token(struct scene *scene, unsigned number)
{
    struct access *access = scene->access.access;
    char field[32];
    struct access_identity identity;

    snprintf(field, sizeof(field), "Bearer token-%u", number);
    struct access_request request = access_scene_request(field, NULL);
    enum access_result result =
        access_check(access, &request, SCOPE_READ, &identity);
    require(strcmp(identity.name, field + strlen("Bearer ")) == 0,
            "the token is known");
    if (number == SHARED) {
        require(identity.scopes == SCOPE_ADMIN ||
                    identity.scopes == (SCOPE_READ | SCOPE_METRICS),
                "the scopes are those of one file");
    } else {
        require(result == ACCESS_GRANTED, "the scope is granted");
        require(access_is_current(access, &identity, SCOPE_READ),
                "it is still granted");
    }
}

static void check_others(struct scene *scene)
{
    struct access *access = scene->access.access;
    char field[ACCESS_COOKIE_NAME + ACCESS_COOKIE_VALUE];
    struct access_session session;
    struct access_request request = access_scene_request("Bearer none", NULL);

    require(access_check(access, &request, SCOPE_READ, NULL) ==
                ACCESS_INVALID_TOKEN,
            "another token is not known");
    access_scene_cookie(field, scene->session.cookie);
    request = access_scene_request(NULL, field);
    require(access_check(access, &request, SCOPE_READ, NULL) == ACCESS_GRANTED,
            "the session is valid");
    require(access_login(access, TEXT("token-1"), &session),
            "another session begins");
    require(access_count(access) == SHARED + 1, "all tokens are counted");
}

static void *run_client(void *context)
{
    struct scene *scene = context;

    /* Relaxed, so that nothing here orders what the threads do. */
    while (!atomic_load_explicit(&scene->ends, memory_order_relaxed)) {
        for (unsigned i = 0; i <= SHARED; i++)
            check_token(scene, i);
        check_others(scene);
        atomic_fetch_add_explicit(&scene->checks, 1, memory_order_relaxed);
    }
    return NULL;
}

static void checks_go_on_while_files_are_reloaded(void **state)
{
    static struct scene scene;
    pthread_t threads[THREADS];

    (void)state;
    access_scene_init(&scene.access);
    write_text(scene.texts[0], "admin");
    write_text(scene.texts[1], "read,metrics");
    if (!access_scene_open(&scene.access, scene.texts[0], 0, 0))
        fail_msg("%s", scene.access.error);
    assert_true(
        access_login(scene.access.access, TEXT("token-0"), &scene.session));
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_client, &scene),
                         0);
    for (unsigned i = 1; i <= RELOADS; i++) {
        /* So that threads are the first to present a token, again and again. */
        uint64_t checks = atomic_load(&scene.checks);
        if (!access_scene_reload(&scene.access, scene.texts[i % 2]))
            fail_msg("%s", scene.access.error);
        while (atomic_load(&scene.checks) == checks)
            sched_yield();
    }
    atomic_store(&scene.ends, true);
    for (unsigned i = 0; i < THREADS; i++)
        sync_join(threads[i]);
    access_scene_release(&scene.access);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_go_on_while_files_are_reloaded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
