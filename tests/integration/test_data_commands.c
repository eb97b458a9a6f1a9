/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -check, -backup, -restore and -export with the real binary: of folders that
 * are served and of others, of damaged ones, and of what is no folder.
 */
#include "store_scene.h"

#include "lib/count_parts.h"
#include "lib/file_bytes.h"
#include "lib/without_revisions.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SNAPSHOT "snapshot.db"
#define FIRST_SEGMENT "journal-00000000000000000001.db"

enum {
    STATUS_FAILED = 1,
    PATH = 160,
    USER_VERSION = 60,    /* in the header of a database (SQLite, 1.3) */
    INGEST_ROCKETS = 16,  /* of the ingest beside backups */
    INGEST_BATCH = 200,   /* messages */
    INGEST_BATCHES = 600, /* which make some snapshots of 1 MiB */
};

/* A path in the root of the scene. */
struct path {
    char text[PATH];
};

static struct path path_of(const struct store_scene *scene, const char *name)
{
    struct path path;

    snprintf(path.text, sizeof(path.text), "%s/%s", scene->folder.root, name);
    return path;
}

static bool exists(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

/* What a command prints. Ownership: the caller frees both. */
struct printed {
    char *output, *errors;
};

static struct printed run(int status, const char *const flags[])
{
    struct process process;
    struct printed printed;

    instance_start_command(&process, flags, NULL);
    printed.output = process_finish(&process, status, &printed.errors);
    return printed;
}

static void printed_free(struct printed *printed)
{
    free(printed->output);
    free(printed->errors);
}

static void expect_part(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in: %s", part, text);
}

/* Expect that a command succeeds without a word on stderr. */
static char *expect_done(const char *const flags[])
{
    struct printed printed = run(0, flags);

    assert_string_equal(printed.errors, "");
    free(printed.errors);
    return printed.output;
}

/* Expect that it fails, with this part of a line on stderr. */
static void expect_failed(const char *const flags[], const char *part)
{
    struct printed printed = run(STATUS_FAILED, flags);

    expect_part(printed.errors, part);
    printed_free(&printed);
}

static char *export_of(const char *folder)
{
    char flag[PATH + 8];

    snprintf(flag, sizeof(flag), "-data=%s", folder);
    return expect_done(INSTANCE_FLAGS(flag, "-export"));
}

/* Back up the scene's folder to `file`. */
static void back_up(const struct store_scene *scene, const char *file)
{
    char flag[PATH + 8];

    snprintf(flag, sizeof(flag), "-backup=%s", file);
    free(expect_done(INSTANCE_FLAGS(scene->folder.flag, flag)));
}

/* Restore `file` to the new folder `folder`. */
static void restore(const char *file, const char *folder)
{
    char data[PATH + 8], flag[PATH + 16];

    snprintf(data, sizeof(data), "-data=%s", folder);
    snprintf(flag, sizeof(flag), "-restore=%s", file);
    free(expect_done(INSTANCE_FLAGS(data, flag)));
}

/* Serve with snapshots as early as possible. */
static void start_service(struct store_scene *scene)
{
    instance_start(&scene->instance,
                   INSTANCE_FLAGS(scene->folder.flag, "-snapshot=1M"));
}

/* Wait until there is a snapshot. */
static void wait_for_snapshot(const struct store_scene *scene)
{
    struct path snapshot = path_of(scene, "data/" SNAPSHOT);
    int64_t deadline = process_clock() + PROCESS_PATIENCE;

    while (!exists(snapshot.text)) {
        if (process_clock() > deadline)
            fail_msg("there is no snapshot");
        process_wait_until(process_clock() + 5);
    }
}

/*
 * A stopped folder with a snapshot, and messages after it. These come when no
 * other snapshot is taken, so all of them are in the last segment.
 */
static void make_folder(struct store_scene *scene)
{
    start_service(scene);
    fleet_launch(&scene->instance, 8000, 250);
    wait_for_snapshot(scene);
    instance_stop(&scene->instance);
    instance_start(&scene->instance,
                   INSTANCE_FLAGS(scene->folder.flag, "-snapshot=off"));
    store_scene_post(&scene->instance, 20);
    instance_stop(&scene->instance);
}

/* Add 1 to a byte of a file. */
static void damage(const char *path, size_t offset)
{
    struct file_bytes bytes = file_bytes_read(path);

    if (bytes.data == NULL || offset >= bytes.length)
        fail_msg("%s is too short", path);
    else
        bytes.data[offset]++;
    file_bytes_write(path, &bytes, bytes.length);
    file_bytes_free(&bytes);
}

/* The same where `part` stands for the first time. */
static void damage_part(const char *path, const char *part)
{
    struct file_bytes bytes = file_bytes_read(path);
    unsigned char *at = bytes.data == NULL ? NULL
                                           : memmem(bytes.data, bytes.length,
                                                    part, strlen(part));

    if (at == NULL)
        fail_msg("\"%s\" is not in %s", part, path);
    else
        damage(path, (size_t)(at - bytes.data));
    file_bytes_free(&bytes);
}

/* The name of the last segment in the folder of the scene. */
static struct path find_segment(const struct store_scene *scene)
{
    struct dirent **entries = NULL;
    struct path found = {""};
    int count = scandir(scene->folder.path, &entries, NULL, alphasort);

    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (strncmp(name, "journal-", 8) == 0 && strlen(name) == 31)
            snprintf(found.text, sizeof(found.text), "%s/%.40s",
                     scene->folder.path, name);
        free(entries[i]);
    }
    free(entries);
    assert_true(found.text[0] != '\0');
    return found;
}

