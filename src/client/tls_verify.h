/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the other side is who it should be.
 */
#ifndef LUNAR_CLIENT_TLS_VERIFY_H
#define LUNAR_CLIENT_TLS_VERIFY_H

#include <stdbool.h>

#include <gnutls/gnutls.h>

#include "client/connection.h"

/*
 * Verify the certificate of a session whose handshake is done: by the
 * authorities of the session's credentials, by its time, and for `host`, a name
 * or an address without a zone. `ca_file` is for the error, which says what is
 * wrong, and what to do.
 */
bool client_tls_verify(gnutls_session_t session, const char *host,
                       const char *ca_file, char error[CLIENT_ERROR]);

#endif
