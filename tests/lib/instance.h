/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service under test: starts the real binary, named by the environment
 * variable LUNAR_SERVICE, on a free port; connects to it and stops it.
 */
#ifndef LUNAR_TEST_INSTANCE_H
#define LUNAR_TEST_INSTANCE_H

#include <stdint.h>

#include "lib/connection.h"
#include "lib/process.h"
#include "lib/response.h"

enum {
    /* Milliseconds to start, and to end after a signal: only a bound. */
    INSTANCE_PATIENCE = PROCESS_PATIENCE,
    INSTANCE_MAX_FLAGS = 8,
};

/* A list of flags, or of environment variables, for these functions. */
#define INSTANCE_FLAGS(...) ((const char *const[]){__VA_ARGS__, NULL})

struct instance {
    struct process process;
    uint16_t port;   /* 0: none, by -port=none */
    char ready[512]; /* the ready line that it printed */
};

/*
 * Start the service with -port=0 and `flags` (NULL-terminated; may be NULL)
 * and wait until it is ready. Without the flag -idle-timeout it closes no idle
 * connection within the time of a test, however slow the machine is.
 * If the environment of the test has LUNAR_TEST_UNIX, it also listens on a Unix
 * socket, over which all connections of the test are made (connection_route()).
 */
void instance_start(struct instance *instance, const char *const flags[]);

/*
 * The same with these environment variables ("NAME=value", NULL-terminated).
 * Idle connections are closed after the time that they or the flags set.
 */
void instance_start_with(struct instance *instance, const char *const flags[],
                         const char *const variables[]);

/*
 * Only start the program, with these flags alone and these environment
 * variables: it need not serve.
 */
void instance_start_command(struct process *process, const char *const flags[],
                            const char *const variables[]);

/*
 * Find a free port for -port=N. Until the socket that is returned is closed,
 * the kernel gives the port to no other program, neither for -port=0 nor for an
 * outgoing connection, and refuses connections to it unless the service
 * listens. Ownership: the caller closes the socket.
 */
int instance_reserve_port(uint16_t *port);

/* Wait until a service is ready that the test started by itself. */
void instance_wait_ready(struct instance *instance);

/*
 * Expect that its ready line has the URL of `host`, those of the pages there,
 * and ends with `rest` and a parenthesis.
 */
void instance_expect_ready(const struct instance *instance, const char *host,
                           const char *rest);

/* Send SIGTERM. The service must exit with 0, without a sanitizer report. */
void instance_stop(struct instance *instance);

/* The same. Returns its log. Ownership: the caller frees it. */
char *instance_stop_log(struct instance *instance);

/* Expect that it ends with `status` by itself, without a sanitizer report. */
void instance_expect_end(struct instance *instance, int status);

/*
 * Kill it if it is still running after a failed test. Can be called more than
 * once.
 */
void instance_release(struct instance *instance);

/* Connect. A failure fails the test. */
void instance_connect(const struct instance *instance,
                      struct connection *connection);

/*
 * Send one request on a new connection and expect a response. Ownership: the
 * caller releases `response`.
 */
void instance_get(const struct instance *instance, const char *target,
                  struct response *response);

/*
 * Request `target` over a connection with a small receive buffer, and receive
 * only the beginning of the response.
 */
void instance_begin(const struct instance *instance, const char *target,
                    struct connection *connection);

/* Wait until connections to the port are refused. */
void instance_wait_refusing(const struct instance *instance);

/*
 * For group fixtures: set `*state` to a running instance, without flags or with
 * a thread for each connection, and stop it.
 */
int instance_setup(void **state);
int instance_setup_per_connection(void **state);
int instance_teardown(void **state);

#endif
