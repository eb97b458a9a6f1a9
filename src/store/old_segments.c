/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only the thread that tidies removes items and closes segments, so an index
 * stays valid for it while the lock is free; others may move the array.
 */
#include "old_segments.h"

#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/log.h"
#include "base/sync.h"
#include "removed_file.h"

enum { ROOM_AT_FIRST = 8 };

void old_segments_init(struct old_segments *old, const struct folder *folder)
{
    *old = (struct old_segments){.folder = folder};
    sync_mutex_init(&old->lock);
}

void old_segments_release(struct old_segments *old)
{
    for (size_t i = 0; i < old->count; i++)
        segment_close(old->items[i].segment);
    free(old->items);
    pthread_mutex_destroy(&old->lock);
}

static bool reserve_locked(struct old_segments *old)
{
    if (old->count < old->room)
        return true;
    size_t room = old->room == 0 ? ROOM_AT_FIRST : 2 * old->room;
    struct old_segment *grown = realloc(old->items, room * sizeof(*old->items));
    if (grown == NULL)
        return false;
    old->items = grown;
    old->room = room;
    return true;
}

bool old_segments_reserve(struct old_segments *old)
{
    sync_lock(&old->lock);
    bool reserved = reserve_locked(old);
    sync_unlock(&old->lock);
    return reserved;
}

void old_segments_add(struct old_segments *old,
                      const struct old_segment *segment)
{
    sync_lock(&old->lock);
    old->items[old->count++] = *segment;
    old->bytes += segment->bytes;
    sync_unlock(&old->lock);
}

uint64_t old_segments_bytes(struct old_segments *old)
{
    sync_lock(&old->lock);
    uint64_t bytes = old->bytes;
    sync_unlock(&old->lock);
    return bytes;
}

/* Note that the segment at index `at` has `bytes` on the disk. */
static void set_bytes(struct old_segments *old, size_t at, uint64_t bytes)
{
    sync_lock(&old->lock);
    struct old_segment *item = &old->items[at];
    old->bytes = old->bytes - item->bytes + bytes;
    item->bytes = bytes;
    sync_unlock(&old->lock);
}

void old_segments_measure(struct old_segments *old)
{
    for (size_t i = 0; i < old->count; i++)
        set_bytes(old, i, segment_file_bytes(old->folder, old->items[i].first));
}

/* The first from `*at` on that is open. False if there is none. */
static bool find_open(struct old_segments *old, size_t *at,
                      struct old_segment *found)
{
    sync_lock(&old->lock);
    while (*at < old->count && old->items[*at].segment == NULL)
        ++*at;
    bool is_open = *at < old->count;
    if (is_open)
        *found = old->items[*at];
    sync_unlock(&old->lock);
    return is_open;
}

/* Close the segment at index `at`. */
static void close_segment(struct old_segments *old, size_t at)
{
    sync_lock(&old->lock);
    struct segment *segment = old->items[at].segment;
    old->items[at].segment = NULL;
    sync_unlock(&old->lock);
    segment_close(segment);
}

/*
 * Unlike after a commit that failed, all is known after any error: the rows are
 * in the log, which was synced with each of them, and stays until the database
 * is synced. The next try copies all of it again.
 */
bool old_segments_tidy(struct old_segments *old)
{
    struct old_segment item;

    for (size_t at = 0; find_open(old, &at, &item); at++) {
        int code = segment_checkpoint(item.segment, true);
        if (code != SQLITE_OK) {
            char reason[JOURNAL_ERROR];
            segment_describe(item.segment, code, reason);
            log_line(LOG_WARN,
                     "cannot copy the log of %s (%s): it stays, nothing is "
                     "lost, and it is tried again; check the disk",
                     segment_path(item.segment), reason);
            return false;
        }
        close_segment(old, at);
        set_bytes(old, at, segment_file_bytes(old->folder, item.first));
    }
    return true;
}

/* The first one, if it has no record behind `position`. */
static bool find_forgotten(struct old_segments *old, uint64_t position,
                           struct old_segment *found)
{
    sync_lock(&old->lock);
    bool is_forgotten = old->count > 0 && old->items[0].last <= position;
    if (is_forgotten)
        *found = old->items[0];
    sync_unlock(&old->lock);
    return is_forgotten;
}

static void remove_first(struct old_segments *old)
{
    sync_lock(&old->lock);
    old->bytes -= old->items[0].bytes;
    old->count--;
    memmove(old->items, old->items + 1, old->count * sizeof(*old->items));
    sync_unlock(&old->lock);
}

static int open_file(const struct old_segments *old, uint64_t first,
                     const char *suffix)
{
    char path[SEGMENT_PATH];

    segment_write_path(old->folder, first, suffix, path);
    return removed_file_open(path);
}

/* Remove the first segment, which is not open. False if that failed. */
static bool remove_files(struct old_segments *old, uint64_t first,
                         const _Atomic bool *stop)
{
    int log = open_file(old, first, "-wal");
    int database = open_file(old, first, "");
    char error[JOURNAL_ERROR];

    bool removed = folder_remove_segment(old->folder, first, error);
    if (removed)
        remove_first(old);
    else
        log_line(LOG_WARN, "%s", error);
    removed_file_close(log, stop);
    removed_file_close(database, stop);
    return removed;
}

bool old_segments_forget(struct old_segments *old, uint64_t position,
                         const _Atomic bool *stop)
{
    struct old_segment item;

    while (find_forgotten(old, position, &item)) {
        close_segment(old, 0);
        if (!remove_files(old, item.first, stop))
            return false;
    }
    return true;
}
