/* SPDX-License-Identifier: Apache-2.0 */
/*
 * To keep less, all is given back and taken again, at once: nobody else can
 * have taken it meanwhile but for the difference.
 */
#include "snapshot_room.h"

#include "base/log.h"
#include "folder.h"

static void reserve_room(struct snapshot_room *room, uint64_t bytes)
{
    char error[JOURNAL_ERROR];

    room->bytes = 0;
    if (folder_reserve_snapshot(room->folder, bytes, error)) {
        room->bytes = bytes;
    } else if (!room->told) {
        room->told = true;
        log_line(LOG_DEBUG, "no room is kept for the next snapshot: %s", error);
    }
}

void snapshot_room_keep(struct snapshot_room *room, uint64_t bytes)
{
    if (room->bytes != 0)
        return;
    uint64_t half = folder_free_bytes(room->folder) / 2;
    if (bytes > half)
        bytes = half;
    if (bytes >= SNAPSHOT_ROOM_LEAST)
        reserve_room(room, bytes);
}

bool snapshot_room_shrink(struct snapshot_room *room, uint64_t bytes)
{
    if (room->bytes <= bytes)
        return false;
    reserve_room(room, room->bytes - bytes);
    return true;
}

void snapshot_room_use(struct snapshot_room *room)
{
    room->bytes = 0;
}

void snapshot_room_release(struct snapshot_room *room)
{
    char error[JOURNAL_ERROR];

    room->bytes = 0;
    if (!folder_release_room(room->folder, error))
        log_line(LOG_WARN, "%s", error);
}
