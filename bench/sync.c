/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_sync: the baseline of the journal, the least that a program can do that
 * makes one message after the other durable: write some bytes behind the last
 * ones, fdatasync(2). Like the journal's log, the file grows to a size and is
 * then written from its begin again. It is made in the current folder and
 * removed. Prints one JSON object.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "flags.h"

enum {
    MAX_BYTES = 1024 * 1024,
    FILE_BYTES = 16 * 1024 * 1024, /* JOURNAL_CHECKPOINT */
};

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
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        die_errno(name);
    unlink(name);
    uint64_t start = now_us(), end = start;
    for (; end - start < milliseconds * 1000; syncs++) {
        uint64_t offset = syncs % (FILE_BYTES / length) * length;
        if (pwrite(fd, bytes, length, (off_t)offset) != (ssize_t)length ||
            fdatasync(fd) != 0)
            die_errno(name);
        end = now_us();
    }
    printf("{\"syncs\": %" PRIu64 ", \"seconds\": %.6f}\n", syncs,
           (double)(end - start) / 1e6);
    close(fd);
    return 0;
}
