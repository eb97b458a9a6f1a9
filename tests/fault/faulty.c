/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shell redirects the streams and then executes the service, so the service
 * has the process id of the shell.
 */
#include "faulty.h"

#include "lib/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAX_SETTING = 512 };

/*
 * Make the page that is shared with this service. Returns its descriptor, which
 * the service inherits.
 */
static int share_memory(struct faulty *faulty)
{
    int descriptor = memfd_create("scarcity", 0);

    assert_true(descriptor >= 0);
    assert_int_equal(ftruncate(descriptor, sizeof(*faulty->memory)), 0);
    faulty->memory = mmap(NULL, sizeof(*faulty->memory), PROT_READ | PROT_WRITE,
                          MAP_SHARED, descriptor, 0);
    assert_true(faulty->memory != MAP_FAILED);
    faulty->memory->left = SCARCITY_PLENTY;
    return descriptor;
}

static void start_process(struct faulty *faulty, const char *command,
                          const char *const flags[], int descriptor)
{
    char preload[MAX_SETTING], page[MAX_SETTING];
    const char *environment[] = {preload, page, NULL};
    const char *arguments[INSTANCE_MAX_FLAGS + 6] = {
        "/bin/sh", "-c", command, process_setting("LUNAR_SERVICE"), "-port=0"};
    size_t count = 5;

    for (; flags != NULL && *flags != NULL; flags++) {
        assert_in_range(count, 0, INSTANCE_MAX_FLAGS + 4);
        arguments[count++] = *flags;
    }
    snprintf(preload, sizeof(preload), "SCARCITY_LIBRARY=%s",
             process_setting("LUNAR_SCARCITY"));
    snprintf(page, sizeof(page), SCARCITY_VARIABLE "=%d", descriptor);
    process_start(&faulty->instance.process, arguments, environment);
}

/* Read the ready line. The port follows the last colon of its first URL. */
static bool read_ready_line(struct instance *instance)
{
    static const char start[] = "lunar.service: listening on http://127.0.0.1:";

    if (!process_line(&instance->process, instance->ready,
                      sizeof(instance->ready), INSTANCE_PATIENCE) ||
        strncmp(instance->ready, start, sizeof(start) - 1) != 0)
        return false;
    instance->port =
        (uint16_t)strtoul(instance->ready + sizeof(start) - 1, NULL, 10);
    return instance->port != 0;
}

bool faulty_start(struct faulty *faulty, const char *redirection,
                  const char *const flags[], const struct scarcity *end)
{
    char command[MAX_SETTING];

    *faulty = (struct faulty){0};
    int descriptor = share_memory(faulty);
    if (end != NULL)
        faulty_limit(faulty, (enum scarcity_scope)end->scope, end->left,
                     end->for_good);
    /* The library must be preloaded into the service, not into the shell. */
    snprintf(command, sizeof(command),
             "export LD_PRELOAD=\"$SCARCITY_LIBRARY\"; exec \"$0\" \"$@\" %s",
             redirection == NULL ? "" : redirection);
    start_process(faulty, command, flags, descriptor);
    close(descriptor);
    return read_ready_line(&faulty->instance);
}

void faulty_limit(struct faulty *faulty, enum scarcity_scope scope,
                  int64_t left, bool for_good)
{
    struct scarcity *memory = faulty->memory;

    memory->failed = 0;
    memory->scope = scope;
    memory->for_good = for_good;
    memory->left = left; /* last, as this starts the count */
}

int64_t faulty_restore(struct faulty *faulty)
{
    faulty->memory->left = SCARCITY_PLENTY;
    return faulty->memory->failed;
}

void faulty_stop(struct faulty *faulty)
{
    instance_stop(&faulty->instance);
    faulty_release(faulty);
}

void faulty_release(struct faulty *faulty)
{
    instance_release(&faulty->instance);
    if (faulty->memory != NULL)
        munmap(faulty->memory, sizeof(*faulty->memory));
    *faulty = (struct faulty){0};
}
