/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the user asked for: flags, and environment variables where there is
 * no flag. `-port=9000`, `--port=9000` and `-port 9000` are the same, and
 * so is LUNAR_PORT=9000; a flag wins over the variable.
 */
#ifndef LUNAR_CONFIG_H
#define LUNAR_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

struct config {
    const char *host;         /* -host, "127.0.0.1" */
    uint16_t port;            /* -port, 8088; 0: any that is free */
    unsigned threads;         /* -threads, event loops; one a core */
    bool per_connection;      /* -threads=per-connection */
    unsigned max_connections; /* -max-connections, 10,000 */
    size_t max_memory;        /* -max-memory, bytes; half of the machine's */
    enum log_level log_level; /* -log-level, info */
};

enum config_result {
    CONFIG_RUN,
    CONFIG_HELP,    /* -help, -h */
    CONFIG_VERSION, /* -version */
    CONFIG_INVALID, /* `error` is one line that says what to do */
};

/*
 * Read `argv` (as main() has it) and the environment (as environ(7), may be
 * NULL). Ownership: `config` borrows from both.
 */
enum config_result config_read(struct config *config, int argc,
                               char *const argv[], char *const environment[],
                               char *error, size_t error_size);

/* The text of -help. */
const char *config_help(void);

/* The version, "0.1.0". */
const char *config_version(void);

#endif
