/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of the settings for serving, their limits, and the errors that say
 * what is expected.
 */
#include "lib/unit_check.h"

#include "unit/config/reading.h"

#define CONNECTIONS "expected a number from 16 to 1000000"
#define SECONDS "expected a number of seconds from 1 to 3600"
#define DRAIN "expected a number of seconds from 0 to 3600"
#define MEMORY "expected a number of bytes, or of K, M or G, at least 1M"
#define FOLDER "expected a folder, as in /var/lib/lunar, of at most 400 bytes"
#define LEVEL "expected error, warn, info or debug"
#define FORMAT "expected text or json"
#define ADDRESS "expected an address, as in 127.0.0.1, 0.0.0.0 or ::"
#define HOSTS                                                                  \
    "expected host names without ports, as in rockets.example.org,lunar.lan"
#define ORIGINS                                                                \
    "expected * or origins without a path, as in "                             \
    "https://example.org,http://localhost:3000"

static const struct reading_case cases[] = {
    /* Limits are inclusive. */
    {"-port=0 -max-connections=16", "", "port=0 connections=16 "},
    {"-port=65535 -max-connections=1000000", "",
     "port=65535 connections=1000000 "},
    {"-port=none", "LUNAR_PORT=9", "port=none "},
    {"-port=none -port=9", "", "port=9 "},
    REFUSED("-port=None", PORT),
    {"-idle-timeout=1", "", "idle=1 "},
    {"-idle-timeout 3600", "", "idle=3600 "},
    {"-drain=0", "LUNAR_DRAIN=1", ""},
    {"-drain 3600", "", "drain=3600 "},
    {"-threads=1", "", "threads=1 "},
    {"-threads=256", "", "threads=256 "},
    {"-threads=per-connection", "", "per-connection "},
    {"-threads=per-connection -threads=99", "", "threads=99 "},
    {"-threads=99 -threads per-connection", "", "per-connection "},
    {"-max-memory=1048576", "", "memory=1048576 "},
    {"-max-memory=1048577", "", "memory=1048577 "},
    {"-max-memory=1024K", "", "memory=1048576 "},
    {"-max-memory=1M", "", "memory=1048576 "},
    {"-max-memory=512M", "", "memory=536870912 "},
    {"-max-memory=4G", "", "memory=4294967296 "},
    {"-max-memory=18446744073709551615", "", "memory=18446744073709551615 "},
    {"-max-memory=17179869183G", "", "memory=18446744072635809792 "},

    /* The error of a bad value says what is expected. */
    REFUSED("-port=70000", PORT),
    REFUSED("-port=65536", PORT),
    REFUSED("-port=", PORT),
    REFUSED("-port=abc", PORT),
    REFUSED("-port=+1", PORT),
    REFUSED("-port=-1", PORT),
    REFUSED("-port=1x", PORT),
    REFUSED("-port=0x10", PORT),
    REFUSED("-port=18446744073709551617", PORT),
    REFUSED("-host=", ADDRESS),
    REFUSED("-allow-host=", HOSTS),
    REFUSED("-allow-host=*", HOSTS),
    REFUSED("-allow-host=a:80", HOSTS),
    REFUSED("-allow-origin=", ORIGINS),
    REFUSED("-allow-origin=example.org", ORIGINS),
    REFUSED("-allow-origin=http://a/", ORIGINS),
    REFUSED("-allow-origin=http://a,*", ORIGINS),
    REFUSED("-threads=0", THREADS),
    REFUSED("-threads=257", THREADS),
    REFUSED("-threads=per-core", THREADS),
    REFUSED("-max-connections=15", CONNECTIONS),
    REFUSED("-max-connections=1000001", CONNECTIONS),
    REFUSED("-idle-timeout=0", SECONDS),
    REFUSED("-idle-timeout=3601", SECONDS),
    REFUSED("-idle-timeout=10s", SECONDS),
    REFUSED("-idle-timeout=", SECONDS),
    REFUSED("-drain=3601", DRAIN),
    REFUSED("-drain=-1", DRAIN),
    REFUSED("-drain=10s", DRAIN),
    REFUSED("-drain=", DRAIN),
    REFUSED("-data=", FOLDER),
    REFUSED("-max-memory=1048575", MEMORY),
    REFUSED("-max-memory=1023K", MEMORY),
    REFUSED("-max-memory=0", MEMORY),
    REFUSED("-max-memory=0G", MEMORY),
    REFUSED("-max-memory=1", MEMORY),
    REFUSED("-max-memory=M", MEMORY),
    REFUSED("-max-memory=", MEMORY),
    REFUSED("-max-memory=1m", MEMORY),
    REFUSED("-max-memory=1MB", MEMORY),
    REFUSED("-max-memory=1.5G", MEMORY),
    REFUSED("-max-memory=-1M", MEMORY),
    REFUSED("-max-memory=1T", MEMORY),
    REFUSED("-max-memory=18446744073709551616", MEMORY),
    REFUSED("-max-memory=18446744073709551625", MEMORY),
    REFUSED("-max-memory=17179869184G", MEMORY),
    REFUSED("-max-memory=17179869185G", MEMORY),
    REFUSED("-max-memory=99999999999999999999999G", MEMORY),
    REFUSED("-log-level=all", LEVEL),
    REFUSED("-log-format=JSON", FORMAT),
    {"", "LUNAR_LOG_FORMAT=xml", "LUNAR_LOG_FORMAT=xml: " FORMAT},
};

static void values_are_read_or_refused(void **state)
{
    (void)state;
    reading_check(cases, COUNT(cases));
}

/* The files in the folder need some bytes of what SQLite takes. */
static void paths_have_at_most_400_bytes(void **state)
{
    static const struct {
        const char *flag, *error;
    } rows[] = {{"-data=", FOLDER}, {"-check=", BACKUP}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char argument[512];
        struct reading reading;
        size_t length = strlen(rows[i].flag);

        memset(argument, 'd', sizeof(argument));
        memcpy(argument, rows[i].flag, length);
        argument[length + 400] = '\0';
        assert_int_not_equal(reading_read(&reading, argument, ""),
                             CONFIG_INVALID);
        argument[length + 400] = 'd';
        argument[length + 401] = '\0';
        assert_int_equal(reading_read(&reading, argument, ""), CONFIG_INVALID);
        assert_non_null(strstr(reading.report.error, rows[i].error));
        assert_memory_equal(reading.report.error, argument, length + 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read_or_refused),
        cmocka_unit_test(paths_have_at_most_400_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
