/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service reads from files of the operator, and again at SIGHUP: the
 * tokens of -tokens, the certificate and the key of -tls-cert and -tls-key, and
 * the token of -peer-token. A file that is bad at SIGHUP changes nothing: the
 * service goes on with what it has, and the log says why.
 *
 * A thread of its own waits for SIGHUP, as the main thread may be busy with the
 * recovery of the state, the drain or the stop. A signal is never lost: it is
 * blocked from signals_init() on, and one that comes while the files are read
 * leads to another reading.
 */
#ifndef LUNAR_SERVICE_SECRETS_H
#define LUNAR_SERVICE_SECRETS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "config/config.h"
#include "server/server_tls.h"

enum { SECRETS_ERROR = SERVER_TLS_ERROR /* bytes of an error, with its NUL */ };

struct access;
struct metric;
struct metrics;
struct notify;

struct secrets {
    /* Set at start, then read-only. */
    const struct config *config;
    struct access *access;  /* NULL: without -tokens */
    struct server_tls *tls; /* NULL: without -tls-cert */
    struct metric *reloads;
    struct notify *notify; /* is told of each reload */
    bool follows;          /* the thread runs */
    pthread_t thread;
    _Atomic bool ending;
};

/* Whether the service has files that SIGHUP lets it read again. */
bool secrets_are_used(const struct config *config);

/*
 * Read the files. NULL, or an error, which may be `error`. Adds
 * lunar_reloads_total to `metrics`. Ownership: `config` and `metrics` are
 * borrowed; call secrets_close() in any case.
 */
const char *secrets_open(struct secrets *secrets, const struct config *config,
                         struct metrics *metrics, char error[SECRETS_ERROR]);

/*
 * Start the thread, if there is something to read again, or a service manager,
 * whose reload must not be a stop. False if there are no resources for it.
 * Ownership: `notify` is borrowed until secrets_close(). Locking: after
 * signals_block(), whose mask it inherits.
 */
bool secrets_follow(struct secrets *secrets, struct notify *notify);

/* End the thread, and free all. Locking: the server has stopped. */
void secrets_close(struct secrets *secrets);

#endif
