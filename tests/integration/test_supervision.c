/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service tells its service manager, in both thread modes: when it is
 * ready, how it reloads and stops, why it fails, and that it is alive. What
 * ends the datagrams of the watchdog is in tests/server/test_watchdog.c.
 */
#include "store_scene.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/count_parts.h"
#include "lib/manager.h"

enum {
    WATCHDOG_US = 200000,
    ALIVE = 6,       /* datagrams of a service that goes on */
    QUIET_MS = 1000, /* in which a stopped process says nothing */
    MESSAGES = 300,  /* each in a commit of its own */
    STATUS_FAILED = 1,
    STATUS_USAGE = 2,
};

static const char recovering[] =
    "EXTEND_TIMEOUT_USEC=600000000\nSTATUS=the state is being recovered";

static const char watchdog[] = "WATCHDOG_USEC=200000";

/* "": event loops. Set for each group of tests. */
static const char *mode;

struct scene {
    struct store_scene store; /* first: its functions get the scene */
    struct manager manager;
};

static int set_up(void **state)
{
    static struct scene scene;
    void *store = NULL;

    store_scene_set_up(&store);
    scene.store = *(struct store_scene *)store;
    manager_open(&scene.manager, false);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;
    void *store = &scene->store;

    manager_close(&scene->manager);
    return store_scene_tear_down(&store);
}

static const char *mode_flag(void)
{
    return mode[0] != '\0' ? mode : "-threads=2";
}

/* With a watchdog if `variable` is that of one. */
static void start(struct scene *scene, const char *flag, const char *variable)
{
    instance_start_with(&scene->store.instance,
                        INSTANCE_FLAGS(mode_flag(), flag),
                        INSTANCE_FLAGS("LUNAR_IDLE_TIMEOUT=3600",
                                       scene->manager.variable, variable));
}

/* READY=1, with the port of the service in its STATUS. */
static void expect_ready(struct scene *scene, const char *rest)
{
    char expected[MANAGER_TEXT];

    snprintf(expected, sizeof(expected),
             "READY=1\nSTATUS=serving http://127.0.0.1:%u (%s)",
             scene->store.instance.port, rest);
    manager_expect(&scene->manager, expected);
}

static void expect_alive(struct scene *scene)
{
    for (int i = 0; i < ALIVE; i++)
        manager_wait(&scene->manager, "WATCHDOG=1");
}

static void a_service_in_memory_is_ready_at_once_and_stops(void **state)
{
    struct scene *scene = *state;

    start(scene, NULL, NULL);
    expect_ready(scene, "state in memory only, -data=DIR keeps it");
    instance_stop(&scene->store.instance);
    manager_expect(&scene->manager, "STOPPING=1\nEXTEND_TIMEOUT_USEC=7000000\n"
                                    "STATUS=stopping: finishing requests");
    manager_expect_none(&scene->manager);
}

static void an_abstract_socket_is_told_as_well(void **state)
{
    struct scene *scene = *state;

    manager_close(&scene->manager);
    manager_open(&scene->manager, true);
    start(scene, NULL, watchdog);
    expect_ready(scene, "state in memory only, -data=DIR keeps it");
    expect_alive(scene);
    instance_stop(&scene->store.instance);
    manager_wait(&scene->manager, "STOPPING=1\n");
}

/* The folder is about to be opened, which gets ten minutes. */
static void expect_opening(struct scene *scene)
{
    char expected[MANAGER_TEXT];

    snprintf(expected, sizeof(expected),
             "EXTEND_TIMEOUT_USEC=600000000\nSTATUS=opening %s",
             scene->store.folder.path);
    manager_expect(&scene->manager, expected);
}

/* Start on a disk where each read takes a second, and wait for progress. */
static void start_slow_recovery(struct scene *scene)
{
    struct store_scene *store = &scene->store;
    char library[512], disk[STORE_SCENE_PATH];

    store_scene_start(store);
    store_scene_post(&store->instance, MESSAGES);
    instance_stop(&store->instance);
    store_scene_set_slow(store, "reads", true);
    store_scene_slow_variables(store, library, disk);
    store->instance = (struct instance){0};
    instance_start_command(
        &store->instance.process,
        INSTANCE_FLAGS("-port=0", mode_flag(), store->folder.flag),
        INSTANCE_FLAGS(library, disk, "LUNAR_IDLE_TIMEOUT=3600",
                       scene->manager.variable, watchdog));
    expect_opening(scene);
    for (int i = 0; i < 2; i++)
        assert_int_equal(strncmp(manager_next(&scene->manager), recovering,
                                 sizeof(recovering) - 1),
                         0);
}

