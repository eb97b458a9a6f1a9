/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands, and the flags of `rockets launch`.
 */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "flags.h"

#define PLACE(member) offsetof(struct options, member)

static const char *const LEVELS[] = {"debug", "info", "warn", "error", NULL};

static const struct flag FLAGS[] = {
    {.name = "message-delay",
     .argument = "DURATION",
     .fallback = "0",
     .text = "pause of each worker after each message: 500ms,\n"
             "1.5s, 1m30s, 250us",
     .kind = FLAG_DURATION,
     .place = PLACE(message_delay)},
    {.name = "concurrency-level",
     .argument = "N",
     .fallback = "3",
     .text = "number of workers; each sends one message at a\n"
             "time. With more than one worker, messages may\n"
             "arrive out of order",
     .kind = FLAG_COUNT,
     .place = PLACE(concurrency_level),
     .low = 1,
     .high = 1000},
    {.name = "max-messages",
     .argument = "N",
     .fallback = "100000",
     .text = "number of messages of all rockets together",
     .kind = FLAG_COUNT,
     .place = PLACE(max_messages),
     .low = 1,
     .high = 100000000},
    {.name = "seed",
     .argument = "N",
     .fallback = "444",
     .text = "seed of the random messages; the same seed gives\n"
             "the same messages, byte for byte",
     .kind = FLAG_SEED,
     .place = PLACE(seed)},
    {.name = "log-level",
     .argument = "LEVEL",
     .fallback = "info",
     .text = "debug (shows each failure), info, warn or error",
     .kind = FLAG_LEVEL,
     .place = PLACE(log_level),
     .choices = LEVELS},
    {.name = "rockets",
     .argument = "N",
     .fallback = "20",
     .text = "number of rockets",
     .kind = FLAG_COUNT,
     .place = PLACE(rockets),
     .low = 1,
     .high = 1000000},
    {.name = "keep-alive",
     .text = "send all messages of a worker over one\n"
             "connection; otherwise open a new connection for\n"
             "each message and leave it open",
     .kind = FLAG_SWITCH,
     .place = PLACE(keep_alive)},
    {.name = "shuffle",
     .argument = "N",
     .fallback = "0",
     .text = "shuffle the messages within windows of this size",
     .kind = FLAG_COUNT,
     .place = PLACE(shuffle),
     .high = 100000000},
    {.name = "duplicates",
     .argument = "SHARE",
     .fallback = "0",
     .text = "share of messages to send a second time, 0 to 1",
     .kind = FLAG_SHARE,
     .place = PLACE(duplicates)},
    {.name = "drop-launch",
     .text = "do not send message 1 of any rocket",
     .kind = FLAG_SWITCH,
     .place = PLACE(drop_launch)},
    {.name = "verify",
     .text = "after sending, read each rocket from\n"
             ".../rockets/ID (URL must end in /messages) and\n"
             "compare its fields. Restart the service before,\n"
             "and keep --shuffle below 30,000: a service may\n"
             "give up gaps when a rocket has more than 16,384",
     .kind = FLAG_SWITCH,
     .place = PLACE(verify)},
    ACCESS_FLAGS(PLACE(access)),
};

const struct flag_table options_flags = {FLAGS,
                                         sizeof(FLAGS) / sizeof(FLAGS[0])};

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
    *options = (struct options){0};
    reader->table = &options_flags;
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
