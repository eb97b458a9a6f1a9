/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of -help, whose middle is the table of the flags.
 */
#include "config/help.h"

#include "config/table.h"

static const char head[] =
    "Usage: lunar.service [flags]\n"
    "\n"
    "Receives the messages of rockets, out of order and more than once, and\n"
    "serves the state of every rocket over HTTP.\n"
    "\n"
    "Flags are written -name=value or -name value. If a flag is not given,\n"
    "its environment variable is used, unless that is empty; without that its\n"
    "line in the file of -config; and without that the default.\n";

static const char tail[] =
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
    "SIGTERM and SIGINT stop the service when requests in flight are\n"
    "answered, at most 5 seconds later, or 10 if a disk or brokers do not\n"
    "answer. A second one ends it at once. With -drain it serves for that "
    "time\n"
    "before; then a second signal begins the stop, and a third one ends it at\n"
    "once.\n"
    "\n"
    "SIGHUP reads the files of -tokens, -tls-cert, -tls-key and -peer-token\n"
    "again. If one is bad, the service goes on with what it had, and the log\n"
    "says why. Other settings, and the file of -config, need a restart. "
    "Without\n"
    "these four flags SIGHUP stops the service as SIGTERM does, but not under\n"
    "nohup.\n"
    "\n"
    "Exit status: 0 stopped by a signal, or what was asked for is done; 1 "
    "could\n"
    "not run, damage was found, or with -check-health the response is not "
    "200;\n"
    "2 invalid flags, variables or file of -config, or an address that needs\n"
    "-tokens or -insecure.\n";

/* Lines of the text behind the first are indented. */
static void write_indented(const char *text, FILE *out)
{
    for (; *text != '\0'; text++)
        fputs(*text == '\n' ? "\n        " : (char[]){*text, '\0'}, out);
}

static void write_option(const struct config_option *option, FILE *out)
{
    if (option->group != NULL)
        fprintf(out, "\n%s:\n", option->group);
    fprintf(out, "  %s%s", option->flag, option->argument);
    write_indented("\n", out);
    write_indented(option->text, out);
    if (option->variable != NULL) {
        write_indented("\nDefault: ", out);
        write_indented(config_table_default(option), out);
        fprintf(out, ". Environment: %s%s.", option->variable,
                option->kind == CONFIG_CONSENT ? "=1" : "");
    }
    fputs("\n", out);
}

void config_help_write(FILE *out)
{
    fputs(head, out);
    for (const struct config_option *at = config_table; at->name != NULL; at++)
        write_option(at, out);
    fputs(tail, out);
}
