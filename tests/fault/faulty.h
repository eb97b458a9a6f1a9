/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real binary with failing allocations or threads. It inherits a memory
 * file, and preloads the library that maps it.
 */
#ifndef LUNAR_TESTS_FAULTY_H
#define LUNAR_TESTS_FAULTY_H

#include "lib/harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "scarcity.h"

struct faulty {
    struct instance instance;
    struct scarcity *shared; /* with the service */
};

/*
 * Start the service with -port=0 and `flag` (NULL: none). `limit` says what
 * fails from the start (NULL: nothing does). Returns whether the service has
 * printed its ready line.
 */
static inline bool faulty_start(struct faulty *faulty, const char *flag,
                                const struct scarcity_limit *limit)
{
    static const char ready[] = "lunar.service: listening on http://127.0.0.1:";
    struct instance *instance = &faulty->instance;
    char library[512], page[64];
    /* As instance_start(): idle connections are closed only to make room. */
    const char *const environment[] = {library, page, "LUNAR_IDLE_TIMEOUT=3600",
                                       NULL};
    const char *const arguments[] = {process_setting("LUNAR_SERVICE"),
                                     "-port=0", flag, NULL};
    int descriptor = memfd_create("scarcity", 0);

    assert_int_equal(ftruncate(descriptor, sizeof(*faulty->shared)), 0);
    faulty->shared = mmap(NULL, sizeof(*faulty->shared), PROT_READ | PROT_WRITE,
                          MAP_SHARED, descriptor, 0);
    assert_true(faulty->shared != MAP_FAILED);
    faulty->shared->left = SCARCITY_PLENTY;
    if (limit != NULL)
        scarcity_begin(faulty->shared, limit);
    snprintf(library, sizeof(library), "LD_PRELOAD=%s",
             process_setting("LUNAR_SCARCITY"));
    snprintf(page, sizeof(page), SCARCITY_VARIABLE "=%d", descriptor);
    process_start(&instance->process, arguments, environment);
    close(descriptor);
    if (!process_line(&instance->process, instance->ready,
                      sizeof(instance->ready), INSTANCE_PATIENCE))
        return false;
    instance->port =
        (uint16_t)strtoul(instance->ready + sizeof(ready) - 1, NULL, 10);
    return true;
}

/* Expect that the service ends with `status` by itself, and release it. */
static inline void faulty_expect_end(struct faulty *faulty, int status)
{
    instance_expect_end(&faulty->instance, status);
    munmap(faulty->shared, sizeof(*faulty->shared));
}

/* Stop the service with SIGTERM, as instance_stop(), and release it. */
static inline void faulty_stop(struct faulty *faulty)
{
    process_signal(&faulty->instance.process, SIGTERM);
    faulty_expect_end(faulty, 0);
}

#endif
