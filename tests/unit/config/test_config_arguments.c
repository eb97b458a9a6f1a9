/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How flags are written: their spellings, and the errors of those that are
 * none.
 */
#include "lib/unit_check.h"

#include "unit/config/reading.h"

#define UNKNOWN(flag) flag ": unknown flag; -help lists the flags"
#define NEAREST(flag, nearest)                                                 \
    flag ": unknown flag; did you mean " nearest "? -help lists the flags"

static const struct reading_case cases[] = {
    /* All spellings of a flag are equal; a later flag wins. */
    {"-port=9000", "", "port=9000 "},
    {"--port=9000", "", "port=9000 "},
    {"-port 9000", "", "port=9000 "},
    {"--port 9000", "", "port=9000 "},
    {"-port=1 -port=9000", "", "port=9000 "},
    {"-port=9000 -host=::", "", "port=9000 host=:: "},
    {"-host :: -port 9000", "", "port=9000 host=:: "},

    /* Arguments after help or version are ignored. */
    {"-help", "LUNAR_PORT=abc", "help"},
    {"--help", "", "help"},
    {"-h", "", "help"},
    {"-version", "LUNAR_PORT=abc", "version"},
    {"--version", "", "version"},
    {"-port=1 -help", "", "help"},
    {"-version -help", "", "version"},
    {"-help -version", "", "help"},
    {"-help -foo extra", "", "help"},

    /* The error of a bad argument says how to write it. */
    {"--port 70000", "", "-port=70000: " PORT},
    {"-port=1 -port=x", "", "-port=x: " PORT},
    {"-port=x -port=1", "", "-port=x: " PORT},
    {"", "LUNAR_PORT=abc", "LUNAR_PORT=abc: " PORT},
    {"-host=::", "LUNAR_THREADS=0", "LUNAR_THREADS=0: " THREADS},
    {"-port", "", "-port: expected a value, as in -port=9000"},
    {"--max-memory", "",
     "-max-memory: expected a value, as in -max-memory=512M"},
    {"-host -port=1", "", "-host: expected a value, as in -host=127.0.0.1"},
    {"extra", "",
     "extra: unexpected argument; flags start with '-', see -help"},
    {"-port 1 2", "",
     "2: unexpected argument; flags start with '-', see -help"},
    {"-help=1", "", "-help=1: this flag takes no value"},

    /* The error of an unknown flag suggests the nearest. */
    {"-prot", "", NEAREST("-prot", "-port")},
    {"--prot=80", "", NEAREST("--prot", "-port")},
    {"-ports", "", NEAREST("-ports", "-port")},
    {"-hots", "", NEAREST("-hots", "-host")},
    {"-thread=2", "", NEAREST("-thread", "-threads")},
    {"-max-conns", "", NEAREST("-max-conns", "-max-connections")},
    {"-loglevel=info", "", NEAREST("-loglevel", "-log-level")},
    {"-Port=1", "", NEAREST("-Port", "-port")},
    {"-versoin", "", NEAREST("-versoin", "-version")},
    {"-x", "", UNKNOWN("-x")},
    {"-foo", "", UNKNOWN("-foo")},
    {"-", "", UNKNOWN("-")},
    {"--", "", UNKNOWN("--")},
    {"-=1", "", UNKNOWN("-")},
    {"-foo -help", "", UNKNOWN("-foo")},
};

static void arguments_give_the_expected_config(void **state)
{
    (void)state;
    reading_check(cases, COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_give_the_expected_config),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
