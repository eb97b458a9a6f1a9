/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of up to which revision a client has all changes with a page of
 * changes, for walks that the table makes only by chance: changes_find() is
 * replaced, so that rockets change while it walks.
 */
#include "lib/unit_check.h"

#include <semaphore.h>

#include "api/api.h"
#include "api/operations.h"
#include "base/sync.h"
#include "base/workers.h"
#include "http/request.h"
#include "http/response.h"
#include "lib/messages.h"
#include "live/changes.h"
#include "table/table.h"
#include "table/table_changes.h"

enum { ROCKETS = 4, START = 0xab };

/* What the next walk finds. */
static struct {
    uint64_t revision, total;
    size_t count;
    uint64_t revisions[ROCKETS];
} found;

struct scene {
    struct api api;
};

/* Link-time optimisation does not see that the linker will need it. */
__attribute__((used)) bool __wrap_changes_find(struct table *table,
                                               uint64_t after,
                                               enum changes_end end, size_t max,
                                               struct changes *changes);

bool __wrap_changes_find(struct table *table, uint64_t after,
                         enum changes_end end, size_t max,
                         struct changes *changes)
{
    assert_int_equal(after, 1);
    assert_int_equal(end, CHANGES_OLDEST);
    assert_int_equal(max, 2);
    *changes = (struct changes){
        .revision = found.revision,
        .total = found.total,
        .count = found.count,
        .rockets = calloc(ROCKETS, sizeof(struct change)),
    };
    if (changes->rockets == NULL)
        abort();
    for (size_t i = 0; i < found.count; i++)
        changes->rockets[i] = (struct change){
            table_find_entry(table, TEXT("a")), found.revisions[i]};
    return true;
}

static int set_up(void **context)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    struct table *table = table_new(SIZE_MAX);
    struct workers *workers = workers_start(1);

    if (scene == NULL || table == NULL || workers == NULL)
        abort();
    api_init(&scene->api, table, workers, NULL);
    scene->api.start = START;
    /* So that something has changed since revision 1. */
    for (uint64_t number = 1; number <= 2; number++) {
        struct message message = message_speed("a", number, 1);
        assert_int_equal(table_apply(table, &message), MESSAGE_APPLIED);
    }
    *context = scene;
    return 0;
}

static int tear_down(void **context)
{
    struct scene *scene = *context;

    workers_free(scene->api.workers);
    table_free(scene->api.table);
    free(scene);
    return 0;
}

struct waiter {
    struct http_waiter waiter;
    sem_t woken;
};

static void note_wake(struct http_waiter *first)
{
    sync_semaphore_post(&container_of(first, struct waiter, waiter)->woken);
}

static const char *header(const struct http_response *response,
                          const char *name)
{
    for (size_t i = 0; i < response->header_count; i++)
        if (strcmp(response->headers[i].name, name) == 0)
            return response->headers[i].value;
    return NULL;
}

/* Read the page after revision 1, of two rockets, and expect these headers. */
static void expect_page(struct scene *scene, const char *etag, const char *link)
{
    struct waiter waiter = {.waiter = {.wake = note_wake}};
    struct http_request request = {
        .method = HTTP_GET, .query = TEXT("since=00000000000000ab-1&limit=2")};
    struct http_response response;

    http_response_init(&response);
    sync_semaphore_init(&waiter.woken);
    changes_get(&scene->api, &request, &response);
    struct http_deferred *deferred = response.deferred;
    assert_non_null(deferred);
    assert_false(response.long_lived);
    response.deferred = NULL;
    deferred->start(deferred, &waiter.waiter);
    sync_semaphore_wait(&waiter.woken);
    deferred->finish(deferred, &response);
    assert_int_equal(response.status, 200);
    assert_string_equal(header(&response, "ETag"), etag);
    if (link == NULL)
        assert_null(header(&response, "Link"));
    else
        assert_string_equal(header(&response, "Link"), link);
    http_response_release(&response);
    sem_destroy(&waiter.woken);
}

/*
 * The next walk begins at `revision`, and finds two of `total` rockets, with
 * these revisions.
 */
static void set_found(uint64_t total, uint64_t revision, uint64_t first,
                      uint64_t second)
{
    found.total = total;
    found.count = 2;
    found.revision = revision;
    found.revisions[0] = first;
    found.revisions[1] = second;
}

#define NEXT(revision)                                                         \
    "<?since=00000000000000ab-" revision "&limit=2>; rel=\"next\""

static void last_page_has_all_up_to_the_begin_of_the_walk(void **context)
{
    set_found(2, 9, 5, 7);
    expect_page(*context, "W/\"00000000000000ab-9\"", NULL);
    /* The rocket may have changed again, and others between. */
    set_found(2, 9, 5, 12);
    expect_page(*context, "W/\"00000000000000ab-9\"", NULL);
}

static void full_page_has_all_up_to_its_last_rocket(void **context)
{
    set_found(4, 9, 5, 8);
    expect_page(*context, "W/\"00000000000000ab-8\"", NEXT("8"));
}

/*
 * A rocket that the walk had passed may have changed to revision 10 before it
 * found one that had changed to 11.
 */
static void full_page_has_no_more_than_the_walk(void **context)
{
    set_found(4, 9, 5, 11);
    expect_page(*context, "W/\"00000000000000ab-9\"", NULL);
    set_found(4, 9, 5, 9);
    expect_page(*context, "W/\"00000000000000ab-9\"", NULL);
}

/* With a store the first ones may be of a group that is not complete yet. */
static void page_of_nothing_but_later_changes_goes_nowhere(void **context)
{
    set_found(4, 1, 2, 3);
    expect_page(*context, "W/\"00000000000000ab-1\"", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(last_page_has_all_up_to_the_begin_of_the_walk),
        FIXTURE_TEST(full_page_has_all_up_to_its_last_rocket),
        FIXTURE_TEST(full_page_has_no_more_than_the_walk),
        FIXTURE_TEST(page_of_nothing_but_later_changes_goes_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
