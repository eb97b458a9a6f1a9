/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of -help.
 */
#include "lib/unit_check.h"

#include "config/help.h"

static const char *whole_help(void)
{
    static char help[16384];
    FILE *out = fmemopen(help, sizeof(help), "w");

    assert_non_null(out);
    config_help_write(out);
    assert_true(ftell(out) < (long)sizeof(help));
    assert_int_equal(fclose(out), 0);
    return help;
}

static const char *const help_parts[] = {
    "Usage: lunar.service [flags]\n",
    "  -port=N\n",
    "Default: 8088. Environment: LUNAR_PORT.\n",
    "  -host=ADDRESS\n",
    "Default: 127.0.0.1. Environment: LUNAR_HOST.\n",
    "loopback address needs -tokens=FILE, or -insecure.",
    "  -allow-host=NAME\n",
    "Default: none. Environment: LUNAR_ALLOW_HOST.\n",
    "  -allow-origin=URL\n",
    "Default: none. Environment: LUNAR_ALLOW_ORIGIN.\n",
    "  -threads=N\n",
    "per-connection",
    "Default: one for each processor, or as many as the CPU affinity or",
    "Environment: LUNAR_THREADS.\n",
    "  -max-connections=N\n",
    "Default: 10000. Environment: LUNAR_MAX_CONNECTIONS.\n",
    "  -idle-timeout=SECONDS\n",
    "Default: 10. Environment: LUNAR_IDLE_TIMEOUT.\n",
    "  -drain=SECONDS\n",
    "Default: 0. Environment: LUNAR_DRAIN.\n",
    "  -data=DIR\n",
    "Default: none; the state is lost at the stop",
    "Environment: LUNAR_DATA.\n",
    "  -snapshot=SIZE|off\n",
    "Default: 64M. Environment: LUNAR_SNAPSHOT.\n",
    "  -check[=FILE]\n",
    "  -backup=FILE\n",
    "  -restore=FILE\n",
    "  -export\n",
    "\nServing:\n  -port",
    "\nAccess: who may do what, and encryption:\n  -tokens=FILE\n",
    "Environment: LUNAR_TOKENS.\n",
    "  -anonymous=SCOPE\n",
    "Environment: LUNAR_ANONYMOUS.\n",
    "  -session=SECONDS\n",
    "Environment: LUNAR_SESSION.\n",
    "  -insecure\n",
    "Environment: LUNAR_INSECURE=1.\n",
    "  -listen=unix:PATH\n",
    "Environment: LUNAR_LISTEN.\n",
    "  -trusted-proxy=NETWORK\n",
    "Environment: LUNAR_TRUSTED_PROXY.\n",
    "  -tls-cert=FILE\n",
    "Environment: LUNAR_TLS_CERT.\n",
    "  -tls-key=FILE\n",
    "Environment: LUNAR_TLS_KEY.\n",
    "  -ca-file=FILE\n",
    "Environment: LUNAR_CA_FILE.\n",
    "  -peer-token=FILE\n",
    "Environment: LUNAR_PEER_TOKEN.\n",
    "  -new-token NAME SCOPE\n",
    "\nKeeping data:\n  -data",
    "\nMany instances",
    "  -kafka=BROKERS\n",
    "Environment: LUNAR_KAFKA.\n",
    "  -topic=NAME\n",
    "Environment: LUNAR_TOPIC.\n",
    "  -kafka-config=FILE\n",
    "Environment: LUNAR_KAFKA_CONFIG.\n",
    "  -peer=URL\n",
    "Environment: LUNAR_PEER.\n",
    "  -create-topic\n",
    "  -trim-topic\n",
    "  -max-memory=BYTES\n",
    "Default: half of the memory of the machine, or of the container's",
    "Environment: LUNAR_MAX_MEMORY.\n",
    "  -log-level=LEVEL\n",
    "Default: info. Environment: LUNAR_LOG_LEVEL.\n",
    "  -log-format=FORMAT\n",
    "Default: text. Environment: LUNAR_LOG_FORMAT.\n",
    "  -check-health[=URL]\n",
    "  -version\n",
    "  -help\n",
    "lunar.service -port=9000\n",
    "rockets launch http://localhost:9000/messages\n",
    "curl 'http://localhost:9000/rockets?sort=speed&order=desc'\n",
    "In a browser, open http://localhost:9000/ for the dashboard",
    "http://localhost:9000/swagger to try the API.",
    "SIGTERM and SIGINT stop the service",
    "SIGHUP reads the files of -tokens, -tls-cert, -tls-key and -peer-token",
    "Exit status: 0",
};

static void help_describes_every_flag(void **state)
{
    (void)state;
    const char *help = whole_help();
    for (size_t i = 0; i < COUNT(help_parts); i++)
        assert_non_null(strstr(help, help_parts[i]));
}

static void help_fits_a_terminal(void **state)
{
    (void)state;
    const char *help = whole_help();
    for (const char *line = help; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        assert_true(length <= 79);
        line += length + 1;
    }
    assert_int_equal(help[strlen(help) - 1], '\n');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_describes_every_flag),
        cmocka_unit_test(help_fits_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
