/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of -help, whose middle is the table of the flags. Each group of them
 * is a string of its own, as C17 promises no longer ones than 4,095 bytes (ISO
 * 9899:2018, 5.2.4.1).
 */
#include "config.h"
#include "config_flags.h"

static const char *const parts[] = {
    "Usage: lunar.service [flags]\n"
    "\n"
    "Receives the messages of rockets, out of order and more than once, and\n"
    "serves the state of every rocket over HTTP.\n"
    "\n"
    "Flags are written -name=value or -name value. If a flag is not given, "
    "its\n"
    "environment variable is used, unless that is empty.\n"
#define GROUP(title) , "\n" title ":\n"
#define SETTING(name, argument, variable, example, fallback, reader, expected, \
                text)                                                          \
    "  -" name "=" argument LINE text LINE "Default: " fallback                \
    ". Environment: " variable ".\n"
#define CONSENT(name, variable, reader, expected, text)                        \
    "  -" name LINE text LINE "Default: no. Environment: " variable "=1.\n"
#define COMMAND(name, argument, example, reader, expected, result, text)       \
    "  -" name argument LINE text "\n"
#define DOUBLE(name, argument, example, reader, second, expected, result,      \
               text)                                                           \
    "  -" name argument LINE text "\n"
#define SWITCH(name, result, text) "  -" name LINE text "\n"
    FLAGS(GROUP, SETTING, CONSENT, COMMAND, DOUBLE, SWITCH)
#undef GROUP
#undef SETTING
#undef CONSENT
#undef COMMAND
#undef DOUBLE
#undef SWITCH
        ,
    "\n"
    "Examples:\n"
    "  lunar.service -port=9000\n"
    "        Start the service on port 9000.\n"
    "  rockets launch http://localhost:9000/messages\n"
    "        Launch test rockets, which post their messages to it.\n"
    "  curl 'http://localhost:9000/rockets?sort=speed&order=desc'\n"
    "        List the rockets, the fastest first.\n"
    "  lunar.service -new-token alice read,metrics\n"
    "  lunar.service -host=0.0.0.0 -tokens=/etc/lunar/tokens \\\n"
    "      -tls-cert=/etc/lunar/cert.pem -tls-key=/etc/lunar/key.pem\n"
    "        Make a token, and open the service to other machines.\n"
    "  lunar.service -data=/var/lib/lunar -backup=/backup/lunar.backup\n"
    "        Back up the folder, also while the service runs on it.\n"
    "  lunar.service -kafka=kafka1:9092 -topic=lunar -create-topic\n"
    "  lunar.service -kafka=kafka1:9092 -topic=lunar -data=/var/lib/lunar\n"
    "        Make a topic, once, and run an instance on it, on each machine.\n"
    "\n"
    "In a browser, open http://localhost:9000/ for the dashboard, and\n"
    "http://localhost:9000/swagger to try the API.\n"
    "\n"
    "SIGTERM and SIGINT stop the service when requests in flight are answered, "
    "at\n"
    "most 5 seconds later. A second one ends it at once. With -drain it serves "
    "for\n"
    "that time before; then a second signal begins the stop, and a third one "
    "ends\n"
    "it at once.\n"
    "\n"
    "SIGHUP reads the files of -tokens, -tls-cert, -tls-key and -peer-token\n"
    "again. If one is bad, the service goes on with what it had, and the log "
    "says\n"
    "why. Without these flags SIGHUP stops the service as SIGTERM does, but "
    "not\n"
    "under nohup.\n"
    "\n"
    "Exit status: 0 stopped by a signal, or what was asked for is done; 1 "
    "could not\n"
    "run, damage was found, or with -check-health the response is not 200; 2 "
    "invalid\n"
    "flags or environment variables.\n",
};

const char *config_help(size_t part)
{
    return part < sizeof(parts) / sizeof(parts[0]) ? parts[part] : NULL;
}
