/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token that this service presents to others, of -peer-token.
 */
#ifndef LUNAR_CLIENT_TOKEN_H
#define LUNAR_CLIENT_TOKEN_H

#include <stdbool.h>

#include "client/connection.h"

enum {
    CLIENT_TOKEN = 513, /* bytes, with a NUL; ours have 49 */
};

/*
 * Read the token in `file`, which only its owner, and perhaps its group, may
 * read: one line with a token68 (RFC 9110 section 11.2), beside blank lines and
 * comments that begin with "#". False, with `token` untouched and an error that
 * names the file, never what is in it.
 * The file is read again for each use, so that a new token needs no signal.
 * Ownership: the caller clears `token` with explicit_bzero(3).
 */
bool client_read_token(const char *file, char token[CLIENT_TOKEN],
                       char error[CLIENT_ERROR]);

/* Whether client_read_token() can read the file; it fails as that does. */
bool client_check_token(const char *file, char error[CLIENT_ERROR]);

#endif
