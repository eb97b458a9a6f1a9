/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cookie of a session (RFC 6265): what is in it, and where it is in the
 * field of a request.
 *
 *     1.NAME.EXPIRES.MAC
 *
 * 1 is the version of this form; EXPIRES is in seconds since 1970; MAC is
 * base64url of HMAC-SHA256 with the session key over "lunar session 1", NAME
 * and EXPIRES, each with a NUL behind it, and the SHA-256 of the token. So the
 * session ends with its token, and with the key.
 */
#ifndef LUNAR_AUTH_SESSION_COOKIE_H
#define LUNAR_AUTH_SESSION_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/access.h"
#include "base/text.h"
#include "token_set.h"

/* The parts of a value. `mac` has not been verified. */
struct session_cookie {
    struct text name;
    struct text expires;
    struct text mac;
    uint64_t expires_at;
};

/*
 * Take the next cookie called `name` from the front of `rest`, a list of
 * cookies. Names have a case. False at the end.
 */
bool session_cookie_next(struct text *rest, struct text name,
                         struct text *value);

/* Split a value. False, with `cookie` untouched, if it is of no session. */
bool session_cookie_read(struct text value, struct session_cookie *cookie);

/* Whether the code is that of this token, with this key; in constant time. */
bool session_cookie_verify(const struct session_cookie *cookie,
                           const unsigned char key[TOKEN_SESSION_KEY],
                           const unsigned char token[TOKEN_HASH]);

/* Write the value of a session by `token` that ends at `expires`. */
void session_cookie_write(char value[ACCESS_COOKIE_VALUE],
                          const unsigned char key[TOKEN_SESSION_KEY],
                          const struct token *token, uint64_t expires);

#endif