static void a_stopped_folder_is_checked_backed_up_and_restored(void **state)
{
    struct store_scene *scene = *state;
    struct path file = path_of(scene, "backup"),
                restored = path_of(scene, "restored");
    char flag[PATH + 16], expected[4 * PATH];

    make_folder(scene);
    char *output = expect_done(INSTANCE_FLAGS(scene->folder.flag, "-check"));
    expect_part(output, SNAPSHOT);
    expect_part(output, " rockets  ok\njournal-");
    expect_part(output, " to 8,020  ");
    expect_part(output, " messages  ok\nsound: ");
    snprintf(expected, sizeof(expected),
             "sound: a service can start with %s, up to position 8,020\n",
             scene->folder.path);
    expect_part(output, expected);
    free(output);

    snprintf(flag, sizeof(flag), "-backup=%s", file.text);
    output = expect_done(INSTANCE_FLAGS(scene->folder.flag, flag));
    snprintf(expected, sizeof(expected),
             "%s is a backup of %s up to position 8,020: ", file.text,
             scene->folder.path);
    expect_part(output, expected);
    snprintf(expected, sizeof(expected),
             " messages after it\nrestore it with lunar.service "
             "-data=NEW_FOLDER -restore=%s\n",
             file.text);
    expect_part(output, expected);
    free(output);

    snprintf(flag, sizeof(flag), "-check=%s", file.text);
    output = expect_done(INSTANCE_FLAGS(flag));
    snprintf(expected, sizeof(expected),
             "sound: %s restores all up to position 8,020\n", file.text);
    expect_part(output, expected);
    free(output);

    restore(file.text, restored.text);
    char *before = export_of(scene->folder.path);
    char *after = export_of(restored.text);
    assert_string_equal(after, before);
    free(before);
    free(after);
}

/*
 * The whole list of the service, as an export has it: each rocket on a line of
 * its own, without its revision.
 */
static char *list_as_lines(const struct instance *instance)
{
    struct response response;

    instance_get(instance, "/rockets", &response);
    response_expect_status(&response, 200);
    without_revisions(response.body);
    size_t length = strlen(response.body);
    char *lines = malloc(length + 1);
    if (lines == NULL)
        abort();
    /* "[{...},{...}]": values have neither braces nor brackets here. */
    char *at = lines;
    for (size_t i = 1; i + 1 < length; i++) {
        if (response.body[i] == ',' && response.body[i - 1] == '}')
            continue;
        *at++ = response.body[i];
        if (response.body[i] == '}')
            *at++ = '\n';
    }
    *at = '\0';
    response_release(&response);
    return lines;
}

static void a_restored_folder_is_served(void **state)
{
    struct store_scene *scene = *state;
    struct path file = path_of(scene, "backup"),
                restored = path_of(scene, "restored");
    char flag[PATH + 8];

    make_folder(scene);
    back_up(scene, file.text);
    restore(file.text, restored.text);
    char *exported = export_of(scene->folder.path);
    snprintf(flag, sizeof(flag), "-data=%s", restored.text);
    instance_start(&scene->instance, INSTANCE_FLAGS(flag));
    char *lines = list_as_lines(&scene->instance);
    assert_string_equal(lines, exported);
    free(lines);
    free(exported);
    /* It goes on from there. */
    struct fleet_message next = fleet_faster("moon", 21, 1);
    EXCHANGE(&scene->instance, .body = next.body, .status = 202,
             .part = "\"result\":\"applied\"");
    instance_stop(&scene->instance);
    instance_start(&scene->instance, INSTANCE_FLAGS(flag));
    assert_int_equal(bulk_messages_of(&scene->instance, "moon"), 21);
    instance_stop(&scene->instance);
}

