/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_sync: the baseline of the journal, the least that a program can do that
 * makes one message after the other durable: append some bytes, fdatasync(2).
 * Writes a file in the current folder and removes it. Prints one JSON object.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "flags.h"

enum { MAX_BYTES = 1024 * 1024 };

static const char name[] = "bench_sync.tmp";

static uint64_t now_us(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

int main(int argc, char *argv[])
{
    static const char bytes[MAX_BYTES];
    uint64_t length = 4096, milliseconds = 1000, syncs = 0;
    const struct flag flags[] = {
        {"bytes", &length, 1, MAX_BYTES},
        {"milliseconds", &milliseconds, 1, 60000},
        {NULL, NULL, 0, 0},
    };

    flags_read(argc, argv, flags);
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0600);
    if (fd < 0)
        die_errno(name);
    unlink(name);
    uint64_t start = now_us(), end = start;
    for (; end - start < milliseconds * 1000; syncs++) {
        if (write(fd, bytes, length) != (ssize_t)length || fdatasync(fd) != 0)
            die_errno(name);
        end = now_us();
    }
    printf("{\"syncs\": %" PRIu64 ", \"seconds\": %.6f}\n", syncs,
           (double)(end - start) / 1e6);
    close(fd);
    return 0;
}
