/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The images are encoded under the lock of a stripe into a buffer, and written
 * to the file without one. `through` is the highest revision that was written:
 * a rocket has the position of its last change, so the journal has that record.
 */
#include "snapshot_take.h"

#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buffer.h"
#include "domain/rocket.h"
#include "error.h"
#include "folder.h"
#include "table/table_image.h"
#include "throttle.h"

/* One snapshot while it is written. */
struct take {
    const struct snapshot_source *source;
    struct snapshot_writer *writer;
    struct table_walk walk;
    struct buffer images; /* of the next block */
    uint64_t count;       /* its rockets */
    char *error;
};

static bool add_block(struct take *take)
{
    if (!snapshot_writer_add(take->writer, buffer_text(&take->images),
                             take->count, take->error))
        return false;
    buffer_clear(&take->images);
    take->count = 0;
    return true;
}

static enum snapshot_taken write_rockets(struct take *take)
{
    struct table *table = take->source->table;
    struct throttle throttle;

    throttle_begin(&throttle, take->source->stop);
    while (!atomic_load(take->source->stop)) {
        switch (
            table_walk_next(table, &take->walk, &take->images, &take->count)) {
        case TABLE_WALK_MORE:
            if (take->images.length >= SNAPSHOT_BLOCK && !add_block(take))
                return SNAPSHOT_FAILED;
            throttle_rest(&throttle);
            break;
        case TABLE_WALK_END:
            return take->count == 0 || add_block(take) ? SNAPSHOT_TAKEN
                                                       : SNAPSHOT_FAILED;
        case TABLE_WALK_NO_MEMORY:
            error_write(take->error, "memory is exhausted");
            errno = ENOMEM;
            return SNAPSHOT_FAILED;
        }
    }
    return SNAPSHOT_STOPPED;
}

/* A stop that comes before the file has its name leaves the one before. */
static enum snapshot_taken publish(struct take *take,
                                   struct snapshot_info *info)
{
    if (!snapshot_writer_finish(take->writer, info, take->error))
        return SNAPSHOT_FAILED;
    if (atomic_load(take->source->stop))
        return SNAPSHOT_STOPPED;
    return folder_publish_snapshot(take->source->folder, take->error)
               ? SNAPSHOT_TAKEN
               : SNAPSHOT_FAILED;
}

enum snapshot_taken snapshot_take(const struct snapshot_source *source,
                                  const struct journal_place *place,
                                  struct snapshot_info *info,
                                  char error[JOURNAL_ERROR])
{
    struct take take = {.source = source, .error = error};
    char path[FOLDER_FILE];

    folder_snapshot_path(source->folder, ".new", path);
    take.writer = snapshot_writer_new(path, source->kind, source->id, error);
    if (take.writer == NULL)
        return SNAPSHOT_FAILED;
    enum snapshot_taken result = write_rockets(&take);
    if (result == SNAPSHOT_TAKEN) {
        struct snapshot_info written = {
            .position = place->position,
            .through = take.walk.revision > place->position ? take.walk.revision
                                                            : place->position,
            .max_runs = ROCKET_MAX_RUNS,
            .time = time(NULL),
            .check = place->check,
            .rules = place->rules,
        };
        result = publish(&take, &written);
        if (result == SNAPSHOT_TAKEN)
            *info = written;
    }
    int number = errno;
    snapshot_writer_free(take.writer);
    buffer_release(&take.images);
    errno = number;
    return result;
}
