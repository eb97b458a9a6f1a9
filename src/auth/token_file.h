/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of -tokens: lines of a name, the hash of a token and its scopes, and
 * one of a session key.
 *
 *     # operators
 *     session-key 3f...                          64 hex digits
 *     alice  sha256:9f...                        64 hex digits
 *            read,metrics                        (of the same line)
 *
 * Fields have spaces or tabs between them. Empty lines and lines that begin
 * with # do not count; CR before the line feed is ignored.
 */
#ifndef LUNAR_AUTH_TOKEN_FILE_H
#define LUNAR_AUTH_TOKEN_FILE_H

#include "auth/access.h"
#include "base/text.h"
#include "token_set.h"

/*
 * Read the bytes of a file that is called `path`. NULL on failure, with a line
 * in `error` that says which line is wrong and what is expected in it; nothing
 * of the file but names that are valid is in it.
 */
struct token_set *token_file_parse(struct text bytes, const char *path,
                                   char error[ACCESS_ERROR]);

/* The same of the file itself, which must be private. */
struct token_set *token_file_read(const char *path, char error[ACCESS_ERROR]);

#endif