/* TimeoutStartSec= ends a start of which nothing is heard. */
static void a_folder_that_opens_slowly_gets_time(void **state)
{
    struct scene *scene = *state;
    struct store_scene *store = &scene->store;
    char library[512], disk[STORE_SCENE_PATH];

    store_scene_slow_variables(store, library, disk);
    store_scene_set_slow(store, "openings", true);
    store->instance = (struct instance){0};
    instance_start_command(
        &store->instance.process,
        INSTANCE_FLAGS("-port=0", mode_flag(), store->folder.flag),
        INSTANCE_FLAGS(library, disk, scene->manager.variable));
    store_scene_wait_sync(store);
    expect_opening(scene);
    manager_expect_none(&scene->manager);
    store_scene_set_slow(store, "openings", false);
    instance_wait_ready(&store->instance);
    manager_wait(&scene->manager, "READY=1\n");
    instance_stop(&store->instance);
}

static void ready_comes_after_the_recovery_which_gets_time(void **state)
{
    struct scene *scene = *state;
    struct store_scene *store = &scene->store;
    char state_text[256];

    start_slow_recovery(scene);
    manager_wait(&scene->manager, " % done");
    store_scene_set_slow(store, "reads", false);
    instance_wait_ready(&store->instance);
    while (strncmp(manager_next(&scene->manager), "EXTEND_TIMEOUT_USEC=", 20) ==
           0)
        continue;
    snprintf(state_text, sizeof(state_text),
             "READY=1\nSTATUS=serving http://127.0.0.1:%u (state kept in %s)",
             store->instance.port, store->folder.path);
    assert_string_equal(scene->manager.text, state_text);
    expect_alive(scene);
    instance_stop(&store->instance);
    manager_wait(&scene->manager, "STOPPING=1\nEXTEND_TIMEOUT_USEC=10500000\n");
}

static void a_stop_in_the_recovery_is_no_ready(void **state)
{
    struct scene *scene = *state;

    start_slow_recovery(scene);
    instance_stop(&scene->store.instance);
    while (strncmp(manager_next(&scene->manager), "EXTEND_TIMEOUT_USEC=", 20) ==
           0)
        continue;
    assert_memory_equal(scene->manager.text, "STOPPING=1\n", 11);
    manager_expect_none(&scene->manager);
}

static void a_disk_that_hangs_is_no_reason_to_restart(void **state)
{
    struct scene *scene = *state;
    struct store_scene *store = &scene->store;
    char library[512], disk[STORE_SCENE_PATH];
    struct connection client;

    store_scene_slow_variables(store, library, disk);
    store->instance = (struct instance){0};
    instance_start_command(
        &store->instance.process,
        INSTANCE_FLAGS("-port=0", mode_flag(), store->folder.flag),
        INSTANCE_FLAGS(library, disk, "LUNAR_IDLE_TIMEOUT=3600",
                       scene->manager.variable, watchdog));
    instance_wait_ready(&store->instance);
    manager_wait(&scene->manager, "READY=1\n");
    store_scene_set_slow(store, "syncs", true);
    struct fleet_message message =
        fleet_launched("moon", 1, "Falcon-9", 500, "ARTEMIS");
    instance_connect(&store->instance, &client);
    assert_true(connection_post(&client, message.body));
    store_scene_wait_sync(store);
    expect_alive(scene);
    store_scene_set_slow(store, "syncs", false);
    connection_expect_status(&client, 202);
    connection_close(&client);
    instance_stop(&store->instance);
}

