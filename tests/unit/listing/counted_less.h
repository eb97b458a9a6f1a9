/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compiler includes this in front of key_sort.c for test_key_sort: the sort
 * then calls a comparison of the test.
 */
#ifndef LUNAR_TESTS_COUNTED_LESS_H
#define LUNAR_TESTS_COUNTED_LESS_H

#include "listing/key_sort.h"

bool counted_less(const struct sort_key *a, const struct sort_key *b);

#define key_sort_less counted_less

#endif
