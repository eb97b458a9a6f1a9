/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -check-health: asks a service that runs how it is, for containers without
 * curl. An HTTP client for one GET, over plain sockets, as the service is not
 * to depend on a library for it.
 */
#ifndef LUNAR_CHECK_HEALTH_H
#define LUNAR_CHECK_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

enum {
    CHECK_HEALTH_SECONDS = 5, /* for all of it, the name of the host too */
    CHECK_HEALTH_URL = 512,   /* bytes, with a NUL */
    CHECK_HEALTH_LINE = 1024, /* the same of the line that says the result */
};

/*
 * Whether `url` can be asked: "http://", a host, which may be an IPv6 address
 * in brackets, perhaps a port, a path and a query.
 */
bool check_health_is_url(const char *url);

/*
 * Write the URL of /health of a service that was started with this -host and
 * -port. False if there is none, as for port 0.
 */
bool check_health_own_url(const char *host, uint16_t port,
                          char url[CHECK_HEALTH_URL]);

/*
 * Ask for `url`, which check_health_is_url(). True if the response is a 200.
 * `line` says what came of it, without a line feed, on one line whatever the
 * server sent. An address that stands for all addresses of the machine, such as
 * 0.0.0.0, means its loopback address.
 * If it is not known after CHECK_HEALTH_SECONDS, the process prints a line on
 * stderr and exits with EXIT_FAILURE: nothing else ends the look-up of a name.
 * Locking: SIGALRM is used; only while there are no other threads.
 */
bool check_health(const char *url, char line[CHECK_HEALTH_LINE]);

#endif