/* A file of tokens without one, so that only its mode can be wrong. */
static void a_reload_is_told_and_a_failed_one_is_shown(void **state)
{
    struct scene *scene = *state;
    char file[FOLDER_ROOT + 16], flag[FOLDER_ROOT + 32];
    const struct process *process = &scene->store.instance.process;

    snprintf(file, sizeof(file), "%s/tokens", scene->manager.root);
    snprintf(flag, sizeof(flag), "-tokens=%s", file);
    FILE *tokens = fopen(file, "we");
    assert_non_null(tokens);
    fprintf(tokens, "alice sha256:%064d read\n", 1);
    assert_int_equal(fclose(tokens), 0);
    assert_int_equal(chmod(file, 0600), 0);
    start(scene, flag, NULL);
    expect_ready(scene, "tokens are needed; state in memory only, -data=DIR "
                        "keeps it");
    process_signal(process, SIGHUP);
    assert_memory_equal(manager_next(&scene->manager),
                        "RELOADING=1\nMONOTONIC_USEC=", 27);
    expect_ready(scene, "tokens are needed; state in memory only, -data=DIR "
                        "keeps it");
    assert_int_equal(unlink(file), 0);
    process_signal(process, SIGHUP);
    manager_wait(&scene->manager, "RELOADING=1\n");
    manager_wait(&scene->manager, "keeps it); the last reload failed, see the "
                                  "log");
    instance_stop(&scene->store.instance);
}

/* Without a file SIGHUP stops a service that nobody manages. */
static void a_reload_of_nothing_is_no_stop(void **state)
{
    struct scene *scene = *state;
    const struct process *process = &scene->store.instance.process;

    start(scene, NULL, NULL);
    manager_wait(&scene->manager, "READY=1\n");
    process_signal(process, SIGHUP);
    manager_wait(&scene->manager, "RELOADING=1\n");
    expect_ready(scene, "state in memory only, -data=DIR keeps it");
    process_wait_error(process,
                       " info  SIGHUP: there is no file to read again");
    EXCHANGE(&scene->store.instance, .target = "/health/ready", .status = 200);
    instance_stop(&scene->store.instance);
}

static void the_drain_gets_its_time_and_is_still_alive(void **state)
{
    struct scene *scene = *state;

    start(scene, "-drain=600", watchdog);
    manager_wait(&scene->manager, "READY=1\n");
    process_signal(&scene->store.instance.process, SIGTERM);
    manager_expect(&scene->manager,
                   "STOPPING=1\nEXTEND_TIMEOUT_USEC=607000000\nSTATUS=draining "
                   "for 600 s: not ready, but still serving");
    expect_alive(scene);
    instance_stop(&scene->store.instance);
    manager_expect(&scene->manager, "STOPPING=1\nEXTEND_TIMEOUT_USEC=7000000\n"
                                    "STATUS=stopping: finishing requests");
}

/* What ends a start is the STATUS of the unit that has failed. */
static void a_failed_start_says_why(void **state)
{
    struct scene *scene = *state;
    const struct {
        const char *flags[2];
        int status;
        const char *text;
    } rows[] = {
        {{"-prot=1"}, STATUS_USAGE, "STATUS=-prot: unknown flag"},
        {{"-host=0.0.0.0"}, STATUS_USAGE, "STATUS=-host=0.0.0.0 can be "},
        {{"-host=192.0.2.1"},
         STATUS_FAILED,
         "STATUS=192.0.2.1 is not an address of this machine"},
        {{"-data=/proc/none"},
         STATUS_FAILED,
         "STATUS=cannot make the folder /proc/none: "},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct process process;
        char *errors = NULL;
        instance_start_command(
            &process,
            INSTANCE_FLAGS(rows[i].flags[0],
                           i == 2 ? "-insecure" : mode_flag()),
            INSTANCE_FLAGS(scene->manager.variable));
        free(process_finish(&process, rows[i].status, &errors));
        manager_wait(&scene->manager, rows[i].text);
        /* The same as on stderr. */
        assert_non_null(strstr(errors, scene->manager.text + 7));
        free(errors);
        manager_expect_none(&scene->manager);
    }
}

