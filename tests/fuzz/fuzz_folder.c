/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes what a data folder and a backup hold: four bytes for each damage,
 * which say which file, what is done to it, where, and with which bits.
 *
 * What is read is the state that the folder had, or, if its log was damaged,
 * one that it had after an earlier commit: the log may look as after a power
 * cut then. A check says that a folder is sound only if it is read, and only if
 * a service starts with it and has that state.
 *
 * The states are those of the table of the journal that made the folder: it was
 * filled by messages as they came, not by what is read here.
 */
#include "fuzz.h"

#include <semaphore.h>
#include <unistd.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/sync.h"
#include "domain/rocket.h"
#include "lib/file_bytes.h"
#include "lib/messages.h"
#include "lib/saved_table.h"
#include "lib/temporary_folder.h"
#include "store/commit.h"
#include "store/folder.h"
#include "store/offline.h"
#include "store/sqlite_journal.h"
#include "store/store.h"

enum {
    BEFORE = 40, /* messages in the snapshot */
    COPIED = 10, /* behind it in the database */
    LOGGED = 12, /* in its log */
    LAST = BEFORE + COPIED + LOGGED,
    ROCKETS = 5,
    BLOCK = 200, /* bytes of a block of the snapshot, so that there are some */
    DAMAGE = 4,  /* bytes of the input for each */
    PATH = 128,
};

enum file { SNAPSHOT, DATABASE, LOG, BACKUP, FILES };

static const char *const names[FILES] = {
    "data/snapshot.db",
    "data/journal-00000000000000000041.db",
    "data/journal-00000000000000000041.db-wal",
    "backup",
};

static char root[FOLDER_ROOT];
static struct file_bytes files[FILES];
/* After each message, which is a commit. */
static struct saved_images states[LAST + 1];

static const char *path_of(const char *name)
{
    static char path[PATH];

    snprintf(path, sizeof(path), "%s/%s", root, name);
    return path;
}

static void empty_folder(void)
{
    for (size_t i = 0; i < FILES; i++)
        unlink(path_of(names[i]));
    unlink(path_of("data/snapshot.db.new"));
    unlink(path_of("data/lock"));
}

static void remove_folder(void)
{
    folder_remove(root);
}

/* The journal that makes the folder. */
struct maker {
    char data[PATH];
    struct folder *folder;
    struct journal *journal;
    struct commit *commit;
    struct table *table;
    sem_t settled;
};

struct waiting {
    struct commit_ticket ticket;
    struct maker *maker;
};

static void post_settled(struct commit_ticket *ticket)
{
    struct waiting *waiting = container_of(ticket, struct waiting, ticket);

    sync_semaphore_post(&waiting->maker->settled);
}

/* Message `position`: some rockets, with gaps. */
static void add_message(struct maker *maker, uint64_t position)
{
    static const char *const channels[ROCKETS] = {
        "193270a9-c9cf-404a-8f83-838e71d9ae67", "b", "c", "d", "e"};
    struct message message = message_of_type(
        (enum message_type)(position % MESSAGE_TYPE_COUNT),
        channels[position % ROCKETS], position / ROCKETS * 2 + 1);
    char bytes[RECORD_MAX];
    struct waiting waiting = {.maker = maker};

    commit_ticket_init(&waiting.ticket, maker->commit, bytes, sizeof(bytes));
    waiting.ticket.settled = post_settled;
    FUZZ_CHECK(commit_admit(&waiting.ticket, &message) == MESSAGE_APPLIED);
    FUZZ_CHECK(commit_append(&waiting.ticket));
    sync_semaphore_wait(&maker->settled);
    states[position] = saved_images_make(maker->table);
}

static void open_journal(struct maker *maker,
                         const struct snapshot_info *snapshot)
{
    uint64_t after = snapshot == NULL ? 0 : snapshot->position;
    char error[JOURNAL_ERROR];

    maker->folder = folder_open(maker->data, error);
    FUZZ_CHECK(maker->folder != NULL);
    struct sqlite_journal_options options = {.folder = maker->folder,
                                             .snapshot = snapshot};
    maker->journal = sqlite_journal_open(&options, error);
    FUZZ_CHECK(maker->journal != NULL);
    maker->commit = commit_new(maker->journal, maker->table, NULL, NULL);
    FUZZ_CHECK(maker->commit != NULL);
    FUZZ_CHECK(maker->journal->methods->replay(
                   maker->journal, after, commit_target(maker->commit), NULL,
                   error) == JOURNAL_COMPLETE);
    FUZZ_CHECK(maker->journal->methods->start(maker->journal,
                                              commit_target(maker->commit)));
}

static void close_journal(struct maker *maker)
{
    maker->journal->methods->stop(maker->journal);
    commit_free(maker->commit);
    folder_close(maker->folder);
}

static struct snapshot_info take_snapshot(struct maker *maker)
{
    char error[JOURNAL_ERROR];
    struct snapshot_info info = {
        .id = maker->journal->id,
        .position = maker->journal->methods->roll(maker->journal),
        .through = BEFORE,
        .max_runs = ROCKET_MAX_RUNS,
        .time = 1,
    };

    FUZZ_CHECK(info.position == BEFORE);
    FUZZ_CHECK(saved_table_write(maker->table, path_of("data/snapshot.db.new"),
                                 BLOCK, &info, error));
    FUZZ_CHECK(folder_publish_snapshot(maker->folder, error));
    FUZZ_CHECK(maker->journal->methods->tidy(maker->journal));
    FUZZ_CHECK(maker->journal->methods->forget(maker->journal, BEFORE, NULL));
    return info;
}

