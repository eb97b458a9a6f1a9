/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A certificate with its chain and its key, as read from two files of PEM. It
 * does not change, and lives as long as a connection or the server uses it.
 */
#ifndef LUNAR_SERVER_TLS_CREDENTIAL_H
#define LUNAR_SERVER_TLS_CREDENTIAL_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdatomic.h>
#include <stdint.h>

#include "server/server_tls.h"

enum { TLS_MAX_CHAIN = 16 /* certificates in a file */ };

struct tls_credential {
    /* Set at its creation, then read-only. */
    gnutls_pcert_st chain[TLS_MAX_CHAIN]; /* the server's own is the first */
    unsigned length;
    gnutls_privkey_t key;
    /* Seconds since 1970: all of the chain is valid from one to the other. */
    int64_t begin, expiry;
    unsigned weak_bits; /* of a key that clients refuse; 0: it is strong */
    _Atomic unsigned references;
};

/*
 * Read both files, and check that they belong together. NULL on failure, with a
 * line in `error` that names the file and says what to do.
 * Ownership: the caller has a reference, for tls_credential_drop().
 */
struct tls_credential *tls_credential_read(const char *certificate,
                                           const char *key,
                                           char error[SERVER_TLS_ERROR]);

/*
 * Another reference; the caller must have one, or hold a lock that keeps
 * another one from being dropped. Returns `credential`.
 */
struct tls_credential *tls_credential_use(struct tls_credential *credential);

/* The last one frees it. NULL does nothing. Locking: none. */
void tls_credential_drop(struct tls_credential *credential);

/* Log what makes clients refuse it at `now`, though it can be used. */
void tls_credential_warn(const struct tls_credential *credential,
                         const char *certificate, int64_t now);

#endif
