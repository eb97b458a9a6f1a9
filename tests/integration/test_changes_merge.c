/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that reads only what has changed, again and again while messages
 * arrive, ends with what the whole list has: no change is lost between two
 * pages, however small they are.
 */
#include "lib/harness.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/data_folder.h"

enum {
    ROCKETS = 3000,
    BATCHES = 60,
    LINES = 400, /* of a batch */
    MAX_TARGET = 256,
};

/* Messages that a thread posts while the test reads. */
struct sender {
    struct connection connection;
    struct bulk batches[BATCHES];
    _Atomic bool sent;
    bool failed; /* read after the thread has ended */
};

/* What the client knows of each rocket; NULL: nothing. */
struct known {
    char *json;
    double revision;
};

static void make_batches(struct sender *sender)
{
    static uint64_t numbers[ROCKETS];
    unsigned random = 1;

    memset(numbers, 0, sizeof(numbers));
    for (size_t i = 0; i < BATCHES; i++) {
        bulk_begin(&sender->batches[i]);
        for (size_t j = 0; j < LINES; j++) {
            char id[16];

            random = random * 1103515245 + 12345;
            unsigned rocket = random / 65536 % ROCKETS;
            snprintf(id, sizeof(id), "r%04u", rocket);
            bulk_add(&sender->batches[i], id, ++numbers[rocket]);
        }
        bulk_end(&sender->batches[i]);
    }
}

static void *send_batches(void *argument)
{
    struct sender *sender = argument;

    for (size_t i = 0; i < BATCHES && !sender->failed; i++) {
        struct response response;

        sender->failed = !connection_post_bytes(&sender->connection, BULK_TYPE,
                                                sender->batches[i].text,
                                                sender->batches[i].length) ||
                         connection_receive(&sender->connection, &response) !=
                             CONNECTION_ANSWERED;
        if (!sender->failed) {
            sender->failed = response.status != 202;
            response_release(&response);
        }
    }
    sender->sent = true;
    return NULL;
}

/* Take the rockets of a page that are newer than what is known. */
static int merge_page(struct known known[], const struct response *response)
{
    cJSON *page = response_json(response), *rocket;
    int count = cJSON_GetArraySize(page);

    cJSON_ArrayForEach(rocket, page)
    {
        const char *id =
            cJSON_GetObjectItemCaseSensitive(rocket, "id")->valuestring;
        struct known *one = &known[strtoul(id + 1, NULL, 10)];
        double revision =
            cJSON_GetObjectItemCaseSensitive(rocket, "revision")->valuedouble;
        if (revision <= one->revision)
            continue;
        free(one->json);
        one->json = cJSON_PrintUnformatted(rocket);
        one->revision = revision;
    }
    cJSON_Delete(page);
    return count;
}

static void copy_tag(const struct response *response, char tag[64])
{
    const char *etag = response_header(response, "ETag");

    assert_non_null(etag);
    snprintf(tag, 64, "%.*s", (int)strlen(etag) - 4, etag + 3);
}

/* Read until all is sent and there is nothing more. */
static void follow(const struct instance *instance, struct sender *sender,
                   struct known known[], char tag[64])
{
    struct connection connection;
    bool sent;
    int count;

    instance_connect(instance, &connection);
    for (unsigned limit = 1;; limit = limit % 50 + 7) {
        struct response response;
        char target[MAX_TARGET];

        sent = sender->sent;
        snprintf(target, sizeof(target), "/rockets?since=%s&limit=%u%s", tag,
                 limit, limit % 2 == 0 && !sent ? "&wait=1" : "");
        assert_true(connection_get(&connection, target));
        connection_expect(&connection, &response);
        response_expect_status(&response, 200);
        count = merge_page(known, &response);
        copy_tag(&response, tag);
        response_release(&response);
        if (sent && count == 0)
            break;
    }
    connection_close(&connection);
}

static void expect_list(const struct instance *instance,
                        const struct known known[])
{
    struct response response;
    cJSON *list, *rocket;
    size_t count = 0;

    instance_get(instance, "/rockets", &response);
    list = response_json(&response);
    cJSON_ArrayForEach(rocket, list)
    {
        const char *id =
            cJSON_GetObjectItemCaseSensitive(rocket, "id")->valuestring;
        const struct known *one = &known[strtoul(id + 1, NULL, 10)];
        char *json = cJSON_PrintUnformatted(rocket);
        if (one->json == NULL)
            fail_msg("%s never came", id);
        assert_string_equal(one->json, json);
        free(json);
    }
    for (size_t i = 0; i < ROCKETS; i++)
        count += known[i].json != NULL;
    assert_int_equal(count, cJSON_GetArraySize(list));
    cJSON_Delete(list);
    response_release(&response);
}

static void run(const char *const flags[])
{
    static struct known known[ROCKETS];
    struct sender sender = {.sent = false};
    struct instance instance;
    struct response response;
    pthread_t thread;
    char tag[64];

    memset(known, 0, sizeof(known));
    make_batches(&sender);
    instance_start(&instance, flags);
    instance_get(&instance, "/rockets", &response);
    copy_tag(&response, tag);
    response_release(&response);
    instance_connect(&instance, &sender.connection);
    assert_int_equal(pthread_create(&thread, NULL, send_batches, &sender), 0);
    follow(&instance, &sender, known, tag);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_false(sender.failed);
    expect_list(&instance, known);
    connection_close(&sender.connection);
    instance_stop(&instance);
    for (size_t i = 0; i < BATCHES; i++)
        free(sender.batches[i].text);
    for (size_t i = 0; i < ROCKETS; i++)
        free(known[i].json);
}

static void changes_together_are_the_list_with_event_loops(void **state)
{
    (void)state;
    run(INSTANCE_FLAGS("-threads=2"));
}

static void changes_together_are_the_list_with_threads(void **state)
{
    (void)state;
    run(INSTANCE_FLAGS("-threads=per-connection"));
}

static void changes_together_are_the_list_with_a_store(void **state)
{
    struct data_folder folder;

    (void)state;
    data_folder_make(&folder);
    run(INSTANCE_FLAGS(folder.flag));
    assert_int_equal(folder_remove(folder.root), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_together_are_the_list_with_event_loops),
        cmocka_unit_test(changes_together_are_the_list_with_threads),
        cmocka_unit_test(changes_together_are_the_list_with_a_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
