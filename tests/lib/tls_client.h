/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS for the connections of tests, so that tests of connections can be run
 * over TLS as well: with the environment variable LUNAR_TEST_TLS, which names
 * the folder that tests/tls/certificates.sh has filled, the service is started
 * with its certificate "localhost", and the test's connections speak TLS. The
 * certificate is not verified.
 *
 * Nothing here blocks, but opening.
 */
#ifndef LUNAR_TEST_TLS_CLIENT_H
#define LUNAR_TEST_TLS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { TLS_CLIENT_PATH = 512 };

struct tls_client;

bool tls_client_is_wanted(void);

/* Whether connections are of TLS 1.2 from now on. No other thread opens any. */
void tls_client_use_1_2(bool use);

/* `prefix`, the path of the certificate or its key, in `text`. Returns it. */
const char *tls_client_file(const char *prefix, const char *suffix,
                            char text[TLS_CLIENT_PATH]);

/*
 * Perform the handshake on a socket that does not block, in at most `limit`
 * milliseconds. NULL if it fails, or takes longer.
 * Ownership: the socket is borrowed; tls_client_free() does not close it.
 */
struct tls_client *tls_client_open(int socket, int64_t limit);
void tls_client_free(struct tls_client *client);

/* As send(2) and recv(2) do it, with errno. A reset is an end. */
ssize_t tls_client_send(struct tls_client *client, const char *data,
                        size_t length);
ssize_t tls_client_receive(struct tls_client *client, char *data, size_t size);

/* Send close_notify: no more will be sent. */
void tls_client_finish(struct tls_client *client);

/* Whether bytes have been received that the caller has not got yet. */
bool tls_client_has_data(const struct tls_client *client);

/* Change the keys: a KeyUpdate (TLS 1.3), that asks for none in return. */
void tls_client_update_keys(struct tls_client *client);

#endif