/* The journal removes the priority; another reader would show it. */
static void lines_have_a_priority_for_the_journal_only(void **state)
{
    static const char script[] =
        "f=$(mktemp) && exec 2>\"$f\"\n"
        "JOURNAL_STREAM=$(stat -Lc %d:%i /dev/fd/2) && export "
        "JOURNAL_STREAM\n"
        "LUNAR_NONE=1 \"$LUNAR_SERVICE\" -print-config >/dev/null; "
        "\"$LUNAR_SERVICE\" -port=x\n"
        "\"$LUNAR_SERVICE\" -port=x 2>&1; cat \"$f\"; rm \"$f\"\n";
    char variable[512];
    struct process process;
    char *errors = NULL;

    (void)state;
    snprintf(variable, sizeof(variable), "LUNAR_SERVICE=%s",
             process_setting("LUNAR_SERVICE"));
    process_start(&process, INSTANCE_FLAGS("/bin/sh", "-c", script),
                  INSTANCE_FLAGS(variable));
    char *output = process_finish(&process, 0, &errors);
    const char *journal = strstr(output, "\n<4>");
    assert_int_equal(strncmp(output, "lunar.service: ", 15), 0);
    assert_non_null(journal);
    assert_non_null(strstr(journal, " warn "));
    assert_non_null(strstr(journal, "\n<3>lunar.service: -port=x: "));
    free(output);
    free(errors);
}

static void a_manager_that_does_not_read_gets_what_holds_later(void **state)
{
    struct scene *scene = *state;
    size_t count = manager_fill(&scene->manager);

    start(scene, NULL, watchdog);
    EXCHANGE(&scene->store.instance, .target = "/health/ready", .status = 200);
    process_wait_error(&scene->store.instance.process,
                       " warn  the socket of NOTIFY_SOCKET takes no datagram");
    manager_empty(&scene->manager, count);
    expect_ready(scene, "state in memory only, -data=DIR keeps it");
    expect_alive(scene);
    instance_stop(&scene->store.instance);
}

static void a_manager_that_has_gone_does_no_harm(void **state)
{
    struct scene *scene = *state;

    start(scene, NULL, watchdog);
    expect_alive(scene);
    manager_leave(&scene->manager);
    EXCHANGE(&scene->store.instance, .target = "/health/ready", .status = 200);
    char *log = instance_stop_log(&scene->store.instance);
    assert_int_equal(count_parts(log, " warn  "), 1);
    assert_non_null(strstr(log, "takes no datagram"));
    free(log);
}

static void a_process_that_is_stopped_says_nothing(void **state)
{
    struct scene *scene = *state;
    const struct process *process = &scene->store.instance.process;

    start(scene, NULL, watchdog);
    expect_alive(scene);
    process_signal(process, SIGSTOP);
    while (manager_receive(&scene->manager, 0))
        continue; /* what came before */
    /* The signal may have taken a moment. */
    manager_receive(&scene->manager, QUIET_MS);
    assert_false(manager_receive(&scene->manager, QUIET_MS));
    process_signal(process, SIGCONT);
    expect_alive(scene);
    instance_stop(&scene->store.instance);
}

#define SUPERVISION_TEST(test)                                                 \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SUPERVISION_TEST(a_service_in_memory_is_ready_at_once_and_stops),
        SUPERVISION_TEST(an_abstract_socket_is_told_as_well),
        SUPERVISION_TEST(ready_comes_after_the_recovery_which_gets_time),
        SUPERVISION_TEST(a_disk_that_hangs_is_no_reason_to_restart),
        SUPERVISION_TEST(a_reload_is_told_and_a_failed_one_is_shown),
        SUPERVISION_TEST(a_reload_of_nothing_is_no_stop),
        SUPERVISION_TEST(the_drain_gets_its_time_and_is_still_alive),
        SUPERVISION_TEST(a_failed_start_says_why),
        SUPERVISION_TEST(a_manager_that_does_not_read_gets_what_holds_later),
        SUPERVISION_TEST(a_manager_that_has_gone_does_no_harm),
        SUPERVISION_TEST(a_process_that_is_stopped_says_nothing),
    };
    const struct CMUnitTest once[] = {
        SUPERVISION_TEST(a_folder_that_opens_slowly_gets_time),
        SUPERVISION_TEST(lines_have_a_priority_for_the_journal_only),
        SUPERVISION_TEST(a_stop_in_the_recovery_is_no_ready),
    };

    mode = "";
    int failed = cmocka_run_group_tests_name("event loops", tests, NULL, NULL) +
                 cmocka_run_group_tests_name("one mode", once, NULL, NULL);
    mode = "-threads=per-connection";
    return failed + cmocka_run_group_tests_name("a thread for each connection",
                                                tests, NULL, NULL);
}