/* As 0.4.0 made them, or with -snapshot=off. */
static void a_folder_without_a_snapshot_is_backed_up_and_restored(void **state)
{
    struct store_scene *scene = *state;
    struct path file = path_of(scene, "backup"),
                restored = path_of(scene, "restored");
    char flag[PATH + 8];

    instance_start(&scene->instance,
                   INSTANCE_FLAGS(scene->folder.flag, "-snapshot=off"));
    store_scene_post(&scene->instance, 20);
    instance_stop(&scene->instance);
    char *output = expect_done(INSTANCE_FLAGS(scene->folder.flag, "-check"));
    expect_part(output, FIRST_SEGMENT);
    expect_part(output, "  positions 1 to 20  20 messages  ok\nsound: ");
    free(output);
    back_up(scene, file.text);
    snprintf(flag, sizeof(flag), "-check=%s", file.text);
    output = expect_done(INSTANCE_FLAGS(flag));
    assert_int_equal(strncmp(output, "journal  ", 9), 0);
    expect_part(output, "  positions 1 to 20  20 messages  ok\nsound: ");
    free(output);
    restore(file.text, restored.text);
    char *before = export_of(scene->folder.path);
    char *after = export_of(restored.text);
    assert_string_equal(after, before);
    assert_non_null(strstr(before, "\"lastMessageNumber\":20,"));
    free(before);
    free(after);
    snprintf(flag, sizeof(flag), "-data=%s", restored.text);
    instance_start(&scene->instance, INSTANCE_FLAGS(flag));
    assert_int_equal(bulk_messages_of(&scene->instance, "moon"), 20);
    instance_stop(&scene->instance);
}

/* A backup of a service that has taken no message. */
static void an_empty_history_is_backed_up_and_restored(void **state)
{
    struct store_scene *scene = *state;
    struct path file = path_of(scene, "backup"),
                restored = path_of(scene, "restored");

    store_scene_start(scene);
    back_up(scene, file.text);
    instance_stop(&scene->instance);
    restore(file.text, restored.text);
    char *after = export_of(restored.text);
    assert_string_equal(after, "");
    free(after);
}

/* So they also work on a disk that is full, or cannot be written. */
static void only_a_restore_changes_a_folder(void **state)
{
    struct store_scene *scene = *state;
    struct path file = path_of(scene, "backup");

    make_folder(scene);
    uint64_t hash = folder_hash(scene->folder.path);
    free(expect_done(INSTANCE_FLAGS(scene->folder.flag, "-check")));
    back_up(scene, file.text);
    free(export_of(scene->folder.path));
    assert_int_equal(folder_hash(scene->folder.path), hash);
}

static void a_service_that_runs_is_backed_up_with_all_it_has(void **state)
{
    struct store_scene *scene = *state;
    struct path file = path_of(scene, "backup"),
                restored = path_of(scene, "restored");

    start_service(scene);
    fleet_launch(&scene->instance, 8000, 250);
    store_scene_post(&scene->instance, 20);
    char *output = expect_done(INSTANCE_FLAGS(scene->folder.flag, "-check"));
    expect_part(output, "sound: a service runs with ");
    expect_part(output, ", up to position 8,020\n");
    free(output);
    back_up(scene, file.text);
    char *lines = list_as_lines(&scene->instance);
    instance_stop(&scene->instance);
    restore(file.text, restored.text);
    char *after = export_of(restored.text);
    assert_string_equal(after, lines);
    free(after);
    free(lines);
}

/* Posts batches, whose messages go to the rockets in turns. */
struct ingest {
    const struct instance *instance;
    _Atomic uint64_t acknowledged; /* messages */
    _Atomic bool done;
};

