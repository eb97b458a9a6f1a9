/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Introsort (Musser, 1997): quicksort, with insertion sort for few keys, and
 * heapsort if the pivots are bad, so that no input takes quadratic time.
 *
 * Why not qsort_r(3): it allocates as much memory as the keys take, and calls
 * a function for each comparison.
 */
#include "key_sort.h"

#include <endian.h>
#include <string.h>

/* The texts to sort by, and their order. */
struct text_order {
    key_sort_text *text_of_item;
    bool descending;
};

enum {
    AHEAD = 8,  /* keys to prefetch */
    FEW = 24,   /* sorted by insertion */
    MANY = 128, /* worth a pivot from nine keys instead of three */
};

static void swap_keys(struct sort_key *a, struct sort_key *b)
{
    struct sort_key key = *a;
    *a = *b;
    *b = key;
}

static void insertion_sort(struct sort_key *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct sort_key key = keys[i];
        size_t at = i;
        for (; at > 0 && key_sort_less(&key, &keys[at - 1]); at--)
            keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

/* Move the key at `root` down until no child is greater. */
static void sift_down(struct sort_key *keys, size_t root, size_t count)
{
    struct sort_key key = keys[root];

    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && key_sort_less(&keys[child], &keys[child + 1]))
            child++;
        if (!key_sort_less(&key, &keys[child]))
            break;
        keys[root] = keys[child];
    }
    keys[root] = key;
}

static void heap_sort(struct sort_key *keys, size_t count)
{
    for (size_t i = count / 2; i-- > 0;)
        sift_down(keys, i, count);
    for (size_t end = count - 1; end > 0; end--) {
        swap_keys(&keys[0], &keys[end]);
        sift_down(keys, 0, end);
    }
}

static const struct sort_key *median_key(const struct sort_key *a,
                                         const struct sort_key *b,
                                         const struct sort_key *c)
{
    if (key_sort_less(b, a)) {
        const struct sort_key *lesser = b;
        b = a;
        a = lesser;
    }
    if (!key_sort_less(c, b))
        return b;
    return key_sort_less(c, a) ? a : c;
}

static struct sort_key choose_pivot(const struct sort_key *keys, size_t count)
{
    const struct sort_key *low = keys, *high = keys + count - 1;
    const struct sort_key *middle = keys + count / 2;

    if (count > MANY) {
        size_t step = count / 8;
        low = median_key(low, low + step, low + 2 * step);
        middle = median_key(middle - step, middle, middle + step);
        high = median_key(high - 2 * step, high - step, high);
    }
    return *median_key(low, middle, high);
}

/*
 * Hoare's partition. Returns the start of the upper part: no key before it is
 * greater than any key from it on, and neither part is empty. Both loops stop
 * at keys equal to the pivot, so many equal keys are split in halves. The
 * pivot is one of the keys, so neither loop runs past the end.
 */
static size_t partition_keys(struct sort_key *keys, size_t count)
{
    struct sort_key pivot = choose_pivot(keys, count);
    size_t i = 0, j = count - 1;

    for (;; i++, j--) {
        while (key_sort_less(&keys[i], &pivot))
            i++;
        while (key_sort_less(&pivot, &keys[j]))
            j--;
        if (i >= j)
            return j + 1;
        swap_keys(&keys[i], &keys[j]);
    }
}

/* `depth`: how many more pivots are chosen before heapsort takes over. */
static void intro_sort(struct sort_key *keys, size_t count, unsigned depth)
{
    while (count > FEW) {
        if (depth-- == 0) {
            heap_sort(keys, count);
            return;
        }
        /* Recurse into the shorter part, so that the stack stays small. */
        size_t split = partition_keys(keys, count);
        if (split < count - split) {
            intro_sort(keys, split, depth);
            keys += split;
            count -= split;
        } else {
            intro_sort(keys + split, count - split, depth);
            count = split;
        }
    }
    insertion_sort(keys, count);
}

void key_sort(struct sort_key *keys, size_t count)
{
    unsigned depth = 0;

    for (size_t left = count; left > 0; left /= 2)
        depth += 2;
    intro_sort(keys, count, depth);
}

size_t key_sort_run(const struct sort_key *keys, size_t count, size_t start)
{
    size_t end = start + 1;

    while (end < count && !key_sort_less(&keys[start], &keys[end]))
        end++;
    return end;
}

/* Eight bytes from `start` on, padded with zeros, as a big-endian number. */
static uint64_t word_of(struct text text, size_t start)
{
    unsigned char bytes[sizeof(uint64_t)] = {0};
    uint64_t word;

    if (text.length > start) {
        size_t left = text.length - start;
        memcpy(bytes, text.data + start,
               left < sizeof(bytes) ? left : sizeof(bytes));
    }
    memcpy(&word, bytes, sizeof(word));
    return be64toh(word);
}

/*
 * Put 16 bytes of the texts, from `start` on, into the keys. Items and texts
 * are scattered in memory, so they are prefetched.
 */
static void load_words(struct sort_key *keys, size_t count,
                       const struct text_order *order, size_t start)
{
    uint64_t flip = order->descending ? UINT64_MAX : 0;

    for (size_t i = 0; i < count; i++) {
        if (i + 2 * (size_t)AHEAD < count)
            __builtin_prefetch(keys[i + 2 * (size_t)AHEAD].item);
        if (i + AHEAD < count)
            __builtin_prefetch(order->text_of_item(keys[i + AHEAD].item).data);
        struct text text = order->text_of_item(keys[i].item);
        keys[i].major = word_of(text, start) ^ flip;
        keys[i].minor = word_of(text, start + sizeof(uint64_t)) ^ flip;
    }
}

/* Sort texts that are equal up to `start`. */
static void sort_texts_from(struct sort_key *keys, size_t count,
                            const struct text_order *order, size_t start)
{
    size_t next = start + 2 * sizeof(uint64_t);

    load_words(keys, count, order, start);
    key_sort(keys, count);
    for (size_t i = 0, end; next < KEY_SORT_MAX_TEXT && i < count; i = end) {
        end = key_sort_run(keys, count, i);
        if (end - i > 1)
            sort_texts_from(keys + i, end - i, order, next);
    }
}

void key_sort_by_text(struct sort_key *keys, size_t count,
                      key_sort_text *text_of_item, bool descending)
{
    sort_texts_from(keys, count, &(struct text_order){text_of_item, descending},
                    0);
}
