/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access control follows a simple model through random histories: lines are
 * written and removed, tokens rotated and swapped between names, the session
 * key changed, the file reloaded or not yet, sessions begun, time passed, in
 * either direction, as a clock may be set; and each check, of a token, a cookie
 * or an identity that was granted before, has the result that the model says.
 *
 * Five bytes make a step: what is done, and its parameters; see `kinds`.
 */
#include "lib/access_scene.h"
#include "lib/unit_check.h"

#include <inttypes.h>

#include "shrink.h"

enum {
    NAMES = 2,
    TEXTS = 3, /* of tokens; one more is never in the file */
    KEYS = 3,  /* 0: no line */
    SLOTS = 2, /* of sessions, and of identities, that are kept */
    STEPS = 60,
    SESSION = 100, /* seconds, as access_scene_open() has it */
};

static const unsigned anonymous = SCOPE_INGEST;
static const unsigned unix_scopes = SCOPE_METRICS;

struct line {
    bool is_there;
    unsigned text, scopes;
};

struct file {
    struct line lines[NAMES];
    unsigned key;
};

struct session {
    bool is_there;
    unsigned name, text, key;
    uint64_t expires;
    char cookie[ACCESS_COOKIE_VALUE];
};

struct identity {
    bool is_there;
    bool has_token;
    unsigned name, text;
    unsigned others;
    unsigned key_changes; /* until then */
    uint64_t expires;     /* 0: of no session */
    struct access_identity identity;
};

struct world {
    struct access_scene scene;
    struct file written, loaded;
    unsigned key_changes;
    uint64_t now;
    struct session sessions[SLOTS];
    struct identity identities[SLOTS];
};

static void write_name(char name[8], unsigned number)
{
    snprintf(name, 8, "name-%u", number);
}

static void write_token(char text[8], unsigned number)
{
    snprintf(text, 8, "text-%u", number);
}

/* The written file; whether it is valid. */
static bool write_file(const struct world *world,
                       char text[NAMES * TOKENS_LINE + 128])
{
    bool is_used[TEXTS] = {false}, valid = true;
    size_t length = 0;

    text[0] = '\0';
    if (world->written.key != 0)
        length = (size_t)snprintf(text, 128, "session-key %064u\n",
                                  world->written.key);
    for (unsigned i = 0; i < NAMES; i++) {
        const struct line *line = &world->written.lines[i];
        char name[8], token[8], scopes[SCOPES_TEXT], written[TOKENS_LINE];
        if (!line->is_there)
            continue;
        valid = valid && !is_used[line->text];
        is_used[line->text] = true;
        write_name(name, i);
        write_token(token, line->text);
        access_scene_line(written, name, token,
                          scopes_write(line->scopes, scopes));
        memcpy(text + length, written, strlen(written) + 1);
        length += strlen(written);
    }
    return valid;
}

static const char *reload(struct world *world, const unsigned char *step)
{
    char text[NAMES * TOKENS_LINE + 128];
    bool valid = write_file(world, text);

    (void)step;
    if (access_scene_reload(&world->scene, text) != valid)
        return "a file is loaded if it is valid";
    if (!valid)
        return NULL;
    if (world->written.key != world->loaded.key)
        world->key_changes++;
    world->loaded = world->written;
    return NULL;
}

/* The name of the loaded token with a text; NAMES if there is none. */
static unsigned name_of(const struct world *world, unsigned text)
{
    unsigned name = 0;

    while (name < NAMES && (!world->loaded.lines[name].is_there ||
                            world->loaded.lines[name].text != text))
        name++;
    return name;
}

static bool has_token(const struct world *world, unsigned name, unsigned text)
{
    return world->loaded.lines[name].is_there &&
           world->loaded.lines[name].text == text;
}

static bool is_valid(const struct world *world, const struct session *session)
{
    return session->expires > world->now &&
           session->expires <= world->now + SESSION + ACCESS_CLOCK_SKEW &&
           has_token(world, session->name, session->text) &&
           session->key == world->loaded.key;
}

/* Check a request, by a token with this name in the model, or without. */
static const char *check(struct world *world,
                         const struct access_request *request, enum scope scope,
                         const struct identity *expected,
                         enum access_result without,
                         struct access_identity *found)
{
    unsigned scopes = expected->others;
    enum access_result result =
        access_check(world->scene.access, request, scope, found);
    char name[8] = "";