static void *post_batches(void *context)
{
    struct ingest *ingest = context;
    struct connection connection;
    uint64_t sent = 0;

    instance_connect(ingest->instance, &connection);
    for (int i = 0; i < INGEST_BATCHES; i++) {
        struct bulk bulk;
        bulk_begin(&bulk);
        for (int j = 0; j < INGEST_BATCH; j++, sent++) {
            char id[32];
            snprintf(id, sizeof(id), "rocket-%02ju",
                     (uintmax_t)(sent % INGEST_ROCKETS));
            bulk_add(&bulk, id, sent / INGEST_ROCKETS + 1);
        }
        bulk_end(&bulk);
        assert_true(connection_post_bytes(&connection, BULK_TYPE, bulk.text,
                                          bulk.length));
        bulk_expect_applied(&connection, INGEST_BATCH);
        free(bulk.text);
        atomic_store(&ingest->acknowledged, sent);
    }
    connection_close(&connection);
    atomic_store(&ingest->done, true);
    return NULL;
}

/*
 * The exported rockets are those after some number of messages, in the order in
 * which they were sent. Returns that number.
 */
static uint64_t count_messages(const char *exported)
{
    uint64_t numbers[INGEST_ROCKETS] = {0}, count = 0;

    for (size_t i = 0; i < INGEST_ROCKETS; i++) {
        char id[48];
        snprintf(id, sizeof(id), "{\"id\":\"rocket-%02zu\"", i);
        const char *line = strstr(exported, id);
        if (line == NULL)
            continue;
        const char *member = strstr(line, "\"lastMessageNumber\":");
        assert_non_null(member);
        char *end = NULL;
        numbers[i] =
            strtoull(member + strlen("\"lastMessageNumber\":"), &end, 10);
        assert_int_equal(strncmp(end, ",\"missingMessages\":0}", 21), 0);
        count += numbers[i];
    }
    for (uint64_t i = 0; i < INGEST_ROCKETS; i++)
        assert_int_equal(numbers[i],
                         (count + INGEST_ROCKETS - 1 - i) / INGEST_ROCKETS);
    return count;
}

/*
 * A backup while messages arrive, segments begin and go, and snapshots are
 * written, has all that was acknowledged before, and the begin of the rest.
 */
static void a_backup_under_ingest_has_all_that_was_acknowledged(void **state)
{
    struct store_scene *scene = *state;
    struct path file = path_of(scene, "backup"),
                restored = path_of(scene, "restored");
    struct ingest ingest = {.instance = &scene->instance};
    pthread_t thread;
    size_t rounds = 0;

    start_service(scene);
    assert_int_equal(pthread_create(&thread, NULL, post_batches, &ingest), 0);
    while (!atomic_load(&ingest.done)) {
        uint64_t before = atomic_load(&ingest.acknowledged);
        back_up(scene, file.text);
        uint64_t after =
            atomic_load(&ingest.acknowledged) + (uint64_t)INGEST_BATCH;
        free(expect_done(INSTANCE_FLAGS(scene->folder.flag, "-check")));
        restore(file.text, restored.text);
        char *exported = export_of(restored.text);
        uint64_t count = count_messages(exported);
        if (count < before || count > after)
            fail_msg("%ju were acknowledged, at most %ju sent, and the backup "
                     "has %ju",
                     (uintmax_t)before, (uintmax_t)after, (uintmax_t)count);
        free(exported);
        assert_int_equal(unlink(file.text), 0);
        assert_int_equal(folder_remove(restored.text), 0);
        rounds++;
    }
    pthread_join(thread, NULL);
    assert_true(rounds > 1);
    char *log = instance_stop_log(&scene->instance);
    expect_part(log, " info  snapshot of 16 rockets at position ");
    free(log);
}

/* Each segment in turns, and the snapshot: all damage is told at once. */
static void all_damage_is_told_and_nothing_is_made_of_it(void **state)
{
    struct store_scene *scene = *state;
    struct path file = path_of(scene, "backup"),
                snapshot = path_of(scene, "data/" SNAPSHOT);
    char flag[PATH + 16];

    make_folder(scene);
    struct path segment = find_segment(scene);
    damage_part(snapshot.text, "rocket-00");
    damage_part(segment.text, "moon");

    struct printed printed =
        run(STATUS_FAILED, INSTANCE_FLAGS(scene->folder.flag, "-check"));
    /* A line for each file, and the last one. */
    assert_int_equal(count_parts(printed.output, "  is damaged"), 2);
    expect_part(printed.output, "\ndamaged: a service cannot start with ");
    expect_part(printed.output, "/data: restore a backup to a new folder with "
                                "-data=DIR -restore=FILE\n");
    expect_part(printed.errors, SNAPSHOT " is damaged");
    printed_free(&printed);

    snprintf(flag, sizeof(flag), "-backup=%s", file.text);
    expect_failed(INSTANCE_FLAGS(scene->folder.flag, flag),
                  SNAPSHOT " is damaged");
    assert_false(exists(file.text));
    expect_failed(INSTANCE_FLAGS(scene->folder.flag, "-export"),
                  SNAPSHOT " is damaged");
}

