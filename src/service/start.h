/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start of a service, up to the server that listens.
 */
#ifndef LUNAR_SERVICE_START_H
#define LUNAR_SERVICE_START_H

#include "parts.h"

struct server;

/*
 * Create the parts and connect them. NULL, or an error, which may be `error`;
 * stop_parts() frees what there is then, too. Signals that stop the service are
 * blocked from some point on.
 */
const char *start_parts(struct service *service, char error[SERVICE_ERROR]);

/* Start the server. NULL on failure, with the reason in `error`. */
struct server *start_server(struct service *service, char error[SERVICE_ERROR]);

#endif
