/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stop of a service, from the signal on.
 */
#ifndef LUNAR_SERVICE_STOP_H
#define LUNAR_SERVICE_STOP_H

#include "parts.h"

struct server;

/*
 * Wait for the signal that begins the stop, and for the end of the drain, if
 * there is one. In the drain the service goes on as before, but says that it is
 * not ready. Connections are kept alive: a load balancer decides when to send
 * requests elsewhere, and until then it would only open others. After this,
 * signals are unblocked, so another one ends the process at once.
 */
void stop_wait(struct service *service);

/*
 * Stop the server. Requests that wait for the disk get more time than others,
 * which the limit ends.
 */
void stop_server(struct service *service, struct server *server);

/*
 * Close and free the parts. Log what the service has done, or that it was
 * stopped before its state was recovered; if it `failed` before that, nothing.
 */
void stop_parts(struct service *service, bool failed);

#endif
