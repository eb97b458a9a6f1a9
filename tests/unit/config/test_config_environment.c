/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables: those that set something, those that a flag overrides, and those
 * that are warned of.
 */
#include "lib/unit_check.h"

#include "unit/config/reading.h"

static const struct reading_case cases[] = {
    /* Every flag has a variable. */
    {"-port=1 -host=:: -threads=99 -max-connections=98 -max-memory=6M "
     "-log-level=debug -idle-timeout=9 -allow-host=a,b -allow-origin=http://a "
     "-log-format=json -drain=8 -data=/var/lib/lunar -snapshot=2M",
     "",
     "port=1 host=:: hosts=a,b origins=http://a threads=99 connections=98 "
     "idle=9 drain=8 memory=6291456 data=/var/lib/lunar "
     "snapshot=2097152 level=3 json "},
    {"",
     "LUNAR_PORT=1 LUNAR_HOST=:: LUNAR_THREADS=99 LUNAR_MAX_CONNECTIONS=98 "
     "LUNAR_MAX_MEMORY=6M LUNAR_LOG_LEVEL=debug LUNAR_IDLE_TIMEOUT=9 "
     "LUNAR_ALLOW_HOST=a LUNAR_ALLOW_ORIGIN=* LUNAR_DRAIN=8 "
     "LUNAR_LOG_FORMAT=json LUNAR_DATA=data LUNAR_SNAPSHOT=off",
     "port=1 host=:: hosts=a origins=* threads=99 connections=98 idle=9 "
     "drain=8 memory=6291456 data=data snapshot=0 level=3 json "},

    /* A flag overrides its variable, also an invalid one. */
    {"-port=2", "LUNAR_PORT=1 LUNAR_THREADS=99", "port=2 threads=99 "},
    {"-port=2", "LUNAR_PORT=abc", "port=2 "},
    {"", "PORT=1 LUNAR_PORTS=x LUNAR_POR=x MY_LUNAR_PORT=x", ""},

    /* An empty variable is an unset one. */
    {"", "LUNAR_PORT= LUNAR_HOST= LUNAR_THREADS= LUNAR_MAX_MEMORY=", ""},
    {"", "LUNAR_DATA=", ""},

    /* What Kubernetes sets is no port; a bad port is still an error. */
    {"", "LUNAR_PORT=tcp://10.0.0.1:8088", ""},
    {"", "LUNAR_PORT=udp://10.0.0.1:8088", ""},
    {"", "LUNAR_PORT=sctp://[fd00::1]:8088", ""},
    {"-port=1", "LUNAR_PORT=tcp://10.0.0.1:8088", "port=1 "},
    {"", "LUNAR_PORT=http://10.0.0.1", "LUNAR_PORT=http://10.0.0.1: " PORT},
    {"", "LUNAR_PORT=tcp:", "LUNAR_PORT=tcp:: " PORT},
    {"", "LUNAR_THREADS=tcp://10.0.0.1:8088",
     "LUNAR_THREADS=tcp://10.0.0.1:8088: " THREADS},
};

static void variables_give_the_expected_config(void **state)
{
    (void)state;
    reading_check(cases, COUNT(cases));
}

#define LINK(address)                                                          \
    "LUNAR_PORT=" address " is ignored: Kubernetes sets it for a service "     \
    "named lunar; use -port, or enableServiceLinks: false in the pod\n"
#define IGNORED(name)                                                          \
    name " is ignored: unknown variable; -help lists the variables\n"
#define MEANT(name, nearest)                                                   \
    name " is ignored: unknown variable; did you mean " nearest                \
         "? -help lists the variables\n"

/* A service named lunar, with one port that has a name, as Kubernetes has it.
 */
#define DETAILS                                                                \
    " LUNAR_SERVICE_HOST=10.0.0.1 LUNAR_SERVICE_PORT=8088"                     \
    " LUNAR_SERVICE_PORT_HTTP=8088 LUNAR_PORT_8088_TCP=tcp://10.0.0.1:8088"    \
    " LUNAR_PORT_8088_TCP_PROTO=tcp LUNAR_PORT_8088_TCP_PORT=8088"             \
    " LUNAR_PORT_8088_TCP_ADDR=10.0.0.1"

