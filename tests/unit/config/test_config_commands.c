/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flags for what is done instead of serving, and what they need.
 */
#include "lib/unit_check.h"

#include "unit/config/reading.h"

#define URL                                                                    \
    "expected a URL, as in http://127.0.0.1:8088/health/ready, or unix:PATH, " \
    "PATH of at most 107 bytes"
#define SNAPSHOT                                                               \
    "expected off, or a number of bytes, or of K, M or G, at least 1M"
#define NO_FOLDER "needs the folder, as in -data=/var/lib/lunar"
#define TOKEN                                                                  \
    "expected a name of at most 64 letters, digits, '.', '_' and '-', and "    \
    "scopes of ingest, read, metrics and admin"
#define NO_TOKEN                                                               \
    "-new-token: expected a name and scopes, as in -new-token alice "          \
    "read,metrics"

static const struct reading_case cases[] = {
    /* Without a URL, the other settings say what it is. */
    {"-check-health", "", "health "},
    {"--check-health -port 9000", "LUNAR_HOST=::", "health port=9000 host=:: "},
    {"-check-health=http://[::1]:9/a?b", "LUNAR_PORT=9000",
     "health url=http://[::1]:9/a?b port=9000 "},
    {"-check-health=http://a -check-health", "", "health "},
    {"-check-health -version", "", "version"},
    {"-check-health http://a -port 9", "", "health url=http://a port=9 "},
    {"-check-health localhost", "", "-check-health=localhost: " URL},
    {"-check-health", "LUNAR_PORT=x", "LUNAR_PORT=x: " PORT},
    {"", "LUNAR_CHECK_HEALTH=http://a", ""},
    REFUSED("-check-health=", URL),
    REFUSED("-check-health=localhost:8088", URL),
    {"-check-health=unix:/run/s", "", "health url=unix:/run/s "},
    REFUSED("-check-health=unix:", URL),

    /* Commands on a folder or a backup; other settings do no harm. */
    {"-data=d -check", "", "check data=d "},
    {"-check -data=d", "", "check data=d "},
    {"-check", "LUNAR_DATA=d", "check data=d "},
    {"-check=f", "", "check file=f "},
    {"-check f", "LUNAR_DATA=d", "check file=f "},
    {"-check=f -check -data=d", "", "check data=d "},
    {"-data=d -backup=f", "", "backup file=f data=d "},
    {"-backup f", "LUNAR_DATA=d", "backup file=f data=d "},
    {"-restore=f -data=d", "", "restore file=f data=d "},
    {"-export -data=d -port=9", "", "export port=9 data=d "},
    {"-export -data=d", "LUNAR_SNAPSHOT=off", "export data=d snapshot=0 "},
    {"-check-health", "LUNAR_SNAPSHOT=off", "health snapshot=0 "},
    {"-export -help", "", "help"},
    {"-data=d -snapshot=1M", "", "data=d snapshot=1048576 "},
    {"-data=d -snapshot=off", "LUNAR_SNAPSHOT=2M", "data=d snapshot=0 "},

    /* What they need, and what cannot be combined. */
    {"-check", "",
     "-check: needs a folder, as in -data=/var/lib/lunar, or a backup, as in "
     "-check=/backup/lunar.backup"},
    {"-check=f -data=d", "",
     "-check: can't be combined with -data; -check=FILE checks a backup, "
     "and -check the folder of -data"},
    {"-backup=f", "", "-backup: " NO_FOLDER},
    {"-restore=f", "LUNAR_DATA=", "-restore: " NO_FOLDER},
    {"-export", "", "-export: " NO_FOLDER},
    {"-data=d -backup=f -check", "", "-backup: can't be combined with -check"},
    {"-data=d -export -check-health", "",
     "-check-health: can't be combined with -export"},
    {"-restore=a -backup=b -data=d", "",
     "-restore: can't be combined with -backup"},
    {"-snapshot=off", "",
     "-snapshot: needs -data=DIR; without it nothing is saved"},
    {"", "LUNAR_SNAPSHOT=1M",
     "LUNAR_SNAPSHOT: needs -data=DIR; without it nothing is saved"},
    {"-data=d -backup", "",
     "-backup: expected a value, as in -backup=/backup/lunar.backup"},
    {"-data=d -export=f", "", "-export=f: this flag takes no value"},
    {"-data=d -export f", "",
     "f: unexpected argument; flags start with '-', see -help"},
    {"", "LUNAR_BACKUP=f", ""},
    REFUSED("-check=", BACKUP),
    REFUSED("-backup=", BACKUP),
    REFUSED("-backup=-", BACKUP),
    REFUSED("-restore=", BACKUP),
    REFUSED("-snapshot=", SNAPSHOT),
    REFUSED("-snapshot=0", SNAPSHOT),
    REFUSED("-snapshot=1048575", SNAPSHOT),
    REFUSED("-snapshot=on", SNAPSHOT),
    REFUSED("-snapshot=64MB", SNAPSHOT),

    /* A command with two values. */
    {"-new-token alice read,metrics", "", "token name=alice scopes=6 "},
    {"--new-token=a.b_c-1 admin", "LUNAR_PORT=9",
     "token name=a.b_c-1 scopes=8 port=9 "},
    {"-port=9 -new-token a ingest -host ::", "",
     "token name=a scopes=1 port=9 host=:: "},
    {"-new-token", "", NO_TOKEN},
    {"-new-token alice", "", NO_TOKEN},
    {"-new-token=alice", "", NO_TOKEN},
    {"-new-token alice -port=9", "", NO_TOKEN},
    {"-new-token alice reed", "", "-new-token alice reed: " TOKEN},
    {"-new-token alice read metrics", "",
     "metrics: unexpected argument; flags start with '-', see -help"},
    {"-new-token= read", "", "-new-token=: " TOKEN},
    {"-new-token session-key read", "", "-new-token=session-key: " TOKEN},
    {"-new-token a/b read", "", "-new-token=a/b: " TOKEN},
    {"-new-token a read -check-health", "",
     "-check-health: can't be combined with -new-token"},
    {"", "LUNAR_NEW_TOKEN=a", ""},
};

static void commands_are_read_or_refused(void **state)
{
    (void)state;
    reading_check(cases, COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
