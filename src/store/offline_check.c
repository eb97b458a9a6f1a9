/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A check goes on after damage, so that all of it is known: what can still be
 * used, and which files have to come from a backup. Behind a part that is
 * damaged, the next one is expected where it begins.
 */
#include <stdio.h>
#include <string.h>

#include "offline_parts.h"

/* A check while it runs. */
struct check {
    struct offline_files files;
    struct row_replay replay;
    void (*report)(void *context, const struct offline_file *file);
    void *context;
    bool damaged;
    uint64_t sound; /* position up to which nothing is */
    char *error;    /* what is wrong first */
};

static void cut_remedy(char *text, const char *remedy)
{
    char *at = strstr(text, remedy);

    if (at != NULL)
        *at = '\0';
}

/*
 * Report a file. `path` is where it is, `damage` a sentence that begins with
 * the path and ends with what to do, or "": both are said elsewhere.
 */
static void report_file(struct check *check, struct offline_file *file,
                        const char *path, const char *damage)
{
    char text[JOURNAL_ERROR];
    size_t length = strlen(path);

    if (damage[0] != '\0') {
        if (!check->damaged) {
            memcpy(check->error, damage, JOURNAL_ERROR);
            /* Without its snapshot a journal is nothing. */
            check->sound = file->first > 0 ? check->replay.position : 0;
        }
        check->damaged = true;
        if (strncmp(damage, path, length) == 0 && damage[length] == ' ')
            damage += length + 1;
        snprintf(text, sizeof(text), "%s", damage);
        cut_remedy(text, ": " SEGMENT_RESTORE);
        cut_remedy(text, ": " OFFLINE_OTHER_BACKUP);
        cut_remedy(text, ": " SNAPSHOT_FETCH_AGAIN);
        file->damage = text;
    }
    check->report(check->context, file);
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

static enum journal_replayed check_snapshot(struct check *check)
{
    static const struct offline_block only_check = {NULL, NULL};
    struct offline_files *files = &check->files;
    const char *path = files->snapshot_path;
    char damage[JOURNAL_ERROR] = "";
    struct offline_file file = {
        .name = files->folder != NULL ? name_of(path) : "snapshot",
        .bytes = files->folder != NULL ? files->info.bytes : 0,
        .last = files->info.position,
    };

    if (files->snapshot == NULL && files->damage[0] == '\0')
        return JOURNAL_COMPLETE;
    memcpy(damage, files->damage, JOURNAL_ERROR);
    if (files->snapshot != NULL) {
        enum journal_replayed result = offline_read_blocks(
            files, true, &check->replay, &only_check, damage);
        if (result == JOURNAL_INTERRUPTED)
            return result;
        if (result == JOURNAL_COMPLETE)
            damage[0] = '\0';
        file.rockets = check->replay.progress.rockets;
    }
    /* A backup of a folder that has none has one without blocks. */
    if (damage[0] == '\0' && files->info.position == 0 && !files->shared)
        return JOURNAL_COMPLETE;
    report_file(check, &file, path, damage);
    return JOURNAL_COMPLETE;
}

/* What to call a part of the journal, where it is, and how long. */
static struct offline_file describe_part(const struct check *check, size_t part,
                                         const char **path)
{
    const struct offline_files *files = &check->files;

    if (files->folder == NULL) {
        *path = files->snapshot_path;
        return (struct offline_file){.name = "journal",
                                     .first = files->rows.first};
    }
    struct segment_image *image = files->images[part];
    *path = segment_image_rows(image)->path;
    return (struct offline_file){
        .name = name_of(*path),
        .bytes = segment_image_bytes(image),
        .first = segment_image_first(image),
    };
}

static enum journal_replayed check_part(struct check *check, size_t part)
{
    struct row_replay *replay = &check->replay;
    uint64_t records = replay->progress.records;
    char damage[JOURNAL_ERROR] = "";
    const char *path;
    struct offline_file file = describe_part(check, part, &path);
    enum journal_replayed result =
        offline_replay_part(&check->files, part, true, replay, damage);

    if (result == JOURNAL_INTERRUPTED)
        return result;
    file.messages = replay->progress.records - records;
    file.last = file.messages > 0 ? replay->position : 0;
    report_file(check, &file, path, result == JOURNAL_FAILED ? damage : "");
    if (result == JOURNAL_FAILED && part + 1 < check->files.parts)
        replay->position =
            segment_image_first(check->files.images[part + 1]) - 1;
    return JOURNAL_COMPLETE;
}

static enum journal_replayed check_all(struct check *check,
                                       struct offline_state *state)
{
    enum journal_replayed result = check_snapshot(check);

    for (size_t i = 0; result == JOURNAL_COMPLETE && i < check->files.parts;
         i++)
        result = check_part(check, i);
    if (result != JOURNAL_COMPLETE)
        return result;
    *state = offline_state_of(&check->files, &check->replay);
    if (check->damaged)
        state->position = check->sound;
    return !check->damaged && offline_replay_end(&check->files, &check->replay,
                                                 check->error)
               ? JOURNAL_COMPLETE
               : JOURNAL_FAILED;
}

enum journal_replayed
offline_check(const struct offline_source *source,
              void (*report)(void *context, const struct offline_file *file),
              void *context, const struct journal_watch *watch,
              struct offline_state *state, char error[JOURNAL_ERROR])
{
    struct check check = {.report = report, .context = context, .error = error};
    enum journal_replayed result = JOURNAL_FAILED;

    if (offline_files_open(&check.files, source, true, error)) {
        check.replay = offline_replay(&check.files, watch);
        if (row_replay_init(&check.replay, error)) {
            result = check_all(&check, state);
            row_replay_release(&check.replay);
        }
    }
    offline_files_release(&check.files);
    return result;
}