/*
 * A byte that nothing depends on, such as those behind the end of a value, may
 * be damaged. Then a check finds nothing, and all is restored.
 */
static void a_damaged_backup_is_restored_as_it_was_or_not_at_all(void **state)
{
    struct store_scene *scene = *state;
    struct path file = path_of(scene, "backup"),
                restored = path_of(scene, "restored");
    char data[PATH + 8], flag[PATH + 16], check[PATH + 16];
    size_t refused = 0;

    make_folder(scene);
    back_up(scene, file.text);
    char *exported = export_of(scene->folder.path);
    struct file_bytes bytes = file_bytes_read(file.text);
    snprintf(data, sizeof(data), "-data=%s", restored.text);
    snprintf(flag, sizeof(flag), "-restore=%s", file.text);
    snprintf(check, sizeof(check), "-check=%s", file.text);
    for (size_t part = 1; part < 16; part++) {
        damage(file.text, part * bytes.length / 16);
        struct process process;
        char *errors = NULL;
        instance_start_command(&process, INSTANCE_FLAGS(check), NULL);
        int status = process_wait(&process, PROCESS_PATIENCE);
        process_release(&process);
        instance_start_command(&process, INSTANCE_FLAGS(data, flag), NULL);
        free(process_finish(&process, status, &errors));
        if (status == 0) {
            char *after = export_of(restored.text);
            assert_string_equal(after, exported);
            free(after);
            assert_int_equal(folder_remove(restored.text), 0);
        } else {
            refused++;
            assert_int_equal(status, STATUS_FAILED);
            expect_part(errors, "use another backup");
            assert_false(exists(restored.text));
        }
        free(errors);
        file_bytes_write(file.text, &bytes, bytes.length);
    }
    assert_true(refused > 4);
    /* One that was cut off, as by a copy that was interrupted. */
    file_bytes_write(file.text, &bytes, bytes.length - bytes.length / 3);
    expect_failed(INSTANCE_FLAGS(check), file.text);
    expect_failed(INSTANCE_FLAGS(data, flag), file.text);
    file_bytes_write(file.text, &bytes, bytes.length);
    file_bytes_free(&bytes);
    restore(file.text, restored.text);
    free(exported);
}

/* Flags of commands that are refused. */
struct refused {
    char backup[PATH + 16], to_missing[PATH + 16]; /* of the folder */
    char into_itself[PATH + 16], to_pipe[PATH + 16];
    char restore[PATH + 16], snapshot[2 * PATH]; /* from these */
    char empty[PATH + 16], missing[PATH + 16];   /* folders */
    char as_backup[PATH + 16]; /* a check of the folder as a backup */
};

static struct refused make_refused(const struct store_scene *scene)
{
    struct path file = path_of(scene, "backup"),
                into_missing = path_of(scene, "missing/backup"),
                empty = path_of(scene, "empty"),
                missing = path_of(scene, "missing");
    struct refused made;

    assert_int_equal(mkdir(empty.text, 0700), 0);
    snprintf(made.backup, sizeof(made.backup), "-backup=%s", file.text);
    snprintf(made.to_missing, sizeof(made.to_missing), "-backup=%s",
             into_missing.text);
    snprintf(made.into_itself, sizeof(made.into_itself),
             "-backup=%s/../data/journal-00000000000009999999.db",
             scene->folder.path);
    snprintf(made.to_pipe, sizeof(made.to_pipe), "-backup=%s",
             path_of(scene, "pipe").text);
    assert_int_equal(mkfifo(path_of(scene, "pipe.new").text, 0600), 0);
    snprintf(made.restore, sizeof(made.restore), "-restore=%s", file.text);
    snprintf(made.snapshot, sizeof(made.snapshot), "-restore=%s/" SNAPSHOT,
             scene->folder.path);
    snprintf(made.empty, sizeof(made.empty), "-data=%s", empty.text);
    snprintf(made.missing, sizeof(made.missing), "-data=%s", missing.text);
    snprintf(made.as_backup, sizeof(made.as_backup), "-check=%s",
             scene->folder.path);
    return made;
}

