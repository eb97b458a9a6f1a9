/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the sort. It is compiled into this test with another comparison,
 * which counts its calls and can act as an adversary. So the bound is tested by
 * comparisons, not by time.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "listing/key_sort.h"

enum { KEYS = 20000, TEXTS = 3000 };

static uint64_t comparisons;

/*
 * McIlroy's adversary (1999): a value is assigned only when it is compared, so
 * that every pivot is among the smallest. `item` of a key points to its value.
 */
static struct {
    bool active;
    uint64_t solid;
    size_t candidate;
    uint64_t values[KEYS]; /* UINT64_MAX: not assigned */
} adversary;

static size_t index_of(const struct sort_key *key)
{
    const uint64_t *value = key->item;
    return (size_t)(value - adversary.values);
}

static bool adversary_less(size_t a, size_t b)
{
    uint64_t *values = adversary.values;
    if (values[a] == UINT64_MAX && values[b] == UINT64_MAX)
        values[a == adversary.candidate ? a : b] = adversary.solid++;
    if (values[a] == UINT64_MAX)
        adversary.candidate = a;
    else if (values[b] == UINT64_MAX)
        adversary.candidate = b;
    return values[a] < values[b];
}

static bool counted_less(const struct sort_key *a, const struct sort_key *b)
{
    comparisons++;
    if (!adversary.active)
        return key_sort_less(a, b);
    if (a->item == b->item)
        return false;
    return adversary_less(index_of(a), index_of(b));
}

#define key_sort_less counted_less
#include "listing/key_sort.c" /* NOLINT(bugprone-suspicious-include) */
#undef key_sort_less

static uint64_t random_state = 1;

static uint64_t next_random(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695041;
    return random_state >> 24;
}

static int compare_keys(const void *a, const void *b)
{
    return key_sort_less(b, a) - key_sort_less(a, b);
}

static uint64_t pattern(unsigned which, size_t i, size_t count)
{
    switch (which) {
    case 0:
        return next_random();
    case 1:
        return 7;
    case 2:
        return i;
    case 3:
        return count - i;
    case 4:
        return i < count / 2 ? i : count - i;
    case 5:
        return next_random() % 4;
    case 6: /* the worst case for the median of three */
        return i < count / 2 ? (i % 2 ? count / 2 + i : i + 1)
                             : (i - count / 2 + 1) * 2;
    default:
        return UINT64_MAX - next_random() % 2;
    }
}

/*
 * The order must be that of qsort(3), with each item once and with its key,
 * after at most 4 n log2 n comparisons.
 */
static void assert_sorts(unsigned which, size_t count)
{
    static struct sort_key keys[KEYS], expected[KEYS];
    static bool seen[KEYS];
    static struct sort_key original[KEYS];
    uint64_t bound = 100;
    for (size_t i = 0; i < count; i++)
        original[i] =
            (struct sort_key){pattern(which, i, count),
                              which == 1 ? 1 : next_random() % 3, &original[i]};
    memcpy(keys, original, sizeof(keys));
    memcpy(expected, original, sizeof(keys));
    memset(seen, 0, sizeof(seen));
    for (size_t left = count; left > 0; left /= 2)
        bound += 4 * count;
    comparisons = 0;
    key_sort(keys, count);
    assert_in_range(comparisons, 0, bound);
    qsort(expected, count, sizeof(*keys), compare_keys);
    for (size_t i = 0; i < count; i++) {
        const struct sort_key *item = keys[i].item;
        assert_int_equal(compare_keys(&keys[i], &expected[i]), 0);
        assert_int_equal(compare_keys(&keys[i], item), 0);
        assert_false(seen[item - original]);
        seen[item - original] = true;
    }
}

static void keys_are_sorted_as_by_qsort(void **context)
{
    (void)context;
    static const size_t counts[] = {0,  1,   2,   3,   24,  25,
                                    26, 127, 128, 129, 130, KEYS};
    for (unsigned which = 0; which < 8; which++)
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
            assert_sorts(which, counts[i]);
}

static void adversary_does_not_make_it_quadratic(void **context)
{
    (void)context;
    static struct sort_key keys[KEYS];
    for (size_t i = 0; i < KEYS; i++) {
        keys[i] = (struct sort_key){0, 0, &adversary.values[i]};
        adversary.values[i] = UINT64_MAX;
    }
    adversary.active = true;
    comparisons = 0;
    key_sort(keys, KEYS);
    adversary.active = false;
    assert_in_range(comparisons, 0, UINT64_C(8) * KEYS * 15);
    for (size_t i = 1; i < KEYS; i++)
        assert_true(adversary.values[index_of(&keys[i - 1])] <=
                    adversary.values[index_of(&keys[i])]);
}

