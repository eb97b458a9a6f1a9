/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library that is preloaded into the service. Its malloc(3), calloc(3),
 * realloc(3), aligned_alloc(3) and pthread_create(3) fail as the test wants.
 * The return address shows which code allocates.
 *
 * With a sanitizer the next function is that of the sanitizer, not of the C
 * library.
 */
#include "scarcity.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { MAX_RANGES = 16 };

/* Addresses of code, and its scope. Set at start, then read-only. */
static struct {
    uintptr_t start, end;
    enum scarcity_scope scope;
} ranges[MAX_RANGES];
static unsigned range_count;

/* NULL before the start, and if the test shares no page. */
static struct scarcity *shared;

/* dl_iterate_phdr(3) gives the program itself an empty name. */
static int scope_of(const char *name)
{
    if (name[0] == '\0' || strstr(name, "/libcjson.so") != NULL)
        return SCARCITY_OWN;
    if (strstr(name, "/libmicrohttpd.so") != NULL)
        return SCARCITY_MHD;
    return 0;
}

static int add_ranges(struct dl_phdr_info *info, size_t size, void *context)
{
    int scope = scope_of(info->dlpi_name);

    (void)size;
    (void)context;
    for (int i = 0; scope != 0 && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_X) == 0 ||
            range_count == MAX_RANGES)
            continue;
        uintptr_t start = info->dlpi_addr + segment->p_vaddr;
        ranges[range_count].start = start;
        ranges[range_count].end = start + segment->p_memsz;
        ranges[range_count++].scope = (enum scarcity_scope)scope;
    }
    return 0;
}

__attribute__((constructor)) static void map_shared_page(void)
{
    /* There are no threads yet. */
    const char *descriptor =
        getenv(SCARCITY_VARIABLE); /* NOLINT(concurrency-mt-unsafe) */

    if (descriptor == NULL)
        return;
    void *page = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED,
                      (int)strtol(descriptor, NULL, 10), 0);
    dl_iterate_phdr(add_ranges, NULL);
    if (page != MAP_FAILED)
        shared = page;
}

/* The scope of the code at an address; 0 if its allocations never fail. */
static unsigned scope_at(uintptr_t caller)
{
    for (unsigned i = 0; i < range_count; i++)
        if (caller >= ranges[i].start && caller < ranges[i].end)
            return ranges[i].scope;
    return 0;
}

/* Threads share the count; each value of it is for exactly one of them. */
static bool must_end(unsigned scope)
{
    int64_t left = atomic_load(&shared->left), next = 0;

    if (((unsigned)atomic_load(&shared->scope) & scope) == 0)
        return false;
    do {
        if (left == SCARCITY_PLENTY)
            return false;
        next = left > 0                         ? left - 1
               : atomic_load(&shared->for_good) ? 0
                                                : SCARCITY_PLENTY;
    } while (!atomic_compare_exchange_weak(&shared->left, &left, next));
    if (left > 0)
        return false;
    atomic_fetch_add(&shared->failed, 1);
    return true;
}

static bool is_plenty(void)
{
    return shared == NULL || atomic_load(&shared->left) == SCARCITY_PLENTY;
}

static bool must_fail(const void *caller)
{
    if (is_plenty() || !must_end(scope_at((uintptr_t)caller)))
        return false;
    errno = ENOMEM;
    return true;
}

/*
 * Called by AddressSanitizer for its options. By default it aborts if another
 * library is loaded before it.
 */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "verify_asan_link_order=0";
}

/*
 * Set `*function`, a function pointer, to the next function of that name. POSIX
 * requires this conversion to work for dlsym(3).
 */
static void find_next(const char *name, void *function)
{
    *(void **)function = dlsym(RTLD_NEXT, name);
    if (*(void **)function == NULL)
        abort();
}

void *malloc(size_t size)
{
    static void *(*next)(size_t);

    if (must_fail(__builtin_return_address(0)))
        return NULL;
    if (next == NULL)
        find_next("malloc", &next);
    return next(size);
}

void *calloc(size_t count, size_t size)
{
    static void *(*next)(size_t, size_t);

    if (must_fail(__builtin_return_address(0)))
        return NULL;
    if (next == NULL)
        find_next("calloc", &next);
    return next(count, size);
}

void *realloc(void *memory, size_t size)
{
    static void *(*next)(void *, size_t);

    if (must_fail(__builtin_return_address(0)))
        return NULL;
    if (next == NULL)
        find_next("realloc", &next);
    return next(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    static void *(*next)(size_t, size_t);

    if (must_fail(__builtin_return_address(0)))
        return NULL;
    if (next == NULL)
        find_next("aligned_alloc", &next);
    return next(alignment, size);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                   void *(*start)(void *), void *context)
{
    static int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *),
                       void *);

    if (!is_plenty() && must_end(SCARCITY_THREADS))
        return EAGAIN;
    if (next == NULL)
        find_next("pthread_create", &next);
    return next(thread, attributes, start, context);
}
