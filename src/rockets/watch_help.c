/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of `rockets watch --help`.
 */
#include "options.h"

static const char HELP[] =
    "rockets watch shows the fleet of a service as it changes: totals, "
    "messages "
    "a\n"
    "second, a table of rockets, launches and explosions.\n"
    "\n"
    "  rockets watch URL [flags]\n"
    "\n"
    "URL is that of the service, or one below it: /messages, /rockets or "
    "/events at\n"
    "its end is left out, and any other path is taken for the prefix of a "
    "proxy.\n"
    "\n"
    "On a terminal the view fills the screen, as that of top(1). 'q' or Ctrl-C "
    "ends\n"
    "it. Otherwise, and with --plain, each event is a line with tabs between "
    "its\n"
    "columns: local time, event, id, type, mission, speed, reason of an "
    "explosion;\n"
    "\"-\" is not known. Lines of summary, hello, reset and more have "
    "NAME=VALUE from\n"
    "the third column on. Control characters are written as \\u001b, a "
    "backslash as\n"
    "\\\\.\n"
    "\n"
    "Examples\n"
    "  rockets watch http://localhost:8088\n"
    "      Show the fastest rockets, as many as fit.\n"
    "  rockets watch http://localhost:8088 --sort=updatedAt\n"
    "      Show those that have sent something last.\n"
    "  rockets watch http://localhost:8088 --plain --events=exploded | cut "
    "-f3,7\n"
    "      Print the id and the reason of each explosion.\n"
    "  rockets watch http://localhost:8088 --plain --id=moon-1 "
    "--max-time=30s\n"
    "      Print what happens to one rocket within 30 seconds.\n"
    "\n"
    "Flags (--flag=value, --flag value and -flag=value are equivalent)\n";

static const char REST[] =
    "\n"
    "The rows of the table are live. Which rockets they are is read anew every "
    "3\n"
    "seconds.\n"
    "\n"
    "A connection that is lost is made again, as a browser's EventSource does, "
    "and\n"
    "changes of meanwhile are caught up. If the first response refuses the "
    "request,\n"
    "the URL is wrong, or the service has no /events, and it ends at once.\n"
    "\n"
    "Colours are for terminals only, and not used if NO_COLOR is set. Without "
    "a\n"
    "UTF-8 locale other characters than ASCII are shown as '?'.\n"
    "\n"
    "Exit status: 0 ended by a key, a signal, a limit or the end of who reads "
    "the\n"
    "output; 1 refused, or the output could not be written; 2 invalid command "
    "line.\n";

void options_write_watch_help(FILE *out)
{
    fputs(HELP, out);
    flags_write(&watch_options_flags, out);
    fputs(REST, out);
}
