/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts the calls, and fails them or calls the real functions.
 */
#include "allocations.h"

#include <stdint.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

/*
 * Volatile: with link-time optimisation the compiler assumes that malloc() and
 * the like do not change these variables.
 */
static volatile size_t left = SIZE_MAX; /* calls that succeed; SIZE_MAX: all */
static volatile bool for_good;
static volatile bool failed;
static volatile size_t live;

static struct {
    size_t after;
    void (*run)(void *context); /* NULL: nothing to run */
    void *context;
} meanwhile;

/* The names of ld(1), --wrap: a call of malloc() calls __wrap_malloc(). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count_allocation, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count_allocation, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void __wrap_free(void *memory);

static void run_meanwhile(void)
{
    void (*run)(void *context) = meanwhile.run;
    size_t kept = left;

    if (run == NULL || meanwhile.after-- > 0)
        return;
    meanwhile.run = NULL;
    left = SIZE_MAX;
    run(meanwhile.context);
    left = kept;
}

static bool must_fail(void)
{
    run_meanwhile();
    if (left == SIZE_MAX)
        return false;
    if (left > 0) {
        left--;
        return false;
    }
    if (!for_good)
        left = SIZE_MAX;
    failed = true;
    return true;
}

static void *count_allocation(void *memory)
{
    live += memory != NULL;
    return memory;
}

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : count_allocation(__real_malloc(size));
}

void *__wrap_calloc(size_t number, size_t size)
{
    return must_fail() ? NULL : count_allocation(__real_calloc(number, size));
}

void *__wrap_realloc(void *memory, size_t size)
{
    if (must_fail())
        return NULL;
    void *resized = __real_realloc(memory, size);
    return memory == NULL ? count_allocation(resized) : resized;
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return must_fail()
               ? NULL
               : count_allocation(__real_aligned_alloc(alignment, size));
}

void __wrap_free(void *memory)
{
    live -= memory != NULL;
    __real_free(memory);
}

void allocations_init(void)
{
    cJSON_Hooks hooks = {malloc, free};

    cJSON_InitHooks(&hooks);
}

void allocations_limit(const struct allocations_end *end)
{
    left = end->after;
    for_good = end->for_good;
    failed = false;
}

void allocations_meanwhile(size_t after, void (*run)(void *context),
                           void *context)
{
    meanwhile.after = after;
    meanwhile.run = run;
    meanwhile.context = context;
}

bool allocations_restore(void)
{
    left = SIZE_MAX;
    return failed;
}

size_t allocations_live(void)
{
    return live;
}