static void make_backup(const struct maker *maker)
{
    struct offline_state state;
    char error[JOURNAL_ERROR];

    FUZZ_CHECK(offline_backup(maker->data, path_of(names[BACKUP]), NULL, &state,
                              error) == JOURNAL_COMPLETE);
    FUZZ_CHECK(state.position == LAST);
}

/* Make the files once, and keep them and the states in memory. */
static void make_files(void)
{
    struct maker maker = {.table = table_new(SIZE_MAX)};
    uint64_t position = 1;

    log_set_level(LOG_ERROR);
    if (maker.table == NULL)
        abort();
    folder_make_fast(root);
    atexit(remove_folder);
    snprintf(maker.data, sizeof(maker.data), "%s/data", root);
    table_limit_admission(maker.table, 100);
    sync_semaphore_init(&maker.settled);
    open_journal(&maker, NULL);
    while (position <= BEFORE)
        add_message(&maker, position++);
    struct snapshot_info snapshot = take_snapshot(&maker);
    while (position <= BEFORE + COPIED)
        add_message(&maker, position++);
    close_journal(&maker);
    open_journal(&maker, &snapshot);
    while (position <= LAST)
        add_message(&maker, position++);
    make_backup(&maker);
    for (size_t i = 0; i < FILES; i++) {
        files[i] = file_bytes_read(path_of(names[i]));
        FUZZ_CHECK(files[i].data != NULL);
    }
    close_journal(&maker);
    table_free(maker.table);
}

/* Write the files, with a damage. Whether the file `damaged` has any. */
static void write_files(const uint8_t *data, size_t size, bool damaged[FILES])
{
    empty_folder();
    for (size_t i = 0; i < FILES; i++) {
        struct file_bytes copy = {malloc(files[i].length + 1), files[i].length};
        bool removed = false;
        if (copy.data == NULL)
            abort();
        memcpy(copy.data, files[i].data, copy.length);
        for (size_t at = 0; at + DAMAGE <= size; at += DAMAGE) {
            unsigned what = data[at], bits = data[at + 3] | !data[at + 3];
            size_t offset =
                ((size_t)data[at + 1] << 8 | data[at + 2]) * files[i].length >>
                16;
            if (what % FILES != i)
                continue;
            damaged[i] = true;
            if (what == 0xfc + i)
                removed = true;
            else if (what >= 0xe0 && offset < copy.length)
                copy.length = offset;
            else if (offset < copy.length)
                copy.data[offset] ^= (unsigned char)bits;
        }
        if (!removed)
            file_bytes_write(path_of(names[i]), &copy, copy.length);
        file_bytes_free(&copy);
    }
}

static void check_state(struct table *table, uint64_t position,
                        bool log_is_damaged)
{
    FUZZ_CHECK(position <= LAST);
    FUZZ_CHECK(position >= (log_is_damaged ? BEFORE + COPIED : LAST));
    FUZZ_CHECK(saved_images_same(&states[position], table));
}

static void ignore_file(void *context, const struct offline_file *file)
{
    size_t *count = context;

    FUZZ_CHECK(file->name != NULL);
    (*count)++;
}

/* A service starts with the folder, and has the state. */
static void check_service(const char *data, uint64_t position)
{
    struct metrics *metrics = metrics_new();
    struct table *table = table_new(SIZE_MAX);
    char error[JOURNAL_ERROR];
    struct store_options options = {.folder = data, .metrics = metrics};
    struct store *store = store_open(&options, error);
    struct journal_status status;

    FUZZ_CHECK(store != NULL);
    FUZZ_CHECK(store_attach(store, table, NULL, NULL));
    FUZZ_CHECK(store_recover(store, NULL, error) == JOURNAL_COMPLETE);
    store_status(store, &status);
    FUZZ_CHECK(status.position == position);
    FUZZ_CHECK(saved_images_same(&states[position], table));
    store_close(store);
    table_free(table);
    metrics_free(metrics);
}

static void check_source(const struct offline_source *source,
                         bool log_is_damaged, bool any_damage)
{
    struct table *table = table_new(SIZE_MAX);
    struct offline_state read, checked;
    char error[JOURNAL_ERROR], check_error[JOURNAL_ERROR] = "";
    size_t count = 0;
    enum journal_replayed sound =
        offline_check(source, ignore_file, &count, NULL, &checked, check_error);
    enum journal_replayed result =
        offline_read(source, table, NULL, &read, error);

    FUZZ_CHECK(any_damage || sound == JOURNAL_COMPLETE);
    FUZZ_CHECK(sound != JOURNAL_COMPLETE || result == JOURNAL_COMPLETE);
    FUZZ_CHECK(sound == JOURNAL_COMPLETE || check_error[0] != '\0');
    if (result == JOURNAL_COMPLETE)
        check_state(table, read.position, log_is_damaged);
    if (sound == JOURNAL_COMPLETE) {
        FUZZ_CHECK(checked.position == read.position);
        if (source->folder != NULL)
            check_service(source->folder, checked.position);
    }
    table_free(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool damaged[FILES] = {false};

    if (root[0] == '\0')
        make_files();
    write_files(data, size, damaged);
    char folder[PATH], backup[PATH];
    snprintf(folder, sizeof(folder), "%s/data", root);
    snprintf(backup, sizeof(backup), "%s/%s", root, names[BACKUP]);
    check_source(&(struct offline_source){.backup = backup}, false,
                 damaged[BACKUP]);
    check_source(&(struct offline_source){.folder = folder}, damaged[LOG],
                 damaged[SNAPSHOT] || damaged[DATABASE] || damaged[LOG]);
    return 0;
}
