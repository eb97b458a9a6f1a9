/* SPDX-License-Identifier: Apache-2.0 */
#include "counts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/exact_copy.h"
#include "lib/messages.h"
#include "table/table_fleet.h"
#include "table/table_gaps.h"

enum { PAGE = 100 /* gaps */ };

struct counted_rocket {
    struct text id, type, mission;
    int64_t speed;
    bool exploded, launched;
    uint64_t missing;
};

struct counted {
    struct counted_rocket *rockets;
    size_t count;
};

/* A name, and how many rockets have it. */
struct group {
    struct text name; /* absent: unknown */
    uint64_t rockets;
};

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size);
    if (memory == NULL)
        abort();
    return memory;
}

/* The texts of a view live no longer than the view. */
static struct counted_rocket read_rocket(struct table *table,
                                         const struct table_entry *entry)
{
    struct rocket_view view;
    table_read(table, entry, &view);
    return (struct counted_rocket){
        view.id,      exact_copy(view.type), exact_copy(view.mission),
        view.speed,   view.exploded,         view.launched,
        view.missing,
    };
}

static void read_all(struct table *table, struct counted *counted)
{
    const struct table_filter all = {0};
    struct table_scan *scan = allocate(1, sizeof(*scan));
    size_t count = table_count(table);
    counted->rockets = allocate(count, sizeof(counted->rockets[0]));
    counted->count = 0;
    table_scan_init(scan, TABLE_ID, false, &all);
    while (table_scan_next(table, scan)) {
        for (size_t i = 0; i < scan->count && counted->count < count; i++)
            counted->rockets[counted->count++] =
                read_rocket(table, scan->rows[i].entry);
    }
    free(scan);
    if (counted->count != count)
        abort();
}

static void release(struct counted *counted)
{
    for (size_t i = 0; i < counted->count; i++) {
        exact_copy_free(counted->rockets[i].type);
        exact_copy_free(counted->rockets[i].mission);
    }
    free(counted->rockets);
}

/*
 * Add what the rocket gave up. Its gaps must rise, and be what is missing
 * beside that. False if they are not.
 */
static bool add_given_up(struct table *table,
                         const struct counted_rocket *rocket,
                         uint64_t *given_up)
{
    struct table_gap gaps[PAGE];
    struct table_gaps page = {.more = true};
    uint64_t after = 0, numbers = 0;
    while (page.more) {
        if (!table_gaps(table, rocket->id, after, gaps, PAGE, &page))
            return false;
        for (size_t i = 0; i < page.count; i++) {
            if (gaps[i].from <= after || gaps[i].to < gaps[i].from)
                return false;
            numbers += gaps[i].to - gaps[i].from + 1;
            after = gaps[i].to;
        }
        if (page.more && page.count != PAGE)
            return false;
    }
    *given_up += page.given_up;
    return page.missing == rocket->missing &&
           numbers + page.given_up == page.missing &&
           (page.given_up > 0) == (page.given_up_to > 0);
}

static const char *difference_in_summary(struct table *table,
                                         const struct counted *counted)
{
    struct table_summary sum = {0}, summary = table_summary(table);
    static_assert(sizeof(sum) == 6 * sizeof(uint64_t),
                  "count a new member of struct table_summary here");
    sum.rockets = counted->count;
    for (size_t i = 0; i < counted->count; i++) {
        const struct counted_rocket *rocket = &counted->rockets[i];
        sum.exploded += rocket->exploded;
        sum.unlaunched += !rocket->launched;
        sum.incomplete += rocket->missing > 0;
        sum.missing += rocket->missing;
        if (!add_given_up(table, rocket, &sum.given_up))
            return "gaps of a rocket";
    }
    return memcmp(&sum, &summary, sizeof(sum)) == 0 ? NULL : "summary";
}

static const char *difference_in_speeds(struct table *table,
                                        const struct counted *counted)
{
    struct table_speeds expected = {0}, speeds;
    for (size_t i = 0; i < counted->count; i++) {
        size_t bucket = 0;
        while (bucket < TABLE_SPEED_BOUNDS &&
               table_speed_bounds[bucket] <= counted->rockets[i].speed)
            bucket++;
        expected.rockets[bucket]++;
    }
    table_count_speeds(table, &speeds);
    return memcmp(&speeds, &expected, sizeof(speeds)) == 0 ? NULL : "speeds";
}

/* Absent ones come first. */
static int compare_names(const void *a, const void *b)
{
    const struct group *groups[] = {a, b};
    if ((groups[0]->name.data == NULL) != (groups[1]->name.data == NULL))
        return groups[0]->name.data == NULL ? -1 : 1;
    return text_compare(groups[0]->name, groups[1]->name);
}

static int compare_groups(const void *a, const void *b)
{
    const struct group *groups[] = {a, b};
    if (groups[0]->rockets != groups[1]->rockets)
        return groups[0]->rockets > groups[1]->rockets ? -1 : 1;
    return text_compare(groups[0]->name, groups[1]->name);
}

/*
 * Make a group of each name, those that most rockets have first, and count the
 * rockets that have none. Returns how many groups there are.
 */
static size_t make_groups(const struct counted *counted, enum table_field field,
                          struct group *groups, uint64_t *unknown)
{
    size_t count = 0;
    for (size_t i = 0; i < counted->count; i++) {
        const struct counted_rocket *rocket = &counted->rockets[i];
        groups[i] = (struct group){
            field == TABLE_TYPE ? rocket->type : rocket->mission, 1};
    }
    qsort(groups, counted->count, sizeof(groups[0]), compare_names);
    *unknown = 0;
    for (size_t i = 0; i < counted->count; i++) {
        if (groups[i].name.data == NULL)
            ++*unknown;
        else if (count > 0 &&
                 text_equal(groups[count - 1].name, groups[i].name))
            groups[count - 1].rockets++;
        else
            groups[count++] = groups[i];
    }
    qsort(groups, count, sizeof(groups[0]), compare_groups);
    return count;
}

static const char *compare_with_groups(const struct table_names *names,
                                       const struct group *groups, size_t count)
{
    uint64_t others = 0;
    size_t top = count < TABLE_TOP ? count : TABLE_TOP;
    if (names->count != top || names->other_names != count - top)
        return "number of names";
    for (size_t i = top; i < count; i++)
        others += groups[i].rockets;
    if (names->other_rockets != others)
        return "rockets with other names";
    for (size_t i = 0; i < top; i++) {
        if (!messages_same_text(names->names[i].name, groups[i].name))
            return "name";
        if (names->names[i].rockets != groups[i].rockets)
            return "rockets of a name";
    }
    return NULL;
}

static const char *difference_in_names(struct table *table,
                                       const struct counted *counted,
                                       enum table_field field)
{
    struct group *groups = allocate(counted->count, sizeof(groups[0]));
    struct table_names *names = allocate(1, sizeof(*names));
    uint64_t unknown;
    size_t count = make_groups(counted, field, groups, &unknown);
    if (!table_count_names(table, field, names))
        abort();
    const char *differs = compare_with_groups(names, groups, count);
    if (differs == NULL && names->unknown != unknown)
        differs = "rockets without a name";
    free(names);
    free(groups);
    return differs;
}

const char *counts_difference(struct table *table)
{
    struct counted counted;
    read_all(table, &counted);
    const char *differs = difference_in_summary(table, &counted);
    if (differs == NULL)
        differs = difference_in_speeds(table, &counted);
    if (differs == NULL)
        differs = difference_in_names(table, &counted, TABLE_TYPE);
    if (differs == NULL)
        differs = difference_in_names(table, &counted, TABLE_MISSION);
    release(&counted);
    return differs;
}
