/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of what a message costs a rocket with many runs. The tree is compiled
 * for this test with other functions to compose and to move runs
 * (counted_memory.h), which count the memory that they touch. So the bound is
 * tested by memory, not by time. What the state is then, test_rocket.c and
 * tests/property/ test.
 */
#include "lib/unit_check.h"

#include "domain/rocket.h"
#include "unit/domain/counted_memory.h"
#undef effect_compose /* here they are those of the service */
#undef memmove

enum {
    LINE = sizeof(struct run), /* touched memory is counted in lines */
    SLOTS = 4096,              /* of a hash table, more than lines touched */
    /*
     * Lines that one message may touch, some 300 with the search: at most six
     * entries in each of four levels.
     */
    MOST_LINES = 300 - 4 * 6,
};

static struct {
    struct {
        uintptr_t line;
        uint64_t message; /* that touched it */
    } slots[SLOTS];
    uint64_t message;
    unsigned lines, most; /* touched by this message, and by any */
} touched;

static void touch_line(uintptr_t line)
{
    size_t slot = line * UINT64_C(0x9e3779b97f4a7c15) >> 52;

    while (touched.slots[slot].message == touched.message) {
        if (touched.slots[slot].line == line)
            return;
        slot = (slot + 1) % SLOTS;
    }
    touched.slots[slot].line = line;
    touched.slots[slot].message = touched.message;
    touched.lines++;
}

static void touch(const void *memory, size_t size)
{
    uintptr_t first = (uintptr_t)memory / LINE;

    for (uintptr_t line = first;
         size > 0 && line <= ((uintptr_t)memory + size - 1) / LINE; line++)
        touch_line(line);
}

struct effect counted_compose(const struct effect *earlier,
                              const struct effect *later,
                              struct effect_dropped *dropped)
{
    touch(earlier, sizeof(*earlier));
    touch(later, sizeof(*later));
    return effect_compose(earlier, later, dropped);
}

void *counted_move(void *to, const void *from, size_t size)
{
    touch(from, size);
    touch(to, size);
    return memmove(to, from, size);
}

/* A rocket, and how often its memory changed. */
struct flight {
    struct rocket rocket;
    struct quota quota;
    unsigned allocations;
};

static int set_up(void **context)
{
    static struct flight flight;

    memset(&flight, 0, sizeof(flight));
    quota_init(&flight.quota, SIZE_MAX, 0);
    touched.most = 0;
    *context = &flight;
    return 0;
}

static int tear_down(void **context)
{
    struct flight *flight = *context;

    rocket_release(&flight->rocket, &flight->quota);
    return quota_used(&flight->quota) == 0 ? 0 : -1;
}

static enum message_outcome try_apply(struct flight *flight, uint64_t number)
{
    static const struct timestamp time;
    const struct effect effect = {.speed = 1};
    struct rocket_change change;

    return rocket_apply(&flight->rocket, &flight->quota, number, &time, &effect,
                        &change);
}

static void apply(struct flight *flight, uint64_t number)
{
    size_t used = quota_used(&flight->quota);

    touched.message++;
    touched.lines = 0;
    assert_int_equal(try_apply(flight, number), MESSAGE_APPLIED);
    if (touched.most < touched.lines)
        touched.most = touched.lines;
    flight->allocations += quota_used(&flight->quota) != used;
}

static uint64_t numbers[2 * ROCKET_MAX_RUNS];

/* Apply `count` numbers, by `step` from `first` on, in order or shuffled. */
static void apply_numbers(struct flight *flight, uint64_t first, int step,
                          size_t count, bool shuffled)
{
    uint64_t state = 88172645463325252;

    for (size_t i = 0; i < count; i++)
        numbers[i] = first + (uint64_t)((int64_t)i * step);
    for (size_t i = count; shuffled && i > 1; i--) {
        size_t j = unit_random(&state) % i;
        uint64_t swapped = numbers[i - 1];
        numbers[i - 1] = numbers[j];
        numbers[j] = swapped;
    }
    for (size_t i = 0; i < count; i++)
        apply(flight, numbers[i]);
}

/* Numbers that open gaps up to the bound, past it, and that fill them. */
static const struct {
    const char *claim;
    int open, fill; /* steps */
    bool shuffled;
} orders[] = {
    {"rising, then rising", 2, 2, false},
    {"rising, then falling", 2, -2, false},
    {"falling, then rising", -2, 2, false},
    {"falling, then falling", -2, -2, false},
    {"shuffled, then shuffled", 2, 2, true},
};