/* It says what to do, and nothing is replaced or made. */
static void what_cannot_be_done_says_why(void **state)
{
    struct store_scene *scene = *state;

    make_folder(scene);
    const struct refused flags = make_refused(scene);
    const char *data = scene->folder.flag;
    free(expect_done(INSTANCE_FLAGS(data, flags.backup)));
    const struct {
        const char *const *flags;
        const char *part;
    } rows[] = {
        {INSTANCE_FLAGS(data, flags.backup),
         "is there already, and a backup replaces no file: choose another "
         "name, or move that one away"},
        {INSTANCE_FLAGS(data, flags.to_missing),
         "/missing/backup.new: No such file or directory: make the folder "
         "that it is in first"},
        {INSTANCE_FLAGS(data, flags.into_itself),
         "is in the data folder, which is for the service alone: choose "
         "another folder for the backup"},
        {INSTANCE_FLAGS(data, flags.to_pipe),
         "pipe.new is not a regular file: remove it, or choose another name"},
        {INSTANCE_FLAGS(data, flags.restore),
         "holds state already, and a restore replaces none: choose a new "
         "folder, or move the files of that one away"},
        {INSTANCE_FLAGS(flags.missing, flags.snapshot),
         "is the snapshot of a data folder, not a backup: make a backup of "
         "that folder"},
        {INSTANCE_FLAGS(flags.missing, "-restore=/dev/null"),
         "/dev/null is not a regular file: give the file of a backup"},
        {INSTANCE_FLAGS(flags.missing, "-restore=/nowhere"),
         "there is no /nowhere"},
        {INSTANCE_FLAGS(flags.as_backup), "is not a regular file"},
        {INSTANCE_FLAGS(flags.missing, "-check"), "there is no folder "},
        {INSTANCE_FLAGS(flags.missing, "-export"), "there is no folder "},
        {INSTANCE_FLAGS(flags.missing, flags.backup), "there is no folder "},
        {INSTANCE_FLAGS(flags.empty, "-check"), "holds no state: give the "},
        {INSTANCE_FLAGS(flags.empty, "-export"), "holds no state: give the "},
        {INSTANCE_FLAGS(flags.empty, "-backup=/tmp/lunar-never"),
         "holds no state: give the "},
    };
    uint64_t hash = folder_hash(scene->folder.path);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect_failed(rows[i].flags, rows[i].part);
    assert_int_equal(folder_hash(scene->folder.path), hash);
    assert_false(exists(path_of(scene, "missing").text));
    assert_false(exists("/tmp/lunar-never"));
    assert_true(exists(path_of(scene, "pipe.new").text));

    start_service(scene);
    expect_failed(INSTANCE_FLAGS(data, flags.restore),
                  "is in use by another lunar.service: stop that one");
    instance_stop(&scene->instance);
}

/* A pipe would be waited for, and signals are blocked then. */
static void a_lock_that_is_a_pipe_is_not_waited_for(void **state)
{
    struct store_scene *scene = *state;
    struct path lock = path_of(scene, "data/lock");

    make_folder(scene);
    assert_int_equal(unlink(lock.text), 0);
    assert_int_equal(mkfifo(lock.text, 0600), 0);
    free(expect_done(INSTANCE_FLAGS(scene->folder.flag, "-check")));
}

static void files_of_later_versions_are_refused(void **state)
{
    struct store_scene *scene = *state;
    struct path file = path_of(scene, "backup"),
                snapshot = path_of(scene, "data/" SNAPSHOT);
    char check[PATH + 16];
    static const char part[] = "has version 2.1, but lunar.service ";

    make_folder(scene);
    back_up(scene, file.text);
    snprintf(check, sizeof(check), "-check=%s", file.text);
    damage(file.text, USER_VERSION + 3);
    expect_failed(INSTANCE_FLAGS(check), part);
    damage(snapshot.text, USER_VERSION + 3);
    expect_failed(INSTANCE_FLAGS(scene->folder.flag, "-check"), part);
    expect_failed(INSTANCE_FLAGS(scene->folder.flag, "-export"), part);
}

/* A backup that was killed leaves this; its name is not that of a backup. */
static void what_a_killed_backup_left_is_replaced(void **state)
{
    struct store_scene *scene = *state;
    struct path file = path_of(scene, "backup"),
                left = path_of(scene, "backup.new");
    struct file_bytes junk = {(unsigned char *)strdup("junk"), 4};

    make_folder(scene);
    file_bytes_write(left.text, &junk, junk.length);
    file_bytes_free(&junk);
    back_up(scene, file.text);
    assert_false(exists(left.text));
    assert_true(exists(file.text));
}

