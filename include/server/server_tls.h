/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate of the server, and its key, which can be replaced while the
 * server runs: connections that are open, or in their handshake, go on with the
 * old ones.
 */
#ifndef LUNAR_SERVER_SERVER_TLS_H
#define LUNAR_SERVER_SERVER_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SERVER_TLS_ERROR = 1536 /* bytes of an error, with its NUL */ };

struct metrics;
struct server_tls;

/*
 * Read a certificate with its chain, and its key, both in PEM. NULL on failure,
 * with a line in `error` that says what to do. An expired certificate is
 * accepted, and an error is logged: a service that starts is worth more than
 * one that does not. Adds lunar_tls_certificate_expiry_timestamp_seconds to
 * `metrics`, which may be NULL.
 * Ownership: the paths and `metrics` are borrowed.
 */
struct server_tls *server_tls_open(const char *certificate, const char *key,
                                   struct metrics *metrics,
                                   char error[SERVER_TLS_ERROR]);

/*
 * Read both files again, for new connections. On failure all stays as it was,
 * and `error` says why. Locking: one thread at a time.
 */
bool server_tls_reload(struct server_tls *tls, char error[SERVER_TLS_ERROR]);

/* When the certificate in use expires: seconds since 1970. */
int64_t server_tls_expiry(const struct server_tls *tls);

/* The server that uses it has stopped. NULL does nothing. */
void server_tls_free(struct server_tls *tls);

#endif
