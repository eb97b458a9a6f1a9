/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uses interfaces of Linux only; the service runs on no other system.
 */
#include "parts_measure.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "flags.h"

#define NANOSECONDS UINT64_C(1000000000)

void *parts_allocate(size_t size)
{
    void *memory = malloc(size);

    if (memory == NULL)
        die("no memory for %zu bytes", size);
    return memory;
}

static uint64_t read_clock(clockid_t clock)
{
    struct timespec time;

    if (clock_gettime(clock, &time) != 0)
        die_errno("clock_gettime");
    return (uint64_t)time.tv_sec * NANOSECONDS + (uint64_t)time.tv_nsec;
}

uint64_t parts_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t parts_thread_time(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

/* Does not use stdio, which would allocate memory. */
uint64_t parts_resident(void)
{
    static const char path[] = "/proc/self/smaps_rollup";
    char text[4096];
    size_t length = 0;
    ssize_t got;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        die_errno(path);
    while (length < sizeof(text) - 1 &&
           (got = read(fd, text + length, sizeof(text) - 1 - length)) > 0)
        length += (size_t)got;
    close(fd);
    text[length] = '\0';

    const char *rss = strstr(text, "\nRss:");
    if (rss == NULL)
        die("%s: no Rss in it", path);
    return strtoull(rss + strlen("\nRss:"), NULL, 10) * 1024;
}

static void write_all(int fd, const void *bytes, size_t size)
{
    const char *next = bytes;

    while (size > 0) {
        ssize_t written = write(fd, next, size);
        if (written < 0)
            die_errno("write");
        next += written;
        size -= (size_t)written;
    }
}

/* Read until `size` bytes or the end. Returns the number of bytes read. */
static size_t read_all(int fd, void *bytes, size_t size)
{
    size_t length = 0;
    ssize_t got = 1;

    while (length < size && got > 0) {
        got = read(fd, (char *)bytes + length, size - length);
        if (got > 0)
            length += (size_t)got;
    }
    return length;
}

void parts_in_child(void (*measure)(const void *context, double results[]),
                    const void *context, double results[], size_t count)
{
    size_t size = count * sizeof(*results);
    int ends[2], status;

    fflush(NULL);
    if (pipe2(ends, O_CLOEXEC) != 0)
        die_errno("pipe2");
    pid_t child = fork();
    if (child < 0)
        die_errno("fork");
    if (child == 0) {
        measure(context, results);
        write_all(ends[1], results, size);
        /* Nothing is freed: the kernel releases the memory faster. */
        _exit(EXIT_SUCCESS);
    }
    close(ends[1]);
    size_t length = read_all(ends[0], results, size);
    close(ends[0]);
    if (waitpid(child, &status, 0) != child)
        die_errno("waitpid");
    if (length != size || status != 0)
        die("the measurement in a child process failed");
}
