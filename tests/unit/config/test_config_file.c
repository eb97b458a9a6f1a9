/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of -config: what a line may be, what is refused with which words,
 * and which source of a setting wins. The integration test has files that
 * cannot be read.
 */
#include "lib/unit_check.h"

#include "config/draft.h"
#include "config/file.h"
#include "lib/temporary_folder.h"

enum { MAX_OUTCOME = 1024 };

/* What the file sets, as "port=9000:1 ", with its line; or the error. */
static void parse(const char *text, size_t length, char outcome[MAX_OUTCOME])
{
    struct config_report report;
    struct config_draft draft;
    char *bytes = malloc(length + 1), *at = outcome;

    assert_non_null(bytes);
    memcpy(bytes, text, length);
    bytes[length] = '\0';
    config_draft_init(&draft, &report);
    draft.config.settings = "F";
    *at = '\0';
    if (!config_file_parse(&draft, bytes, length)) {
        snprintf(outcome, MAX_OUTCOME, "%s", report.error);
    } else {
        for (size_t i = 0; config_table[i].name != NULL; i++) {
            const struct config_origin *origin = &report.origins[i];
            if (origin->source == CONFIG_BY_FILE)
                at += sprintf(at, "%s=%s:%u ", config_table[i].name,
                              origin->value, origin->line);
        }
    }
    free(bytes);
}

static const struct {
    const char *text, *outcome;
} cases[] = {
    {"", ""},
    {"\n", ""},
    {"port=1", "port=1:1 "},
    {"port=1\n", "port=1:1 "},
    {"\n\nport=1\n\n", "port=1:3 "},
    {"port=1\r\nhost=::\r\n", "port=1:1 host=:::2 "},
    {"  port\t= 1 \t\n", "port=1:1 "},
    {"\xef\xbb\xbfport=1\n", "port=1:1 "},
    {"# port=1\n  # port=1\n#\n", ""},
    {"port=1 # of the proxy\nhost=a\t#b", "port=1:1 host=a:2 "},
    /* A # behind another byte is of the value. */
    {"data=/a#b\nhost=#", "host=#:2 data=/a#b:1 "},
    {"data=/a b/\xc3\xa9\n", "data=/a b/\xc3\xa9:1 "},
    {"listen=unix:s?mode=0660&scopes=read\n",
     "listen=unix:s?mode=0660&scopes=read:1 "},
    {"insecure=1", "insecure=1:1 "},
    {"insecure = false", "insecure=false:1 "},

    /* Errors in values are those of flags. */
    {"\nport=x", "F:2: port=x: expected a number from 0 to 65535, or none"},
    {"port=", "F:1: port=: expected a number from 0 to 65535, or none"},
    {"port= # 1", "F:1: port=: expected a number from 0 to 65535, or none"},
    {"insecure=", "F:1: insecure=: expected 1 or true, or 0 or false"},
    {"port", "F:1: port: expected name=value, as in port=9000"},
    {"insecure\n", "F:1: insecure: expected name=value, as in insecure=1"},
    {"log-level=\"info\"",
     "F:1: log-level=\"info\": begins with a quote; values are written without "
     "quotes"},
    {"data='/a b'", "F:1: data='/a b': begins with a quote; values are written "
                    "without quotes"},

    /* Each name once, and only settings. */
    {"port=1\nhost=a\nport=1",
     "F:3: port: set in line 1 already; leave one of them"},
    {"config=/f", "F:1: config: a file of settings cannot name another"},
    {"check", "F:1: check: a command, no setting; give it as the flag -check"},
    {"backup=f",
     "F:1: backup: a command, no setting; give it as the flag -backup"},
    {"help=1", "F:1: help: a command, no setting; give it as the flag -help"},

    /* The error of an unknown name suggests what was meant. */
    {"prot=1", "F:1: prot: unknown setting; did you mean port? -help lists "
               "them as flags"},
    {"Port=1", "F:1: Port: unknown setting; did you mean port? -help lists "
               "them as flags"},
    {"-port=1", "F:1: -port: unknown setting; did you mean port? -help lists "
                "them as flags"},
    {"--max-memory=1G", "F:1: --max-memory: unknown setting; did you mean "
                        "max-memory? -help lists them as flags"},
    {"LUNAR_MAX_MEMORY=1", "F:1: LUNAR_MAX_MEMORY: unknown setting; did you "
                           "mean max-memory? -help lists them as flags"},
    {"nonsense=1", "F:1: nonsense: unknown setting; -help lists them as flags"},
    {"=1", "F:1: =1: expected name=value, as in port=9000"},
    {"[service]", "F:1: [service]: expected name=value, as in port=9000"},
    {"port: 1", "F:1: port: 1: expected name=value, as in port=9000"},

    {"port=1\n\x1b[1m", "F:2: the line: has a control character; is the file "
                        "text?"},
    {"#\x7f", "F:1: the line: has a control character; is the file text?"},
    {"port=1\rhost=a",
     "F:1: the line: has a control character; is the file text?"},
};

