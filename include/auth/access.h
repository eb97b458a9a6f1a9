/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access control: which scopes a request has, by its token, by the session of
 * a browser, or by the way that it came; and sessions themselves.
 *
 * A session is a cookie: the name of a token, an expiry, and a message
 * authentication code by a key that all instances can share. Nothing of it is
 * stored. It ends when it expires, when its token is removed or changed, or
 * when the browser forgets it.
 *
 * Locking: all functions lock for themselves, and may be called from any
 * thread; but access_open() and access_free(). Of access_reload() one call at a
 * time, beside all others.
 */
#ifndef LUNAR_AUTH_ACCESS_H
#define LUNAR_AUTH_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/scopes.h"
#include "auth/tokens.h"
#include "base/private_file.h"
#include "base/text.h"

enum {
    ACCESS_ERROR = PRIVATE_FILE_ERROR, /* bytes of an error, with its NUL */
    ACCESS_SESSION = 43200,    /* seconds of a session by default: 12 hours */
    ACCESS_COOKIE_NAME = 32,   /* bytes with a NUL */
    ACCESS_COOKIE_VALUE = 200, /* the same */
    ACCESS_MAX_COOKIES = 8,    /* of one name that are looked at */
    /*
     * Seconds that the clocks of instances may differ. A session that ends
     * later than one that begins now, by more than this, is not valid: the
     * clock was wrong when it began, or -session is shorter now.
     */
    ACCESS_CLOCK_SKEW = 300,
};

struct access;

struct access_options {
    const char *file;         /* of -tokens */
    unsigned anonymous;       /* scopes without a token */
    unsigned unix_scopes;     /* scopes of who uses the Unix socket */
    unsigned session_seconds; /* of a session, at least 1 */
    /* Seconds since 1970, for tests; NULL: of CLOCK_REALTIME. */
    uint64_t (*now)(void);
};

/*
 * Read the file of tokens. NULL on failure, with a line in `error` that says
 * what to do. Ownership: the options' texts are borrowed until access_free().
 */
struct access *access_open(const struct access_options *options,
                           char error[ACCESS_ERROR]);

/* NULL does nothing. */
void access_free(struct access *access);

/*
 * Read the file again. On failure all stays as it was, and `error` says why.
 * Identities by a token that is not there any more under its name, or has
 * another hash, end; sessions also if the session key is another one. A token
 * of which only the scopes changed has the new scopes at once, and so have its
 * sessions.
 */
bool access_reload(struct access *access, char error[ACCESS_ERROR]);

/* How many tokens there are. */
size_t access_count(struct access *access);

/* Whether the file has a session key, which other instances can have too. */
bool access_has_session_key(struct access *access);

/*
 * What a request presents.
 *
 * Of `authorization` only the scheme Bearer counts, in any case, with one or
 * more spaces and one token behind it (RFC 6750 section 2.1). Another scheme is
 * as no field at all, as it may be for a proxy. Bearer with anything else
 * behind it is a token that is not valid.
 *
 * A session's cookie that was sent more than once, as with instances under
 * several paths of one host, is valid if one of the first ACCESS_MAX_COOKIES of
 * its name is: their order means nothing (RFC 6265 section 4.2.2).
 */
struct access_request {
    struct text authorization; /* the field; absent if it was not sent */
    struct text cookie;        /* the same */
    struct text host;          /* for the name of the cookie */
    bool own_page;             /* cookies of other pages do not count */
    bool by_unix_socket;
};

enum access_result {
    ACCESS_GRANTED,
    ACCESS_MISSING,       /* it presents nothing that counts */
    ACCESS_INVALID_TOKEN, /* a token that is not known, or is none */
    ACCESS_NO_SESSION,    /* a session that is not valid, or expired */
    ACCESS_NO_SCOPE,      /* what it presents is valid, but not for this */
    ACCESS_RESULTS,
};

/* Who sends a request, as far as it is known. */
struct access_identity {
    char name[TOKENS_NAME]; /* of the token; "" without one */
    unsigned scopes;        /* all that the request has */
    uint64_t expires;       /* of a session, seconds since 1970; 0: never */
    /* Private: what access_is_current() compares. */
    unsigned char token[32];
    uint64_t epoch;     /* of the tokens */
    uint64_t key_epoch; /* of the session key */
    unsigned others;    /* of the scopes, those without the token */
};

/*
 * Whether a request may do what needs `scope`, exactly one. `identity`, if it
 * is not NULL, is filled in whatever the result is.
 */
enum access_result access_check(struct access *access,
                                const struct access_request *request,
                                enum scope scope,
                                struct access_identity *identity);

/*
 * Who sends a request. ACCESS_GRANTED: by a token or a session; any other
 * result: by neither, and `scopes` are those that anybody has.
 */
enum access_result access_identify(struct access *access,
                                   const struct access_request *request,
                                   struct access_identity *identity);

/*
 * Whether an identity that was granted `scope` still has it: its session has
 * not expired, and its token is still there with that scope; or everybody has
 * the scope. As long as nothing was reloaded this takes no lock.
 */
bool access_is_current(struct access *access,
                       const struct access_identity *identity,
                       enum scope scope);

/* A session that was begun. */
struct access_session {
    struct access_identity identity;
    char cookie[ACCESS_COOKIE_VALUE]; /* the value alone */
};

/*
 * Begin a session by a token. Its scopes are those of the token, and those that
 * anybody has. False if the token is not known; `session` is then untouched.
 */
bool access_login(struct access *access, struct text token,
                  struct access_session *session);

/*
 * The name of the session's cookie, for a request to `host`: it has the port of
 * the browser's URL, as the services on all ports of a host share their cookies
 * (RFC 6265 section 8.5). Returns `name`.
 */
const char *access_cookie_name(struct text host, char name[ACCESS_COOKIE_NAME]);

/* Seconds of a session. */
unsigned access_session_seconds(const struct access *access);

#endif