/* As on a disk that is full: ulimit -f ends a file early. */
static void a_backup_that_cannot_be_written_leaves_nothing(void **state)
{
    struct store_scene *scene = *state;
    struct path file = path_of(scene, "backup"),
                left = path_of(scene, "backup.new");
    char command[8 * PATH];
    struct process process;
    char *errors = NULL;

    make_folder(scene);
    snprintf(command, sizeof(command), "ulimit -f 128; exec %s %s -backup=%s",
             process_setting("LUNAR_SERVICE"), scene->folder.flag, file.text);
    process_start(&process, INSTANCE_FLAGS("/bin/sh", "-c", command), NULL);
    free(process_finish(&process, STATUS_FAILED, &errors));
    expect_part(errors, "backup.new: ");
    free(errors);
    assert_false(exists(file.text));
    assert_false(exists(left.text));
    back_up(scene, file.text);
}

/*
 * Interrupt a command when it has made the file `begun`. It is synced in
 * pieces, so it cannot be complete before the syncs end.
 */
static void interrupt(const struct store_scene *scene,
                      const char *const flags[], const char *begun,
                      const char *part)
{
    char library[512], disk[STORE_SCENE_PATH];
    struct process process;

    store_scene_slow_variables(scene, library, disk);
    store_scene_set_slow(scene, "syncs", true);
    instance_start_command(&process, flags, INSTANCE_FLAGS(library, disk));
    while (!exists(begun))
        process_wait_until(process_clock() + 5);
    process_signal(&process, SIGTERM);
    store_scene_set_slow(scene, "syncs", false);
    assert_int_equal(process_wait(&process, PROCESS_PATIENCE),
                     PROCESS_SIGNALLED + SIGTERM);
    char *errors = process_errors(&process);
    expect_part(errors, part);
    free(errors);
    process_release(&process);
}

/* Whoever has started it sees that it was stopped. */
static void a_signal_ends_a_command_and_leaves_nothing(void **state)
{
    struct store_scene *scene = *state;
    struct path file = path_of(scene, "backup"),
                left = path_of(scene, "backup.new"),
                restored = path_of(scene, "restored"),
                segment = path_of(scene, "restored/" FIRST_SEGMENT ".new");
    char data[PATH + 8], flag[PATH + 16];

    instance_start(&scene->instance,
                   INSTANCE_FLAGS(scene->folder.flag, "-snapshot=off"));
    fleet_launch(&scene->instance, 24000, 250);
    instance_stop(&scene->instance);
    snprintf(flag, sizeof(flag), "-backup=%s", file.text);
    interrupt(scene, INSTANCE_FLAGS(scene->folder.flag, flag), left.text,
              "interrupted by a signal: there is no backup");
    assert_false(exists(left.text));
    assert_false(exists(file.text));

    back_up(scene, file.text);
    snprintf(data, sizeof(data), "-data=%s", restored.text);
    snprintf(flag, sizeof(flag), "-restore=%s", file.text);
    interrupt(scene, INSTANCE_FLAGS(data, flag), segment.text,
              "interrupted by a signal: nothing is restored");
    assert_false(exists(restored.text));
    restore(file.text, restored.text);
}

static void a_restore_that_cannot_be_written_leaves_no_state(void **state)
{
    struct store_scene *scene = *state;
    struct path file = path_of(scene, "backup"),
                restored = path_of(scene, "restored");
    char command[8 * PATH], data[PATH + 8];
    struct process process;
    char *errors = NULL;

    make_folder(scene);
    back_up(scene, file.text);
    snprintf(data, sizeof(data), "-data=%s", restored.text);
    snprintf(command, sizeof(command), "ulimit -f 128; exec %s %s -restore=%s",
             process_setting("LUNAR_SERVICE"), data, file.text);
    process_start(&process, INSTANCE_FLAGS("/bin/sh", "-c", command), NULL);
    free(process_finish(&process, STATUS_FAILED, &errors));
    expect_part(errors, SNAPSHOT ".new: ");
    free(errors);
    assert_false(exists(restored.text));
    restore(file.text, restored.text);
}

