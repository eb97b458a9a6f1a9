/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The work is that of store/offline.h; here are its words. A signal interrupts
 * it, so that nothing is left behind, and then ends the process as if it had
 * come at once: what has started the command sees that it was stopped.
 */
#include "commands/data.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/rocket_json.h"
#include "base/buffer.h"
#include "base/readable.h"
#include "config/config.h"
#include "console/announce.h"
#include "console/progress.h"
#include "listing/list_page.h"
#include "process/signals.h"
#include "store/offline.h"
#include "table/table.h"

enum {
    OUTPUT = 64 * 1024, /* bytes of one write of an export */
    NAME_WIDTH = 31,    /* of a segment */
};

/* A journal_watch. */
static bool report_progress(void *context, const struct journal_progress *now)
{
    progress_show(context, now);
    return !signals_pending();
}

static struct progress begin_work(const char *doing, const char *path)
{
    struct progress progress = {.doing = doing, .path = path};
    struct rlimit files;

    signals_block();
    /* Two for each segment. If it cannot be raised, an error will say so. */
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    progress_begin(&progress);
    return progress;
}

/*
 * Say why it failed, or that it was interrupted, and `left`, what is there now.
 * Returns the exit status.
 */
static int fail_work(enum journal_replayed result, const char *error,
                     const char *left)
{
    char line[JOURNAL_ERROR];

    if (result == JOURNAL_FAILED)
        return announce_failure(EXIT_FAILURE, error);
    snprintf(line, sizeof(line), "interrupted by a signal%s", left);
    announce_failure(EXIT_FAILURE, line);
    signals_unblock(); /* which ends the process, but process 1 */
    return EXIT_FAILURE;
}

/* Returns the exit status. */
static int fail_output(void)
{
    char line[128];

    snprintf(line, sizeof(line),
             "cannot write to stdout: %s: the output is not "
             "complete",
             strerrordesc_np(errno));
    return announce_failure(EXIT_FAILURE, line);
}

/* All lines are on stdout. Returns the exit status. */
static int end_output(int status)
{
    errno = 0;
    return fflush(stdout) == 0 && ferror(stdout) == 0 ? status : fail_output();
}

/* "100,000 rockets in a snapshot and 2,000 messages after it". */
static void print_content(const struct offline_state *state)
{
    if (state->rockets > 0)
        printf("%s rockets in a snapshot and ",
               readable_number(state->rockets).text);
    printf("%s message%s%s", readable_number(state->messages).text,
           state->messages == 1 ? "" : "s",
           state->rockets > 0 ? " after it" : "");
}

/* The state of a check. */
struct check {
    struct progress progress;
    size_t files;
};

/* For offline_check(). */
static void print_file(void *context, const struct offline_file *file)
{
    struct check *check = context;

    check->files++;
    progress_clear(&check->progress);
    printf("%-*s", NAME_WIDTH, file->name);
    if (file->bytes > 0)
        printf("  %s bytes", readable_number(file->bytes).text);
    if (file->first > 0 && file->last > 0)
        printf("  positions %s to %s", readable_number(file->first).text,
               readable_number(file->last).text);
    else if (file->first > 0)
        printf("  position %s on", readable_number(file->first).text);
    else if (file->last > 0)
        printf("  up to position %s", readable_number(file->last).text);
    if (file->first > 0)
        printf("  %s messages", readable_number(file->messages).text);
    else
        printf("  %s rockets", readable_number(file->rockets).text);
    printf("  %s\n", file->damage == NULL ? "ok" : file->damage);
}

static void print_verdict(const struct config *config, bool sound,
                          const struct offline_state *state)
{
    struct readable_number position = readable_number(state->position);
    const char *path = config->file != NULL ? config->file : config->data;
    struct readable_path shown = readable_path(path);

    if (state->shared && sound)
        printf("sound: an instance %s with %s, which has all up to position "
               "%s; newer records are in the topic\n",
               state->in_use ? "runs" : "can start", shown.text, position.text);
    else if (state->shared)
        printf("damaged: an instance cannot start with %s: remove its "
               "snapshot.db, and start it with -peer=URL of another one\n",
               shown.text);
    else if (sound && config->file != NULL)
        printf("sound: %s restores all up to position %s\n", shown.text,
               position.text);
    else if (sound)
        printf("sound: a service %s with %s, up to position %s\n",
               state->in_use ? "runs" : "can start", shown.text, position.text);
    else if (config->file != NULL)
        printf("damaged: %s cannot be restored: use another backup\n",
               shown.text);
    else {
        printf("damaged: a service cannot start with %s", shown.text);
        if (state->position > 0)
            printf(", which is sound up to position %s", position.text);
        puts(": restore a backup to a new folder with -data=DIR -restore=FILE");
    }
}

