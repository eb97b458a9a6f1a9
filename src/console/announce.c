/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader of stdout that has stopped reading must not keep the service from
 * serving and from stopping, so nothing here waits for one. The ready line
 * waits for the lines of the log, but not for long: where both go to one
 * terminal they are in order, and whoever waits for the ready line can read
 * what was logged before.
 */
#include "console/announce.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/api.h"
#include "auth/access.h"
#include "auth/scopes.h"
#include "base/log.h"
#include "base/private_file.h"
#include "base/readable.h"
#include "base/text.h"

enum {
    MAX_PART = 128, /* bytes of a part of a line */
    /*
     * With the longest folder. If poll(2) says that a pipe can be written, it
     * takes PIPE_BUF bytes, which are 4096.
     */
    MAX_LINE = 3584,
};

static_assert((int)CONFIG_MAX_PATH <= (int)READABLE_PATH, "no path is cut");

const char announce_no_threads[] =
    "can't start threads: too few processes (ulimit -u) or too little memory";

int announce_failure(int code, const char *reason)
{
    struct pollfd err = {.fd = STDERR_FILENO, .events = POLLOUT};

    if (!log_flush(LOG_STOP_MS) || poll(&err, 1, LOG_STOP_MS) <= 0)
        return code;
    if (log_get_format() == LOG_JSON)
        log_line(LOG_ERROR, "%s", reason);
    else
        dprintf(STDERR_FILENO, "%slunar.service: %s\n", log_priority(LOG_ERROR),
                reason);
    return code;
}

void announce_warnings(const struct config_report *report)
{
    size_t shown = report->warning_count;

    if (shown > CONFIG_MAX_WARNINGS)
        shown = CONFIG_MAX_WARNINGS;
    for (size_t i = 0; i < shown; i++)
        log_line(LOG_WARN, "%s", report->warnings[i]);
    if (report->warning_count > shown)
        log_line(LOG_WARN, "%zu more unknown variables are ignored",
                 report->warning_count - shown);
}

static void describe_threads(const struct config *config,
                             const struct machine *machine, char part[MAX_PART])
{
    const char *reason = "";

    if (config->per_connection) {
        snprintf(part, MAX_PART, "a thread for each connection");
        return;
    }
    if (config->threads_by_machine)
        reason = machine->processors_by_cgroup
                     ? " (CPU quota of the cgroup)"
                     : " (one for each usable processor)";
    snprintf(part, MAX_PART, "%u event loop%s%s", config->threads,
             config->threads == 1 ? "" : "s", reason);
}

static void describe_memory(const struct config *config,
                            const struct machine *machine, char part[MAX_PART])
{
    const double mebibyte = 1024 * 1024;
    double size = (double)config->max_memory / mebibyte;
    bool large = size >= 1024;
    const char *reason = "";

    if (config->memory_by_machine)
        reason = machine->memory_by_cgroup ? " (half of the cgroup's limit)"
                                           : " (half of the machine's memory)";
    snprintf(part, MAX_PART, "%.1f %s for rockets%s",
             large ? size / 1024 : size, large ? "GiB" : "MiB", reason);
}

/* What several instances mean for a message, and for the memory. */
static void announce_topic(const struct config *config)
{
    const struct log_field fields[] = {
        {"topic", LOG_LEFT_OUT, LOG_STRING, .string = config->topic},
        {"brokers", LOG_LEFT_OUT, LOG_STRING, .string = config->kafka},
    };

    log_event(LOG_INFO, fields, sizeof(fields) / sizeof(fields[0]),
              "sharing topic %s on %s: a 202 means that as many brokers have "
              "the message as its min.insync.replicas says, 2 of 3 with "
              "-create-topic, in memory if not yet on their disks; each "
              "instance of the topic keeps all rockets, so give all the same "
              "-max-memory",
              config->topic, config->kafka);
}

void announce_start(const struct config *config, const struct machine *machine,
                    const struct server_address *address)
{
    char threads[MAX_PART], memory[MAX_PART];

    describe_threads(config, machine, threads);
    describe_memory(config, machine, memory);
    const struct log_field fields[] = {
        {"version", LOG_LEFT_OUT, LOG_STRING, .string = config_version()},
        {"address", LOG_LEFT_OUT, LOG_STRING, .string = address->text},
        /* 0: one for each connection */
        {"threads", LOG_LEFT_OUT, LOG_NUMBER, .number = config->threads},
        {"maxMemoryBytes", LOG_LEFT_OUT, LOG_NUMBER,
         .number = config->max_memory},
    };
    log_event(LOG_INFO, fields, sizeof(fields) / sizeof(fields[0]),
              "lunar.service %s: %s, at most %s", config_version(), threads,
              memory);
    if (config->topic != NULL)
        announce_topic(config);
}