    if (expected->has_token) {
        write_name(name, expected->name);
        scopes |= world->loaded.lines[expected->name].scopes;
    }
    if (strcmp(found->name, name) != 0 || found->scopes != scopes ||
        found->expires != expected->expires)
        return "the identity is the model's";
    if (without != ACCESS_INVALID_TOKEN || expected->has_token) {
        if ((scopes & scope) != 0)
            without = ACCESS_GRANTED;
        else if (expected->has_token)
            without = ACCESS_NO_SCOPE;
    }
    return result == without ? NULL : "the result is the model's";
}

static struct identity *slot_of(struct world *world, unsigned char byte)
{
    return &world->identities[byte % SLOTS];
}

static const char *check_token(struct world *world, const unsigned char *step)
{
    struct identity identity = {.is_there = true, .others = anonymous};
    unsigned text = step[1] % (TEXTS + 1);
    char field[32] = "Bearer ";
    struct access_request request = access_scene_request(field, NULL);

    write_token(field + strlen(field), text);
    request.authorization = text_of(field);
    request.by_unix_socket = step[4] % 2 == 1;
    if (request.by_unix_socket)
        identity.others |= unix_scopes;
    identity.name = name_of(world, text);
    identity.text = text;
    identity.has_token = identity.name < NAMES;
    identity.key_changes = world->key_changes;
    const char *wrong =
        check(world, &request, (enum scope)(1 << step[2] % 4), &identity,
              ACCESS_INVALID_TOKEN, &identity.identity);
    *slot_of(world, step[3]) = identity;
    return wrong;
}

static const char *check_cookie(struct world *world, const unsigned char *step)
{
    const struct session *session = &world->sessions[step[1] % SLOTS];
    struct identity identity = {.is_there = true, .others = anonymous};
    char field[ACCESS_COOKIE_NAME + ACCESS_COOKIE_VALUE];
    bool is_own = step[4] % 4 != 3;

    if (!session->is_there)
        return NULL;
    struct access_request request =
        access_scene_request(NULL, access_scene_cookie(field, session->cookie));
    request.own_page = is_own;
    if (is_own && is_valid(world, session)) {
        identity.has_token = true;
        identity.name = session->name;
        identity.text = session->text;
        identity.expires = session->expires;
    }
    identity.key_changes = world->key_changes;
    const char *wrong =
        check(world, &request, (enum scope)(1 << step[2] % 4), &identity,
              is_own ? ACCESS_NO_SESSION : ACCESS_MISSING, &identity.identity);
    *slot_of(world, step[3]) = identity;
    return wrong;
}

static const char *check_identity(struct world *world,
                                  const unsigned char *step)
{
    const struct identity *identity = slot_of(world, step[1]);
    unsigned scope = 1U << step[2] % 4;
    bool expected = false;

    if (!identity->is_there)
        return NULL;
    if ((identity->others & scope) != 0)
        expected = true;
    else if (identity->has_token)
        expected = has_token(world, identity->name, identity->text) &&
                   (world->loaded.lines[identity->name].scopes & scope) != 0 &&
                   (identity->expires == 0 ||
                    (identity->expires > world->now &&
                     identity->key_changes == world->key_changes));
    return access_is_current(world->scene.access, &identity->identity,
                             (enum scope)scope) == expected
               ? NULL
               : "an identity is current as the model says";
}

static const char *log_in(struct world *world, const unsigned char *step)
{
    struct session *session = &world->sessions[step[2] % SLOTS];
    struct access_session begun;
    unsigned text = step[1] % (TEXTS + 1);
    unsigned name = name_of(world, text);
    char token[8];

    write_token(token, text);
    bool known = access_login(world->scene.access, text_of(token), &begun);
    if (known != (name < NAMES))
        return "a session begins by a known token";
    if (!known)
        return NULL;
    *session = (struct session){
        true, name, text, world->loaded.key, world->now + SESSION, ""};
    memcpy(session->cookie, begun.cookie, sizeof(session->cookie));
    return begun.identity.expires == session->expires
               ? NULL
               : "a session has its seconds";
}