static void lines_are_settings_or_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char outcome[MAX_OUTCOME];

        parse(cases[i].text, strlen(cases[i].text), outcome);
        assert_string_equal(outcome, cases[i].outcome);
    }
}

static void nul_is_a_control_character(void **state)
{
    char outcome[MAX_OUTCOME];

    (void)state;
    parse("port=1\0", 7, outcome);
    assert_string_equal(outcome, "F:1: the line: has a control character; is "
                                 "the file text?");
}

/* It says so itself, and so do all lines that have been read. */
static void value_that_a_line_refuses_is_not_read_otherwise(void **state)
{
    static const struct {
        const char *value;
        bool refused;
    } rows[] = {
        {"/a", false},     {"/a b", false}, {"/a#b", false},  {"#", false},
        {"/a \"b", false}, {"", false},     {"/a #b", true},  {"/a\t#", true},
        {" /a", true},     {"/a ", true},   {"\"/a", true},   {"'a'", true},
        {"/a\nb", true},   {"/a\rb", true}, {"/a\x1b", true}, {"/a\x7f", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char line[64], outcome[MAX_OUTCOME], expected[64];

        assert_true((config_file_refuses(rows[i].value) != NULL) ==
                    rows[i].refused);
        if (*rows[i].value == '\0')
            continue;
        snprintf(line, sizeof(line), "data=%s", rows[i].value);
        snprintf(expected, sizeof(expected), "data=%s:1 ", rows[i].value);
        parse(line, strlen(line), outcome);
        assert_true((strcmp(outcome, expected) != 0) == rows[i].refused);
    }
}

/* A configuration that is read from a file with this text. */
struct reading {
    char root[FOLDER_ROOT], argument[128];
    struct config config;
    struct config_report report;
};

static enum config_result read_with(struct reading *reading, const char *text,
                                    const char *flag, char *variable)
{
    static const struct machine machine = {.memory = 1 << 30, .processors = 2};
    static char program[] = "lunar.service";
    char copy[64], *argv[] = {program, reading->argument, copy, NULL};
    char *environment[] = {variable, NULL};

    memset(reading, 0, sizeof(*reading));
    folder_make(reading->root);
    snprintf(reading->argument, sizeof(reading->argument), "-config=%s/f",
             reading->root);
    FILE *file = fopen(strchr(reading->argument, '=') + 1, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    snprintf(copy, sizeof(copy), "%s", flag != NULL ? flag : "");
    const struct config_input input = {flag != NULL ? 3 : 2, argv, environment,
                                       &machine};
    enum config_result result =
        config_read(&reading->config, &input, &reading->report);
    folder_remove(reading->root);
    return result;
}

static void flag_overrides_variable_and_that_the_file(void **state)
{
    static char variable[] = "LUNAR_PORT=2";
    struct reading reading;

    (void)state;
    assert_int_equal(read_with(&reading, "port=1\n", NULL, NULL), CONFIG_RUN);
    assert_int_equal(reading.config.port, 1);
    config_report_release(&reading.report);
    assert_int_equal(read_with(&reading, "port=1\n", NULL, variable),
                     CONFIG_RUN);
    assert_int_equal(reading.config.port, 2);
    config_report_release(&reading.report);
    assert_int_equal(read_with(&reading, "port=1\n", "-port=3", variable),
                     CONFIG_RUN);
    assert_int_equal(reading.config.port, 3);
    config_report_release(&reading.report);
}

/* So that it does not come to light when the flag is left out. */
static void value_that_is_overridden_is_checked(void **state)
{
    struct reading reading;

    (void)state;
    assert_int_equal(read_with(&reading, "port=x\n", "-port=3", NULL),
                     CONFIG_INVALID);
    assert_non_null(
        strstr(reading.report.error,
               "/f:1: port=x: expected a number from 0 to 65535, or none"));
    config_report_release(&reading.report);
}

/* A folder in the file is of the service, as one in a variable. */
static void commands_read_the_file(void **state)
{
    struct reading reading;

    (void)state;
    assert_int_equal(read_with(&reading, "data=/d\n", "-export", NULL),
                     CONFIG_EXPORT);
    assert_string_equal(reading.config.data, "/d");
    config_report_release(&reading.report);
    assert_int_equal(read_with(&reading, "data=/d\n", "-check=/b", NULL),
                     CONFIG_CHECK);
    assert_null(reading.config.data);
    config_report_release(&reading.report);
    assert_int_equal(
        read_with(&reading, "port=9\nsession=5", "-check-health", NULL),
        CONFIG_CHECK_HEALTH);
    assert_int_equal(reading.config.port, 9);
    config_report_release(&reading.report);
}

static void setting_that_does_nothing_is_an_error_of_its_line(void **state)
{
    struct reading reading;
    const char *flags[] = {NULL, "-print-config"};

    (void)state;
    for (size_t i = 0; i < COUNT(flags); i++) {
        assert_int_equal(
            read_with(&reading, "# no data\nsnapshot=1M\n", flags[i], NULL),
            CONFIG_INVALID);
        assert_non_null(strstr(reading.report.error,
                               "/f:2: snapshot: needs -data=DIR; without it "
                               "nothing is saved"));
        config_report_release(&reading.report);
    }
}

static void error_has_the_format_of_the_log(void **state)
{
    static const struct {
        const char *text, *flag;
        bool json;
    } rows[] = {
        {"port=x\nlog-format=json\n", NULL, true},
        {"log-format=json\n", "-port=x", true},
        {"port=x\nlog-format=json\n", "-log-format=text", false},
        {"port=x\nlog-format=xml\n", NULL, false},
        {"port=x\n\x01\nlog-format=json\n", NULL, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reading reading;

        assert_int_equal(read_with(&reading, rows[i].text, rows[i].flag, NULL),
                         CONFIG_INVALID);
        assert_true((reading.report.log_format == LOG_JSON) == rows[i].json);
        config_report_release(&reading.report);
    }
}

/* -print-config says it, as its output would not mean the same. */
static void value_that_no_file_can_have_is_not_printed(void **state)
{
    struct reading reading;

    (void)state;
    assert_int_equal(read_with(&reading, "print=1", "-print-config", NULL),
                     CONFIG_INVALID);
    config_report_release(&reading.report);
    static char variable[] = "LUNAR_DATA=/a #b";
    assert_int_equal(read_with(&reading, "", "-print-config", variable),
                     CONFIG_INVALID);
    assert_string_equal(
        reading.report.error,
        "LUNAR_DATA: no file of settings can have this value: it has # behind "
        "a blank, which begins a comment");
    config_report_release(&reading.report);
    assert_int_equal(read_with(&reading, "", NULL, variable), CONFIG_RUN);
    config_report_release(&reading.report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_settings_or_errors),
        cmocka_unit_test(nul_is_a_control_character),
        cmocka_unit_test(value_that_a_line_refuses_is_not_read_otherwise),
        cmocka_unit_test(flag_overrides_variable_and_that_the_file),
        cmocka_unit_test(value_that_is_overridden_is_checked),
        cmocka_unit_test(commands_read_the_file),
        cmocka_unit_test(setting_that_does_nothing_is_an_error_of_its_line),
        cmocka_unit_test(error_has_the_format_of_the_log),
        cmocka_unit_test(value_that_no_file_can_have_is_not_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
