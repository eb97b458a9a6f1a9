/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tokens lie in a set that is replaced as a whole. What a request presents
 * is taken apart before the lock, and an identity has copies, so nothing of a
 * set is used outside of its lock, and a reload can free the old one.
 */
#include "auth/access.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/sync.h"
#include "credentials.h"
#include "session_cookie.h"
#include "token_file.h"
#include "token_set.h"

struct access {
    /* Set at the start, then only read. */
    struct access_options options;
    uint64_t (*now)(void);
    /* For a file without a session key. */
    unsigned char random_key[TOKEN_SESSION_KEY];
    /* Of `set`; written under the lock, read anywhere. */
    _Atomic uint64_t epoch;
    pthread_rwlock_t lock;
    struct token_set *set; /* guarded by `lock` */
};

static uint64_t system_now(void)
{
    return clock_us(CLOCK_REALTIME) / 1000000;
}

/* Give a set the numbers and the key that follow those of `before`, or NULL. */
static void follow(const struct access *access, const struct token_set *before,
                   struct token_set *set)
{
    if (!set->has_session_key)
        memcpy(set->session_key, access->random_key, TOKEN_SESSION_KEY);
    if (before == NULL)
        return;
    set->epoch = before->epoch + 1;
    set->key_epoch = before->key_epoch;
    if (sodium_memcmp(before->session_key, set->session_key,
                      TOKEN_SESSION_KEY) != 0)
        set->key_epoch++;
}

struct access *access_open(const struct access_options *options,
                           char error[ACCESS_ERROR])
{
    struct access *access = NULL;
    struct token_set *set = NULL;

    if (sodium_init() < 0) {
        snprintf(error, ACCESS_ERROR, "libsodium cannot start");
        return NULL;
    }
    set = token_file_read(options->file, error);
    if (set == NULL)
        return NULL;
    access = calloc(1, sizeof(*access));
    if (access == NULL) {
        snprintf(error, ACCESS_ERROR, "memory is exhausted");
        token_set_free(set);
        return NULL;
    }
    access->options = *options;
    access->now = options->now != NULL ? options->now : system_now;
    randombytes_buf(access->random_key, sizeof(access->random_key));
    follow(access, NULL, set);
    access->set = set;
    sync_rwlock_init(&access->lock);
    return access;
}

void access_free(struct access *access)
{
    if (access == NULL)
        return;
    token_set_free(access->set);
    pthread_rwlock_destroy(&access->lock);
    sodium_memzero(access->random_key, sizeof(access->random_key));
    free(access);
}

bool access_reload(struct access *access, char error[ACCESS_ERROR])
{
    struct token_set *set = token_file_read(access->options.file, error);
    struct token_set *before = NULL;

    if (set == NULL)
        return false;
    /* Only a reload replaces the set, and there is one at a time. */
    before = access->set;
    follow(access, before, set);
    sync_write_lock(&access->lock);
    access->set = set;
    atomic_store_explicit(&access->epoch, set->epoch, memory_order_release);
    sync_rwlock_unlock(&access->lock);
    token_set_free(before);
    return true;
}

size_t access_count(struct access *access)
{
    sync_read_lock(&access->lock);
    size_t count = access->set->count;
    sync_rwlock_unlock(&access->lock);
    return count;
}

bool access_has_session_key(struct access *access)
{
    sync_read_lock(&access->lock);
    bool has_session_key = access->set->has_session_key;
    sync_rwlock_unlock(&access->lock);
    return has_session_key;
}

unsigned access_session_seconds(const struct access *access)
{
    return access->options.session_seconds;
}

/* What a request presents, taken apart. */
struct presented {
    enum credentials credentials;
    struct text token;   /* with CREDENTIALS_BEARER */
    struct text cookies; /* of our own pages; absent if they do not count */
    char cookie_name[ACCESS_COOKIE_NAME]; /* with `cookies` */
    uint64_t now;                         /* the same */
    uint64_t latest; /* the same: when a session ends that begins now */
};

static void read_request(const struct access *access,
                         const struct access_request *request,
                         struct presented *presented)
{
    presented->cookies = (struct text){NULL, 0};
    presented->credentials =
        credentials_read(request->authorization, &presented->token);
    if (presented->credentials != CREDENTIALS_NONE || !request->own_page ||
        request->cookie.data == NULL)
        return;
    presented->cookies = request->cookie;
    access_cookie_name(request->host, presented->cookie_name);
    presented->now = access->now();
    presented->latest =
        presented->now + access->options.session_seconds + ACCESS_CLOCK_SKEW;
}

/* Who sends a request. */
struct sender {
    enum access_result result; /* ACCESS_GRANTED: there is a token */
    const struct token *token; /* of the set, or NULL */
    uint64_t expires;          /* of a session; 0 without one */
};

static const struct token *
find_session_locked(const struct access *access,
                    const struct presented *presented, struct text value,
                    uint64_t *expires)
{
    struct session_cookie cookie;
    const struct token *token = NULL;

    if (!session_cookie_read(value, &cookie) ||
        cookie.expires_at <= presented->now ||
        cookie.expires_at > presented->latest)
        return NULL;
    token = token_set_find_name(access->set, cookie.name);
    if (token == NULL ||
        !session_cookie_verify(&cookie, access->set->session_key, token->hash))
        return NULL;
    *expires = cookie.expires_at;
    return token;
}

