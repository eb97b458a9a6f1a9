/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -config and -print-config from outside: which source of a setting wins, for
 * each in the table; files that cannot be read; and commands that read one.
 */
#include "lib/harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/file.h"
#include "config/table.h"
#include "lib/temporary_folder.h"

enum { MAX_TEXT = 512 };

#define FLAGS INSTANCE_FLAGS

/* A folder with the file. */
struct scene {
    char root[FOLDER_ROOT], path[FOLDER_ROOT + 16];
    char flag[MAX_TEXT]; /* -config=PATH */
};

static int set_up(void **state)
{
    static struct scene scene;

    folder_make(scene.root);
    snprintf(scene.path, sizeof(scene.path), "%s/lunar.conf", scene.root);
    snprintf(scene.flag, sizeof(scene.flag), "-config=%s", scene.path);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    folder_remove(scene->root);
    return 0;
}

static void write_bytes(const struct scene *scene, const char *bytes,
                        size_t length)
{
    FILE *file = fopen(scene->path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void write_file(const struct scene *scene, const char *text)
{
    write_bytes(scene, text, strlen(text));
}

/* What -print-config prints. Ownership: the caller frees it. */
static char *print(const char *const flags[], const char *const variables[])
{
    struct process process;
    char *errors = NULL;

    instance_start_command(&process, flags, variables);
    char *output = process_finish(&process, 0, &errors);
    assert_string_equal(errors, "");
    free(errors);
    return output;
}

/* Expect an error of one line with `part`, and the status 2. */
static void expect_error(const char *const flags[],
                         const char *const variables[], const char *part)
{
    struct process process;
    char *errors = NULL;

    instance_start_command(&process, flags, variables);
    char *output = process_finish(&process, 2, &errors);
    const char *end = strchr(errors, '\n');
    if (end == NULL || end[1] != '\0' || strstr(errors, part) == NULL)
        fail_msg("expected one line with \"%s\", got: %s", part, errors);
    assert_string_equal(output, "");
    free(output);
    free(errors);
}

/*
 * Expect that the printed settings have this one, as "port=9000" or in a
 * comment, from this origin.
 */
static void expect_setting(const char *printed, const char *setting,
                           const char *origin)
{
    char start[MAX_TEXT];

    snprintf(start, sizeof(start), "\n%s ", setting);
    const char *line = strstr(printed, start);
    if (line == NULL) {
        fail_msg("expected %s, got: %s", setting, printed);
        return;
    }
    line += strlen(start);
    line += strspn(line, " ");
    size_t length = strcspn(line, "\n");
    if (length != strlen(origin) + 2 || strncmp(line, "# ", 2) != 0 ||
        strncmp(line + 2, origin, strlen(origin)) != 0)
        fail_msg("expected %s from %s, got: %.*s", setting, origin, (int)length,
                 line);
}

static bool is_value(const struct config_option *option, const char *value)
{
    struct config config = {0};

    return option->read(value, &config);
}

/*
 * Set `other` to a valid value that is not the example: with another first or
 * last character, or a word.
 */
static void find_other(const struct config_option *option, char *other)
{
    static const char *const words[] = {"text", "error", "read"};
    size_t last = strlen(option->example) - 1;

    for (const char *digit = "0123456789"; *digit != '\0'; digit++) {
        for (size_t i = 0; i < 2; i++) {
            size_t at = i == 0 ? last : 0;
            snprintf(other, MAX_TEXT, "%s", option->example);
            other[at] = *digit;
            if (option->example[at] != *digit && is_value(option, other))
                return;
        }
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        snprintf(other, MAX_TEXT, "%s", words[i]);
        if (is_value(option, other))
            return;
    }
    fail_msg("-%s: no other value is known", option->name);
}

/*
 * Write the file with the settings that others need, but not with `without`
 * (they exclude -insecure), and then `line` in line 9.
 */
static void write_around(const struct scene *scene,
                         const struct config_option *without, const char *line)
{
    static const char *const lines[] = {
        "data=/d",        "kafka=a:1",  "topic=t",   "peer=https://a",
        "listen=unix:/s", "tls-cert=c", "tls-key=k", "tokens=t"};
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    assert_non_null(stream);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        size_t length = strcspn(lines[i], "=");
        bool left_out = strcmp(without->name, "insecure") == 0 ||
                        (strlen(without->name) == length &&
                         strncmp(without->name, lines[i], length) == 0);
        fprintf(stream, "%s\n", left_out ? "" : lines[i]);
    }
    fprintf(stream, "%s\n", line);
    assert_int_equal(fclose(stream), 0);
    write_file(scene, text);
    free(text);
}

/* The file has the example, the variable another value, the flag the first. */
static void check_sources(const struct scene *scene,
                          const struct config_option *option)
{
    char other[MAX_TEXT], line[MAX_TEXT], variable[2 * MAX_TEXT];
    char changed[2 * MAX_TEXT], flag[2 * MAX_TEXT], place[MAX_TEXT];

    find_other(option, other);
    snprintf(line, sizeof(line), "%s=%s", option->name, option->example);
    snprintf(changed, sizeof(changed), "%s=%s", option->name, other);
    snprintf(variable, sizeof(variable), "%s=%s", option->variable, other);
    snprintf(flag, sizeof(flag), "-%s",
             option->kind == CONFIG_CONSENT ? option->name : line);
    snprintf(place, sizeof(place), "%s:9", scene->path);
    write_around(scene, option, line);

    char *printed = print(FLAGS(scene->flag, "-print-config"), NULL);
    expect_setting(printed, line, place);
    free(printed);
    printed = print(FLAGS(scene->flag, "-print-config"), FLAGS(variable));
    expect_setting(printed, changed, option->variable);
    free(printed);
    printed = print(FLAGS(scene->flag, flag, "-print-config"), FLAGS(variable));
    expect_setting(printed, line, option->flag);
    free(printed);
}

static void flag_wins_over_variable_over_file_over_default(void **state)
{
    const struct scene *scene = *state;
    char *defaults = print(FLAGS("-print-config"), NULL);

    for (size_t i = 0; config_table[i].name != NULL; i++) {
        const struct config_option *option = &config_table[i];
        char line[MAX_TEXT];

        if (option->variable == NULL)
            continue;
        bool by_machine = strcmp(option->name, "threads") == 0 ||
                          strcmp(option->name, "max-memory") == 0;
        snprintf(line, sizeof(line), "#%s=%s", option->name,
                 option->initial != NULL ? option->initial : "");
        if (!by_machine)
            expect_setting(defaults, line, "default");
        if (strcmp(option->name, "config") != 0)
            check_sources(scene, option);
    }
    assert_non_null(strstr(defaults, "\n#threads="));
    assert_non_null(strstr(defaults, "\n#max-memory="));
    assert_non_null(strstr(defaults, "# default on this machine\n"));
    free(defaults);
}

static void file_is_named_by_flag_or_variable(void **state)
{
    const struct scene *scene = *state;
    char variable[MAX_TEXT], line[MAX_TEXT], place[MAX_TEXT];

    write_file(scene, "port=9000");
    snprintf(variable, sizeof(variable), "LUNAR_CONFIG=%s", scene->path);
    snprintf(line, sizeof(line), "#config=%s", scene->path);
    snprintf(place, sizeof(place), "%s:1", scene->path);
    char *printed = print(FLAGS("-print-config"), FLAGS(variable));
    expect_setting(printed, "port=9000", place);
    expect_setting(printed, line, "LUNAR_CONFIG");
    free(printed);
    printed =
        print(FLAGS("-print-config", scene->flag), FLAGS("LUNAR_CONFIG=/none"));
    expect_setting(printed, "port=9000", place);
    expect_setting(printed, line, "-config");
    free(printed);
}

/*
 * The settings without where they come from, and without that of -config.
 * Ownership: the caller frees the copy.
 */
static char *copy_meaning(const char *printed)
{
    char *meaning = strdup(printed), *out = meaning;

    assert_non_null(meaning);
    for (const char *line = printed; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        const char *origin = strstr(line, " # "), *next = line + length + 1;
        if (origin != NULL && origin < line + length)
            length = (size_t)(origin - line);
        if (strncmp(line, "#config=", strlen("#config=")) != 0)
            out = stpncpy(out, line, length);
        line = next;
        *out++ = '\n';
    }
    *out = '\0';
    return meaning;
}

static void what_is_printed_is_a_file_that_means_the_same(void **state)
{
    const struct scene *scene = *state;

    write_file(scene, "# a comment\n"
                      "data=/a b#c\n"
                      "  snapshot = off  # never\n"
                      "tokens=/t\r\n"
                      "threads=per-connection\n"
                      "listen=unix:/s?mode=0660&scopes=read");
    char *printed =
        print(FLAGS(scene->flag, "-print-config", "-max-memory=64M",
                    "-allow-host=a-name-that-is-longer-than-a-column"),
              FLAGS("LUNAR_PORT=9000", "LUNAR_ANONYMOUS=ingest"));
    write_file(scene, printed);
    char *again = print(FLAGS(scene->flag, "-print-config"), NULL);
    char *meaning = copy_meaning(printed), *same = copy_meaning(again);
    assert_string_equal(meaning, same);
    assert_non_null(strstr(meaning, "\ndata=/a b#c "));
    assert_non_null(strstr(meaning, "\nport=9000 "));
    assert_non_null(strstr(meaning, "\n#host=127.0.0.1 "));
    free(printed);
    free(again);
    free(meaning);
    free(same);
}

static void consent_is_printed_with_a_value(void **state)
{
    (void)state;
    char *printed = print(FLAGS("-insecure", "-print-config"), NULL);
    expect_setting(printed, "insecure=1", "-insecure");
    free(printed);
}

static void settings_are_checked_before_they_are_printed(void **state)
{
    const struct scene *scene = *state;

    expect_error(FLAGS("-print-config", "-port=x"), NULL, "-port=x: ");
    expect_error(FLAGS("-print-config"), FLAGS("LUNAR_TLS_KEY=k"),
                 "LUNAR_TLS_KEY: needs -tls-cert=FILE");
    expect_error(FLAGS("-print-config", "-export"), NULL, "can't be combined");
    write_file(scene, "\ntls-key=k\n");
    expect_error(FLAGS("-print-config", scene->flag), NULL,
                 "lunar.conf:2: tls-key: needs -tls-cert=FILE");
}

static void unknown_name_is_an_error_with_a_suggestion(void **state)
{
    const struct scene *scene = *state;
    char error[MAX_TEXT];

    write_file(scene, "\n\nprot=9000\n");
    snprintf(error, sizeof(error),
             "%s:3: prot: unknown setting; did you mean "
             "port?",
             scene->path);
    expect_error(FLAGS(scene->flag), NULL, error);
    write_file(scene, "check-health=http://a/\n");
    expect_error(FLAGS(scene->flag), NULL,
                 "lunar.conf:1: check-health: a command");
    write_file(scene, "config=/f\n");
    expect_error(FLAGS(scene->flag), NULL,
                 "lunar.conf:1: config: a file of settings cannot name");
}

static void file_that_cannot_be_read_is_an_error(void **state)
{
    const struct scene *scene = *state;
    char variable[MAX_TEXT];

    expect_error(FLAGS(scene->flag, "-print-config"), NULL,
                 "No such file or directory");
    snprintf(variable, sizeof(variable), "LUNAR_CONFIG=%s", scene->path);
    expect_error(FLAGS(NULL), FLAGS(variable), "lunar.conf of LUNAR_CONFIG: ");
    assert_int_equal(mkdir(scene->path, 0700), 0);
    expect_error(FLAGS(scene->flag, "-print-config"), NULL,
                 "of -config is not a regular file: name a file");
    assert_int_equal(rmdir(scene->path), 0);
    /* A start does not wait for who writes it. */
    assert_int_equal(mkfifo(scene->path, 0600), 0);
    expect_error(FLAGS(scene->flag, "-print-config"), NULL,
                 "of -config is not a regular file: name a file");
    assert_int_equal(unlink(scene->path), 0);
    assert_int_equal(symlink(scene->path, scene->path), 0);
    expect_error(FLAGS(scene->flag, "-print-config"), NULL, "symbolic links");
    assert_int_equal(unlink(scene->path), 0);
    expect_error(FLAGS("-config="), NULL, "expected a file, as in ");
}

/* root can read every file. */
static void file_of_others_is_an_error_that_says_what_to_do(void **state)
{
    const struct scene *scene = *state;

    write_file(scene, "port=0\n");
    assert_int_equal(chmod(scene->path, 0), 0);
    if (geteuid() == 0 && access(scene->path, R_OK) == 0)
        skip();
    expect_error(FLAGS(scene->flag, "-print-config"), NULL,
                 "Permission denied: let the user of the service read it");
}

static void file_that_is_no_text_or_too_large_is_an_error(void **state)
{
    static char large[CONFIG_MAX_FILE + 1];
    const struct scene *scene = *state;

    write_bytes(scene,
                "\x7f"
                "ELF\x02\x01\x01\0\0",
                9);
    expect_error(FLAGS(scene->flag, "-print-config"), NULL,
                 "lunar.conf:1: the line: has a control character");
    write_bytes(scene, "port=0\n\0\n", 9);
    expect_error(FLAGS(scene->flag, "-print-config"), NULL, "lunar.conf:2: ");

    memset(large, '#', sizeof(large));
    write_bytes(scene, large, sizeof(large));
    expect_error(FLAGS(scene->flag, "-print-config"), NULL,
                 "at most 65536 bytes");
    write_bytes(scene, large, CONFIG_MAX_FILE);
    free(print(FLAGS(scene->flag, "-print-config"), NULL));
}

/* All of it can be read, and whoever redirects it to a file is warned. */
static void more_than_a_file_may_have_is_printed_with_status_1(void **state)
{
    static char flag[CONFIG_MAX_FILE + 32] = "-allow-host=";
    struct process process;
    char *errors = NULL;

    (void)state;
    /* "a,a,...,a" */
    for (size_t end = strlen(flag); end <= CONFIG_MAX_FILE; end++)
        flag[end] = end % 2 == 0 ? 'a' : ',';
    instance_start_command(&process, FLAGS(flag, "-print-config"), NULL);
    char *output = process_finish(&process, 1, &errors);
    assert_non_null(strstr(output, flag + 1));
    assert_non_null(strstr(output, "log-level"));
    assert_non_null(strstr(errors, "may have at most 65536; shorten"));
    free(output);
    free(errors);
}

static void forms_of_text_are_read(void **state)
{
    static const char *const forms[] = {
        "port=9000",
        "port=9000\n",
        "port=9000\r\n",
        "\xef\xbb\xbf\r\n\tport = 9000 \t # CR, BOM and blanks\r\n\r\n",
    };
    const struct scene *scene = *state;

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        write_file(scene, forms[i]);
        char *printed = print(FLAGS(scene->flag, "-print-config"), NULL);
        assert_non_null(strstr(printed, "\nport=9000 "));
        free(printed);
    }
    write_file(scene, "");
    free(print(FLAGS(scene->flag, "-print-config"), NULL));
}

