/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recover: recovers folders of the store as the service does at its start, and
 * prints what it finds. Reads the path of a folder from each line of stdin, and
 * answers with lines on stdout:
 *
 *     record CHANNEL NUMBER   each message of the journal, in its order
 *     rocket JSON             each rocket, as the API shows it
 *     error TEXT              why it failed
 *     done
 *
 * The messages are read after the recovery, from what it has left there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/rocket_json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "store/folder.h"
#include "store/sqlite_journal.h"
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

/* Recover the folder into a table, and print its rockets. */
static bool recover(const char *path, char error[JOURNAL_ERROR])
{
    struct metrics *metrics = metrics_new();
    struct table *table = table_new(SIZE_MAX);
    struct store *store = store_open(
        &(struct store_options){.folder = path, .metrics = metrics}, error);
    bool recovered = false;

    if (metrics == NULL || table == NULL)
        die("no memory");
    if (store != NULL && !store_attach(store, table, NULL, NULL))
        die("no memory");
    if (store != NULL)
        recovered = store_recover(store, &watch, error) == JOURNAL_COMPLETE;
    if (recovered)
        print_rockets(table);
    store_close(store);
    table_free(table);
    metrics_free(metrics);
    return recovered;
}

static void print_record(void *context, uint64_t position,
                         const struct record *record,
                         struct journal_ticket *ticket, size_t index)
{
    const struct message *message = &record->message;
    uint64_t *last = context;

    (void)ticket;
    (void)index;
    if (position != ++*last)
        die("a position is left out");
    printf("record %.*s %ju\n", (int)message->channel.length,
           message->channel.data, (uintmax_t)message->number);
}

static void do_nothing(void *context)
{
    (void)context;
}

/* Print the messages of the journal in the folder. */
static bool print_journal(const char *path, char error[JOURNAL_ERROR])
{
    uint64_t last = 0;
    const struct journal_target target = {
        .context = &last, .apply = print_record, .applied = do_nothing};
    struct folder *folder = folder_open(path, error);
    struct sqlite_journal_options options = {.folder = folder};
    struct journal *journal =
        folder == NULL ? NULL : sqlite_journal_open(&options, error);
    bool complete =
        journal != NULL && journal->methods->replay(journal, 0, &target, &watch,
                                                    error) == JOURNAL_COMPLETE;

    if (journal != NULL)
        journal->methods->stop(journal);
    folder_close(folder);
    return complete;
}

int main(void)
{
    char path[MAX_PATH], error[JOURNAL_ERROR];

    log_set_level(LOG_ERROR);
    while (fgets(path, sizeof(path), stdin) != NULL) {
        path[strcspn(path, "\n")] = '\0';
        if (!recover(path, error) || !print_journal(path, error))
            printf("error %s\n", error);
        printf("done\n");
        fflush(stdout);
    }
    return 0;
}
