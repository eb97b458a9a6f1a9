/* SPDX-License-Identifier: Apache-2.0 */
#include "long_history.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/generator.h"
#include "subject.h"

/* Not taken from rocket.h, so that a wrong value there is found. */
enum { MOST_RUNS = 16384, MOST_NUMBERS = 40000 };

/* Numbers in the order of delivery. */
struct order {
    size_t count;
    uint64_t numbers[MOST_NUMBERS];
};

static void add(struct order *order, uint64_t number)
{
    order->numbers[order->count++] = number;
}

/* Odd or even numbers, up to `last`. */
static void add_half(struct order *order, uint64_t first, uint64_t last)
{
    for (uint64_t number = first; number <= last; number += 2)
        add(order, number);
}

static void shuffle(struct order *order, size_t from, struct random *random)
{
    for (size_t i = order->count - 1; i > from; i--) {
        size_t j = from + random_below(random, i - from + 1);
        uint64_t swapped = order->numbers[i];
        order->numbers[i] = order->numbers[j];
        order->numbers[j] = swapped;
    }
}

/*
 * Open some gaps at a random place and fill some of them, again and again, so
 * that nodes there grow and shrink in turns. At the end fill all gaps.
 */
static void alternate(struct order *order, struct random *random)
{
    enum { TURNS = 400, SPAN = 80 };
    static bool used[MOST_NUMBERS + 1];
    uint64_t last = MOST_NUMBERS / 2;

    for (uint64_t number = 1; number <= last; number++)
        used[number] = number % 2 == 1 && number % 1000 < 500;
    for (uint64_t number = 1; number <= last; number++)
        if (used[number])
            add(order, number);
    for (unsigned turn = 0; turn < TURNS; turn++) {
        uint64_t from = 1 + random_below(random, last - SPAN);
        for (uint64_t number = from; number < from + SPAN; number++) {
            if (used[number] || number % 2 != turn % 2)
                continue;
            used[number] = true;
            add(order, number);
        }
    }
    size_t rest = order->count;
    for (uint64_t number = 1; number <= last; number++)
        if (!used[number])
            add(order, number);
    shuffle(order, rest, random);
}

static void make_order(struct order *order, enum long_history which,
                       struct random *random)
{
    uint64_t last = 2 * MOST_RUNS - 1;

    order->count = 0;
    switch (which) {
    case LONG_TWO_SHARDS:
        add_half(order, 1, 4001);
        add_half(order, 2, 4001);
        break;
    case LONG_MOST_RUNS:
        add_half(order, 1, last);
        shuffle(order, 0, random);
        add_half(order, 2, last);
        shuffle(order, MOST_RUNS, random);
        break;
    case LONG_DESCENDING:
        for (uint64_t number = last; number >= 1 && number <= last; number -= 2)
            add(order, number);
        for (uint64_t number = last - 1; number >= 2; number -= 2)
            add(order, number);
        break;
    case LONG_SHUFFLED:
        for (uint64_t number = 1; number <= MOST_NUMBERS / 2; number++)
            add(order, number);
        shuffle(order, 0, random);
        break;
    case LONG_ALTERNATING:
        alternate(order, random);
        break;
    case LONG_HISTORY_COUNT:
        break;
    }
}

bool long_history_check(enum long_history which, uint64_t seed)
{
    static struct order order;
    static struct message messages[MOST_NUMBERS];
    struct random random = {seed};
    size_t delivery;

    make_order(&order, which, &random);
    for (size_t i = 0; i < order.count; i++)
        messages[i] =
            generator_message(&random, generator_channels[0], order.numbers[i]);
    const char *differs =
        subject_follow_complete(messages, order.count, &delivery);
    if (differs == NULL)
        return true;
    fprintf(stderr,
            "long history %d: to repeat: LUNAR_SEED=%" PRIu64 "\n"
            "wrong after delivery %zu, number %" PRIu64 ": %s\n",
            which, seed, delivery, order.numbers[delivery - 1], differs);
    return false;
}
