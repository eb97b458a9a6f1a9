/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /rockets?since=...: what has changed, in pages, at once or after a wait.
 */
#include "lib/harness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/data_folder.h"

enum {
    MAX_TARGET = 256,
    MAX_TAG = 64,
    MANY = 10050, /* rockets, more than a page can have */
    PLACES = 16,  /* a quarter of the least -max-connections */
};

#define PLACES_FLAG "-max-connections=64"
#define WAITS "lunar_event_waits"
#define GONE                                                                   \
    "since is not a revision of this state: the service has started anew, or " \
    "is another one; read the list, and go on from its ETag"

/* One page, or all pages together. */
struct changes {
    size_t count;
    char tag[MAX_TAG]; /* up to which there are all changes */
    double total;      /* of the first page */
    double last;       /* revision of the last rocket; they must rise */
    char ids[512];     /* of the first rockets, each with a space behind it */
};

static void copy_tag(const struct response *response, char tag[MAX_TAG])
{
    const char *etag = response_header(response, "ETag");

    assert_non_null(etag);
    assert_memory_equal(etag, "W/\"", 3);
    snprintf(tag, MAX_TAG, "%.*s", (int)strlen(etag) - 4, etag + 3);
}

/* "<start>-<revision>" of now. */
static void read_now(const struct instance *instance, char tag[MAX_TAG])
{
    struct response response;

    instance_get(instance, "/rockets?limit=1", &response);
    response_expect_status(&response, 200);
    copy_tag(&response, tag);
    response_release(&response);
}

static void post(const struct instance *instance, const char *id,
                 uint64_t number)
{
    EXCHANGE(instance, .body = fleet_faster(id, number, 1).body, .status = 202);
}

/*
 * Add the rockets of a response. Returns whether there is another page, and
 * sets `target` to it.
 */
static bool add_page(struct changes *changes, const struct response *response,
                     char target[MAX_TARGET])
{
    cJSON *page = response_json(response);
    const cJSON *rocket;
    size_t length = strlen(changes->ids);

    response_expect_status(response, 200);
    response_expect_header(response, "Content-Type", "application/json");
    if (changes->count == 0)
        changes->total = strtod(response_header(response, "X-Total-Count"), 0);
    cJSON_ArrayForEach(rocket, page)
    {
        double revision =
            cJSON_GetObjectItemCaseSensitive(rocket, "revision")->valuedouble;
        assert_true(revision > changes->last);
        changes->last = revision;
        changes->count++;
        if (length + 32 < sizeof(changes->ids))
            length += (size_t)snprintf(
                changes->ids + length, sizeof(changes->ids) - length, "%s ",
                cJSON_GetObjectItemCaseSensitive(rocket, "id")->valuestring);
    }
    cJSON_Delete(page);
    copy_tag(response, changes->tag);
    const char *link = response_header(response, "Link");
    if (link != NULL)
        snprintf(target, MAX_TARGET, "/rockets%.*s",
                 (int)strcspn(link, ">") - 1, link + 1);
    return link != NULL;
}

/* Read all pages. Every one but the last has `limit` rockets. */
static struct changes read_all(const struct instance *instance,
                               const char *since, unsigned limit)
{
    struct changes changes = {0};
    char target[MAX_TARGET];
    bool more;
    size_t pages = 0;

    if (limit == 0)
        snprintf(target, sizeof(target), "/rockets?since=%s", since);
    else
        snprintf(target, sizeof(target), "/rockets?since=%s&limit=%u", since,
                 limit);
    do {
        struct response response;

        instance_get(instance, target, &response);
        more = add_page(&changes, &response, target);
        response_release(&response);
        pages++;
        if (more)
            assert_int_equal(changes.count,
                             pages * (limit == 0 ? 1000 : limit));
    } while (more);
    assert_true(changes.total == (double)changes.count);
    return changes;
}

static void expect_changes(const struct instance *instance, const char *since,
                           unsigned limit, const char *ids)
{
    struct changes changes = read_all(instance, since, limit);

    assert_string_equal(changes.ids, ids);
}

