/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot is written as it comes: the store checks the whole file before it
 * uses it.
 */
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/readable.h"
#include "peer_get.h"
#include "topic_record.h"

enum {
    MAX_HEALTH = 64 * 1024, /* bytes of /health */
    MAX_URL = 512,          /* bytes of a URL that are shown */
};

/*
 * Write the URL of the peer, and a sentence, whose arguments are not in
 * `error`. Always JOURNAL_FAILED.
 */
__attribute__((format(printf, 3, 4))) static enum journal_replayed
fail(struct text peer, char error[JOURNAL_ERROR], const char *format, ...)
{
    char url[MAX_URL];
    va_list arguments;

    log_escape(peer, url, sizeof(url));
    int length = snprintf(error, JOURNAL_ERROR, "%.400s: ", url);
    va_start(arguments, format);
    vsnprintf(error + length, JOURNAL_ERROR - (size_t)length, format,
              arguments);
    va_end(arguments);
    return JOURNAL_FAILED;
}

/* A snapshot on its way. */
struct fetch {
    struct text peer;
    const struct peer_access *access;
    int file;
    struct journal_progress progress;
    struct peer_get get;
};

/* Whether the disk has room for all of it, if that is known. */
static bool has_room(struct fetch *fetch, char error[JOURNAL_ERROR])
{
    struct statvfs disk;

    if (!fetch->get.has_length || fstatvfs(fetch->file, &disk) != 0)
        return true;
    uint64_t free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    if (free_bytes >= PEER_SPARE &&
        free_bytes - PEER_SPARE >= fetch->get.length)
        return true;
    fail(fetch->peer, error,
         "its snapshot has %s bytes, and the disk of -data has %s free: free "
         "some",
         readable_number(fetch->get.length).text,
         readable_number(free_bytes).text);
    return false;
}

static bool write_part(const struct fetch *fetch, struct text part,
                       char error[JOURNAL_ERROR])
{
    char reason[128];

    while (part.length > 0) {
        ssize_t written = write(fetch->file, part.data, part.length);
        if (written < 0 && errno != EINTR) {
            fail(fetch->peer, error, "its snapshot cannot be written: %s",
                 strerror_r(errno, reason, sizeof(reason)));
            return false;
        }
        if (written > 0)
            part = text_skip(part, (size_t)written);
    }
    return true;
}

/* The response is a snapshot: write it. */
static enum journal_replayed receive_snapshot(struct fetch *fetch,
                                              char error[JOURNAL_ERROR])
{
    char what[JOURNAL_ERROR];
    struct text part;

    if (!has_room(fetch, error))
        return JOURNAL_FAILED;
    fetch->progress.total = fetch->get.has_length ? fetch->get.length : 0;
    do {
        enum journal_replayed result = peer_get_read(&fetch->get, &part, what);
        if (result == JOURNAL_FAILED)
            return fail(fetch->peer, error, "%s", what);
        if (result != JOURNAL_COMPLETE)
            return result;
        fetch->progress.done = fetch->get.received;
        if (!write_part(fetch, part, error))
            return JOURNAL_FAILED;
    } while (part.length > 0);
    if (fetch->get.received == 0)
        return fail(fetch->peer, error, "its snapshot is empty");
    return JOURNAL_COMPLETE;
}

static enum journal_replayed fetch_one(struct fetch *fetch,
                                       const struct journal_watch *watch,
                                       char error[JOURNAL_ERROR])
{
    const struct peer_question question = {
        .peer = fetch->peer,
        .path = "/snapshot",
        .access = fetch->access,
        .answer_ms = PEER_SNAPSHOT_MS,
        .watch = watch,
        .progress = &fetch->progress,
    };
    char what[JOURNAL_ERROR];

    fetch->progress = (struct journal_progress){.done = 0};
    if (ftruncate(fetch->file, 0) != 0 || lseek(fetch->file, 0, SEEK_SET) != 0)
        return fail(fetch->peer, error, "the file for its snapshot is broken");
    enum journal_replayed result = peer_get_open(&fetch->get, &question, what);
    if (result == JOURNAL_COMPLETE && fetch->get.status != 200) {
        peer_get_explain(&fetch->get, what);
        result = JOURNAL_FAILED;
    }
    if (result == JOURNAL_FAILED)
        fail(fetch->peer, error, "%s", what);
    if (result == JOURNAL_COMPLETE)
        result = receive_snapshot(fetch, error);
    peer_get_close(&fetch->get);
    return result;
}

static void log_fetched(const struct fetch *fetch, uint64_t began)
{
    char url[MAX_URL];
    double seconds = (double)(clock_us(CLOCK_MONOTONIC) - began) / 1e6;

    log_escape(fetch->peer, url, sizeof(url));
    log_line(LOG_INFO, "got the snapshot of %s: %s bytes in %.1f s", url,
             readable_number(fetch->get.received).text, seconds);
}

