/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the hub where one allocation fails, each in turn. Whatever fails, a
 * reader has all changes in the end, or knows that it has missed some.
 */
#include "lib/hub_scene.h"

#include "scarcity.h"

enum { CHANGED = 300 /* rockets */ };

/* All that a reader was given. */
struct received {
    struct buffer text;
    enum hub_flow flow;
};

/* Scarcity is for the hub, not for the table and the test. */
static void change_many(struct hub_scene *scene)
{
    int64_t left = scarcity->left;
    char id[32];

    scarcity->left = SCARCITY_PLENTY;
    for (int i = 0; i < CHANGED; i++) {
        snprintf(id, sizeof(id), "rocket%d", i);
        change(scene, id);
    }
    launch(scene, "single");
    scarcity->left = left;
}

static void receive(struct hub_scene *scene, size_t i,
                    struct received *received)
{
    struct hub_reader *reader = scene->readers[i].reader;

    if (reader == NULL)
        return;
    do {
        received->flow = hub_reader_next(reader, &received->text, 65536, true);
        if (buffer_failed(&received->text)) {
            /* Its stream ends here: what was cut off is not an event. */
            assert_int_equal(received->flow, HUB_LOST);
            received->text.failed = false;
        }
    } while (received->flow == HUB_MORE);
}

/* Add readers of all kinds, and let them read through some ticks. */
static void run_readers(struct hub_scene *scene, struct received *received)
{
    const struct text id = TEXT("single");
    struct hub_reader_options options = {.events = ROCKETS | SUMMARY};

    change_many(scene);
    add_reader(scene, 0, options);
    options.resumes = true;
    add_reader(scene, 1, options);
    options.ids = &id;
    options.id_count = 1;
    add_reader(scene, 2, options);
    hub_join(scene->hub);
    for (int i = 0; i < 3; i++) {
        run_jobs();
        for (size_t j = 0; j < 3; j++)
            receive(scene, j, &received[j]);
        change_many(scene);
        scene->summary = i == 0 ? "first" : "second";
        scene->now_ms += HUB_SUMMARY_MS;
        tick(scene, 100);
    }
    scarcity_end(scarcity);
    change_many(scene);
    tick(scene, 100);
    run_jobs();
    tick(scene, 100);
    for (size_t j = 0; j < 3; j++)
        receive(scene, j, &received[j]);
}

/* How often `word` is in the text. */
static size_t count_words(const struct buffer *buffer, const char *word)
{
    size_t count = 0, length = strlen(word);

    for (size_t i = 0; i + length <= buffer->length; i++)
        count += memcmp(buffer->data + i, word, length) == 0;
    return count;
}

/* Reader 0 came after the first of five changes; reader 2 follows one rocket.
 */
static void check_received(const struct received *received, size_t i)
{
    size_t changes = i == 1 ? 5 : 4;

    if (received->flow == HUB_LOST)
        return;
    assert_int_equal(received->flow, HUB_WAIT);
    assert_int_equal(count_words(&received->text, "hello"), 1);
    if (count_words(&received->text, "reset") > 0)
        return;
    assert_true(count_words(&received->text, "single@") >= changes);
    if (i < 2)
        assert_true(count_words(&received->text, "rocket299@") >= changes);
}

static int64_t check_run(void *context, const struct scarcity_limit *limit)
{
    struct received received[3] = {{.flow = HUB_MORE}};
    struct hub_scene *scene;
    void *fixture;

    (void)context;
    assert_int_equal(set_up(&fixture), 0);
    scene = fixture;
    for (size_t i = 0; i < 3; i++)
        assert_true(buffer_reserve(&received[i].text, 1 << 20));
    scarcity_begin(scarcity, limit);
    run_readers(scene, received);
    int64_t failed = scarcity->failed;
    for (size_t i = 0; i < 3; i++) {
        if (scene->readers[i].reader != NULL)
            check_received(&received[i], i);
        else
            assert_true(failed > 0);
        buffer_release(&received[i].text);
    }
    tear_down(&fixture);
    return failed;
}

static void failed_allocation_loses_nothing_in_silence(void **context)
{
    (void)context;
    assert_true(scarcity_each(SCARCITY_OWN, check_run, NULL) > 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failed_allocation_loses_nothing_in_silence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