static void service_and_commands_read_the_same_file(void **state)
{
    const struct scene *scene = *state;
    struct instance instance = {0};
    struct process process;
    char text[MAX_TEXT], line[MAX_TEXT], *errors = NULL;
    uint16_t port = 0;
    int reserved = instance_reserve_port(&port);

    snprintf(text, sizeof(text), "port=%u\ndata=%s/data\n", port, scene->root);
    write_file(scene, text);
    instance_start_command(&instance.process, FLAGS(scene->flag), NULL);
    instance_wait_ready(&instance);
    assert_int_equal(instance.port, port);

    instance_start_command(&process, FLAGS(scene->flag, "-check-health"), NULL);
    char *output = process_finish(&process, 0, &errors);
    snprintf(line, sizeof(line), "http://127.0.0.1:%u/health: 200", port);
    assert_ptr_equal(strstr(output, line), output);
    free(output);
    free(errors);
    instance_start_command(&process, FLAGS(scene->flag, "-check"), NULL);
    output = process_finish(&process, 0, &errors);
    assert_non_null(strstr(output, scene->root));
    free(output);
    free(errors);
    instance_stop(&instance);
    close(reserved);
}

static void output_that_cannot_be_written_is_an_error(void **state)
{
    char command[MAX_TEXT];

    (void)state;
    snprintf(command, sizeof(command), "%s -print-config >/dev/full 2>&1",
             process_setting("LUNAR_SERVICE"));
    const char *const arguments[] = {"/bin/sh", "-c", command, NULL};
    struct process process;
    char *errors = NULL;

    process_start(&process, arguments, NULL);
    free(process_finish(&process, 1, &errors));
    free(errors);
}

/* clang-format off */
#define SCENE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
/* clang-format on */

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE_TEST(flag_wins_over_variable_over_file_over_default),
        SCENE_TEST(file_is_named_by_flag_or_variable),
        SCENE_TEST(what_is_printed_is_a_file_that_means_the_same),
        SCENE_TEST(consent_is_printed_with_a_value),
        SCENE_TEST(settings_are_checked_before_they_are_printed),
        SCENE_TEST(unknown_name_is_an_error_with_a_suggestion),
        SCENE_TEST(file_that_cannot_be_read_is_an_error),
        SCENE_TEST(file_of_others_is_an_error_that_says_what_to_do),
        SCENE_TEST(file_that_is_no_text_or_too_large_is_an_error),
        SCENE_TEST(forms_of_text_are_read),
        SCENE_TEST(service_and_commands_read_the_same_file),
        SCENE_TEST(more_than_a_file_may_have_is_printed_with_status_1),
        SCENE_TEST(output_that_cannot_be_written_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
