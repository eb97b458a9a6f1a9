/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recover: recovers folders of the store as the service does at its start, or
 * reads backups, and prints what it finds. Reads the path of a folder or of a
 * backup from each line of stdin, and answers with lines on stdout:
 *
 *     rocket JSON         each rocket, as the API shows it
 *     position NUMBER     of the last record
 *     error TEXT          why it failed
 *     done
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/rocket_json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "store/offline.h"
#include "store/store.h"
#include "table/table.h"

enum { MAX_PATH = 4096 };

static void die(const char *what)
{
    fprintf(stderr, "recover: %s\n", what);
    exit(EXIT_FAILURE); /* NOLINT(concurrency-mt-unsafe): one thread */
}

static bool go_on(void *context, const struct journal_progress *progress)
{
    (void)context;
    (void)progress;
    return true;
}

static const struct journal_watch watch = {.report = go_on};

static void print_rockets(struct table *table)
{
    static const struct table_filter all;
    static struct table_scan scan;
    struct buffer json = {0};
    struct rocket_view view;

    table_scan_init(&scan, TABLE_ID, false, &all);
    while (table_scan_next(table, &scan)) {
        for (size_t i = 0; i < scan.count; i++) {
            table_read(table, scan.rows[i].entry, &view);
            buffer_clear(&json);
            if (!buffer_reserve(&json, 16 * sizeof(view)))
                die("no memory");
            rocket_json_write(&json, &view);
            struct text text = buffer_text(&json);
            printf("rocket %.*s\n", (int)text.length, text.data);
        }
    }
    buffer_release(&json);
}

/* Recover the folder into a table, and print its rockets and position. */
static bool recover(const char *path, char error[JOURNAL_ERROR])
{
    struct metrics *metrics = metrics_new();
    struct table *table = table_new(SIZE_MAX);
    struct store *store = store_open(
        &(struct store_options){.folder = path, .metrics = metrics}, error);
    struct journal_status status;
    bool recovered = false;

    if (metrics == NULL || table == NULL)
        die("no memory");
    if (store != NULL && !store_attach(store, table, NULL, NULL))
        die("no memory");
    if (store != NULL)
        recovered = store_recover(store, &watch, error) == JOURNAL_COMPLETE;
    if (recovered) {
        store_status(store, &status);
        printf("position %ju\n", (uintmax_t)status.position);
        print_rockets(table);
    }
    store_close(store);
    table_free(table);
    metrics_free(metrics);
    return recovered;
}

/* The same of a backup. */
static bool read_backup(const char *path, char error[JOURNAL_ERROR])
{
    const struct offline_source source = {.backup = path};
    struct offline_state state;
    struct table *table = table_new(SIZE_MAX);

    if (table == NULL)
        die("no memory");
    bool complete =
        offline_read(&source, table, &watch, &state, error) == JOURNAL_COMPLETE;
    if (complete) {
        printf("position %ju\n", (uintmax_t)state.position);
        print_rockets(table);
    }
    table_free(table);
    return complete;
}

static bool is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int main(void)
{
    char path[MAX_PATH], error[JOURNAL_ERROR] = "";

    log_set_level(LOG_ERROR);
    while (fgets(path, sizeof(path), stdin) != NULL) {
        path[strcspn(path, "\n")] = '\0';
        if (!(is_folder(path) ? recover : read_backup)(path, error))
            printf("error %s\n", error);
        printf("done\n");
        fflush(stdout);
    }
    return 0;
}
