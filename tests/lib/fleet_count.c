/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything is counted anew from the JSON, by its own rules.
 */
#include "lib/fleet_count.h"

#include "lib/harness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOP = 100, MAX_TARGET = 1024 };

/* A name, and how many rockets have it. */
struct counted {
    const char *name; /* of the JSON */
    double rockets;
};

static double number_of(const cJSON *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);

    if (!cJSON_IsNumber(member))
        fail_msg("there is no number %s", name);
    return member->valuedouble;
}

static const cJSON *member_of(const cJSON *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);

    if (member == NULL)
        fail_msg("there is no member %s", name);
    return member;
}

static bool is_null(const cJSON *object, const char *name)
{
    return cJSON_IsNull(member_of(object, name));
}

static void expect_number(const cJSON *object, const char *name,
                          double expected)
{
    if (number_of(object, name) != expected)
        fail_msg("%s is %.0f, counted %.0f", name, number_of(object, name),
                 expected);
}

/* The list as JSON, and its revision: of its ETag, W/"<start>-<revision>". */
static cJSON *read_list(const struct instance *instance, char start[17],
                        double *revision)
{
    struct response response;

    instance_get(instance, "/rockets", &response);
    response_expect_status(&response, 200);
    const char *etag = response_header(&response, "ETag");
    assert_non_null(etag);
    assert_memory_equal(etag, "W/\"", 3);
    snprintf(start, 17, "%s", etag + 3);
    *revision = strtod(etag + 3 + 17, NULL);
    cJSON *list = response_json(&response);
    response_release(&response);
    return list;
}

/* The first fleet that has this revision: others are of the cache. */
static cJSON *read_fleet(const struct instance *instance, double revision)
{
    for (;;) {
        struct response response;

        instance_get(instance, "/fleet", &response);
        response_expect_status(&response, 200);
        cJSON *fleet = response_json(&response);
        response_release(&response);
        if (number_of(fleet, "revision") == revision)
            return fleet;
        cJSON_Delete(fleet);
        process_wait_until(process_clock() + 20);
    }
}

static void check_rockets(const cJSON *fleet, const cJSON *list)
{
    double total = 0, exploded = 0, unlaunched = 0, incomplete = 0, missing = 0;
    const cJSON *rocket, *rockets = member_of(fleet, "rockets");

    cJSON_ArrayForEach(rocket, list)
    {
        const char *status = member_of(rocket, "status")->valuestring;
        total++;
        exploded += strcmp(status, "exploded") == 0;
        unlaunched += is_null(rocket, "createdAt");
        incomplete += number_of(rocket, "missingMessages") > 0;
        missing += number_of(rocket, "missingMessages");
    }
    expect_number(rockets, "total", total);
    expect_number(rockets, "active", total - exploded);
    expect_number(rockets, "exploded", exploded);
    expect_number(rockets, "unlaunched", unlaunched);
    expect_number(rockets, "incomplete", incomplete);
    expect_number(member_of(fleet, "messages"), "missing", missing);
}

/* Steps are in order, apart, and not empty; and all rockets are in one. */
static void check_speeds(const cJSON *speeds, const cJSON *list)
{
    const cJSON *step, *rocket;
    double all = 0, end = 0;

    cJSON_ArrayForEach(step, speeds)
    {
        bool lowest = is_null(step, "from"), highest = is_null(step, "to");
        double from = lowest ? 0 : number_of(step, "from"), found = 0;

        assert_true(lowest ? step == speeds->child : from >= end);
        assert_true(highest ? step->next == NULL
                            : lowest || number_of(step, "to") > from);
        end = highest ? 0 : number_of(step, "to");
        cJSON_ArrayForEach(rocket, list)
        {
            double speed = number_of(rocket, "speed");
            found += (lowest || speed >= from) && (highest || speed < end);
        }
        assert_true(found > 0);
        expect_number(step, "rockets", found);
        all += found;
    }
    assert_true(all == cJSON_GetArraySize(list));
}

static int compare_names(const void *a, const void *b)
{
    const struct counted *left = a, *right = b;

    return strcmp(left->name, right->name);
}

/* Most first; else by name. */
static int compare_counts(const void *a, const void *b)
{
    const struct counted *left = a, *right = b;

    if (left->rockets != right->rockets)
        return left->rockets > right->rockets ? -1 : 1;
    return strcmp(left->name, right->name);
}

/* Join equal names. Returns how many there are. */
static size_t join_names(struct counted *names, size_t count)
{
    size_t joined = 0;

    qsort(names, count, sizeof(*names), compare_names);
    for (size_t i = 0; i < count; i++) {
        if (joined > 0 && strcmp(names[joined - 1].name, names[i].name) == 0)
            names[joined - 1].rockets++;
        else
            names[joined++] = names[i];
    }
    qsort(names, joined, sizeof(*names), compare_counts);
    return joined;
}

