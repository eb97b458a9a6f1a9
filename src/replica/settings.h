/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of -kafka-config: settings of librdkafka, such as those of TLS and
 * of users. It may hold passwords, so it is refused if others may read it.
 * Settings that this service relies on cannot be set.
 *
 *     # a comment
 *     security.protocol=ssl
 *
 * Locking: none.
 */
#ifndef LUNAR_REPLICA_SETTINGS_H
#define LUNAR_REPLICA_SETTINGS_H

#include <stdbool.h>

#include <librdkafka/rdkafka.h>

#include "store/journal.h"

struct settings;

/*
 * Read the file `path`; NULL: no settings. NULL, with a sentence in `error`, if
 * the file cannot be used.
 */
struct settings *settings_read(const char *path, char error[JOURNAL_ERROR]);

/* NULL does nothing. */
void settings_free(struct settings *settings);

/*
 * Set all of them in `conf`. False, with a sentence in `error`, if librdkafka
 * refuses one.
 */
bool settings_apply(const struct settings *settings, rd_kafka_conf_t *conf,
                    char error[JOURNAL_ERROR]);

#endif
