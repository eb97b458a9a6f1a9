/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the command line, and does what it asks for.
 */
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/machine.h"
#include "commands/check_health.h"
#include "commands/data.h"
#include "commands/settings.h"
#include "commands/token.h"
#include "commands/topic.h"
#include "config/config.h"
#include "config/help.h"
#include "console/announce.h"
#include "process/activation.h"
#include "process/notify.h"
#include "process/signals.h"
#include "replica/replica.h"
#include "service/secrets.h"
#include "service/service.h"

enum {
    /*
     * Allocations of at least this many bytes, such as the keys of a long
     * list, are separate mappings, which return to the system when they are
     * freed. With the default of malloc(3), which adapts, the process would
     * keep the memory from the second list on.
     */
    OWN_MAPPING = 1024 * 1024,
};

/*
 * Open /dev/null for each standard stream that is closed at the start.
 * Otherwise a socket would get the number of the stream, and a client the
 * output. False if /dev/null cannot be opened.
 */
static bool fill_streams(void)
{
    int opened = STDIN_FILENO;

    /* open(2) returns the lowest free number. */
    while (opened >= 0 && opened <= STDERR_FILENO)
        opened = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (opened >= 0)
        close(opened);
    return opened >= 0;
}

/* What the process finds at its start, besides its settings. */
struct surroundings {
    const struct machine *machine;
    struct notify *notify;
    struct activation *activation;
};

/* Do what needs the log, and set the exit status. */
static int run_logged(enum config_result result, const struct config *config,
                      const struct config_report *report,
                      const struct surroundings *around)
{
    const struct replica_options topic = service_topic(config);

    switch (result) {
    case CONFIG_PRINT:
        return commands_print_config(config, report);
    case CONFIG_CHECK:
        return commands_check(config);
    case CONFIG_BACKUP:
        return commands_backup(config);
    case CONFIG_RESTORE:
        return commands_restore(config);
    case CONFIG_EXPORT:
        return commands_export(config);
    case CONFIG_CREATE_TOPIC:
        return commands_create_topic(&topic);
    case CONFIG_TRIM_TOPIC:
        return commands_trim_topic(&topic);
    default:
        return service_run(config, around->machine, around->notify,
                           &around->activation->given);
    }
}

/* Start the log for what needs it. */
static int start_log(enum config_result result, struct config *config,
                     const struct config_report *report,
                     const struct surroundings *around)
{
    log_set_level(config->log_level);
    log_set_format(config->log_format);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there are no threads yet. */
    mallopt(M_MMAP_THRESHOLD, OWN_MAPPING);
    if (!log_start())
        return announce_failure(EXIT_FAILURE, announce_no_threads);
    announce_warnings(report);
    if (result == CONFIG_RUN)
        activation_apply(around->activation, config, report);
    int code = run_logged(result, config, report, around);
    log_stop(LOG_STOP_MS);
    return code;
}

/*
 * Take the sockets of a service manager, and check the settings with them.
 * False with the report's error.
 */
static bool find_sockets(struct activation *activation,
                         const struct config *config,
                         struct config_report *report)
{
    char error[ACTIVATION_ERROR];

    if (activation_take(activation, error))
        return config_check_sockets(config, activation->given.tcp > 0,
                                    activation->given.unix_socket > 0, report);
    snprintf(report->error, sizeof(report->error), "%s", error);
    return false;
}

/* Read the configuration, do what it asks for, and set the exit status. */
static int run(const struct config_input *input, struct config_report *report,
               const sigset_t *inherited, const struct surroundings *around)
{
    struct config config;
    enum config_result result = config_read(&config, input, report);

    switch (result) {
    case CONFIG_HELP:
        config_help_write(stdout);
        return EXIT_SUCCESS;
    case CONFIG_VERSION:
        printf("lunar.service %s\n", config_version());
        return EXIT_SUCCESS;
    case CONFIG_INVALID:
        log_set_format(report->log_format);
        notify_failed(around->notify, report->error);
        return announce_failure(EXIT_USAGE, report->error);
    default:
        break;
    }

    /* `systemctl reload` must not stop a service that has no such files. */
    signals_settle(result == CONFIG_RUN && (secrets_are_used(&config) ||
                                            notify_is_used(around->notify)),
                   inherited);
    if (result == CONFIG_CHECK_HEALTH)
        return commands_check_health(&config);
    if (result == CONFIG_NEW_TOKEN)
        return commands_new_token(&config);
    if (result == CONFIG_RUN &&
        !find_sockets(around->activation, &config, report)) {
        log_set_format(config.log_format);
        notify_failed(around->notify, report->error);
        return announce_failure(EXIT_USAGE, report->error);
    }
    return start_log(result, &config, report, around);
}

int main(int argc, char *argv[])
{
    struct config_report report;
    struct notify notify;
    struct activation activation = {.path = ""};
    sigset_t inherited;

    signals_init(&inherited);
    if (!fill_streams())
        return announce_failure(
            EXIT_FAILURE, "a standard stream is closed, and /dev/null can't be "
                          "opened instead");
    log_find_journal();
    notify_open(&notify);
    const struct machine machine = machine_read("");
    const struct surroundings around = {
        .machine = &machine, .notify = &notify, .activation = &activation};
    const struct config_input input = {argc, argv, environ, &machine};
    int code = run(&input, &report, &inherited, &around);
    config_report_release(&report);
    notify_close(&notify);
    return code;
}