static void each_changed_rocket_comes_once_in_the_order_of_changes(void **state)
{
    char before[MAX_TAG], now[MAX_TAG];

    post(*state, "a", 1);
    post(*state, "unchanged", 1);
    read_now(*state, before);
    expect_changes(*state, before, 0, "");
    post(*state, "c", 1);
    post(*state, "a", 2);
    post(*state, "b", 1);
    post(*state, "c", 2);
    post(*state, "c", 2); /* a duplicate changes nothing */
    for (unsigned limit = 0; limit < 5; limit++)
        expect_changes(*state, before, limit, "a b c ");
    struct changes changes = read_all(*state, before, 1);
    read_now(*state, now);
    assert_string_equal(changes.tag, now);
    /* A rocket is there as GET /rockets/{id} shows it. */
    struct response rocket;
    char target[MAX_TARGET], expected[1024];
    instance_get(*state, "/rockets/c", &rocket);
    snprintf(expected, sizeof(expected), "[%s]", rocket.body);
    response_release(&rocket);
    post(*state, "d", 1);
    snprintf(target, sizeof(target), "/rockets?since=%s", now);
    EXCHANGE(*state, .target = target, .status = 200, .part = "[{\"id\":\"d\",",
             .header = "X-Total-Count", .value = "1");
}

/* A client that goes on from each ETag gets what has changed since. */
static void client_goes_on_from_the_etag(void **state)
{
    struct changes changes;
    char since[MAX_TAG];

    read_now(*state, since);
    for (unsigned round = 1; round <= 3; round++) {
        char id[16], expected[32];

        snprintf(id, sizeof(id), "going-%u", round);
        snprintf(expected, sizeof(expected), "going-%u ", round);
        post(*state, id, round);
        changes = read_all(*state, since, 0);
        assert_string_equal(changes.ids, expected);
        snprintf(since, sizeof(since), "%s", changes.tag);
        changes = read_all(*state, since, 0);
        assert_int_equal(changes.count, 0);
        assert_string_equal(changes.tag, since);
    }
}

/* Between the pages a rocket changes: it comes again, and no other does. */
static void rocket_that_changes_between_pages_comes_again(void **state)
{
    struct changes changes = {0};
    struct response response;
    char target[MAX_TARGET], since[MAX_TAG];

    read_now(*state, since);
    for (unsigned i = 0; i < 4; i++)
        post(*state, (const char *[]){"p0", "p1", "p2", "p3"}[i], 1);
    snprintf(target, sizeof(target), "/rockets?since=%s&limit=2", since);
    instance_get(*state, target, &response);
    assert_true(add_page(&changes, &response, target));
    response_release(&response);
    post(*state, "p0", 2); /* of this page */
    post(*state, "p2", 2); /* of the next one */
    instance_get(*state, target, &response);
    assert_true(add_page(&changes, &response, target));
    response_release(&response);
    instance_get(*state, target, &response);
    assert_false(add_page(&changes, &response, target));
    response_release(&response);
    assert_string_equal(changes.ids, "p0 p1 p3 p0 p2 ");
}

static void since_is_taken_as_an_etag_has_it(void **state)
{
    static const struct {
        const char *before, *after;
    } forms[] = {
        {"", ""},           {"%22", "%22"},      {"W/%22", "%22"},
        {"W%2F%22", "%22"}, {"%22", "-gzip%22"},
    };
    char since[MAX_TAG];

    read_now(*state, since);
    post(*state, "etag", 1);
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        char form[2 * MAX_TAG];

        snprintf(form, sizeof(form), "%s%s%s", forms[i].before, since,
                 forms[i].after);
        expect_changes(*state, form, 0, "etag ");
    }
}

