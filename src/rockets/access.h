/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a service that is not open to everyone is reached: whose certificates are
 * trusted, and which token is sent. The token is never on the command line,
 * where every user of the machine sees it.
 */
#ifndef ROCKETS_ACCESS_H
#define ROCKETS_ACCESS_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

enum { ACCESS_MAX_TOKEN = 512 /* bytes; ours have 49 */ };

/*
 * The flags of both commands, for their tables (flags.h). `offset` is
 * that of the struct access in the options.
 */
#define ACCESS_FLAGS(offset)                                                   \
    {.name = "token-file",                                                     \
     .argument = "FILE",                                                       \
     .text = "send the token in FILE, which others may not read;\n"            \
             "without it, that of the variable ROCKETS_TOKEN",                 \
     .kind = FLAG_TEXT,                                                        \
     .place = (offset) + offsetof(struct access, token_file)},                 \
        {.name = "ca-file",                                                    \
         .argument = "FILE",                                                   \
         .text = "with https://, trust the authorities in FILE, in PEM,\n"     \
                 "instead of those of the system",                             \
         .kind = FLAG_TEXT,                                                    \
         .place = (offset) + offsetof(struct access, ca_file)},                \
        {.name = "insecure",                                                   \
         .text = "with https://, take any certificate: somebody else\n"        \
                 "may get what is sent, and the token",                        \
         .kind = FLAG_SWITCH,                                                  \
         .place = (offset) + offsetof(struct access, insecure)},               \
    {                                                                          \
        .name = "token", .argument = "TOKEN", .kind = FLAG_OTHER,              \
        .set = flags_refuse_token                                              \
    }

struct access {
    const char *ca_file; /* PEM; NULL: the authorities of the system */
    bool insecure;       /* take any certificate */
    const char *token_file;
    char token[ACCESS_MAX_TOKEN + 1]; /* "": none */
};

/*
 * Read the token of `token_file`, or else that of the variable ROCKETS_TOKEN.
 * Returns false with one line in `error` that says what was expected, without
 * the token.
 */
bool access_load(struct access *access, char *error, size_t error_size);

/*
 * Set the options of a handle. `access` NULL: the defaults, and no token. The
 * token is sent to the URL's host only, as redirects are not followed.
 * Ownership: `access` is borrowed for the life of the handle.
 */
void access_apply(CURL *easy, const struct access *access);

#endif
