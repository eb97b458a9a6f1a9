/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of what a service manager is told, over a real socket.
 */
#include "lib/unit_check.h"

#include "lib/captured_log.h"
#include "lib/manager.h"

#include "base/clock.h"
#include "process/notify.h"

/* NOLINTBEGIN(concurrency-mt-unsafe): the test has one thread. */
static void open_with(struct notify *notify, const char *name, const char *usec,
                      const char *pid)
{
    setenv("NOTIFY_SOCKET", name, 1);
    setenv("WATCHDOG_USEC", usec, 1);
    setenv("WATCHDOG_PID", pid, 1);
    notify_open(notify);
    assert_null(getenv("NOTIFY_SOCKET"));
    assert_null(getenv("WATCHDOG_USEC"));
    assert_null(getenv("WATCHDOG_PID"));
}

static void without_the_variable_nothing_is_told(void **state)
{
    struct notify notify;

    (void)state;
    unsetenv("NOTIFY_SOCKET");
    notify_open(&notify);
    assert_false(notify_is_used(&notify));
    notify_ready(&notify, "serving");
    assert_true(notify_alive(&notify));
    notify_retry(&notify);
    notify_close(&notify);
}
/* NOLINTEND(concurrency-mt-unsafe) */

/* The life of a service, at a path or an abstract name. */
static void check_life(bool abstract)
{
    struct manager manager;
    struct notify notify;
    uint64_t before = clock_us(CLOCK_MONOTONIC);
    static const char beginning[] = "RELOADING=1\nMONOTONIC_USEC=";
    char *rest = NULL;

    manager_open(&manager, abstract);
    open_with(&notify, manager.name, "", "");
    assert_true(notify_is_used(&notify));
    notify_starting(&notify, "42 % done");
    manager_expect(&manager, "EXTEND_TIMEOUT_USEC=600000000\nSTATUS=42 % done");
    notify_ready(&notify, "serving here");
    manager_expect(&manager, "READY=1\nSTATUS=serving here");
    notify_reloading(&notify);
    assert_memory_equal(manager_next(&manager), beginning,
                        sizeof(beginning) - 1);
    uint64_t time = strtoull(manager.text + sizeof(beginning) - 1, &rest, 10);
    assert_string_equal(rest, "\nSTATUS=reading tokens and certificates again");
    assert_in_range(time, before, clock_us(CLOCK_MONOTONIC));
    notify_reloaded(&notify, true);
    manager_expect(&manager, "READY=1\nSTATUS=serving here");
    assert_true(notify_alive(&notify));
    assert_true(manager_receive(&manager, 0));
    assert_string_equal(manager.text, "WATCHDOG=1");
    notify_stopping(&notify, "draining", 3500);
    manager_expect(&manager,
                   "STOPPING=1\nEXTEND_TIMEOUT_USEC=3500000\nSTATUS=draining");
    notify_failed(&notify, "it has failed");
    manager_expect(&manager, "STATUS=it has failed");
    manager_expect_none(&manager);
    notify_close(&notify);
    manager_close(&manager);
}

static void a_manager_at_a_path_learns_of_all_that_happens(void **state)
{
    (void)state;
    check_life(false);
}

static void a_manager_with_an_abstract_name_learns_it_as_well(void **state)
{
    (void)state;
    check_life(true);
}

static void a_reload_is_told_only_while_the_service_is_ready(void **state)
{
    struct manager manager;
    struct notify notify;

    (void)state;
    manager_open(&manager, false);
    open_with(&notify, manager.name, "", "");
    /* READY=1 here would end the start. */
    notify_reloading(&notify);
    notify_reloaded(&notify, true);
    manager_expect_none(&manager);
    notify_ready(&notify, "serving");
    manager_expect(&manager, "READY=1\nSTATUS=serving");
    notify_reloading(&notify);
    manager_next(&manager);
    notify_stopping(&notify, "stopping", 1);
    manager_wait(&manager, "STOPPING=1");
    /* READY=1 here would take back the stop. */
    notify_reloaded(&notify, true);
    manager_expect_none(&manager);
    notify_close(&notify);
    manager_close(&manager);
}

static void a_failed_reload_is_shown_until_one_succeeds(void **state)
{
    struct manager manager;
    struct notify notify;

    (void)state;
    manager_open(&manager, false);
    open_with(&notify, manager.name, "", "");
    notify_ready(&notify, "serving");
    for (int i = 0; i < 2; i++) {
        notify_reloading(&notify);
        notify_reloaded(&notify, i == 1);
    }
    manager_wait(&manager, "RELOADING=1");
    manager_expect(&manager, "READY=1\nSTATUS=serving; the last reload failed, "
                             "see the log");
    manager_wait(&manager, "RELOADING=1");
    manager_expect(&manager, "READY=1\nSTATUS=serving");
    notify_close(&notify);
    manager_close(&manager);
}

static void a_problem_is_shown_while_it_lasts_and_sent_once(void **state)
{
    struct manager manager;
    struct notify notify;

    (void)state;
    manager_open(&manager, false);
    open_with(&notify, manager.name, "", "");
    notify_problem(&notify, "early");
    manager_expect_none(&manager);
    notify_ready(&notify, "serving");
    manager_expect(&manager, "READY=1\nSTATUS=early");
    notify_problem(&notify, "early");
    manager_expect_none(&manager);
    notify_problem(&notify, "the disk is full");
    manager_expect(&manager, "READY=1\nSTATUS=the disk is full");
    notify_problem(&notify, NULL);
    manager_expect(&manager, "READY=1\nSTATUS=serving");
    notify_problem(&notify, NULL);
    manager_expect_none(&manager);
    notify_close(&notify);
    manager_close(&manager);
}