static struct sender find_cookie_locked(const struct access *access,
                                        const struct presented *presented)
{
    struct sender sender = {ACCESS_MISSING, NULL, 0};
    struct text rest = presented->cookies;
    struct text name, value;

    if (rest.data == NULL)
        return sender; /* and the cookie has no name */
    name = text_of(presented->cookie_name);
    for (unsigned i = 0; i < ACCESS_MAX_COOKIES && sender.token == NULL &&
                         session_cookie_next(&rest, name, &value);
         i++) {
        sender.token =
            find_session_locked(access, presented, value, &sender.expires);
        sender.result =
            sender.token != NULL ? ACCESS_GRANTED : ACCESS_NO_SESSION;
    }
    return sender;
}

static struct sender find_sender_locked(const struct access *access,
                                        const struct presented *presented)
{
    struct sender sender = {ACCESS_INVALID_TOKEN, NULL, 0};

    if (presented->credentials == CREDENTIALS_NONE)
        return find_cookie_locked(access, presented);
    if (presented->credentials == CREDENTIALS_BEARER)
        sender.token = token_set_find_text(access->set, presented->token);
    if (sender.token != NULL)
        sender.result = ACCESS_GRANTED;
    return sender;
}

/* `token` may be NULL. */
static void identify_locked(const struct access *access,
                            const struct token *token, uint64_t expires,
                            unsigned others, struct access_identity *identity)
{
    *identity = (struct access_identity){
        .scopes = others,
        .expires = expires,
        .epoch = access->set->epoch,
        .key_epoch = access->set->key_epoch,
        .others = others,
    };
    if (token == NULL)
        return;
    memcpy(identity->name, token->name, sizeof(identity->name));
    memcpy(identity->token, token->hash, sizeof(identity->token));
    identity->scopes |= token->scopes;
}

/* Who sends it, and all scopes that it has. */
static enum access_result look_up(struct access *access,
                                  const struct access_request *request,
                                  unsigned *scopes,
                                  struct access_identity *identity)
{
    struct presented presented;
    struct sender sender = {ACCESS_MISSING, NULL, 0};

    *scopes = access->options.anonymous |
              (request->by_unix_socket ? access->options.unix_scopes : 0);
    read_request(access, request, &presented);
    if (presented.credentials == CREDENTIALS_NONE &&
        presented.cookies.data == NULL && identity == NULL)
        return ACCESS_MISSING;
    sync_read_lock(&access->lock);
    sender = find_sender_locked(access, &presented);
    if (identity != NULL)
        identify_locked(access, sender.token, sender.expires, *scopes,
                        identity);
    if (sender.token != NULL)
        *scopes |= sender.token->scopes;
    sync_rwlock_unlock(&access->lock);
    return sender.result;
}

enum access_result access_check(struct access *access,
                                const struct access_request *request,
                                enum scope scope,
                                struct access_identity *identity)
{
    unsigned scopes = 0;
    enum access_result result = look_up(access, request, &scopes, identity);

    if (result == ACCESS_INVALID_TOKEN)
        return result;
    if ((scopes & scope) != 0)
        return ACCESS_GRANTED;
    return result == ACCESS_GRANTED ? ACCESS_NO_SCOPE : result;
}

enum access_result access_identify(struct access *access,
                                   const struct access_request *request,
                                   struct access_identity *identity)
{
    unsigned scopes = 0;

    return look_up(access, request, &scopes, identity);
}

/* Whether the token has the scope, and is the one that it was. */
static bool is_current_locked(const struct access *access,
                              const struct access_identity *identity,
                              enum scope scope)
{
    const struct token *token =
        token_set_find_name(access->set, text_of(identity->name));

    return token != NULL && (token->scopes & scope) != 0 &&
           sodium_memcmp(token->hash, identity->token, TOKEN_HASH) == 0 &&
           (identity->expires == 0 ||
            identity->key_epoch == access->set->key_epoch);
}

bool access_is_current(struct access *access,
                       const struct access_identity *identity, enum scope scope)
{
    if ((identity->others & scope) != 0)
        return true;
    if (identity->name[0] == '\0' ||
        (identity->expires != 0 && identity->expires <= access->now()))
        return false;
    if (identity->epoch ==
        atomic_load_explicit(&access->epoch, memory_order_acquire))
        return (identity->scopes & scope) != 0;
    sync_read_lock(&access->lock);
    bool is_current = is_current_locked(access, identity, scope);
    sync_rwlock_unlock(&access->lock);
    return is_current;
}

bool access_login(struct access *access, struct text token,
                  struct access_session *session)
{
    uint64_t expires = access->now() + access->options.session_seconds;
    const struct token *found = NULL;

    sync_read_lock(&access->lock);
    found = token_set_find_text(access->set, token);
    if (found != NULL) {
        identify_locked(access, found, expires, access->options.anonymous,
                        &session->identity);
        session_cookie_write(session->cookie, access->set->session_key, found,
                             expires);
    }
    sync_rwlock_unlock(&access->lock);
    return found != NULL;
}
