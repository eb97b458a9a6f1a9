/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens: 256 random bits that a client presents (RFC 6750). The service knows
 * their SHA-256 only, which is enough for random bits: nobody can guess them,
 * so a slow hash for passwords would only cost time.
 */
#ifndef LUNAR_AUTH_TOKENS_H
#define LUNAR_AUTH_TOKENS_H

#include <stdbool.h>

#include "base/text.h"

enum {
    TOKENS_MAX = 1000,             /* of one file */
    TOKENS_MAX_FILE = 1024 * 1024, /* its bytes */
    TOKENS_NAME = 65,              /* bytes of a name, with its NUL */
    TOKENS_TEXT = 6 + 43 + 1,      /* "lunar_" and base64url, with a NUL */
    TOKENS_MAX_TEXT = 256, /* bytes of a token that was made elsewhere */
    TOKENS_LINE = TOKENS_NAME + 64 + 48, /* of the file, with a NUL */
};

/* A new token, and its line of the file of -tokens. */
struct tokens_new {
    char text[TOKENS_TEXT];
    char line[TOKENS_LINE];
};

/*
 * Whether the text looks like one of tokens_make(), so that it may be a secret
 * where a name or a hash is expected: "lunar_" and 32 bytes or more, as its end
 * may be lost.
 */
bool tokens_is_like_token(struct text text);

/* 1 to 64 letters, digits, '.', '_' and '-'; not "session-key", nor a token. */
bool tokens_is_name(struct text name);

/*
 * Whether a client can present the text as a token: 1 to TOKENS_MAX_TEXT bytes
 * of b64token (RFC 6750 section 2.1).
 */
bool tokens_is_text(struct text text);

/*
 * Make a token. `name` is a valid one. False, with `made` untouched, if the
 * system has no random bits.
 */
bool tokens_make(struct text name, unsigned scopes, struct tokens_new *made);

#endif