/* By what meets the limits of sessions. */
static const char *set_clock(struct world *world, const unsigned char *step)
{
    static const unsigned seconds[] = {1,
                                       0,
                                       SESSION / 2,
                                       SESSION - 1,
                                       SESSION,
                                       ACCESS_CLOCK_SKEW,
                                       ACCESS_CLOCK_SKEW + 1};
    unsigned distance = seconds[step[1] % COUNT(seconds)];

    if (step[2] % 4 == 3)
        world->now -= distance;
    else
        world->now += distance;
    atomic_store(&access_scene_time, world->now);
    return NULL;
}

static const char *write_line(struct world *world, const unsigned char *step)
{
    world->written.lines[step[1] % NAMES] =
        (struct line){true, step[2] % TEXTS, 1 + step[3] % SCOPE_ALL};
    return NULL;
}

static const char *remove_line(struct world *world, const unsigned char *step)
{
    world->written.lines[step[1] % NAMES].is_there = false;
    return NULL;
}

static const char *write_key(struct world *world, const unsigned char *step)
{
    world->written.key = step[1] % KEYS;
    return NULL;
}

/* By the first byte of a step. What needs others before it is more frequent. */
static const struct {
    const char *name;
    const char *(*run)(struct world *world, const unsigned char *step);
} kinds[] = {
    {"check token", check_token},
    {"check cookie", check_cookie},
    {"check identity", check_identity},
    {"log in", log_in},
    {"reload", reload},
    {"write line", write_line},
    {"remove line", remove_line},
    {"write key", write_key},
    {"set clock", set_clock},
    {"reload", reload},
    {"check identity", check_identity},
    {"check cookie", check_cookie},
    {"write line", write_line},
    {"check identity", check_identity},
    {"write key", write_key},
    {"check cookie", check_cookie},
};

/* The folder of all histories. */
static struct access_scene folder;

static const char *follows_the_model(struct text input, size_t *delivery)
{
    static struct world world;
    const unsigned char *bytes = (const unsigned char *)input.data;
    size_t steps = input.length / GENERATOR_STEP;
    const char *wrong = NULL;

    memset(&world, 0, sizeof(world));
    world.scene = folder;
    world.now = 1000000;
    atomic_store(&access_scene_time, world.now);
    if (!access_scene_open(&world.scene, "", anonymous, unix_scopes))
        return "an empty file opens";
    *delivery = 0;
    while (wrong == NULL && *delivery < steps) {
        const unsigned char *step = bytes + *delivery * GENERATOR_STEP;
        wrong = kinds[step[0] % COUNT(kinds)].run(&world, step);
        ++*delivery;
    }
    access_free(world.scene.access);
    return wrong;
}

static void report(struct text input, size_t step, const char *wrong)
{
    fprintf(stderr, "does not hold after step %zu: %s\n", step, wrong);
    for (size_t i = 0; i + GENERATOR_STEP <= input.length;
         i += GENERATOR_STEP) {
        const unsigned char *at = (const unsigned char *)input.data + i;
        fprintf(stderr, "  %-14s %3u %3u %3u %3u\n",
                kinds[at[0] % COUNT(kinds)].name, at[1], at[2], at[3], at[4]);
    }
}

static size_t fill(unsigned char bytes[GENERATOR_INPUT], uint64_t seed)
{
    struct random random = {seed};
    size_t length = (size_t)(1 + random_below(&random, STEPS)) * GENERATOR_STEP;

    for (size_t i = 0; i < length; i++)
        bytes[i] = (unsigned char)random_below(&random, 256);
    return length;
}

static void histories_follow_the_model(void **state)
{
    uint64_t seed = shrink_seed("access");
    uint64_t rounds = shrink_rounds(5000);

    (void)state;
    access_scene_init(&folder);
    for (uint64_t i = 0; i < rounds; i++, seed++) {
        unsigned char bytes[GENERATOR_INPUT];
        size_t step = 0;
        struct text input = {(const char *)bytes, fill(bytes, seed)};
        const char *wrong = follows_the_model(input, &step);
        if (wrong == NULL)
            continue;
        fprintf(stderr, "to repeat: LUNAR_SEED=%" PRIu64 " LUNAR_ROUNDS=1\n",
                seed);
        report(input, step, wrong);
        shrink(bytes, &input, follows_the_model);
        wrong = follows_the_model(input, &step);
        report(input, step, wrong != NULL ? wrong : "nothing");
        fail_msg("the smallest history is above");
    }
    access_scene_release(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histories_follow_the_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
