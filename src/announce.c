/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader of stdout that has stopped reading must not keep the service from
 * serving and from stopping, so nothing here waits for one. The ready line
 * waits for the lines of the log, but not for long: where both go to one
 * terminal they are in order, and whoever waits for the ready line can read
 * what was logged before.
 */
#include "announce.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/api.h"
#include "base/log.h"
#include "readable.h"
#include "replica/replica.h"

enum {
    MAX_PART = 128, /* bytes of a part of a line */
    /*
     * With the longest folder. If poll(2) says that a pipe can be written, it
     * takes PIPE_BUF bytes, which are 4096.
     */
    MAX_LINE = 3072,
};

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
        dprintf(STDERR_FILENO, "lunar.service: %s\n", reason);
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
    if (address->reach != SERVER_LOOPBACK)
        log_line(LOG_WARN,
                 "there is no authentication: every client that can reach %s "
                 "can read and change all rockets; let only trusted networks "
                 "reach it, or use -host=127.0.0.1 behind a proxy that asks "
                 "for a password",
                 address->text);
}

/* "http://" for an address that is one. */
static const char *scheme_of(const struct server_address *address)
{
    return address->reach == SERVER_ALL_ADDRESSES ? "" : "http://";
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
              scheme_of(address), address->text, shared ? "topic " : "",
              shared ? config->topic : data.text);
}

/*
 * The address, the dashboard, the API, who can connect, and whether state is
 * kept. There is no URL of all addresses.
 */
static void write_ready(const struct config *config,
                        const struct server_address *address,
                        char line[MAX_LINE])
{
    static const char authentication[] = "no authentication; ";
    static const char memory_only[] =
        "state in memory only, -data=DIR keeps it";
    const char *text = address->text;
    char state[sizeof(struct readable_path) + REPLICA_TOPIC_NAME + MAX_PART];
    char dashboard[SERVER_ADDRESS_TEXT + MAX_PART] = "";

    if (config->topic != NULL)
        snprintf(state, sizeof(state),
                 "state kept in topic %s, snapshots in %s", config->topic,
                 readable_path(config->data).text);
    else if (config->data != NULL)
        snprintf(state, sizeof(state), "state kept in %s",
                 readable_path(config->data).text);
    else
        snprintf(state, sizeof(state), "%s", memory_only);
    if (api_has_dashboard())
        snprintf(dashboard, sizeof(dashboard), "dashboard: http://%s/, ", text);
    if (address->reach == SERVER_ALL_ADDRESSES)
        snprintf(line, MAX_LINE, "%s (all addresses; %s%s)", text,
                 authentication, state);
    else
        snprintf(line, MAX_LINE, "http://%s (%sAPI: http://%s/swagger; %s%s)",
                 text, dashboard, text,
                 address->reach == SERVER_LOOPBACK ? "" : authentication,
                 state);
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
