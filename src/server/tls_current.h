/* SPDX-License-Identifier: Apache-2.0 */
/* What connections need of include/server/server_tls.h. */
#ifndef LUNAR_SERVER_TLS_CURRENT_H
#define LUNAR_SERVER_TLS_CURRENT_H

struct server_tls;
struct tls_credential;

/*
 * The certificate in use. Ownership: the caller has a reference, for
 * tls_credential_drop(). Locking: from any thread.
 */
struct tls_credential *tls_current(struct server_tls *tls);

#endif
