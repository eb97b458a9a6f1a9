/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: flags, environment variables, and the file of -config.
 * `-port=9000`, `--port=9000`, `-port 9000`, LUNAR_PORT=9000 and the line
 * port=9000 mean the same; a flag overrides its variable, which overrides the
 * line.
 */
#ifndef LUNAR_CONFIG_CONFIG_H
#define LUNAR_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/machine.h"

enum {
    /* Bytes with the NUL; an error may have the name of a file as well. */
    CONFIG_MAX_LINE = 320,
    CONFIG_MAX_ERROR = 1024,
    CONFIG_MAX_WARNINGS = 8,
    CONFIG_MAX_OPTIONS = 64, /* flags, and room for more */
    /*
     * Bytes of -data and of the file of a backup. The files in the folder have
     * longer names, and SQLite takes absolute ones of up to 512 bytes
     * (MAX_PATHNAME of its os_unix.c).
     */
    CONFIG_MAX_PATH = 400,
    CONFIG_MAX_FILE = 64 * 1024, /* bytes of the file of settings */
    CONFIG_MAX_TOPIC = 249,      /* bytes of a topic's name: Kafka's limit */
    CONFIG_MAX_SOCKET = 108, /* bytes of a Unix socket's path, with its NUL */
};

/* The Unix socket of -listen. */
struct config_socket {
    char path[CONFIG_MAX_SOCKET]; /* "": there is none */
    unsigned mode;                /* permissions, 0600 */
    unsigned scopes;              /* of who can connect, without a token */
};

struct config {
    const char *host;         /* -host, "127.0.0.1" */
    const char *allow_host;   /* -allow-host, a list; NULL: none */
    const char *allow_origin; /* -allow-origin, a list or "*"; NULL: none */
    uint16_t port;            /* -port, 8088; 0: any free one */
    bool no_port;             /* -port=none: only a Unix socket */
    unsigned threads;         /* -threads, event loops; one per processor */
    bool per_connection;      /* -threads=per-connection */
    unsigned max_connections; /* -max-connections, 10,000 */
    unsigned idle_timeout;    /* -idle-timeout, seconds, 10 */
    unsigned drain;           /* -drain, seconds, 0 */
    size_t max_memory;        /* -max-memory, bytes; half of the machine's */
    const char *data;         /* -data, a folder; NULL: in memory only */
    uint64_t snapshot_bytes;  /* -snapshot, bytes, 64 MiB; 0: off */
    const char *kafka;        /* -kafka, host:port,...; NULL: one instance */
    const char *topic;        /* -topic */
    const char *kafka_config; /* -kafka-config, a file; NULL: none */
    const char *peers;        /* -peer, URLs, a list; NULL: none */
    const char *peer_token;   /* -peer-token, a file; NULL: none */
    const char *ca_file;      /* -ca-file; NULL: the system's authorities */
    const char *tokens;       /* -tokens, a file; NULL: everything is open */
    unsigned anonymous;       /* -anonymous, scopes (auth/scopes.h) */
    unsigned session_seconds; /* -session, 43200 */
    bool insecure;            /* -insecure */
    const char *tls_cert;     /* -tls-cert, a file; NULL: no TLS */
    const char *tls_key;      /* -tls-key, a file; NULL: no TLS */
    const char *proxies;      /* -trusted-proxy, a list; NULL: none */
    struct config_socket unix_socket; /* -listen=unix:PATH */
    bool threads_by_machine;          /* not given, so the machine decided */
    bool memory_by_machine;
    enum log_level log_level;   /* -log-level, info */
    enum log_format log_format; /* -log-format, text */
    const char *settings;       /* -config, a file; NULL: none */
    const char *check_url;      /* of -check-health, or "unix:PATH"; NULL: that
                                   of `host` and `port` */
    const char *file;           /* of -check, -backup or -restore; NULL: -check
                                   checks `data`. With -check it is that or
                                   `data`, never both */
    const char *token_name;     /* of -new-token */
    unsigned token_scopes;      /* the same */
};

/* What config_read() reads. Ownership: all of it is borrowed. */
struct config_input {
    int argc;
    char *const *argv;             /* as in main() */
    char *const *environment;      /* as environ(7); may be NULL */
    const struct machine *machine; /* for the defaults */
};

/* Where a value comes from. Each overrides those before it. */
enum config_source {
    CONFIG_BY_DEFAULT,
    CONFIG_BY_MACHINE, /* the default depends on it */
    CONFIG_BY_FILE,
    CONFIG_BY_VARIABLE,
    CONFIG_BY_FLAG,
};

struct config_origin {
    enum config_source source;
    unsigned line;     /* of the file, from 1 */
    const char *value; /* as it is written there; NULL: there is none */
};

/* What the user has to be told. Lines have no line feed. */
struct config_report {
    char error[CONFIG_MAX_ERROR]; /* with CONFIG_INVALID: fault and remedy */
    /* With CONFIG_INVALID: what -log-format asks for all the same. */
    enum log_format log_format;
    /* Of variables that are ignored. Past the limit they are only counted. */
    char warnings[CONFIG_MAX_WARNINGS][CONFIG_MAX_LINE];
    size_t warning_count;
    struct config_origin origins[CONFIG_MAX_OPTIONS]; /* as config_table[] */
    char by_machine[2][24]; /* values of -threads and -max-memory */
    /* The file, in which values of `config` lie. Ownership: of the report. */
    char *text;
};

enum config_result {
    CONFIG_RUN,
    CONFIG_HELP,    /* -help, -h */
    CONFIG_VERSION, /* -version */
    CONFIG_CHECK_HEALTH,
    CONFIG_CHECK, /* this and the next: see commands/data.h */
    CONFIG_BACKUP,
    CONFIG_RESTORE,
    CONFIG_EXPORT,
    CONFIG_CREATE_TOPIC, /* this and the next: see commands/topic.h */
    CONFIG_TRIM_TOPIC,
    CONFIG_NEW_TOKEN, /* see commands/token.h */
    CONFIG_PRINT,     /* -print-config, see commands/settings.h */
    CONFIG_INVALID,
};

/*
 * Read the flags, the variables of those that are not given, and the file of
 * -config. An empty variable is an unset one. `config` is untouched with
 * CONFIG_HELP, CONFIG_VERSION and CONFIG_INVALID. Settings that a command has
 * no use for are checked, and then ignored.
 * Ownership: `config` borrows from `input` and `report`; end the latter, in any
 * case, with config_report_release().
 */
enum config_result config_read(struct config *config,
                               const struct config_input *input,
                               struct config_report *report);

/*
 * Whether the settings of a service that is to run fit where it listens, which
 * only is known with the sockets that a service manager passes. False, with
 * `report->error` set, if not.
 */
bool config_check_sockets(const struct config *config, bool passes_tcp,
                          bool passes_unix, struct config_report *report);

void config_report_release(struct config_report *report);

/* The version, as "0.1.0". */
const char *config_version(void);

#endif
