/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TLS of one connection, as far as libmicrohttpd leaves it to us: which
 * certificate it gets, when its handshake is over, and what of its bytes is no
 * part of a request.
 *
 * Locking: all on the connection's thread.
 */
#ifndef LUNAR_SERVER_TLS_SESSION_H
#define LUNAR_SERVER_TLS_SESSION_H

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>

#include "tls_handshakes.h"

struct connection;
struct server_tls;
struct tls_credential;

/* Embedded in the exchange. */
struct tls_session {
    gnutls_session_t gnutls; /* libmicrohttpd's; NULL: no TLS */
    struct connection *connection;
    struct tls_credential *credential;
    struct tls_handshakes *handshakes; /* NULL: its loop can wait by itself */
    struct tls_handshake handshake;
};

/*
 * TLS 1.2 and 1.3 (RFC 9325 section 3.1.1), with forward secrecy and
 * authenticated encryption only (sections 4.1 and 4.2), for
 * MHD_OPTION_HTTPS_PRIORITIES.
 */
extern const char tls_session_priorities[];

/*
 * The connection was opened: its handshake begins. `tls` is NULL, or the
 * connection not one of TLS: then nothing else does anything.
 * Ownership: all are borrowed, until tls_session_release().
 */
void tls_session_init(struct tls_session *session, struct server_tls *tls,
                      struct tls_handshakes *handshakes,
                      struct connection *connection);

/* The connection is about to be closed; libmicrohttpd has ended its TLS. */
void tls_session_release(struct tls_session *session);

/* MHD_OPTION_HTTPS_CERT_CALLBACK. */
int tls_session_pick_certificate(gnutls_session_t gnutls,
                                 const gnutls_datum_t *issuers,
                                 int issuer_count,
                                 const gnutls_pk_algorithm_t *algorithms,
                                 int algorithm_count, gnutls_pcert_st **chain,
                                 unsigned *length, gnutls_privkey_t *key);

/*
 * Whether GnuTLS has decrypted bytes that were not read. False without TLS.
 * Until libmicrohttpd has ended the session.
 */
bool tls_session_has_unread(const struct tls_session *session);

/*
 * Whether the connection's next bytes are certain to be data, rather than the
 * end of the connection. Only for one of TLS, whose last read gave data.
 */
bool tls_session_has_data(const struct tls_session *session);

#endif
