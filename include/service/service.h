/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service from its start to its stop: creates the parts, connects them,
 * serves until a signal, and frees them.
 */
#ifndef LUNAR_SERVICE_SERVICE_H
#define LUNAR_SERVICE_SERVICE_H

#include "base/log.h"
#include "config/config.h"
#include "server/server.h"

enum {
    /* A stop after the drain; some time is left to free the parts. */
    SERVICE_STOP_MS = 5000,
    /* With a store, if the disk does not answer: when the process ends. */
    SERVICE_DISK_MS = 8500,
    /*
     * The same with a topic, if the brokers do not answer, which may take
     * REPLICA_ANSWER_MS, and then as long as a request that is under way to
     * them. Container runtimes kill after 10 s.
     */
    SERVICE_TOPIC_MS = 9500,
};

struct notify;
struct replica_options;

/* What the configuration says of the topic; the rest is 0. */
struct replica_options service_topic(const struct config *config);

/*
 * Run the service. Returns the exit status; what ends a start is reported on
 * stderr, and to the service manager of `notify`, which learns of all that
 * happens. It serves the sockets that are `given`, and opens the others.
 * Ownership: all is borrowed. Locking: on the main thread.
 */
int service_run(const struct config *config, const struct machine *machine,
                struct notify *notify, const struct server_given *given);

#endif