/* With limit and without: pages of 1,000, and of 10,000. */
static void all_of_many_changes_come_in_pages(void **state)
{
    struct instance instance;
    char since[MAX_TAG], now[MAX_TAG];

    (void)state;
    instance_start(&instance, NULL);
    read_now(&instance, since);
    fleet_launch(&instance, MANY, 0);
    read_now(&instance, now);
    for (unsigned limit = 0; limit <= 10000; limit += 2500) {
        struct changes changes = read_all(&instance, since, limit);

        assert_int_equal(changes.count, MANY);
        assert_string_equal(changes.tag, now);
    }
    instance_stop(&instance);
}

static void invalid_queries_are_refused(void **state)
{
#define ANY "/rockets?since=0123456789abcdef-1"
    static const struct exchange rows[] = {
        {.target = "/rockets?since=", .status = 400, .part = "since must be"},
        {.target = "/rockets?since=1", .status = 400, .part = "since must be"},
        {.target = "/rockets?wait=1",
         .status = 400,
         .part = "wait needs since"},
        {.target = ANY "&wait=0", .status = 400, .part = "from 1 to 30"},
        {.target = ANY "&wait=31", .status = 400, .part = "from 1 to 30"},
        {.target = ANY "&limit=0", .status = 400, .part = "from 1 to 10000"},
        {.target = ANY "&limit=10001", .status = 400, .part = "to 10000"},
        {.target = ANY "&sort=speed",
         .status = 400,
         .part = "sort does not go"},
        {.target = ANY "&cursor=x", .status = 400, .part = "cursor does not"},
        {.target = ANY "&since=1", .status = 400, .part = "given twice"},
        {.target = "/rockets?sinc=1",
         .status = 400,
         .part = "unknown parameter sinc: did you mean since?"},
        {.target = ANY "&%", .status = 400, .part = "hexadecimal"},
        /* The query is right; many clients send what is default. */
        {.target = ANY "&sort=id&order=asc", .status = 410, .part = GONE},
        {.target = ANY, .status = 410, .part = GONE},
        {.target = ANY "&wait=30", .status = 410, .part = GONE},
    };

    EXCHANGES_RUN(*state, rows);
}

static void revision_above_the_latest_is_gone(void **state)
{
    char since[MAX_TAG], target[MAX_TARGET];
    uint64_t revision;

    post(*state, "above", 1);
    read_now(*state, since);
    revision = strtoull(since + 17, NULL, 10);
    snprintf(target, sizeof(target), "/rockets?since=%.17s%" PRIu64, since,
             revision + 1);
    EXCHANGE(*state, .target = target, .status = 410, .part = GONE);
}

static void if_none_match_works_for_changes(void **state)
{
    char since[MAX_TAG], now[MAX_TAG], target[MAX_TARGET],
        fields[2][MAX_TARGET], tag[MAX_TARGET];

    read_now(*state, since);
    post(*state, "conditional", 1);
    read_now(*state, now);
    snprintf(target, sizeof(target), "/rockets?since=%s", since);
    snprintf(fields[0], MAX_TARGET, "If-None-Match: W/\"%s\"\r\n", since);
    snprintf(fields[1], MAX_TARGET, "If-None-Match: \"%s\"\r\n", now);
    snprintf(tag, sizeof(tag), "W/\"%s\"", now);
    const struct exchange rows[] = {
        {.target = target, .fields = fields[0], .status = 200},
        {.target = target,
         .fields = fields[1],
         .status = 304,
         .header = "ETag",
         .value = tag},
        {.method = "HEAD",
         .target = target,
         .status = 200,
         .header = "X-Total-Count",
         .value = "1"},
    };
    EXCHANGES_RUN(*state, rows);
}

/* From 8 rockets on. */
static void pages_are_compressed_if_it_is_worth_it(void **state)
{
    char since[MAX_TAG], target[MAX_TARGET];

    read_now(*state, since);
    snprintf(target, sizeof(target), "/rockets?since=%s", since);
    for (unsigned i = 1; i <= 8; i++) {
        char id[16];

        snprintf(id, sizeof(id), "zip-%u", i);
        post(*state, id, 1);
        EXCHANGE(*state, .target = target,
                 .fields = "Accept-Encoding: gzip\r\n", .status = 200,
                 .header = "Content-Encoding", .value = i < 8 ? NULL : "gzip");
    }
    EXCHANGE(*state, .target = target, .status = 200,
             .header = "Content-Encoding", .value = NULL);
}

