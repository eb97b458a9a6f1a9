/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: flags, and environment variables for flags that are not
 * given. `-port=9000`, `--port=9000`, `-port 9000` and LUNAR_PORT=9000 mean the
 * same; a flag overrides its variable.
 */
#ifndef LUNAR_CONFIG_H
#define LUNAR_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

struct config {
    const char *host;         /* -host, "127.0.0.1" */
    const char *allow_host;   /* -allow-host, a list; NULL: none */
    const char *allow_origin; /* -allow-origin, a list or "*"; NULL: none */
    uint16_t port;            /* -port, 8088; 0: any free one */
    unsigned threads;         /* -threads, event loops; one per core */
    bool per_connection;      /* -threads=per-connection */
    unsigned max_connections; /* -max-connections, 10,000 */
    unsigned idle_timeout;    /* -idle-timeout, seconds, 10 */
    size_t max_memory;        /* -max-memory, bytes; half of the machine's */
    enum log_level log_level; /* -log-level, info */
};

enum config_result {
    CONFIG_RUN,
    CONFIG_HELP,    /* -help, -h */
    CONFIG_VERSION, /* -version */
    CONFIG_INVALID, /* `error` is one line: the fault and the remedy */
};

/*
 * Read `argv` (as in main()) and the environment (as environ(7); may be NULL).
 * `config` is set only with CONFIG_RUN, `error` only with CONFIG_INVALID.
 * Ownership: `config` borrows from both.
 */
enum config_result config_read(struct config *config, int argc,
                               char *const argv[], char *const environment[],
                               char *error, size_t error_size);

/* The text of -help. */
const char *config_help(void);

/* The version, as "0.1.0". */
const char *config_version(void);

#endif
