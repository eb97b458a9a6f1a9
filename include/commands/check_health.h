/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -check-health: asks a service that runs how it is, for containers without
 * curl.
 */
#ifndef LUNAR_COMMANDS_CHECK_HEALTH_H
#define LUNAR_COMMANDS_CHECK_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "http/url.h"

enum { CHECK_HEALTH_SECONDS = 5 /* for all of it */ };

struct config;

/*
 * Write the URL of /health of a service that was started with this -host and
 * -port; `secure`: with -tls-cert. False if there is none, as for port 0.
 */
bool check_health_own_url(const char *host, uint16_t port, bool secure,
                          char url[HTTP_URL_TEXT]);

/*
 * Ask the service of -check-health, by default the one that these settings
 * start on this machine, and print what came of it: on stdout if the response
 * is a 200, else on stderr. Returns the exit status, 0 for a 200.
 * A Unix socket, "unix:PATH", is asked for /health.
 * An address that stands for all addresses of the machine, such as 0.0.0.0,
 * means its loopback address. Returns after CHECK_HEALTH_SECONDS at the latest;
 * the look-up of a name may still go on then, on a thread of its own, which
 * ends with the process.
 */
int commands_check_health(const struct config *config);

#endif
