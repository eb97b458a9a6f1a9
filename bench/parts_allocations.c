/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A malloc() of the program replaces that of the C library, for the program
 * and for all its shared libraries. The functions here count, and then call
 * glibc's functions by the names that glibc exports for this. So free() is
 * glibc's, and the layout of the heap does not change.
 */
#include "parts_allocations.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OWN_MALLOC 0
#else
#define OWN_MALLOC 1
#endif

static _Atomic bool counting;
static _Atomic uint64_t counted, bytes, largest;

bool parts_allocations_work(void)
{
    return OWN_MALLOC;
}

void parts_allocations_start(void)
{
    atomic_store(&counted, 0);
    atomic_store(&bytes, 0);
    atomic_store(&largest, 0);
    atomic_store(&counting, true);
}

struct parts_allocations parts_allocations_stop(void)
{
    atomic_store(&counting, false);
    return (struct parts_allocations){
        atomic_load(&counted), atomic_load(&bytes), atomic_load(&largest)};
}

#if OWN_MALLOC

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

/* Cheap while counting is off: one load of a variable that does not change. */
static void count_allocation(size_t size)
{
    if (!atomic_load_explicit(&counting, memory_order_relaxed))
        return;
    atomic_fetch_add_explicit(&counted, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&bytes, size, memory_order_relaxed);
    uint64_t most = atomic_load_explicit(&largest, memory_order_relaxed);
    while (size > most && !atomic_compare_exchange_weak(&largest, &most, size))
        ;
}

void *malloc(size_t size)
{
    count_allocation(size);
    return __libc_malloc(size);
}

void *calloc(size_t members, size_t size)
{
    count_allocation(members * size);
    return __libc_calloc(members, size);
}

void *realloc(void *memory, size_t size)
{
    count_allocation(size);
    return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    count_allocation(size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    count_allocation(size);
    void *made = __libc_memalign(alignment, size);
    if (made == NULL)
        return ENOMEM;
    *memory = made;
    return 0;
}

#endif