/* Send a request that waits, and return once it does. */
static void begin_wait(const struct instance *instance,
                       struct connection *connection, const char *since,
                       unsigned seconds, unsigned waits)
{
    char target[MAX_TARGET];

    snprintf(target, sizeof(target), "/rockets?since=%s&wait=%u", since,
             seconds);
    instance_connect(instance, connection);
    assert_true(connection_get(connection, target));
    scrape_wait_for(instance, WAITS, waits);
}

static void expect_ids(struct connection *connection, const char *ids)
{
    struct changes changes = {0};
    struct response response;
    char target[MAX_TARGET];

    connection_expect(connection, &response);
    add_page(&changes, &response, target);
    response_release(&response);
    assert_string_equal(changes.ids, ids);
}

static void wait_ends_with_a_change(void **state)
{
    struct connection connection;
    char since[MAX_TAG];

    read_now(*state, since);
    begin_wait(*state, &connection, since, 30, 1);
    post(*state, "awaited", 1);
    expect_ids(&connection, "awaited ");
    scrape_wait_for(*state, WAITS, 0);
    /* The connection goes on. */
    assert_true(connection_get(&connection, "/health"));
    connection_expect_status(&connection, 200);
    connection_close(&connection);
}

/* The hub looks ten times a second, so it may end a tenth early. */
static void wait_ends_after_its_time(void **state)
{
    struct connection connection;
    char since[MAX_TAG];
    int64_t began = process_clock();

    read_now(*state, since);
    begin_wait(*state, &connection, since, 1, 1);
    expect_ids(&connection, "");
    assert_true(process_clock() - began >= 900);
    connection_close(&connection);
}

static void nobody_waits_for_what_has_changed_already(void **state)
{
    char since[MAX_TAG], target[MAX_TARGET];

    read_now(*state, since);
    post(*state, "already", 1);
    snprintf(target, sizeof(target), "/rockets?since=%s&wait=30", since);
    EXCHANGE(*state, .target = target, .status = 200,
             .part = "{\"id\":\"already\"");
}

static void client_that_leaves_gives_its_place_back(void **state)
{
    struct connection connection;
    char since[MAX_TAG];

    read_now(*state, since);
    begin_wait(*state, &connection, since, 30, 1);
    connection_close(&connection);
    scrape_wait_for(*state, WAITS, 0);
}

static void page_of_another_site_may_not_wait(void **state)
{
    char since[MAX_TAG], target[MAX_TARGET];

    read_now(*state, since);
    snprintf(target, sizeof(target), "/rockets?since=%s&wait=1", since);
    EXCHANGE(*state, .target = target,
             .fields = "Sec-Fetch-Site: cross-site\r\n", .status = 403,
             .part = "a page of another site may not wait for changes");
}

static void changes_have_a_route_of_their_own_in_metrics(void **state)
{
    const char *sample =
        "lunar_http_requests_total{route=\"changes\",code=\"410\"}";
    double before = scrape_value(*state, sample);

    EXCHANGE(*state, .target = ANY, .status = 410);
    scrape_wait_for(*state, sample, before + 1);
#undef ANY
}

static const char *const modes[] = {"-threads=2", "-threads=per-connection"};

/* All places are taken; a change gives them back. */
static void places_are_limited(void **state)
{
    (void)state;
    for (size_t mode = 0; mode < 2; mode++) {
        struct connection connections[PLACES];
        struct instance instance;
        char since[MAX_TAG], target[MAX_TARGET];

        instance_start(&instance, INSTANCE_FLAGS(PLACES_FLAG, modes[mode]));
        read_now(&instance, since);
        for (unsigned i = 0; i < PLACES; i++)
            begin_wait(&instance, &connections[i], since, 30, i + 1);
        snprintf(target, sizeof(target), "/rockets?since=%s&wait=30", since);
        const struct exchange rows[] = {
            {.target = target,
             .status = 503,
             .header = "Retry-After",
             .value = "5",
             .part = "as the service allows"},
            /* Without wait it needs no place. */
            {.body = fleet_faster("full", 1, 1).body, .status = 202},
        };
        EXCHANGES_RUN(&instance, rows);
        for (unsigned i = 0; i < PLACES; i++) {
            expect_ids(&connections[i], "full ");
            connection_close(&connections[i]);
        }
        scrape_wait_for(&instance, WAITS, 0);
        instance_stop(&instance);
    }
}