/* By its bytes, whatever came first, and whatever the service keeps. */
static void the_same_state_is_exported_as_the_same_bytes(void **state)
{
    struct store_scene *scene = *state;
    char *exports[3];
    static const char *const flags[] = {"-snapshot=1M", "-snapshot=off",
                                        "-threads=per-connection"};

    for (size_t i = 0; i < 3; i++) {
        struct connection connection;
        instance_start(&scene->instance,
                       INSTANCE_FLAGS(scene->folder.flag, flags[i]));
        instance_connect(&scene->instance, &connection);
        for (uint64_t n = 0; n < 300; n++) {
            uint64_t number = i == 1 ? 299 - n : n;
            char id[16];
            snprintf(id, sizeof(id), "r%ju", (uintmax_t)(number % 30));
            struct fleet_message message =
                number < 30 ? fleet_launched(id, 1, "T", 5, "M")
                            : fleet_faster(id, number / 30 + 1, 1);
            fleet_post(&connection, &message);
        }
        connection_close(&connection);
        instance_stop(&scene->instance);
        exports[i] = export_of(scene->folder.path);
        assert_int_equal(folder_remove(scene->folder.path), 0);
    }
    assert_string_equal(exports[1], exports[0]);
    assert_string_equal(exports[2], exports[0]);
    /* "r1", "r10", ..., "r2": bytewise, each on a line. */
    char last[16] = "";
    size_t lines = 0;
    for (char *line = exports[0]; *line != '\0'; lines++) {
        char id[16];
        assert_int_equal(sscanf(line, "{\"id\":\"%15[^\"]\"", id), 1);
        assert_true(strcmp(last, id) < 0);
        memcpy(last, id, sizeof(last));
        line = strchr(line, '\n');
        assert_non_null(line);
        line++;
    }
    assert_int_equal(lines, 30);
    for (size_t i = 0; i < 3; i++)
        free(exports[i]);
}

/* Output that is not complete must not look as if it were. */
static void an_export_that_is_not_taken_fails(void **state)
{
    struct store_scene *scene = *state;
    static const struct {
        const char *rest, *part;
    } rows[] = {
        {"-export > /dev/full",
         "cannot write to stdout: No space left on device: the output is not "
         "complete"},
        {"-check > /dev/full",
         "cannot write to stdout: No space left on device: the output is not "
         "complete"},
    };

    make_folder(scene);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct process process;
        char command[4 * PATH], *errors = NULL;
        snprintf(command, sizeof(command), "exec %s %s %s",
                 process_setting("LUNAR_SERVICE"), scene->folder.flag,
                 rows[i].rest);
        process_start(&process, INSTANCE_FLAGS("/bin/sh", "-c", command), NULL);
        free(process_finish(&process, STATUS_FAILED, &errors));
        expect_part(errors, rows[i].part);
        free(errors);
    }

    /* A reader that has gone. */
    struct process process;
    char *errors = NULL;
    instance_start_command(&process,
                           INSTANCE_FLAGS(scene->folder.flag, "-export"), NULL);
    char line[512];
    assert_true(process_line(&process, line, sizeof(line), PROCESS_PATIENCE));
    close(process.out);
    process.out = open("/dev/null", O_RDONLY | O_CLOEXEC);
    free(process_finish(&process, STATUS_FAILED, &errors));
    expect_part(errors, "cannot write to stdout: Broken pipe: ");
    free(errors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_SCENE_TEST(a_stopped_folder_is_checked_backed_up_and_restored),
        STORE_SCENE_TEST(a_restored_folder_is_served),
        STORE_SCENE_TEST(a_folder_without_a_snapshot_is_backed_up_and_restored),
        STORE_SCENE_TEST(an_empty_history_is_backed_up_and_restored),
        STORE_SCENE_TEST(only_a_restore_changes_a_folder),
        STORE_SCENE_TEST(a_service_that_runs_is_backed_up_with_all_it_has),
        STORE_SCENE_TEST(a_backup_under_ingest_has_all_that_was_acknowledged),
        STORE_SCENE_TEST(all_damage_is_told_and_nothing_is_made_of_it),
        STORE_SCENE_TEST(a_damaged_backup_is_restored_as_it_was_or_not_at_all),
        STORE_SCENE_TEST(what_cannot_be_done_says_why),
        STORE_SCENE_TEST(a_lock_that_is_a_pipe_is_not_waited_for),
        STORE_SCENE_TEST(files_of_later_versions_are_refused),
        STORE_SCENE_TEST(what_a_killed_backup_left_is_replaced),
        STORE_SCENE_TEST(a_backup_that_cannot_be_written_leaves_nothing),
        STORE_SCENE_TEST(a_signal_ends_a_command_and_leaves_nothing),
        STORE_SCENE_TEST(a_restore_that_cannot_be_written_leaves_no_state),
        STORE_SCENE_TEST(the_same_state_is_exported_as_the_same_bytes),
        STORE_SCENE_TEST(an_export_that_is_not_taken_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
