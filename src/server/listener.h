/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listening socket, and how to stop listening while event loops wait for
 * it.
 */
#ifndef LUNAR_SERVER_LISTENER_H
#define LUNAR_SERVER_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct addrinfo;

/* As server_resolve(). */
struct addrinfo *listener_resolve(const char *host, uint16_t port, char *error,
                                  size_t error_size);

/*
 * Listen on the first of the addresses that can be used; "::" takes IPv4 too.
 * They are those of `host` and `port`, which errors name. Returns the
 * descriptor; or -1, and `error` is a line that says what to do.
 */
int listener_open(const struct addrinfo *addresses, const char *host,
                  uint16_t port, char *error, size_t error_size);

/*
 * A placeholder listener: a socket that listens where no client can reach it;
 * -1 on failure. It is opened at the start, as at the stop there may be no
 * descriptor left for it.
 */
int listener_open_placeholder(void);

/*
 * Stop listening on `socket` while MHD's event loops wait for it: no client can
 * connect any more. The descriptor stays open, and wakes the loops again and
 * again until it is replaced.
 */
void listener_shut(int socket);

/*
 * Make the descriptor `socket` another one of `placeholder`. Not before the
 * loops have run after listener_shut(): some hundred milliseconds.
 */
void listener_replace(int socket, int placeholder);

#endif
