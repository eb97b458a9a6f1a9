/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Neither a value nor a whole line is ever put into a text: it may be a
 * password.
 */
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/private_file.h"
#include "base/text.h"
#include "replica_error.h"

enum {
    MAX_BYTES = 64 * 1024,      /* of the file */
    MAX_NAME = 64,              /* bytes of a setting's name in a text */
    REASON = 256,               /* bytes of a reason of librdkafka */
    SCRAM_VERSION = 0x020601ff, /* of librdkafka: from here on it works */
};

/* A line of the file. Both are NUL-terminated parts of `file`. */
struct setting {
    const char *name, *value;
};

struct settings {
    struct private_file file; /* with a NUL in place of each newline */
    struct setting *list;
    size_t count;
};

/* What this service relies on: prefixes that end in a dot, and whole names. */
static const char *const fixed[] = {
    "bootstrap.servers",
    "metadata.broker.list",
    "acks",
    "request.required.acks",
    "enable.idempotence",
    "transactional.id",
    "max.in.flight",
    "max.in.flight.requests.per.connection",
    "message.timeout.ms",
    "delivery.timeout.ms",
    "message.send.max.retries",
    "retries",
    "linger.ms",
    "queue.buffering.max.ms",
    "queue.buffering.max.messages",
    "queue.buffering.max.kbytes",
    "topic.metadata.refresh.interval.ms",
    "socket.timeout.ms",
    "socket.nagle.disable",
    "group.id",
    "group.instance.id",
    "auto.offset.reset",
    "auto.commit.enable",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.partition.eof",
    "isolation.level",
    "check.crcs",
    "delivery.report.only.error",
    "enabled_events",
    "queuing.strategy",
    "topic.blacklist",
    "log.queue",
    "allow.auto.create.topics",
    "plugin.library.paths",
};

static bool is_fixed(const char *name)
{
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        if (strcmp(name, fixed[i]) == 0)
            return true;
    }
    return false;
}

/* All bytes of the file, which have no NUL. False with a text. */
static bool read_bytes(struct private_file *file, const char *path,
                       char error[JOURNAL_ERROR])
{
    static const struct private_file_rules rules = {
        .flag = "-kafka-config",
        .max_bytes = MAX_BYTES,
    };
    char reason[PRIVATE_FILE_ERROR];

    if (!private_file_read(file, path, &rules, reason)) {
        replica_error(error, "%s", reason);
        return false;
    }
    if (memchr(file->data, '\0', file->length) == NULL)
        return true;
    /* What follows it would be left out without a word. */
    replica_error(error,
                  "%.200s of -kafka-config has a NUL byte, so it is no text: "
                  "name a file with lines of key=value",
                  path);
    private_file_release(file);
    return false;
}

static char *trim_in_place(char *line)
{
    size_t length;

    while (*line == ' ' || *line == '\t')
        line++;
    length = strlen(line);
    while (length > 0 && strchr(" \t\r", line[length - 1]) != NULL)
        line[--length] = '\0';
    return line;
}

static void warn_of_scram(const struct setting *setting)
{
    if (strncmp(setting->name, "sasl.mechanism", 14) == 0 &&
        strncmp(setting->value, "SCRAM", 5) == 0 &&
        rd_kafka_version() < SCRAM_VERSION)
        log_line(LOG_WARN,
                 "librdkafka %s cannot log in by SCRAM at brokers of version 4 "
                 "and later: use librdkafka 2.6.1 or later, or PLAIN over TLS",
                 rd_kafka_version_str());
}

/* Add the setting of a line. False, with a text that says why not. */
static bool read_line(struct settings *settings, char *line, unsigned number,
                      const char *path, char error[JOURNAL_ERROR])
{
    char name[MAX_NAME];
    char *equals = strchr(line, '=');
    struct setting *setting = &settings->list[settings->count];

    if (equals == NULL || equals == line) {
        replica_error(error,
                      "line %u of %.200s of -kafka-config is not of the form "
                      "key=value: correct it, or begin it with #",
                      number, path);
        return false;
    }
    *equals = '\0';
    setting->name = trim_in_place(line);
    setting->value = trim_in_place(equals + 1);
    if (is_fixed(setting->name)) {
        replica_error(error,
                      "line %u of %.200s of -kafka-config sets %s, which this "
                      "service sets itself: remove the line",
                      number, path,
                      log_escape(text_of(setting->name), name, sizeof(name)));
        return false;
    }
    warn_of_scram(setting);
    settings->count++;
    return true;
}

static bool read_lines(struct settings *settings, const char *path,
                       char error[JOURNAL_ERROR])
{
    char *rest = settings->file.data;
    unsigned number = 0;

    while (rest != NULL) {
        char *line = rest;
        rest = strchr(rest, '\n');
        if (rest != NULL)
            *rest++ = '\0';
        number++;
        line = trim_in_place(line);
        if (*line != '\0' && *line != '#' &&
            !read_line(settings, line, number, path, error))
            return false;
    }
    return true;
}

static size_t count_lines(const char *bytes)
{
    size_t lines = 1;

    while ((bytes = strchr(bytes, '\n')) != NULL) {
        bytes++;
        lines++;
    }
    return lines;
}

struct settings *settings_read(const char *path, char error[JOURNAL_ERROR])
{
    struct settings *settings = calloc(1, sizeof(*settings));

    if (settings == NULL) {
        replica_error(error, "memory is exhausted");
        return NULL;
    }
    if (path == NULL)
        return settings;
    if (!read_bytes(&settings->file, path, error))
        goto out;
    settings->list =
        calloc(count_lines(settings->file.data), sizeof(*settings->list));
    if (settings->list == NULL) {
        replica_error(error, "memory is exhausted");
        goto out;
    }
    if (read_lines(settings, path, error))
        return settings;
out:
    settings_free(settings);
    return NULL;
}

void settings_free(struct settings *settings)
{
    if (settings == NULL)
        return;
    free(settings->list);
    private_file_release(&settings->file);
    free(settings);
}

bool settings_apply(const struct settings *settings, rd_kafka_conf_t *conf,
                    char error[JOURNAL_ERROR])
{
    for (size_t i = 0; i < settings->count; i++) {
        const struct setting *setting = &settings->list[i];
        char name[MAX_NAME];
        char reason[REASON];
        rd_kafka_conf_res_t result = rd_kafka_conf_set(
            conf, setting->name, setting->value, reason, sizeof(reason));

        if (result == RD_KAFKA_CONF_OK)
            continue;
        replica_error(error,
                      "librdkafka does not take the setting %s of "
                      "-kafka-config: %s: correct or remove it",
                      log_escape(text_of(setting->name), name, sizeof(name)),
                      result == RD_KAFKA_CONF_UNKNOWN
                          ? "there is none of this name"
                          : "its value is not valid");
        return false;
    }
    return true;
}