/*
 * Whether -peer has the URL of another machine without TLS, to which the token
 * of -peer-token is sent.
 */
static bool has_open_peer(const struct config *config)
{
    static const struct text own[] = {
        {"127.", 4}, {"localhost", 9}, {"[::1]", 5}};
    struct text rest = text_of(config->peers);

    while (rest.data != NULL) {
        struct text url = text_split(&rest, ',');
        bool open = text_take_prefix(&url, TEXT("http://"));
        for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
            open = open && !text_take_prefix(&url, own[i]);
        if (open)
            return true;
    }
    return false;
}

/* Who needs no token, as ", without a token: ingest". */
static void describe_open(const struct config *config, char part[MAX_PART])
{
    char anonymous[SCOPES_TEXT], by_socket[SCOPES_TEXT];

    scopes_write(config->anonymous, anonymous);
    scopes_write(config->unix_socket.scopes, by_socket);
    snprintf(part, MAX_PART, "%s%s%s%s",
             config->anonymous != 0 ? "; without a token: " : "", anonymous,
             config->unix_socket.scopes != 0
                 ? "; without a token on the Unix socket: "
                 : "",
             by_socket);
}

void announce_no_tokens(const struct config *config, struct access *access)
{
    struct readable_path file = readable_path(config->tokens);

    if (access_count(access) > 0 || config->anonymous != 0 ||
        config->unix_socket.scopes != 0)
        return;
    log_line(LOG_WARN,
             "nobody has access, as %s has no token: add the lines that "
             "lunar.service -new-token NAME SCOPE prints, and %s",
             file.text,
             private_file_is_copy(config->tokens) ? "restart" : "send SIGHUP");
}

static void log_tokens(const struct config *config, struct access *access)
{
    struct readable_path file = readable_path(config->tokens);
    char open[MAX_PART];
    size_t count = access_count(access);
    bool shared = access_has_session_key(access);
    const struct log_field fields[] = {
        {"tokens", LOG_LEFT_OUT, LOG_NUMBER, .number = count},
        {"file", LOG_LEFT_OUT, LOG_STRING, .string = file.text},
        {"sessionKey", LOG_LEFT_OUT, LOG_BOOLEAN, .number = shared},
    };

    describe_open(config, open);
    log_event(LOG_INFO, fields, sizeof(fields) / sizeof(fields[0]),
              "%zu token%s in %s%s", count, count == 1 ? "" : "s", file.text,
              open);
    if (!shared)
        log_line(LOG_INFO,
                 "logins of browsers end at a restart, and other instances do "
                 "not accept them, as the file has no session-key: add the "
                 "line that this prints: echo \"session-key $(openssl rand "
                 "-hex 32)\"");
    announce_no_tokens(config, access);
}

void announce_access(const struct config *config, struct access *access,
                     const struct server_address *address)
{
    if (access != NULL)
        log_tokens(config, access);
    if (access != NULL && address->reach != SERVER_LOOPBACK && !address->tls &&
        config->proxies == NULL)
        log_line(LOG_WARN,
                 "tokens are sent to %s without encryption, so whoever can "
                 "read the network can use them: give -tls-cert=FILE and "
                 "-tls-key=FILE, or -trusted-proxy=NETWORK if a proxy with TLS "
                 "is in front",
                 address->text);
    if (config->peer_token != NULL && has_open_peer(config))
        log_line(LOG_WARN,
                 "the token of -peer-token is sent to an http:// URL of -peer "
                 "without encryption, so whoever can read the network can use "
                 "it: use https://");
}

static const char *scheme_of(const struct server_address *address)
{
    return address->tls ? "https://" : "http://";
}

/* There is no URL of all addresses, nor of a Unix socket. */
static bool has_url(const struct server_address *address)
{
    return address->reach != SERVER_ALL_ADDRESSES && address->port != 0;
}

/* "http://" for an address that is one. */
static const char *prefix_of(const struct server_address *address)
{
    return has_url(address) ? scheme_of(address) : "";
}

/* What clients can reach, where there is no URL. */
static const char *kind_of(const struct server_address *address)
{
    if (address->port == 0)
        return "no TCP port; ";
    if (address->reach == SERVER_ALL_ADDRESSES)
        return address->tls ? "all addresses, https; " : "all addresses; ";
    return "";
}