static void run_ends_where_keys_differ(void **context)
{
    (void)context;
    static const struct sort_key keys[] = {
        {1, 1, NULL}, {1, 1, NULL}, {1, 2, NULL}, {2, 2, NULL}, {2, 2, NULL}};
    assert_int_equal(key_sort_run(keys, 5, 0), 2);
    assert_int_equal(key_sort_run(keys, 5, 1), 2);
    assert_int_equal(key_sort_run(keys, 5, 2), 3);
    assert_int_equal(key_sort_run(keys, 5, 3), 5);
    assert_int_equal(key_sort_run(keys, 4, 3), 4);
}

static struct text text_at(const void *item)
{
    return *(const struct text *)item;
}

static void assert_sorts_texts(struct text *texts, size_t count,
                               bool descending)
{
    static struct sort_key keys[TEXTS];
    static bool seen[TEXTS];
    memset(seen, 0, sizeof(seen));
    for (size_t i = 0; i < count; i++)
        keys[i].item = &texts[i];
    key_sort_by_text(keys, count, text_at, descending);
    for (size_t i = 0; i < count; i++) {
        const struct text *text = keys[i].item;
        assert_false(seen[text - texts]);
        seen[text - texts] = true;
        if (i == 0)
            continue;
        int order = text_compare(text_at(keys[i - 1].item), *text);
        assert_true(descending ? order >= 0 : order <= 0);
    }
}

/*
 * Texts of any length, also with bytes above 127. Many have a common prefix
 * that ends at or near the end of a word.
 */
static void texts_are_sorted_by_bytes_both_ways(void **context)
{
    (void)context;
    static const size_t prefixes[] = {0, 7, 8, 15, 16, 17, 31, 32, 240, 255};
    static char bytes[TEXTS][KEY_SORT_MAX_TEXT];
    static struct text texts[TEXTS];
    for (size_t i = 0; i < TEXTS; i++) {
        size_t prefix = prefixes[next_random() % 10];
        size_t room = KEY_SORT_MAX_TEXT - prefix;
        size_t more =
            next_random() % 2 ? next_random() % 3 : next_random() % (room + 1);
        memset(bytes[i], 'p', prefix);
        for (size_t j = prefix; j < KEY_SORT_MAX_TEXT; j++)
            bytes[i][j] = "\x01p\xff"[next_random() % 3];
        texts[i] =
            (struct text){bytes[i], prefix + (more < room ? more : room)};
    }
    assert_sorts_texts(texts, TEXTS, false);
    assert_sorts_texts(texts, TEXTS, true);
}

static void texts_sort_after_their_prefixes(void **context)
{
    (void)context;
    static char bytes[KEY_SORT_MAX_TEXT];
    static struct text texts[2 * (KEY_SORT_MAX_TEXT + 1)];
    enum { COUNT = sizeof(texts) / sizeof(texts[0]) };
    memset(bytes, '\xff', sizeof(bytes));
    for (size_t i = 0; i < COUNT; i++)
        texts[i] = (struct text){bytes, i * 101 % (KEY_SORT_MAX_TEXT + 1)};
    assert_sorts_texts(texts, COUNT, false);
    assert_sorts_texts(texts, COUNT, true);
    assert_sorts_texts(texts, 1, true);
    assert_sorts_texts(texts, 0, false);
}

/* A sanitizer detects overruns. */
static void equal_texts_are_not_overrun(void **context)
{
    (void)context;
    enum { COUNT = 3, LENGTH = 5 };
    struct text texts[COUNT];
    char *copies[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        copies[i] = malloc(LENGTH);
        assert_non_null(copies[i]);
        memset(copies[i], 'x', LENGTH);
        texts[i] = (struct text){copies[i], LENGTH};
    }
    assert_sorts_texts(texts, COUNT, false);
    for (size_t i = 0; i < COUNT; i++)
        free(copies[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_sorted_as_by_qsort),
        cmocka_unit_test(adversary_does_not_make_it_quadratic),
        cmocka_unit_test(run_ends_where_keys_differ),
        cmocka_unit_test(texts_are_sorted_by_bytes_both_ways),
        cmocka_unit_test(texts_sort_after_their_prefixes),
        cmocka_unit_test(equal_texts_are_not_overrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
