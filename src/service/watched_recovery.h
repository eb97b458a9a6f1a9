/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recovery of the state from -data or from the topic, and what the service
 * says meanwhile: a line of the log each second, or a bar where stderr is a
 * terminal.
 */
#ifndef LUNAR_SERVICE_WATCHED_RECOVERY_H
#define LUNAR_SERVICE_WATCHED_RECOVERY_H

#include "store/store.h"

struct api;
struct config;
struct notify;
struct table;

struct watched_recovery {
    struct store *store;
    struct table *table; /* that the store fills */
    struct api *api;     /* tells clients how far it is */
    const struct config *config;
    struct notify *notify; /* is told each second how far it is */
};

/*
 * Recover the state. JOURNAL_INTERRUPTED: a signal that stops the service is
 * pending. JOURNAL_FAILED sets `error`, and is not logged.
 * Ownership: all is borrowed.
 */
enum journal_replayed
watched_recovery_run(const struct watched_recovery *recovery,
                     char error[JOURNAL_ERROR]);

#endif
