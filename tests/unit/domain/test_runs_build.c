/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of trees of runs that are built at once: each is a valid tree, and
 * changes as one that messages have made.
 */
#include "lib/unit_check.h"

#include "domain/rocket.h"
#include "domain/runs_node.h"

enum { MOST = ROCKET_MAX_RUNS };

/* runs.c only uses the address of a string. */
struct interned {
    char name;
};

static struct interned names[3];
static struct run all[MOST];

/* Run i is 3 * i + 2 alone, and changes the speed by i, or the mission. */
static void fill_runs(void)
{
    for (uint32_t i = 0; i < MOST; i++) {
        uint64_t number = UINT64_C(3) * i + 2;
        all[i] = (struct run){.first = number, .last = number};
        if (i % 7 == 3)
            all[i].effect.mission = &names[i % 3];
        else
            all[i].effect.speed = i;
    }
}

static bool same_effect(const struct effect *a, const struct effect *b)
{
    return a->type == b->type && a->mission == b->mission &&
           a->reason == b->reason && a->speed == b->speed;
}

/* Check the node and all below it. Returns how many runs there are. */
static uint32_t check_node(const struct runs_node *node, bool is_root)
{
    uint32_t runs = 0;

    assert_in_range(node->count, is_root ? 2 : RUNS_NODE_MIN, node->capacity);
    assert_in_range(node->capacity, RUNS_NODE_FIRST, RUNS_NODE);
    assert_true(is_root || node->capacity == RUNS_NODE);
    if (node->level == 0)
        return node->count;
    for (unsigned i = 0; i < node->count; i++) {
        const struct run *entry = &node->entries[i];
        struct effect effect = runs_node_compose(entry->node);
        assert_int_equal(entry->node->level, node->level - 1);
        assert_int_equal(entry->first, entry->node->entries[0].first);
        assert_true(same_effect(&entry->effect, &effect));
        runs += check_node(entry->node, false);
    }
    return runs;
}

static void check_runs(const struct runs *runs, uint32_t count)
{
    struct effect effect = all[0].effect;
    struct runs_place place, next;
    uint64_t number = 0, numbers = 0;

    for (uint32_t i = 1; i < count; i++)
        effect = effect_compose(&effect, &all[i].effect, NULL);
    assert_true(same_effect(runs_effect(runs), &effect));
    assert_int_equal(runs_count(runs), count);
    assert_int_equal(runs_last(runs), all[count - 1].last);
    runs_find(runs, 0, &next);
    for (uint32_t i = 0; i < count; i++) {
        runs_find(runs, number, &place);
        assert_ptr_equal(next.before, place.before);
        assert_ptr_equal(next.after, place.after);
        assert_non_null(place.after);
        assert_int_equal(place.after->first, all[i].first);
        assert_int_equal(place.after->last, all[i].last);
        assert_true(same_effect(&place.after->effect, &all[i].effect));
        number = place.after->last;
        numbers += number - place.after->first + 1;
        runs_next(&next);
    }
    runs_find(runs, number, &place);
    assert_null(place.after);
    assert_ptr_equal(next.before, place.before);
    assert_null(next.after);
    assert_int_equal(runs_numbers(runs), numbers);
    if (count > 1) {
        assert_int_equal(runs->all.first, 0);
        assert_int_equal(check_node(runs->all.node, true), count);
    }
}

/* And nearly full: beside three nodes, an eighth may be unused. */
static void tree_of_any_size_is_valid(void **context)
{
    struct quota quota;

    (void)context;
    quota_init(&quota, SIZE_MAX, 0);
    fill_runs();
    for (uint32_t count = 1; count <= MOST; count += 1 + count / 100 * 7) {
        struct runs runs;
        runs_init(&runs);
        assert_true(runs_build(&runs, &quota, all, count));
        check_runs(&runs, count);
        assert_in_range(quota_used(&quota) / (sizeof(struct run) + 1), 0,
                        count + count / 8 + 3 * RUNS_NODE);
        runs_release(&runs, &quota);
        assert_int_equal(quota_used(&quota), 0);
    }
}

/* The bound itself, and both sides of where a level is added. */
static void tree_at_each_bound_is_valid(void **context)
{
    static const uint32_t counts[] = {RUNS_NODE - 1,
                                      RUNS_NODE,
                                      RUNS_NODE + 1,
                                      RUNS_NODE * RUNS_NODE - 1,
                                      RUNS_NODE * RUNS_NODE,
                                      RUNS_NODE * RUNS_NODE + 1,
                                      MOST - 1,
                                      MOST};
    struct quota quota;

    (void)context;
    quota_init(&quota, SIZE_MAX, 0);
    fill_runs();
    for (size_t i = 0; i < COUNT(counts); i++) {
        struct runs runs;
        runs_init(&runs);
        assert_true(runs_build(&runs, &quota, all, counts[i]));
        check_runs(&runs, counts[i]);
        runs_release(&runs, &quota);
    }
}

/* At each limit it is built, or nothing is. */
static void tree_is_built_whole_or_not_at_all(void **context)
{
    enum { RUNS = 1500 };
    struct quota quota;
    struct runs runs;
    unsigned refused = 0;
    bool built = false;

    (void)context;
    fill_runs();
    runs_init(&runs);
    for (size_t limit = 0; !built; limit += 1000) {
        quota_init(&quota, limit, 0);
        built = runs_build(&runs, &quota, all, RUNS);
        if (!built) {
            assert_int_equal(quota_used(&quota), 0);
            assert_int_equal(runs_count(&runs), 0);
            refused++;
        }
    }
    check_runs(&runs, RUNS);
    assert_in_range(refused, RUNS * sizeof(struct run) / 1000, 1000);
    runs_release(&runs, &quota);
}

static void apply(struct rocket *rocket, struct quota *quota, uint64_t number,
                  enum message_outcome expected)
{
    static const struct timestamp time;
    const struct effect effect = {.speed = (int64_t)number};
    struct rocket_change change;

    assert_int_equal(
        rocket_apply(rocket, quota, number, &time, &effect, &change), expected);
}

/* As full nodes are: each is split, joined and merged by what follows. */
static void built_tree_takes_all_further_messages(void **context)
{
    enum { RUNS = 4000, LAST = 3 * RUNS - 1 };
    struct rocket rocket = {.applied = RUNS};
    struct quota quota;
    uint64_t state = 88172645463325252;

    (void)context;
    quota_init(&quota, SIZE_MAX, 0);
    fill_runs();
    assert_true(runs_build(&rocket.runs, &quota, all, RUNS));
    for (uint64_t i = 0; i < LAST; i++) {
        uint64_t number = 1 + i * 7919 % LAST;
        bool known = number % 3 == 2;
        apply(&rocket, &quota, number,
              known ? MESSAGE_DUPLICATE : MESSAGE_APPLIED);
        apply(&rocket, &quota, number, MESSAGE_DUPLICATE);
        if (unit_random(&state) % 500 == 0 && runs_count(&rocket.runs) > 1)
            check_node(rocket.runs.all.node, true);
    }
    assert_int_equal(runs_count(&rocket.runs), 1);
    assert_int_equal(rocket_missing(&rocket), 0);
    rocket_release(&rocket, &quota);
    assert_int_equal(quota_used(&quota), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tree_of_any_size_is_valid),
        cmocka_unit_test(tree_at_each_bound_is_valid),
        cmocka_unit_test(tree_is_built_whole_or_not_at_all),
        cmocka_unit_test(built_tree_takes_all_further_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
