/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands, and the flags of `rockets launch`.
 */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "flags.h"

#define PLACE(member) offsetof(struct options, member)

static const struct flag FLAGS[] = {
    {"message-delay", FLAG_DURATION, PLACE(message_delay), 0, 0, NULL},
    {"concurrency-level", FLAG_COUNT, PLACE(concurrency_level), 1, 1000, NULL},
    {"max-messages", FLAG_COUNT, PLACE(max_messages), 1, 100000000, NULL},
    {"seed", FLAG_SEED, PLACE(seed), 0, 0, NULL},
    {"log-level", FLAG_LEVEL, PLACE(log_level), 0, 0, NULL},
    {"keep-alive", FLAG_SWITCH, PLACE(keep_alive), 0, 0, NULL},
    {"rockets", FLAG_COUNT, PLACE(rockets), 1, 1000000, NULL},
    {"shuffle", FLAG_COUNT, PLACE(shuffle), 0, 100000000, NULL},
    {"duplicates", FLAG_SHARE, PLACE(duplicates), 0, 0, NULL},
    {"drop-launch", FLAG_SWITCH, PLACE(drop_launch), 0, 0, NULL},
    {"verify", FLAG_SWITCH, PLACE(verify), 0, 0, NULL},
    {"ca-file", FLAG_TEXT, PLACE(access.ca_file), 0, 0, NULL},
    {"insecure", FLAG_SWITCH, PLACE(access.insecure), 0, 0, NULL},
    {"token-file", FLAG_TEXT, PLACE(access.token_file), 0, 0, NULL},
    {"token", FLAG_OTHER, 0, 0, 0, flags_refuse_token},
};

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);

    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static bool check_launch(struct flag_reader *reader,
                         const struct options *options)
{
    if (!flags_check_url(reader,
                         "rockets launch http://localhost:8088/messages"))
        return false;
    if (options->verify && !ends_with(options->url, "/messages"))
        return flags_fail(
            reader,
            "'%s': --verify needs a URL that ends in /messages; it "
            "reads the rockets from .../rockets/ID",
            options->url);
    return true;
}

static enum options_command read_launch(struct options *options,
                                        struct flag_reader *reader)
{
    *options = (struct options){.concurrency_level = 3,
                                .max_messages = 100000,
                                .seed = 444,
                                .log_level = CONSOLE_INFO,
                                .rockets = 20};
    reader->flags = FLAGS;
    reader->flag_count = sizeof(FLAGS) / sizeof(FLAGS[0]);
    reader->options = options;
    reader->url = &options->url;
    reader->manual = "rockets help";
    if (!flags_read(reader))
        return OPTIONS_INVALID;
    if (reader->help)
        return OPTIONS_HELP;
    return check_launch(reader, options) ? OPTIONS_LAUNCH : OPTIONS_INVALID;
}

static enum options_command read_watch(struct options *options,
                                       struct flag_reader *reader)
{
    *options = (struct options){.log_level = CONSOLE_INFO};
    if (!watch_options_read(&options->watch, reader))
        return OPTIONS_INVALID;
    return reader->help ? OPTIONS_WATCH_HELP : OPTIONS_WATCH;
}

static bool is_one_of(const char *text, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcmp(text, *names) == 0)
            return true;
    return false;
}

static enum options_command refuse_command(struct flag_reader *reader,
                                           const char *command)
{
    if (command == NULL)
        flags_fail(reader, "missing command, as in 'rockets launch URL'; see "
                           "'rockets help'");
    else if (strstr(command, "://") != NULL)
        flags_fail(reader, "missing command, as in 'rockets launch %s'",
                   command);
    else
        flags_fail(
            reader,
            "'%s': unknown command; expected launch, watch, help or version",
            command);
    return OPTIONS_INVALID;
}

enum options_command options_read(struct options *options, int argc,
                                  char *const argv[], char *error,
                                  size_t error_size)
{
    static const char *const HELP[] = {"help", "--help", "-help", "-h", NULL};
    static const char *const VERSION[] = {"version", "--version", "-version",
                                          NULL};
    struct flag_reader reader = {.arguments = argv + (argc > 1 ? 2 : 1),
                                 .count = argc > 1 ? argc - 2 : 0,
                                 .error = error,
                                 .error_size = error_size};

    if (argc < 2)
        return refuse_command(&reader, NULL);
    if (is_one_of(argv[1], HELP))
        return argc > 2 && strcmp(argv[2], "watch") == 0 ? OPTIONS_WATCH_HELP
                                                         : OPTIONS_HELP;
    if (is_one_of(argv[1], VERSION))
        return OPTIONS_VERSION;
    if (strcmp(argv[1], "launch") == 0)
        return read_launch(options, &reader);
    if (strcmp(argv[1], "watch") == 0)
        return read_watch(options, &reader);
    return refuse_command(&reader, argv[1]);
}
