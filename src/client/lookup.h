/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks up a name on a thread of its own, so that whoever asks can give up: the
 * DNS may take half a minute. getaddrinfo_a(3) does the same, but by threads
 * that sanitizers do not see.
 *
 * Locking: one thread asks.
 */
#ifndef LUNAR_CLIENT_LOOKUP_H
#define LUNAR_CLIENT_LOOKUP_H

#include <stdbool.h>

struct addrinfo;
struct lookup;

/*
 * Begin. NULL if memory or threads are exhausted. `host` and `port` are copied.
 * No host, "", is this machine: its loopback addresses.
 * Ownership: the caller calls lookup_free().
 */
struct lookup *lookup_start(const char *host, const char *port);

/* Wait up to `ms` milliseconds for its end. Whether it has ended. */
bool lookup_wait(struct lookup *lookup, unsigned ms);

/*
 * It has ended. Returns 0, or an error of getaddrinfo(3). `*addresses` are
 * borrowed until lookup_free().
 */
int lookup_result(const struct lookup *lookup,
                  const struct addrinfo **addresses);

/* If it has not ended, its thread frees the rest later. NULL does nothing. */
void lookup_free(struct lookup *lookup);

#endif