static void message_touches_a_bounded_part_of_many_runs(void **context)
{
    enum { RUNS = ROCKET_MAX_RUNS };

    (void)context;
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        void *flight;
        bool shuffled = orders[i].shuffled;
        set_up(&flight);
        apply_numbers(flight, orders[i].open > 0 ? 1 : 2 * RUNS - 1,
                      orders[i].open, RUNS, shuffled);
        unsigned opened = touched.most;
        apply_numbers(flight, orders[i].fill > 0 ? 2 : 2 * RUNS - 2,
                      orders[i].fill, RUNS - 1, shuffled);
        print_message("%s: %u lines, %u\n", orders[i].claim, opened,
                      touched.most);
        assert_in_range(touched.most, 1, MOST_LINES);
        assert_int_equal(tear_down(&flight), 0);
    }
}

/* Each message in the middle gives up a gap at the beginning as well. */
static void message_past_the_bound_touches_a_bounded_part(void **context)
{
    struct flight *flight = *context;

    apply_numbers(flight, 1, 8, ROCKET_MAX_RUNS, true);
    assert_int_equal(flight->rocket.floor, 0);
    apply_numbers(flight, 4 * ROCKET_MAX_RUNS + 3, 8, ROCKET_MAX_RUNS / 4,
                  true);
    assert_int_not_equal(flight->rocket.floor, 0);
    print_message("%u lines\n", touched.most);
    assert_in_range(touched.most, 1, MOST_LINES);
}

/*
 * Open a gap behind the run at `number` and fill it, ten times: the number of
 * runs changes by one with each message. Only the first may allocate or free.
 */
static void alternate_at(struct flight *flight, uint64_t number)
{
    unsigned before = flight->allocations;

    for (unsigned i = 0; i < 10; i++) {
        apply(flight, number + 2);
        apply(flight, number + 1);
        number += 2;
    }
    assert_in_range(flight->allocations - before, 0, 1);
}

/* At each number of runs, while nodes are split and merged one after another.
 */
static void alternation_at_one_place_allocates_once(void **context)
{
    enum { RUNS = 500, DISTANCE = 64 };
    struct flight *flight = *context;

    apply(flight, DISTANCE);
    for (uint64_t i = 2; i <= RUNS; i++) {
        apply(flight, i * DISTANCE);
        alternate_at(flight, i * DISTANCE);
    }
    for (uint64_t i = RUNS - 1; i >= 2; i--) {
        for (uint64_t number = i * DISTANCE; number < (i + 1) * DISTANCE;
             number++)
            if (rocket_check(&flight->rocket, number) == MESSAGE_APPLIED)
                apply(flight, number);
        assert_int_equal(runs_count(&flight->rocket.runs), i);
        alternate_at(flight, (i - 1) * DISTANCE + 20);
    }
}

/*
 * Each run is tried with a little more memory at a time, so that each of the
 * nodes that it needs is refused once. At 528 runs, the root is full and so is
 * the last node below it.
 */
static void refused_run_changes_nothing(void **context)
{
    enum { RUNS = 600, LITTLE = 512 };
    struct flight *flight = *context;
    unsigned refused, most_refused = 0;

    for (uint64_t i = 0; i < RUNS; i++) {
        size_t used = quota_used(&flight->quota);
        flight->quota.limit = used;
        for (refused = 0; try_apply(flight, 2 * i + 1) == MESSAGE_NO_MEMORY;
             refused++) {
            assert_int_equal(quota_used(&flight->quota), used);
            assert_int_equal(runs_count(&flight->rocket.runs), i);
            assert_int_equal(rocket_state(&flight->rocket)->speed, i);
            flight->quota.limit += LITTLE;
        }
        assert_int_equal(runs_count(&flight->rocket.runs), i + 1);
        assert_int_equal(rocket_state(&flight->rocket)->speed, i + 1);
        if (most_refused < refused)
            most_refused = refused;
    }
    /* Three nodes: two of the path are split, and there is a new root. */
    size_t nodes = (size_t)3 * RUNS_NODE * sizeof(struct run);
    assert_in_range(most_refused, nodes / LITTLE, nodes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_touches_a_bounded_part_of_many_runs),
        cmocka_unit_test_setup_teardown(
            message_past_the_bound_touches_a_bounded_part, set_up, tear_down),
        cmocka_unit_test_setup_teardown(alternation_at_one_place_allocates_once,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(refused_run_changes_nothing, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
