/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service under test: the real binary, named by the environment
 * variable LUNAR_SERVICE, on a free port of its own choice.
 */
#ifndef LUNAR_TEST_INSTANCE_H
#define LUNAR_TEST_INSTANCE_H

#include <stdint.h>

#include "connection.h"
#include "process.h"
#include "response.h"

enum {
    /* Milliseconds to start, and to end after a signal. Only bounds: under a
       sanitizer on a busy machine all is ten times slower. */
    INSTANCE_PATIENCE = 60 * 1000,
    INSTANCE_MAX_FLAGS = 8,
};

struct instance {
    struct process process;
    uint16_t port;
    char ready[256]; /* the line it printed when it was ready */
};

/*
 * Start the service with -port=0 and `flags` (NULL-terminated; may be NULL)
 * and wait until it is ready.
 */
void instance_start(struct instance *instance, const char *const flags[]);

/* The same for one whose process the test started by itself. */
void instance_wait_ready(struct instance *instance);

/*
 * SIGTERM; it must exit with 0 and must not have left a sanitizer's report.
 */
void instance_stop(struct instance *instance);

/* It must end with `status` by itself, with no report of a sanitizer. */
void instance_expect_end(struct instance *instance, int status);

/* Kill it if a test that failed left it running. Can be called again. */
void instance_release(struct instance *instance);

/* Connect, which must work. */
void instance_connect(const struct instance *instance,
                      struct connection *connection);

/*
 * One request on a connection of its own; an answer must come. Ownership:
 * the caller releases `response`.
 */
void instance_get(const struct instance *instance, const char *target,
                  struct response *response);
void instance_post(const struct instance *instance, const char *body,
                   struct response *response);

/* Wait until nobody listens on the port any more. */
void instance_wait_refusing(const struct instance *instance);

/* For group fixtures: `*state` is a running instance without flags. */
int instance_setup(void **state);
int instance_teardown(void **state);

#endif
