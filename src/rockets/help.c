/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of `rockets help`.
 */
#include "options.h"

static const char HELP[] =
    "rockets sends the messages of a fleet of rockets to a service, as a "
    "load, and\n"
    "as a test: it can compare the rockets of the service with the expected "
    "state.\n"
    "\n"
    "  rockets launch URL [flags]   send messages to URL\n"
    "  rockets watch URL [flags]    show the fleet as it changes; see\n"
    "                               'rockets watch --help'\n"
    "  rockets help                 print this text\n"
    "  rockets version              print the version\n"
    "\n"
    "Examples\n"
    "  rockets launch http://localhost:8088/messages\n"
    "      Send 100,000 messages of 20 rockets, as fast as possible.\n"
    "  rockets launch http://localhost:8088/messages "
    "--message-delay=500ms \\\n"
    "          --concurrency-level=1\n"
    "      Send two messages a second, to watch rockets fly.\n"
    "  rockets launch http://localhost:8088/messages --verify\n"
    "      Send, then read each rocket and compare it with the state that\n"
    "      its messages result in.\n"
    "  rockets launch http://localhost:8088/messages --verify "
    "--shuffle=500 \\\n"
    "          --duplicates=0.2 --drop-launch\n"
    "      The same with messages out of order, one message in five sent "
    "twice,\n"
    "      and no launch messages.\n"
    "\n"
    "Flags of launch (--flag=value, --flag value and -flag=value are "
    "equivalent)\n";

static const char REST[] =
    "\n"
    "A message without a 2xx response within 10 s is sent again after 500 "
    "ms, until\n"
    "it is delivered or has failed for 60 s. While 1,000 messages wait for "
    "a retry,\n"
    "no new messages are sent. --verify repeats reads in the same way. If the "
    "service\n"
    "has several instances, it asks each for a state with all that was "
    "delivered.\n"
    "\n"
    "If the first replies (as many as workers, at most 3) all refuse the "
    "message, it\n"
    "stops at once: a redirect, a status 4xx other than 408, 425 and 429, "
    "501 or 505\n"
    "means that the URL is wrong. It also stops if the certificate of the "
    "service is\n"
    "not trusted. After any other reply, all failures are retried.\n"
    "\n"
    "Failures, progress and where to see the rockets in a browser are on "
    "stderr,\n"
    "figures and differences on stdout. The progress is shown on a terminal "
    "only.\n"
    "Ctrl-C or SIGTERM ends the run with its figures, a second one at once.\n"
    "\n"
    "Exit status: 0 success; 1 messages were not delivered or were refused, "
    "rockets\n"
    "differ, or the output could not be written; 2 invalid command line; "
    "130\n"
    "ended by Ctrl-C or SIGTERM.\n";

void options_write_help(FILE *out)
{
    fputs(HELP, out);
    flags_write(&options_flags, out);
    fputs(REST, out);
}