static const struct {
    const char *arguments, *variables;
    const char *warnings; /* with a line feed after each */
} warned[] = {
    {"", "", ""},
    {"", "PORT=1 MY_LUNAR_PORT=x LUNAR=1 lunar_port=1 LUNARPORT=1", ""},
    {"", "LUNAR_PORT=1 LUNAR_HOST=::", ""},

    /* Names are compared without LUNAR_. */
    {"", "LUNAR_PROT=1", MEANT("LUNAR_PROT", "LUNAR_PORT")},
    {"", "LUNAR_THREAD=1", MEANT("LUNAR_THREAD", "LUNAR_THREADS")},
    {"", "LUNAR_port=1", MEANT("LUNAR_port", "LUNAR_PORT")},
    {"", "LUNAR_MAXMEMORY=1", MEANT("LUNAR_MAXMEMORY", "LUNAR_MAX_MEMORY")},
    {"", "LUNAR_FOO=secret", IGNORED("LUNAR_FOO")},
    {"", "LUNAR_=1", IGNORED("LUNAR_")},
    {"", "LUNAR_\x1b[1m=1", IGNORED("LUNAR_\\x1b[1m")},
    {"", "LUNAR_FOO=1 LUNAR_BAZ=1", IGNORED("LUNAR_FOO") IGNORED("LUNAR_BAZ")},
    {"", "LUNAR_FOO= LUNAR_PROT=", ""},

    /* A flag does not make a name known; it only overrides. */
    {"-port=1", "LUNAR_PORTS=1", MEANT("LUNAR_PORTS", "LUNAR_PORT")},

    /* Of a service, only the variable that is also ours. */
    {"", "LUNAR_PORT=tcp://10.0.0.1:8088" DETAILS, LINK("tcp://10.0.0.1:8088")},
    {"-port=1", "LUNAR_PORT=tcp://10.0.0.1:8088" DETAILS, ""},
    {"", "LUNAR_PORT=udp://10.0.0.1:53", LINK("udp://10.0.0.1:53")},
    {"",
     "LUNAR_WEB_SERVICE_HOST=10.0.0.1 LUNAR_WEB_SERVICE_PORT=80 "
     "LUNAR_WEB_PORT=tcp://10.0.0.1:80 LUNAR_WEB_PORT_80_TCP_ADDR=10.0.0.1",
     ""},
    {"", "LUNAR_PORT=9 LUNAR_SERVICE_PORT=tcp://10.0.0.1:80", ""},
    /* Without a URL it is not Kubernetes that sets them. */
    {"", "LUNAR_SERVICE_PORT=9000", IGNORED("LUNAR_SERVICE_PORT")},
    {"", "LUNAR_WEB_PORT=tcp://10.0.0.1:80 LUNAR_API_PORT=9000",
     IGNORED("LUNAR_API_PORT")},
};

static void ignored_variables_are_warned_of(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(warned); i++) {
        struct reading reading;
        char warnings[1024] = "";

        assert_int_equal(
            reading_read(&reading, warned[i].arguments, warned[i].variables),
            CONFIG_RUN);
        size_t length = 0;
        for (size_t j = 0; j < reading.report.warning_count; j++)
            length +=
                (size_t)snprintf(warnings + length, sizeof(warnings) - length,
                                 "%s\n", reading.report.warnings[j]);
        assert_string_equal(warnings, warned[i].warnings);
    }
}

/* Past the limit they are only counted. */
static void number_of_warnings_is_bounded(void **state)
{
    struct reading reading;
    char variables[256] = "";

    (void)state;
    for (size_t i = 0; i < CONFIG_MAX_WARNINGS + 3; i++)
        sprintf(variables + strlen(variables), "LUNAR_X%zu=1 ", i);
    assert_int_equal(reading_read(&reading, "", variables), CONFIG_RUN);
    assert_int_equal(reading.report.warning_count, CONFIG_MAX_WARNINGS + 3);
    for (size_t i = 0; i < CONFIG_MAX_WARNINGS; i++) {
        char beginning[32];
        snprintf(beginning, sizeof(beginning), "LUNAR_X%zu is ignored: ", i);
        assert_ptr_equal(strstr(reading.report.warnings[i], beginning),
                         reading.report.warnings[i]);
    }
}

/* Names and values of any length and with any bytes. */
static void error_or_warning_is_one_short_line(void **state)
{
    char newline[] = "-po\nrt", empty[] = "";
    static char flag[600], name[600] = "LUNAR_",
                           link[600] = "LUNAR_PORT=tcp://";
    char *arguments[] = {newline, flag};
    char *environment[] = {name, link, NULL};
    struct config config;
    struct config_report report;

    (void)state;
    memset(flag, 'x', sizeof(flag) - 1);
    flag[0] = '-';
    memset(name + 6, '\n', sizeof(name) - 9);
    memcpy(name + sizeof(name) - 3, "=1", 3);
    memset(link + 17, '\n', sizeof(link) - 18);
    for (size_t i = 0; i < COUNT(arguments); i++) {
        char *argv[] = {arguments[i], arguments[i], NULL};
        assert_int_equal(
            config_read(&config,
                        &(struct config_input){2, argv, NULL, &reading_machine},
                        &report),
            CONFIG_INVALID);
        assert_non_null(memchr(report.error, '\0', sizeof(report.error)));
        assert_null(strchr(report.error, '\n'));
    }
    char *argv[] = {empty, NULL};
    assert_int_equal(config_read(&config,
                                 &(struct config_input){1, argv, environment,
                                                        &reading_machine},
                                 &report),
                     CONFIG_RUN);
    assert_int_equal(report.warning_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_null(strchr(report.warnings[i], '\n'));
        assert_non_null(strstr(report.warnings[i], " is ignored: "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_give_the_expected_config),
        cmocka_unit_test(ignored_variables_are_warned_of),
        cmocka_unit_test(number_of_warnings_is_bounded),
        cmocka_unit_test(error_or_warning_is_one_short_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
