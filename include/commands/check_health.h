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

enum {
    CHECK_HEALTH_SECONDS = 5, /* for all of it */
    CHECK_HEALTH_LINE = 1024, /* bytes of the result, with its NUL */
};

/*
 * Write the URL of /health of a service that was started with this -host and
 * -port; `secure`: with -tls-cert. False if there is none, as for port 0.
 */
bool check_health_own_url(const char *host, uint16_t port, bool secure,
                          char url[HTTP_URL_TEXT]);

/* What is asked. Borrowed. */
struct check_health_question {
    const char *url;     /* which http_url_read() takes */
    const char *ca_file; /* authorities to trust; NULL: the system's */
    bool unverified;     /* take any certificate, as this machine's own */
};

/*
 * Ask. True if the response is a 200. `line` says what came of it, without a
 * line feed, on one line whatever the server sent. An address that stands for
 * all addresses of the machine, such as 0.0.0.0, means its loopback address.
 * Returns after CHECK_HEALTH_SECONDS at the latest; the look-up of a name may
 * still go on then, on a thread of its own, which ends with the process.
 */
bool check_health(const struct check_health_question *question,
                  char line[CHECK_HEALTH_LINE]);

#endif