static void a_text_cannot_set_another_variable(void **state)
{
    struct manager manager;
    struct notify notify;
    char text[2 * NOTIFY_TEXT];

    (void)state;
    manager_open(&manager, false);
    open_with(&notify, manager.name, "", "");
    notify_failed(&notify, "a\nREADY=1\r\x01\x7f\xff b");
    manager_expect(&manager, "STATUS=a?READY=1???? b");
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    notify_failed(&notify, text);
    assert_int_equal(strlen(manager_next(&manager)),
                     strlen("STATUS=") + NOTIFY_TEXT - 1);
    notify_close(&notify);
    manager_close(&manager);
}

/* Each call returns at once: nobody reads while they are made. */
static void a_full_socket_gets_what_holds_when_it_has_room(void **state)
{
    struct manager manager;
    struct notify notify;

    (void)state;
    manager_open(&manager, false);
    size_t count = manager_fill(&manager);
    open_with(&notify, manager.name, "", "");
    notify_starting(&notify, "starting");
    notify_ready(&notify, "serving");
    assert_false(notify_alive(&notify));
    notify_retry(&notify);
    manager_empty(&manager, count);
    manager_expect_none(&manager);
    notify_retry(&notify);
    manager_expect(&manager, "READY=1\nSTATUS=serving");
    notify_retry(&notify);
    manager_expect_none(&manager);
    notify_close(&notify);
    manager_close(&manager);
}

static void a_socket_that_is_made_again_is_told_what_holds(void **state)
{
    struct captured_log log;
    struct manager manager;
    struct notify notify;

    (void)state;
    manager_open(&manager, false);
    open_with(&notify, manager.name, "", "");
    manager_leave(&manager);
    captured_log_start(&log);
    notify_ready(&notify, "serving");
    notify_problem(&notify, "a problem");
    notify_retry(&notify);
    captured_log_stop(&log);
    assert_non_null(strstr(log.text, " warn  the socket of NOTIFY_SOCKET takes "
                                     "no datagram, so the service manager "
                                     "does not learn how the service is: No "
                                     "such file or directory; it is tried "
                                     "again\n"));
    assert_int_equal(log.writes, 1);
    manager_listen(&manager);
    notify_retry(&notify);
    manager_expect(&manager, "READY=1\nSTATUS=a problem");
    notify_close(&notify);
    manager_close(&manager);
}

static void an_address_that_is_none_is_warned_of_and_ignored(void **state)
{
    char path[200] = "/", abstract[200] = "@";
    const char *const names[] = {"relative", "vsock:2:1", "/",
                                 "@",        path,        abstract};

    (void)state;
    memset(path + 1, 'p', 107); /* with the NUL one byte too long */
    memset(abstract + 1, 'a', 108);
    for (size_t i = 0; i < COUNT(names); i++) {
        struct captured_log log;
        struct notify notify;
        captured_log_start(&log);
        open_with(&notify, names[i], "", "");
        captured_log_stop(&log);
        assert_false(notify_is_used(&notify));
        assert_non_null(strstr(log.text, " is ignored: it is neither the path "
                                         "of a socket nor, with @, an "
                                         "abstract name\n"));
        notify_close(&notify);
    }
    path[107] = abstract[108] = '\0'; /* the longest ones */
    for (size_t i = 4; i < COUNT(names); i++) {
        struct notify notify;
        open_with(&notify, names[i], "", "");
        assert_true(notify_is_used(&notify));
        notify_close(&notify);
    }
}

static void a_watchdog_is_for_the_process_that_it_names(void **state)
{
    char own[32], other[32];
    const struct {
        const char *usec, *pid;
        uint64_t expected;
        bool warned;
    } rows[] = {
        {"30000000", own, 30000000, false},
        {"30000000", "", 30000000, false},
        {"30000000", other, 0, false},
        {"30000000", "x", 0, false},
        {"", own, 0, false},
        {"0", own, 0, true},
        {"-1", own, 0, true},
        {"18446744073709551615", own, 0, true}, /* for ever */
        {"30s", own, 0, true},
    };

    (void)state;
    snprintf(own, sizeof(own), "%ld", (long)getpid());
    snprintf(other, sizeof(other), "%ld", (long)getppid());
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct captured_log log;
        struct notify notify;
        captured_log_start(&log);
        open_with(&notify, "", rows[i].usec, rows[i].pid);
        captured_log_stop(&log);
        assert_int_equal(notify.watchdog_us, rows[i].expected);
        assert_int_equal(log.writes, rows[i].warned ? 1 : 0);
        notify_close(&notify);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_the_variable_nothing_is_told),
        cmocka_unit_test(a_manager_at_a_path_learns_of_all_that_happens),
        cmocka_unit_test(a_manager_with_an_abstract_name_learns_it_as_well),
        cmocka_unit_test(a_reload_is_told_only_while_the_service_is_ready),
        cmocka_unit_test(a_failed_reload_is_shown_until_one_succeeds),
        cmocka_unit_test(a_problem_is_shown_while_it_lasts_and_sent_once),
        cmocka_unit_test(a_text_cannot_set_another_variable),
        cmocka_unit_test(a_full_socket_gets_what_holds_when_it_has_room),
        cmocka_unit_test(a_socket_that_is_made_again_is_told_what_holds),
        cmocka_unit_test(an_address_that_is_none_is_warned_of_and_ignored),
        cmocka_unit_test(a_watchdog_is_for_the_process_that_it_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