enum journal_replayed peer_fetch(const char *peers,
                                 const struct peer_access *access,
                                 const char *path,
                                 const struct journal_watch *watch,
                                 char error[JOURNAL_ERROR])
{
    struct fetch *fetch = calloc(1, sizeof(*fetch));
    enum journal_replayed result = JOURNAL_FAILED;
    struct text rest = text_of(peers);
    char reason[128];

    if (fetch == NULL) {
        snprintf(error, JOURNAL_ERROR, "memory is exhausted");
        return JOURNAL_FAILED;
    }
    fetch->file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fetch->file < 0)
        snprintf(error, JOURNAL_ERROR, "cannot write %s: %s", path,
                 strerror_r(errno, reason, sizeof(reason)));
    while (fetch->file >= 0 && result == JOURNAL_FAILED && rest.data != NULL) {
        uint64_t began = clock_us(CLOCK_MONOTONIC);
        fetch->peer = text_split(&rest, ',');
        fetch->access = access;
        result = fetch_one(fetch, watch, error);
        if (result == JOURNAL_FAILED)
            log_line(LOG_WARN, "no snapshot of another instance: %s", error);
        else if (result == JOURNAL_COMPLETE)
            log_fetched(fetch, began);
    }
    if (fetch->file >= 0)
        close(fetch->file);
    free(fetch);
    return result;
}

/* The whole number of a member of JSON. */
static bool read_number(const cJSON *object, const char *name, uint64_t *out)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
    const double limit = 9007199254740992.0; /* a double is exact up to here */

    if (!cJSON_IsNumber(member) || member->valuedouble < 0 ||
        member->valuedouble >= limit)
        return false;
    *out = (uint64_t)member->valuedouble;
    return true;
}

/* False if it is not the health of this service. */
static bool read_health(struct text body, struct peer_health *health)
{
    cJSON *all = cJSON_ParseWithLength(body.data, body.length);
    const cJSON *store = cJSON_GetObjectItemCaseSensitive(all, "store");
    const cJSON *snapshot = cJSON_GetObjectItemCaseSensitive(store, "snapshot");
    const cJSON *replica = cJSON_GetObjectItemCaseSensitive(all, "replica");
    const char *topic = cJSON_GetStringValue(
        cJSON_GetObjectItemCaseSensitive(replica, "topic"));
    const char *history = cJSON_GetStringValue(
        cJSON_GetObjectItemCaseSensitive(replica, "history"));
    bool good = cJSON_IsObject(store);

    *health = (struct peer_health){.history = 0};
    if (topic != NULL)
        snprintf(health->topic, sizeof(health->topic), "%s", topic);
    if (history != NULL && strlen(history) == TOPIC_HISTORY_DIGITS &&
        strspn(history, "0123456789abcdef") == TOPIC_HISTORY_DIGITS)
        health->history = strtoull(history, NULL, 16);
    health->has_snapshot = read_number(snapshot, "position", &health->snapshot);
    cJSON_Delete(all);
    return good;
}

/* Read the body of /health, which is small. */
static enum journal_replayed receive_health(struct peer_get *get,
                                            struct buffer *body,
                                            char error[JOURNAL_ERROR])
{
    enum journal_replayed result;
    struct text part;

    do {
        result = peer_get_read(get, &part, error);
        if (result == JOURNAL_COMPLETE)
            buffer_append(body, part);
    } while (result == JOURNAL_COMPLETE && part.length > 0 &&
             body->length <= MAX_HEALTH);
    return result;
}

bool peer_ask_health(struct text peer, const struct peer_access *access,
                     struct peer_health *health, char error[JOURNAL_ERROR])
{
    const struct journal_progress progress = {.done = 0};
    const struct peer_question question = {
        .peer = peer,
        .path = "/health",
        .access = access,
        .answer_ms = PEER_HEALTH_MS,
        .progress = &progress,
    };
    struct peer_get *get = malloc(sizeof(*get));
    struct buffer body = BUFFER_INIT;
    char what[JOURNAL_ERROR] = "memory is exhausted";
    bool good = false;

    if (get != NULL) {
        enum journal_replayed result = peer_get_open(get, &question, what);
        if (result == JOURNAL_COMPLETE && get->status != 200)
            peer_get_explain(get, what);
        else if (result == JOURNAL_COMPLETE)
            result = receive_health(get, &body, what);
        good = result == JOURNAL_COMPLETE && get->status == 200;
        peer_get_close(get);
    }
    free(get);
    if (good && (buffer_failed(&body) || body.length > MAX_HEALTH ||
                 !read_health(buffer_text(&body), health))) {
        snprintf(what, sizeof(what),
                 "is no lunar.service: its /health says "
                 "nothing of a store");
        good = false;
    }
    buffer_release(&body);
    if (!good)
        fail(peer, error, "%s", what);
    return good;
}