int commands_check(const struct config *config)
{
    const struct offline_source source = {
        .folder = config->file != NULL ? NULL : config->data,
        .backup = config->file,
    };
    struct check check = {
        .progress = begin_work("checking", config->file != NULL ? config->file
                                                                : config->data),
    };
    const struct journal_watch watch = {&check.progress, report_progress};
    struct offline_state state = {.position = 0};
    char error[JOURNAL_ERROR];
    enum journal_replayed result =
        offline_check(&source, print_file, &check, &watch, &state, error);

    progress_end(&check.progress);
    if (result != JOURNAL_INTERRUPTED && check.files > 0)
        print_verdict(config, result == JOURNAL_COMPLETE, &state);
    int status = end_output(EXIT_SUCCESS);
    if (result != JOURNAL_COMPLETE)
        return fail_work(result, error, "");
    return status;
}

int commands_backup(const struct config *config)
{
    struct progress progress = begin_work("backing up", config->data);
    const struct journal_watch watch = {&progress, report_progress};
    struct offline_state state;
    char error[JOURNAL_ERROR];
    enum journal_replayed result =
        offline_backup(config->data, config->file, &watch, &state, error);

    progress_end(&progress);
    if (result != JOURNAL_COMPLETE)
        return fail_work(result, error, ": there is no backup");
    struct readable_path file = readable_path(config->file);
    printf("%s is a backup of %s up to position %s: %s bytes, ", file.text,
           readable_path(config->data).text,
           readable_number(state.position).text,
           readable_number(state.bytes).text);
    print_content(&state);
    printf("\nrestore it with lunar.service -data=NEW_FOLDER -restore=%s\n",
           file.text);
    return end_output(EXIT_SUCCESS);
}

int commands_restore(const struct config *config)
{
    struct progress progress = begin_work("restoring", config->file);
    const struct journal_watch watch = {&progress, report_progress};
    struct offline_state state;
    char error[JOURNAL_ERROR];
    enum journal_replayed result =
        offline_restore(config->file, config->data, &watch, &state, error);

    progress_end(&progress);
    if (result != JOURNAL_COMPLETE)
        return fail_work(result, error, ": nothing is restored");
    struct readable_path folder = readable_path(config->data);
    printf("%s has all up to position %s: ", folder.text,
           readable_number(state.position).text);
    print_content(&state);
    printf("\nserve it with lunar.service -data=%s\n", folder.text);
    return end_output(EXIT_SUCCESS);
}

static bool write_all(struct text bytes)
{
    while (bytes.length > 0) {
        struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
        ssize_t written = write(STDOUT_FILENO, bytes.data, bytes.length);
        /* Others that have the same pipe may have made it non-blocking. */
        if (written < 0 && errno == EAGAIN)
            poll(&out, 1, -1);
        else if (written < 0 && errno != EINTR)
            return false;
        if (written > 0)
            bytes = text_skip(bytes, (size_t)written);
    }
    return true;
}

/* All rockets, by their ids. False with errno. */
static bool write_rockets(struct table *table)
{
    const struct list_query all = {.sort = TABLE_ID};
    struct list_page *page = list_page_new(table, &all);
    struct buffer lines = BUFFER_INIT;
    struct rocket_view view;
    bool written = page != NULL;

    errno = ENOMEM;
    for (size_t i = 0; written && i < list_page_count(page); i++) {
        list_page_read(page, i, &view);
        rocket_json_write_state(&lines, &view);
        buffer_append(&lines, TEXT("\n"));
        written = !buffer_failed(&lines);
        if (written && lines.length >= OUTPUT) {
            written = write_all(buffer_text(&lines));
            buffer_clear(&lines);
        }
    }
    written = written && write_all(buffer_text(&lines));
    int number = errno;
    buffer_release(&lines);
    list_page_free(page);
    errno = number;
    return written;
}

/* Of the snapshot of a topic, as the output does not say it. */
static void tell_position(const struct offline_state *state)
{
    char line[JOURNAL_ERROR], more[96] = "";

    if (state->through > state->position)
        snprintf(more, sizeof(more), ", and some up to %s",
                 readable_number(state->through).text);
    snprintf(line, sizeof(line),
             "this is the snapshot, which has all records up to position "
             "%s%s; newer ones are in the topic only",
             readable_number(state->position).text, more);
    announce_failure(EXIT_SUCCESS, line);
}

int commands_export(const struct config *config)
{
    const struct offline_source source = {.folder = config->data};
    struct table *table = table_new(SIZE_MAX);
    struct progress progress = begin_work("reading", config->data);
    const struct journal_watch watch = {&progress, report_progress};
    struct offline_state state = {.position = 0};
    char error[JOURNAL_ERROR] = "memory is exhausted";
    enum journal_replayed result =
        table == NULL ? JOURNAL_FAILED
                      : offline_read(&source, table, &watch, &state, error);

    progress_end(&progress);
    /* A reader of stdout may take its time, and there is nothing to clean up.
     */
    signals_unblock();
    int status = result == JOURNAL_COMPLETE ? EXIT_SUCCESS
                                            : fail_work(result, error, "");
    if (status == EXIT_SUCCESS && state.shared)
        tell_position(&state);
    if (status == EXIT_SUCCESS && !write_rockets(table))
        status = fail_output();
    table_free(table);
    return status;
}
