/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Neither a value nor a whole line is ever put into a text: it may be a
 * password.
 */
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "replica_error.h"

enum {
    MAX_BYTES = 64 * 1024,      /* of the file */
    MAX_NAME = 64,              /* bytes of a setting's name in a text */
    REASON = 256,               /* bytes of a reason of librdkafka */
    SCRAM_VERSION = 0x020601ff, /* of librdkafka: from here on it works */
};

/* A line of the file. Both are NUL-terminated parts of `bytes`. */
struct setting {
    const char *name, *value;
};

struct settings {
    char *bytes; /* of the file, with a NUL in place of each newline */
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

/* The descriptor; -1 with a text. */
static int open_private(const char *path, size_t *size,
                        char error[JOURNAL_ERROR])
{
    struct stat found;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 || fstat(fd, &found) != 0) {
        replica_error(error,
                      "cannot read the file %.200s of -kafka-config: %s: "
                      "check the path and its permissions",
                      path, strerrordesc_np(errno));
    } else if (!S_ISREG(found.st_mode) || found.st_size > MAX_BYTES) {
        replica_error(error,
                      "%.200s of -kafka-config is not a file of at most %d "
                      "bytes: name a file with lines of key=value",
                      path, (int)MAX_BYTES);
    } else if ((found.st_uid != geteuid() && found.st_uid != 0) ||
               (found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        replica_error(error,
                      "others may read or write %.200s of -kafka-config, which "
                      "may hold passwords: chown it to the user of the "
                      "service, and chmod 600 it",
                      path);
    } else {
        *size = (size_t)found.st_size;
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

/* All bytes of the file and a NUL; NULL with a text. */
static char *read_bytes(const char *path, char error[JOURNAL_ERROR])
{
    size_t size = 0;
    size_t length = 0;
    ssize_t part = 1;
    int fd = open_private(path, &size, error);
    char *bytes = fd < 0 ? NULL : malloc(size + 1);

    if (fd < 0)
        return NULL;
    while (bytes != NULL && length < size && part > 0) {
        part = read(fd, bytes + length, size - length);
        if (part > 0)
            length += (size_t)part;
    }
    if (bytes == NULL || part < 0) {
        replica_error(
            error, "cannot read the file %.200s of -kafka-config: %s", path,
            bytes == NULL ? "memory is exhausted" : strerrordesc_np(errno));
        free(bytes);
        bytes = NULL;
    } else {
        bytes[length] = '\0';
    }
    close(fd);
    return bytes;
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
    char *rest = settings->bytes;
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
    settings->bytes = read_bytes(path, error);
    if (settings->bytes == NULL)
        goto out;
    settings->list =
        calloc(count_lines(settings->bytes), sizeof(*settings->list));
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
    free(settings->bytes);
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
