/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For LD_PRELOAD in reproducible.sh: readdir(3) returns the entries of a folder
 * in descending order of their names, so a program that relies on the order of
 * the file system gives another result.
 * Locking: one lock for all folders.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct listing {
    DIR *folder;
    struct dirent **entries;
    size_t count; /* not yet returned */
    struct listing *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct listing *listings; /* guarded by `lock` */

static int ascending(const void *a, const void *b)
{
    return strcmp((*(struct dirent *const *)a)->d_name,
                  (*(struct dirent *const *)b)->d_name);
}

/* What the C library's function of this name returns. */
static struct dirent *next_entry(DIR *folder)
{
    struct dirent *(*next)(DIR *);

    *(void **)&next = dlsym(RTLD_NEXT, "readdir");
    return next(folder);
}

static struct listing *read_listing(DIR *folder)
{
    struct listing *listing = calloc(1, sizeof *listing);
    struct dirent *entry;

    if (listing == NULL)
        abort();
    listing->folder = folder;
    while ((entry = next_entry(folder)) != NULL) {
        struct dirent **entries = realloc(
            listing->entries, (listing->count + 1) * sizeof(struct dirent *));
        struct dirent *copy = malloc(entry->d_reclen);

        if (entries == NULL || copy == NULL)
            abort();
        listing->entries = entries;
        entries[listing->count++] = memcpy(copy, entry, entry->d_reclen);
    }
    if (listing->count > 0)
        qsort(listing->entries, listing->count, sizeof(struct dirent *),
              ascending);
    listing->next = listings;
    listings = listing;
    return listing;
}

/* Entries that were returned may still be in use, so they are never freed. */
static void forget_listing(const DIR *folder)
{
    pthread_mutex_lock(&lock);
    for (struct listing **at = &listings; *at != NULL; at = &(*at)->next) {
        if ((*at)->folder == folder) {
            *at = (*at)->next;
            break;
        }
    }
    pthread_mutex_unlock(&lock);
}

static struct dirent *take_entry(DIR *folder)
{
    struct dirent *entry = NULL;
    struct listing *listing;

    pthread_mutex_lock(&lock);
    for (listing = listings; listing != NULL; listing = listing->next) {
        if (listing->folder == folder)
            break;
    }
    if (listing == NULL)
        listing = read_listing(folder);
    if (listing->count > 0)
        entry = listing->entries[--listing->count];
    pthread_mutex_unlock(&lock);
    return entry;
}

struct dirent *readdir(DIR *folder)
{
    return take_entry(folder);
}

/* The same as struct dirent on 64-bit machines. */
struct dirent64 *readdir64(DIR *folder)
{
    return (struct dirent64 *)take_entry(folder);
}

void rewinddir(DIR *folder)
{
    void (*rewind_folder)(DIR *);

    *(void **)&rewind_folder = dlsym(RTLD_NEXT, "rewinddir");
    forget_listing(folder);
    rewind_folder(folder);
}

int closedir(DIR *folder)
{
    int (*close_folder)(DIR *);

    *(void **)&close_folder = dlsym(RTLD_NEXT, "closedir");
    forget_listing(folder);
    return close_folder(folder);
}
