/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VFS of SQLite in front of that of the system: it counts the calls that a
 * plan is about, and fails those that it names.
 */
#include "faulty_vfs.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include <sqlite3.h>

#include "base/sync.h"

/* A file, with that of the system behind it. */
struct faulty_file {
    sqlite3_file file;
    sqlite3_file *real;
};

static sqlite3_vfs *real_vfs;
static sqlite3_mem_methods real_memory;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct faulty_plan current;
static unsigned counted;

void faulty_vfs_plan(struct faulty_plan plan)
{
    sync_lock(&lock);
    current = plan;
    counted = 0;
    sync_unlock(&lock);
}

unsigned faulty_vfs_calls(void)
{
    sync_lock(&lock);
    unsigned calls = counted;
    sync_unlock(&lock);
    return calls;
}

/* Count a call. Returns the code that it fails with, or SQLITE_OK. */
static int count_call(enum faulty_call call, bool *half)
{
    int code = SQLITE_OK;
    unsigned delay = 0;

    sync_lock(&lock);
    if ((current.calls & call) != 0) {
        counted++;
        delay = current.delay;
        if (current.first != 0 && counted >= current.first &&
            counted - current.first < current.count) {
            code = current.code;
            *half = current.half;
        }
    }
    sync_unlock(&lock);
    if (delay > 0)
        nanosleep(
            &(struct timespec){delay / 1000, (long)(delay % 1000) * 1000000},
            NULL);
    return code;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct faulty_file *)file)->real;
}

static int file_close(sqlite3_file *file)
{
    sqlite3_file *real = real_of(file);
    int code = real->pMethods != NULL ? real->pMethods->xClose(real) : 0;

    free(real);
    return code;
}

static int file_read(sqlite3_file *file, void *to, int size, sqlite3_int64 at)
{
    bool half = false;
    int code = count_call(FAULTY_READ, &half);

    return code != SQLITE_OK
               ? code
               : real_of(file)->pMethods->xRead(real_of(file), to, size, at);
}

static int file_write(sqlite3_file *file, const void *from, int size,
                      sqlite3_int64 at)
{
    bool half = false;
    int code = count_call(FAULTY_WRITE, &half);
    sqlite3_file *real = real_of(file);

    if (code == SQLITE_OK)
        return real->pMethods->xWrite(real, from, size, at);
    if (half)
        real->pMethods->xWrite(real, from, size / 2, at);
    return code;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    bool half = false;
    int code = count_call(FAULTY_TRUNCATE, &half);

    return code != SQLITE_OK
               ? code
               : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

/* Nothing is synced: no test cuts the power. */
static int file_sync(sqlite3_file *file, int flags)
{
    bool half = false;

    (void)file;
    (void)flags;
    return count_call(FAULTY_SYNC, &half);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int file_check_lock(sqlite3_file *file, int *result)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), result);
}

static int file_control(sqlite3_file *file, int operation, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), operation,
                                                 argument);
}

static int file_sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int file_characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

/*
 * Version 1 has no shared memory, which the code under test must not need, and
 * no mapped files, so that each read is a call.
 */
static const sqlite3_io_methods file_methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
};

static int open_file(sqlite3_vfs *vfs, sqlite3_filename name,
                     sqlite3_file *file, int flags, int *out_flags)
{
    struct faulty_file *own = (struct faulty_file *)file;
    bool half = false;
    int code = count_call(FAULTY_OPEN, &half);

    (void)vfs;
    file->pMethods = NULL;
    if (code != SQLITE_OK)
        return code;
    own->real = calloc(1, (size_t)real_vfs->szOsFile);
    if (own->real == NULL)
        return SQLITE_NOMEM;
    code = real_vfs->xOpen(real_vfs, name, own->real, flags, out_flags);
    if (code != SQLITE_OK) {
        free(own->real);
        return code;
    }
    file->pMethods = &file_methods;
    return SQLITE_OK;
}

static void *allocate(int size)
{
    bool half = false;

    return count_call(FAULTY_ALLOCATION, &half) != SQLITE_OK
               ? NULL
               : real_memory.xMalloc(size);
}

static void *reallocate(void *memory, int size)
{
    bool half = false;

    return count_call(FAULTY_ALLOCATION, &half) != SQLITE_OK
               ? NULL
               : real_memory.xRealloc(memory, size);
}

void faulty_vfs_install(void)
{
    static sqlite3_vfs vfs;

    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory) != SQLITE_OK)
        abort();
    sqlite3_mem_methods memory = real_memory;
    memory.xMalloc = allocate;
    memory.xRealloc = reallocate;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &memory) != SQLITE_OK ||
        sqlite3_initialize() != SQLITE_OK)
        abort();
    /* All but open is that of the system's VFS, which ignores its argument. */
    real_vfs = sqlite3_vfs_find(NULL);
    vfs = *real_vfs;
    vfs.zName = "faulty";
    vfs.szOsFile = (int)sizeof(struct faulty_file);
    vfs.xOpen = open_file;
    if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
        abort();
}