/* Long before their time. */
static void stop_answers_all_who_wait(void **state)
{
    (void)state;
    for (size_t mode = 0; mode < 2; mode++) {
        struct connection connections[3];
        struct instance instance;
        char since[MAX_TAG];
        int64_t began = process_clock();

        instance_start(&instance, INSTANCE_FLAGS(modes[mode], "-drain=0"));
        post(&instance, "stopped", 1);
        read_now(&instance, since);
        for (unsigned i = 0; i < 3; i++)
            begin_wait(&instance, &connections[i], since, 30, i + 1);
        instance_stop(&instance);
        for (unsigned i = 0; i < 3; i++) {
            expect_ids(&connections[i], "");
            connection_close(&connections[i]);
        }
        assert_true(process_clock() - began < 30000);
    }
}

/* The same revisions, and the same start. */
static void changes_go_on_after_a_restart_with_a_store(void **state)
{
    (void)state;
    for (size_t mode = 0; mode < 2; mode++) {
        struct data_folder folder;
        struct instance instance;
        struct connection connection;
        struct changes changes;
        char since[MAX_TAG];

        data_folder_make(&folder);
        instance_start(&instance, INSTANCE_FLAGS(folder.flag, modes[mode]));
        post(&instance, "old", 1);
        read_now(&instance, since);
        post(&instance, "new", 1);
        begin_wait(&instance, &connection, read_all(&instance, since, 0).tag,
                   30, 1);
        post(&instance, "newer", 1);
        expect_ids(&connection, "newer ");
        connection_close(&connection);
        instance_stop(&instance);

        instance_start(&instance, INSTANCE_FLAGS(folder.flag, modes[mode]));
        changes = read_all(&instance, since, 1);
        assert_string_equal(changes.ids, "new newer ");
        assert_int_equal(read_all(&instance, changes.tag, 0).count, 0);
        post(&instance, "newest", 1);
        expect_changes(&instance, changes.tag, 0, "newest ");
        instance_stop(&instance);
        assert_int_equal(folder_remove(folder.root), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            each_changed_rocket_comes_once_in_the_order_of_changes),
        cmocka_unit_test(client_goes_on_from_the_etag),
        cmocka_unit_test(rocket_that_changes_between_pages_comes_again),
        cmocka_unit_test(since_is_taken_as_an_etag_has_it),
        cmocka_unit_test(invalid_queries_are_refused),
        cmocka_unit_test(revision_above_the_latest_is_gone),
        cmocka_unit_test(if_none_match_works_for_changes),
        cmocka_unit_test(pages_are_compressed_if_it_is_worth_it),
        cmocka_unit_test(wait_ends_with_a_change),
        cmocka_unit_test(wait_ends_after_its_time),
        cmocka_unit_test(nobody_waits_for_what_has_changed_already),
        cmocka_unit_test(client_that_leaves_gives_its_place_back),
        cmocka_unit_test(page_of_another_site_may_not_wait),
        cmocka_unit_test(changes_have_a_route_of_their_own_in_metrics),
    };
    const struct CMUnitTest alone[] = {
        cmocka_unit_test(all_of_many_changes_come_in_pages),
        cmocka_unit_test(places_are_limited),
        cmocka_unit_test(stop_answers_all_who_wait),
        cmocka_unit_test(changes_go_on_after_a_restart_with_a_store),
    };
    return HARNESS_RUN_IN_BOTH_MODES(tests) +
           cmocka_run_group_tests(alone, NULL, NULL);
}
