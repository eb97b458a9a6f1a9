/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS on a socket that does not block. No function waits: each says for which
 * event of the socket it would have to.
 */
#ifndef LUNAR_CLIENT_TLS_H
#define LUNAR_CLIENT_TLS_H

#include <stddef.h>
#include <sys/types.h>

#include "base/text.h"
#include "client/connection.h"

enum client_step {
    CLIENT_STEP_DONE,
    CLIENT_STEP_AGAIN, /* not until the socket is ready for some events */
    CLIENT_STEP_FAILED,
};

/*
 * Begin, on `fd`, to `host`, as in struct http_url. NULL with an error.
 * Ownership: the caller frees it, before it closes `fd`.
 */
struct client_tls *client_tls_new(int fd, const char *host,
                                  const struct client_options *options,
                                  char error[CLIENT_ERROR]);

void client_tls_free(struct client_tls *tls);

/* What the socket has to be ready for, as in poll(2), after AGAIN. */
short client_tls_events(const struct client_tls *tls);

/* Go on with the handshake. Done: the certificate is verified. */
enum client_step client_tls_handshake(struct client_tls *tls,
                                      char error[CLIENT_ERROR]);

/* As send(2) and recv(2). `*count` is the room, then the bytes. */
enum client_step client_tls_send(struct client_tls *tls, struct text bytes,
                                 size_t *count, char error[CLIENT_ERROR]);
enum client_step client_tls_receive(struct client_tls *tls, char *bytes,
                                    size_t *count, char error[CLIENT_ERROR]);

/* Announce the end (close_notify), as far as the socket takes it at once. */
void client_tls_end(struct client_tls *tls);

#endif
