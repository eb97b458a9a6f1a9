/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the sort. It is compiled for this test with another comparison
 * (counted_less.h), which counts its calls and can act as an adversary. So the
 * bound is tested by comparisons, not by time.
 */
#include "lib/unit_check.h"

#include "unit/listing/counted_less.h"
#undef key_sort_less /* here it is the one of the service */

enum { KEYS = 20000, TEXTS = 3000 };

static uint64_t comparisons;
static uint64_t random_state = 88172645463325252;

/*
 * McIlroy's adversary (1999): a value is assigned only when it is compared, so
 * that every pivot is among the smallest. `item` of a key points to its value.
 */
static struct {
    bool active;
    uint64_t solid;
    const uint64_t *candidate;
    uint64_t values[KEYS]; /* UINT64_MAX: not assigned */
} adversary;

static bool adversary_less(uint64_t *a, uint64_t *b)
{
    if (*a == UINT64_MAX && *b == UINT64_MAX)
        *(a == adversary.candidate ? a : b) = adversary.solid++;
    if (*a == UINT64_MAX)
        adversary.candidate = a;
    else if (*b == UINT64_MAX)
        adversary.candidate = b;
    return *a < *b;
}

bool counted_less(const struct sort_key *a, const struct sort_key *b)
{
    comparisons++;
    if (!adversary.active)
        return key_sort_less(a, b);
    return a->item != b->item &&
           adversary_less((uint64_t *)a->item, (uint64_t *)b->item);
}

static uint64_t pattern(unsigned which, size_t i, size_t count)
{
    switch (which) {
    case 0:
        return unit_random(&random_state);
    case 1:
        return 7;
    case 2:
        return unit_random(&random_state) % 4;
    case 3: /* the worst case for the median of three */
        return i < count / 2 ? (i % 2 ? count / 2 + i : i + 1)
                             : (i - count / 2 + 1) * 2;
    default:
        return UINT64_MAX - unit_random(&random_state) % 2;
    }
}

/*
 * Each key must be there once, unchanged and in order, after at most 4 n log2 n
 * comparisons.
 */
static void check_sort(unsigned which, size_t count)
{
    static struct sort_key keys[KEYS], original[KEYS];
    static bool seen[KEYS];
    uint64_t bound = 100;

    memset(seen, 0, sizeof(seen));
    for (size_t i = 0; i < count; i++)
        original[i] = (struct sort_key){
            pattern(which, i, count),
            which == 1 ? 1 : unit_random(&random_state) % 3, &original[i]};
    memcpy(keys, original, sizeof(keys));
    for (size_t left = count; left > 0; left /= 2)
        bound += 4 * count;
    comparisons = 0;
    key_sort(keys, count);
    assert_in_range(comparisons, 0, bound);
    for (size_t i = 0; i < count; i++) {
        const struct sort_key *item = keys[i].item;
        assert_true(keys[i].major == item->major);
        assert_true(keys[i].minor == item->minor);
        assert_false(seen[item - original]);
        seen[item - original] = true;
        assert_false(i > 0 && key_sort_less(&keys[i], &keys[i - 1]));
    }
}

static void keys_are_sorted_in_n_log_n_comparisons(void **state)
{
    (void)state;
    static const size_t counts[] = {0,  1,   2,   3,   24,  25,
                                    26, 127, 128, 129, 130, KEYS};

    for (unsigned which = 0; which < 5; which++)
        for (size_t i = 0; i < COUNT(counts); i++)
            check_sort(which, counts[i]);
}

static void adversary_does_not_make_it_quadratic(void **state)
{
    (void)state;
    static struct sort_key keys[KEYS];

    for (size_t i = 0; i < KEYS; i++) {
        keys[i] = (struct sort_key){0, 0, &adversary.values[i]};
        adversary.values[i] = UINT64_MAX;
    }
    adversary.active = true;
    comparisons = 0;
    key_sort(keys, KEYS);
    adversary.active = false;
    assert_in_range(comparisons, KEYS, UINT64_C(8) * KEYS * 15);
    for (size_t i = 1; i < KEYS; i++)
        assert_true(*(const uint64_t *)keys[i - 1].item <=
                    *(const uint64_t *)keys[i].item);
}

static void run_ends_where_keys_differ(void **state)
{
    (void)state;
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

static void check_sort_by_text(struct text *texts, size_t count,
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
static void texts_are_sorted_by_bytes_both_ways(void **state)
{
    (void)state;
    static const size_t prefixes[] = {0, 7, 8, 15, 16, 17, 31, 32, 240, 255};
    static struct text texts[TEXTS];

    for (size_t i = 0; i < TEXTS; i++) {
        char bytes[KEY_SORT_MAX_TEXT];
        size_t prefix = prefixes[unit_random(&random_state) % COUNT(prefixes)];
        size_t room = KEY_SORT_MAX_TEXT - prefix;
        size_t more = unit_random(&random_state) % (i % 2 ? 3 : room + 1);
        memset(bytes, 'p', prefix);
        for (size_t j = prefix; j < KEY_SORT_MAX_TEXT; j++)
            bytes[j] = "\x01p\xff"[unit_random(&random_state) % 3];
        texts[i] = exact_copy(
            (struct text){bytes, prefix + (more < room ? more : room)});
    }
    check_sort_by_text(texts, TEXTS, false);
    check_sort_by_text(texts, TEXTS, true);
    for (size_t i = 0; i < TEXTS; i++)
        exact_copy_free(texts[i]);
}

static void texts_sort_after_their_prefixes(void **state)
{
    (void)state;
    static char bytes[KEY_SORT_MAX_TEXT];
    static struct text texts[2 * (KEY_SORT_MAX_TEXT + 1)];

    memset(bytes, '\xff', sizeof(bytes));
    for (size_t i = 0; i < COUNT(texts); i++)
        texts[i] = (struct text){bytes, i * 101 % (KEY_SORT_MAX_TEXT + 1)};
    check_sort_by_text(texts, COUNT(texts), false);
    check_sort_by_text(texts, COUNT(texts), true);
    check_sort_by_text(texts, 1, true);
    check_sort_by_text(texts, 0, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_sorted_in_n_log_n_comparisons),
        cmocka_unit_test(adversary_does_not_make_it_quadratic),
        cmocka_unit_test(run_ends_where_keys_differ),
        cmocka_unit_test(texts_are_sorted_by_bytes_both_ways),
        cmocka_unit_test(texts_sort_after_their_prefixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
