/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of all benchmarks. A message is a function of its rocket and its
 * number, so any number of them needs no memory. All are distinct, and every
 * one must be applied. There are no explosions: messages after one would
 * change nothing.
 *
 * libbench_fleet.so has the same functions for wrk.lua and load.py, which
 * declare struct fleet again.
 */
#ifndef LUNAR_BENCH_FLEET_H
#define LUNAR_BENCH_FLEET_H

#include <stddef.h>
#include <stdint.h>

/* Bytes, with NUL. The fields of a request are at most 128 bytes of it. */
enum { FLEET_MAX_MESSAGE = 384, FLEET_MAX_REQUEST = 640 };

/*
 * Messages in order: number `number` of the rockets `first`, `first` + `step`
 * up to `last`, then the next number of each. Number 1 is the launch.
 */
struct fleet {
    uint64_t round; /* 32 bits, part of each id: another round, other rockets */
    uint64_t first, last, step;
    uint64_t number, rocket; /* of the next message */
};

/*
 * Write a message as JSON, as `rockets` does, to FLEET_MAX_MESSAGE bytes.
 * Returns its length, without the NUL.
 */
size_t fleet_message(uint64_t round, uint64_t rocket, uint64_t number,
                     char *out);

/* Write the next `count` messages, a line each. Returns the length. */
size_t fleet_lines(struct fleet *fleet, uint64_t count, char *out);

/*
 * Write a POST of the next message to FLEET_MAX_REQUEST bytes. `fields` are
 * header lines, such as "Host: localhost\r\n". Returns the length.
 */
size_t fleet_request(struct fleet *fleet, const char *fields, char *out);

#endif
