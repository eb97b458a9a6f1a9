/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the clients of the service have in common that measure delays: a clock,
 * connections of an epoll set, header fields, and percentiles.
 */
#ifndef LUNAR_BENCH_CLIENTS_H
#define LUNAR_BENCH_CLIENTS_H

#include <stddef.h>
#include <stdint.h>

#define SECOND UINT64_C(1000000000) /* of clients_now() */

/* The monotonic time in nanoseconds. */
uint64_t clients_now(void);

/*
 * Connect to a port of this machine, and add the connection to `epoll`, with
 * `data`. Dies on failure. Ownership: the caller closes the result.
 */
int clients_connect(uint64_t port, int epoll, void *data);

/* Bytes, with NUL: as much as fleet_request() takes. */
enum { CLIENTS_MAX_FIELDS = 128 };

/*
 * Write the header lines of each request to CLIENTS_MAX_FIELDS bytes: Host, and
 * Authorization with the token of the environment variable TOKEN, if it has
 * one. Dies if that does not fit.
 */
void clients_fields(char *out);

/* Sort delays for clients_percentile(). They are in units of 100 ns. */
void clients_sort(uint32_t *delays, size_t count);

/* The milliseconds within which so many of 1,000 delays are; 0 without any. */
double clients_percentile(const uint32_t *sorted, uint64_t count,
                          uint64_t mille);

#endif
