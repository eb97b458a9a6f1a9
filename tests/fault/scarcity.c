/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts the calls, and fails them or calls the next function of that name,
 * which with a sanitizer is that of the sanitizer. The return address shows
 * which code allocates: allocations of the C library never fail.
 */
#include "scarcity.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { MAX_RANGES = 16 };

/* Addresses of code, and its scope. Set at start, then read-only. */
static struct range {
    uintptr_t start, end;
    enum scarcity_scope scope;
} ranges[MAX_RANGES];
static unsigned range_count;

static struct scarcity own = {.left = SCARCITY_PLENTY};
struct scarcity *scarcity = &own;
void (*scarcity_meanwhile)(void);

/* dl_iterate_phdr(3) gives the program itself an empty name. */
static int add_ranges(struct dl_phdr_info *info, size_t size, void *context)
{
    bool mhd = strstr(info->dlpi_name, "/libmicrohttpd.so") != NULL;

    (void)size;
    (void)context;
    if (!mhd && info->dlpi_name[0] != '\0' &&
        strstr(info->dlpi_name, "/libcjson.so") == NULL)
        return 0;
    for (int i = 0; i < info->dlpi_phnum && range_count < MAX_RANGES; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X) != 0)
            ranges[range_count++] =
                (struct range){start, start + segment->p_memsz,
                               mhd ? SCARCITY_MHD : SCARCITY_OWN};
    }
    return 0;
}

__attribute__((constructor)) static void start(void)
{
    /* There are no threads yet. */
    const char *descriptor =
        getenv(SCARCITY_VARIABLE); /* NOLINT(concurrency-mt-unsafe) */

    dl_iterate_phdr(add_ranges, NULL);
    if (descriptor == NULL)
        return;
    void *page = mmap(NULL, sizeof(own), PROT_READ | PROT_WRITE, MAP_SHARED,
                      (int)strtol(descriptor, NULL, 10), 0);
    if (page == MAP_FAILED)
        abort();
    scarcity = page;
}

/* The scope of the code at an address; 0 if its allocations never fail. */
static unsigned scope_at(const void *caller)
{
    for (unsigned i = 0; i < range_count; i++)
        if ((uintptr_t)caller >= ranges[i].start &&
            (uintptr_t)caller < ranges[i].end)
            return ranges[i].scope;
    return 0;
}

/* Threads share the count; each value of it is for exactly one of them. */
static bool must_fail(unsigned scope)
{
    int64_t left = scarcity->left, then = 0;

    if (((unsigned)scarcity->scope & scope) == 0)
        return false;
    do {
        if (left == SCARCITY_PLENTY)
            return false;
        then = left > 0 ? left - 1 : scarcity->for_good ? 0 : SCARCITY_PLENTY;
    } while (!atomic_compare_exchange_weak(&scarcity->left, &left, then));
    if (left > 0)
        return false;
    scarcity->failed++;
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

/* The next functions of these names. Set by the first allocation. */
static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    void (*free)(void *);
    int (*pthread_create)(pthread_t *, const pthread_attr_t *,
                          void *(*)(void *), void *);
} next;

/*
 * POSIX requires these conversions to work for dlsym(3), which may free the
 * text of an earlier error: so free(3) is first.
 */
static void find_all(void)
{
    if (next.malloc != NULL)
        return;
    *(void **)&next.free = dlsym(RTLD_NEXT, "free");
    *(void **)&next.calloc = dlsym(RTLD_NEXT, "calloc");
    *(void **)&next.realloc = dlsym(RTLD_NEXT, "realloc");
    *(void **)&next.aligned_alloc = dlsym(RTLD_NEXT, "aligned_alloc");
    *(void **)&next.pthread_create = dlsym(RTLD_NEXT, "pthread_create");
    *(void **)&next.malloc = dlsym(RTLD_NEXT, "malloc");
}

/* Count memory that the program's own code has allocated. */
static void *counted(void *memory, unsigned scope)
{
    if (memory != NULL && scope == SCARCITY_OWN)
        scarcity->live++;
    return memory;
}

/* The scope of the code that has called this function. */
#define CALLER scope_at(__builtin_return_address(0))

void *malloc(size_t size)
{
    void (*meanwhile)(void) = scarcity_meanwhile;

    find_all();
    if (meanwhile != NULL && CALLER == SCARCITY_OWN) {
        scarcity_meanwhile = NULL;
        meanwhile();
    }
    return must_fail(CALLER) ? NULL : counted(next.malloc(size), CALLER);
}

void *calloc(size_t count, size_t size)
{
    find_all();
    return must_fail(CALLER) ? NULL : counted(next.calloc(count, size), CALLER);
}

void *realloc(void *memory, size_t size)
{
    find_all();
    if (must_fail(CALLER))
        return NULL;
    return memory != NULL ? next.realloc(memory, size)
                          : counted(next.realloc(NULL, size), CALLER);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    find_all();
    return must_fail(CALLER)
               ? NULL
               : counted(next.aligned_alloc(alignment, size), CALLER);
}

void free(void *memory)
{
    find_all();
    if (memory != NULL && CALLER == SCARCITY_OWN)
        scarcity->live--;
    next.free(memory);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                   void *(*run)(void *), void *context)
{
    find_all();
    return must_fail(SCARCITY_THREADS)
               ? EAGAIN
               : next.pthread_create(thread, attributes, run, context);
}
