/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -kafka, -create-topic and -trim-topic with the real binary, as far as no
 * broker is needed. tests/replica has what needs some.
 */
#include "store_scene.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STATUS_FAILED = 1, STATUS_USAGE = 2, URL = 64 };

/* Nobody listens there. */
#define KAFKA "-kafka=127.0.0.1:1"
#define TOPIC "-topic=moon"

/* Expect that it ends with `status` and this part of a line on stderr. */
static void expect_error(int status, const char *const flags[],
                         const char *part)
{
    struct process process;
    char *errors;

    instance_start_command(&process, flags, NULL);
    char *output = process_finish(&process, status, &errors);
    assert_string_equal(output, "");
    if (strstr(errors, part) == NULL)
        fail_msg("\"%s\" is not in: %s", part, errors);
    free(output);
    free(errors);
}

static void flags_need_each_other(void **context)
{
    const struct store_scene *scene = *context;

    expect_error(STATUS_USAGE, INSTANCE_FLAGS(KAFKA, scene->folder.flag),
                 "-kafka: needs -topic=NAME");
    expect_error(STATUS_USAGE, INSTANCE_FLAGS(KAFKA, TOPIC),
                 "-kafka: needs -data=DIR");
    expect_error(STATUS_USAGE, INSTANCE_FLAGS(TOPIC, scene->folder.flag),
                 "-topic: needs -kafka=BROKERS");
    expect_error(STATUS_USAGE, INSTANCE_FLAGS("-create-topic", KAFKA),
                 "-create-topic: needs the topic");
    expect_error(STATUS_USAGE, INSTANCE_FLAGS("-trim-topic", KAFKA, TOPIC),
                 "-trim-topic: needs the URLs of all instances");
}

#ifdef LUNAR_KAFKA

/* All instances have to agree, so nothing else is asked before. */
static void topic_is_not_trimmed_without_all_instances(void **context)
{
    struct store_scene *scene = *context;
    char peer[URL], peers[2 * URL];

    instance_start(&scene->instance, INSTANCE_FLAGS(scene->folder.flag));
    snprintf(peer, sizeof(peer), "-peer=http://127.0.0.1:%u",
             scene->instance.port);
    expect_error(STATUS_FAILED,
                 INSTANCE_FLAGS("-trim-topic", KAFKA, TOPIC, peer),
                 "has no topic, so it is no instance of moon");
    snprintf(peers, sizeof(peers), "-peer=http://127.0.0.1:1,%s",
             strchr(peer, '=') + 1);
    expect_error(STATUS_FAILED,
                 INSTANCE_FLAGS("-trim-topic", KAFKA, TOPIC, peers),
                 "http://127.0.0.1:1: cannot connect: Connection refused");
    instance_stop(&scene->instance);
}

/* It may have passwords. */
static void settings_that_others_can_read_are_refused(void **context)
{
    struct store_scene *scene = *context;
    char path[128], flag[160];

    snprintf(path, sizeof(path), "%s/kafka.conf", scene->folder.root);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs("security.protocol=ssl\n", file);
    fclose(file);
    assert_int_equal(chmod(path, 0644), 0);
    snprintf(flag, sizeof(flag), "-kafka-config=%s", path);
    expect_error(STATUS_FAILED,
                 INSTANCE_FLAGS(KAFKA, TOPIC, scene->folder.flag, flag), path);
    expect_error(STATUS_FAILED,
                 INSTANCE_FLAGS("-create-topic", KAFKA, TOPIC, flag), path);
}

/* Its messages are not in the topic. */
static void folder_of_another_service_is_refused(void **context)
{
    struct store_scene *scene = *context;

    instance_start(&scene->instance, INSTANCE_FLAGS(scene->folder.flag));
    instance_stop(&scene->instance);
    expect_error(STATUS_FAILED,
                 INSTANCE_FLAGS(KAFKA, TOPIC, scene->folder.flag, "-port=0"),
                 "another folder");
}

static void instance_waits_for_brokers_and_stops(void **context)
{
    struct store_scene *scene = *context;
    struct instance *instance = &scene->instance;
    char port[32];
    struct response response;

    int reserved = instance_reserve_port(&instance->port);
    snprintf(port, sizeof(port), "-port=%u", instance->port);
    instance_start_command(
        &instance->process,
        INSTANCE_FLAGS(KAFKA, TOPIC, scene->folder.flag, port), NULL);
    process_wait_error(&instance->process,
                       "recovering the state from topic moon");
    process_wait_error(&instance->process,
                       "no broker of Kafka is connected: 127.0.0.1:1");
    instance_get(instance, "/health/ready", &response);
    assert_int_equal(response.status, 503);
    response_release(&response);
    process_signal(&instance->process, SIGTERM);
    process_wait_error(&instance->process, "all of it is still in topic moon");
    instance_expect_end(instance, 0);
    close(reserved);
}

#else

static void binary_without_kafka_says_so(void **context)
{
    const struct store_scene *scene = *context;
    static const char says[] = "this binary was built without Kafka";

    expect_error(STATUS_FAILED,
                 INSTANCE_FLAGS(KAFKA, TOPIC, scene->folder.flag), says);
    expect_error(STATUS_FAILED, INSTANCE_FLAGS("-create-topic", KAFKA, TOPIC),
                 says);
    expect_error(STATUS_FAILED,
                 INSTANCE_FLAGS("-trim-topic", KAFKA, TOPIC, "-peer=http://a"),
                 says);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_SCENE_TEST(flags_need_each_other),
#ifdef LUNAR_KAFKA
        STORE_SCENE_TEST(topic_is_not_trimmed_without_all_instances),
        STORE_SCENE_TEST(settings_that_others_can_read_are_refused),
        STORE_SCENE_TEST(folder_of_another_service_is_refused),
        STORE_SCENE_TEST(instance_waits_for_brokers_and_stops),
#else
        STORE_SCENE_TEST(binary_without_kafka_says_so),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
