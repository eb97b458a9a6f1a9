/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a service, for the functions that start, run and stop it.
 */
#ifndef LUNAR_SERVICE_PARTS_H
#define LUNAR_SERVICE_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "api/api.h"
#include "base/process_metrics.h"
#include "http/networks.h"
#include "http/site_policy.h"
#include "process/stop_limit.h"
#include "process/watchdog.h"
#include "service/secrets.h"

struct addrinfo;
struct config;
struct machine;
struct metrics;
struct notify;
struct server_given;
struct store;
struct table;
struct workers;

enum { SERVICE_ERROR = SECRETS_ERROR /* bytes of any error at the start */ };

/* Parts that do not exist are NULL. */
struct service {
    const struct config *config;
    const struct machine *machine;
    struct notify *notify;
    const struct server_given *given;
    uint64_t start; /* microseconds of the monotonic clock */
    struct addrinfo *addresses;
    struct site_policy sites;
    struct secrets secrets;
    bool refused;            /* the flags do not allow the start */
    struct networks proxies; /* that are trusted; none if it is not given */
    struct metrics *metrics;
    struct process_metrics process;
    struct store *store; /* NULL: the state is in memory only */
    struct table *table;
    struct workers *workers;
    struct api api;
    unsigned max_connections; /* as many as the limit of open files allows */
    bool has_limit;           /* of the time of a stop, with a store */
    struct stop_limit limit;
    bool complete; /* the table has the whole state */
    struct watchdog watchdog;
};

#endif