/* Of "type" or "mission". */
static void check_names(const cJSON *found, const cJSON *list,
                        const char *field)
{
    size_t count = 0, size = (size_t)cJSON_GetArraySize(list) + 1;
    struct counted *names = calloc(size, sizeof(*names));
    const cJSON *rocket, *top = member_of(found, "top");
    double unknown = 0, other_rockets = 0;

    assert_non_null(names);
    cJSON_ArrayForEach(rocket, list)
    {
        if (is_null(rocket, field))
            unknown++;
        else
            names[count++] =
                (struct counted){member_of(rocket, field)->valuestring, 1};
    }
    count = join_names(names, count);
    size_t named = count < TOP ? count : TOP;
    assert_int_equal(cJSON_GetArraySize(top), named);
    for (size_t i = 0; i < count; i++) {
        if (i >= named) {
            other_rockets += names[i].rockets;
            continue;
        }
        const cJSON *name = cJSON_GetArrayItem(top, (int)i);
        assert_string_equal(member_of(name, "name")->valuestring,
                            names[i].name);
        expect_number(name, "rockets", names[i].rockets);
    }
    expect_number(found, "otherNames", (double)(count - named));
    expect_number(found, "otherRockets", other_rockets);
    expect_number(found, "unknown", unknown);
    free(names);
}

/* The gaps of a rocket so far, page by page. */
struct gaps_sum {
    int per_page;
    double missing, end; /* the last number of the last gap */
};

/*
 * Add up the gaps of one page, which must rise and be apart. Returns whether
 * there is another page, and sets `target` to it.
 */
static bool add_gaps(const struct response *response, const cJSON *gaps,
                     const char *path, struct gaps_sum *sum,
                     char target[MAX_TARGET])
{
    const char *link = response_header(response, "Link");
    const cJSON *gap;

    cJSON_ArrayForEach(gap, gaps)
    {
        double from = number_of(gap, "from"), to = number_of(gap, "to");
        assert_true(to >= from && from > sum->end + (sum->end > 0));
        sum->missing += to - from + 1;
        sum->end = to;
    }
    if (link == NULL)
        return false;
    assert_int_equal(cJSON_GetArraySize(gaps), sum->per_page);
    assert_memory_equal(link, "<?", 2);
    snprintf(target, MAX_TARGET, "%s%.*s", path, (int)strcspn(link, ">") - 1,
             link + 1);
    return true;
}

/* Returns how many messages were given up. */
static double check_gaps(const struct instance *instance, const cJSON *rocket)
{
    double missing = number_of(rocket, "missingMessages"), given_up;
    struct gaps_sum sum = {.per_page = missing < 10000 ? 3 : 1000};
    char path[256], target[MAX_TARGET];
    bool more;

    snprintf(path, sizeof(path), "/rockets/%s/gaps",
             member_of(rocket, "id")->valuestring);
    snprintf(target, sizeof(target), "%s?limit=%d", path, sum.per_page);
    do {
        struct response response;

        instance_get(instance, target, &response);
        response_expect_status(&response, 200);
        cJSON *page = response_json(&response);
        const cJSON *given = member_of(page, "givenUp");
        expect_number(page, "missingMessages", missing);
        given_up = number_of(given, "count");
        assert_int_equal(given_up > 0, number_of(given, "upTo") > 0);
        more = add_gaps(&response, member_of(page, "gaps"), path, &sum, target);
        cJSON_Delete(page);
        response_release(&response);
    } while (more);
    assert_true(sum.end < number_of(rocket, "lastMessageNumber"));
    assert_true(sum.missing + given_up == missing);
    return given_up;
}

void fleet_count_expect(const struct instance *instance)
{
    char start[17];
    double revision, given_up = 0;
    cJSON *list = read_list(instance, start, &revision);
    cJSON *fleet = read_fleet(instance, revision);
    const cJSON *rocket;

    assert_string_equal(member_of(fleet, "start")->valuestring, start);
    check_rockets(fleet, list);
    check_speeds(member_of(fleet, "speeds"), list);
    check_names(member_of(fleet, "types"), list, "type");
    check_names(member_of(fleet, "missions"), list, "mission");
    cJSON_ArrayForEach(rocket, list)
    {
        given_up += check_gaps(instance, rocket);
    }
    expect_number(member_of(fleet, "messages"), "givenUp", given_up);
    cJSON_Delete(fleet);
    cJSON_Delete(list);
}
