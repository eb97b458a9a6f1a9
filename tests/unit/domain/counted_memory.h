/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compiler includes this in front of runs.c and runs_node.c for test_runs:
 * composing and moving runs then calls functions of the test.
 */
#ifndef LUNAR_TESTS_COUNTED_MEMORY_H
#define LUNAR_TESTS_COUNTED_MEMORY_H

#include <string.h>

#include "domain/effect.h"

struct effect counted_compose(const struct effect *earlier,
                              const struct effect *later,
                              struct effect_dropped *dropped);
void *counted_move(void *to, const void *from, size_t size);

#define effect_compose counted_compose
#undef memcpy
#define memcpy counted_move
#undef memmove
#define memmove counted_move

#endif