void announce_recovery(const struct config *config,
                       const struct server_address *address)
{
    struct readable_path data = readable_path(config->data);
    bool shared = config->topic != NULL;
    const struct log_field fields[] = {
        {"address", LOG_LEFT_OUT, LOG_STRING, .string = address->text},
        {"data", LOG_LEFT_OUT, LOG_STRING, .string = data.text},
        {"topic", LOG_LEFT_OUT, shared ? LOG_STRING : LOG_NULL,
         .string = config->topic},
    };

    log_event(LOG_INFO, fields, sizeof(fields) / sizeof(fields[0]),
              "listening on %s%s; recovering the state from %s%s, until then "
              "requests get 503",
              prefix_of(address), address->text, shared ? "topic " : "",
              shared ? config->topic : data.text);
}

/* Whether state is kept, and where. */
static void describe_state(const struct config *config, char *part, size_t size)
{
    if (config->topic != NULL)
        snprintf(part, size, "state kept in topic %s, snapshots in %s",
                 config->topic, readable_path(config->data).text);
    else if (config->data != NULL)
        snprintf(part, size, "state kept in %s",
                 readable_path(config->data).text);
    else
        snprintf(part, size, "state in memory only, -data=DIR keeps it");
}

/*
 * Who may do what, unless that is everybody on this machine; and a socket
 * besides the port.
 */
static void describe_access(const struct config *config,
                            const struct server_address *address, char *part,
                            size_t size)
{
    const char *path = config->unix_socket.path;
    char scopes[SCOPES_TEXT];
    size_t length = 0;

    part[0] = '\0';
    if (config->tokens != NULL)
        length =
            (size_t)snprintf(part, size, "tokens are needed%s%s; ",
                             config->anonymous != 0 ? ", but not for " : "",
                             scopes_write(config->anonymous, scopes));
    else if (address->reach != SERVER_LOOPBACK)
        length = (size_t)snprintf(part, size, "insecure: no authentication; ");
    if (path[0] != '\0' && address->port != 0)
        snprintf(part + length, size - length, "also on unix:%s; ",
                 readable_path(path).text);
}

/*
 * The address, the dashboard, the API, who can connect, and whether state is
 * kept.
 */
static void write_ready(const struct config *config,
                        const struct server_address *address,
                        char line[MAX_LINE])
{
    const char *text = address->text, *scheme = scheme_of(address);
    char state[sizeof(struct readable_path) + CONFIG_MAX_TOPIC + MAX_PART];
    char access[4 * CONFIG_MAX_SOCKET + MAX_PART];
    char dashboard[SERVER_ADDRESS_TEXT + MAX_PART] = "";

    describe_state(config, state, sizeof(state));
    describe_access(config, address, access, sizeof(access));
    if (api_has_dashboard())
        snprintf(dashboard, sizeof(dashboard), "dashboard: %s%s/, ", scheme,
                 text);
    if (has_url(address))
        snprintf(line, MAX_LINE, "%s%s (%sAPI: %s%s/swagger; %s%s)", scheme,
                 text, dashboard, scheme, text, access, state);
    else
        snprintf(line, MAX_LINE, "%s (%s%s%s)", text, kind_of(address), access,
                 state);
}

void announce_status(const struct config *config,
                     const struct server_address *address,
                     char status[ANNOUNCE_STATUS])
{
    char state[sizeof(struct readable_path) + CONFIG_MAX_TOPIC + MAX_PART];
    char access[4 * CONFIG_MAX_SOCKET + MAX_PART];

    describe_state(config, state, sizeof(state));
    describe_access(config, address, access, sizeof(access));
    int length = snprintf(status, ANNOUNCE_STATUS, "serving %s%s (%s%s%s)",
                          prefix_of(address), address->text, kind_of(address),
                          access, state);
    /* What is cut is the end of a long path. */
    if (length >= ANNOUNCE_STATUS)
        memcpy(status + ANNOUNCE_STATUS - 5, "...)", 5);
}

void announce_ready(const struct config *config,
                    const struct server_address *address)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    char line[MAX_LINE];

    /* In a terminal, which shows both, the ready line is the last one. */
    log_flush(LOG_STOP_MS);
    write_ready(config, address, line);
    if (poll(&out, 1, 0) <= 0 ||
        dprintf(STDOUT_FILENO, "lunar.service: listening on %s\n", line) < 0)
        log_line(LOG_WARN, "stdout does not take this line: listening on %s",
                 line);
}
