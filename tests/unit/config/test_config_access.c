/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings for access control and TLS.
 */
#include "lib/unit_check.h"

#include "unit/config/reading.h"

#define SCOPES                                                                 \
    "expected scopes, as in ingest,read; there are ingest, read, "             \
    "metrics and admin"
#define SESSION "expected a number of seconds from 1 to 31536000"
#define CONSENT "expected 1 or true, or 0 or false"
#define SOCKET                                                                 \
    "expected unix:PATH, as in unix:/run/lunar/socket or "                     \
    "unix:socket?mode=0660&scopes=read, PATH of at most 107 bytes"
#define NETWORKS                                                               \
    "expected networks, as in 127.0.0.1,10.0.0.0/8,fd00::/8,unix: no names, "  \
    "and no bits behind the prefix"
#define TOKENS "expected a file, as in /etc/lunar/tokens, of at most 400 bytes"

static const struct reading_case cases[] = {
    /* Who may do what, and by which way. */
    {"-tokens=t -anonymous=ingest,metrics -session=60 "
     "-trusted-proxy=10.0.0.0/8 "
     "-listen=unix:/run/s?mode=0660&scopes=read,admin -tls-cert=c -tls-key=k",
     "",
     "tokens=t anonymous=5 session=60 unix=/run/s mode=660 scopes=10 "
     "proxies=10.0.0.0/8 cert=c key=k "},
    {"",
     "LUNAR_TOKENS=t LUNAR_ANONYMOUS=read LUNAR_SESSION=31536000 "
     "LUNAR_LISTEN=unix:s LUNAR_TRUSTED_PROXY=::1,unix LUNAR_TLS_CERT=c "
     "LUNAR_TLS_KEY=k",
     "tokens=t anonymous=2 session=31536000 unix=s mode=600 "
     "proxies=::1,unix cert=c key=k "},
    {"-kafka=a:1 -topic=t -data=d -peer=http://a,HTTPS://b -peer-token=f "
     "-ca-file=c",
     "",
     "data=d kafka=a:1 topic=t peers=http://a,HTTPS://b peer-token=f ca=c "},
    {"-insecure -host=::", "", "host=:: insecure "},
    {"", "LUNAR_INSECURE=1", "insecure "},
    {"", "LUNAR_INSECURE=true", "insecure "},
    {"", "LUNAR_INSECURE=0", ""},
    {"", "LUNAR_INSECURE=false", ""},
    {"-tokens=t", "LUNAR_INSECURE=0", "tokens=t "},
    {"-insecure", "LUNAR_INSECURE=0", "insecure "},
    {"", "LUNAR_INSECURE=yes", "LUNAR_INSECURE=yes: " CONSENT},
    {"-insecure=1", "", "-insecure=1: this flag takes no value"},
    {"-insecure 1", "",
     "1: unexpected argument; flags start with '-', see -help"},

    /* Parameters may come in any order; the last -listen wins. */
    {"-listen=unix:s?mode=755", "", "unix=s mode=755 "},
    {"-listen=unix:s?scopes=read&mode=0600 -tokens=t", "",
     "tokens=t unix=s mode=600 scopes=2 "},
    {"-listen=unix:s?mode=0660 -listen unix:./a&b", "", "unix=./a&b mode=600 "},
    REFUSED("-listen=", SOCKET),
    REFUSED("-listen=/run/s", SOCKET),
    REFUSED("-listen=tcp:8088", SOCKET),
    REFUSED("-listen=unix:", SOCKET),
    REFUSED("-listen=unix:?mode=0600", SOCKET),
    REFUSED("-listen=unix:s?", SOCKET),
    REFUSED("-listen=unix:s?mode", SOCKET),
    REFUSED("-listen=unix:s?mode=", SOCKET),
    REFUSED("-listen=unix:s?mode=66", SOCKET),
    REFUSED("-listen=unix:s?mode=06660", SOCKET),
    REFUSED("-listen=unix:s?mode=1777", SOCKET),
    REFUSED("-listen=unix:s?mode=rw-", SOCKET),
    REFUSED("-listen=unix:s?mode=068", SOCKET),
    REFUSED("-listen=unix:s?scopes=", SOCKET),
    REFUSED("-listen=unix:s?scopes=all", SOCKET),
    REFUSED("-listen=unix:s?scopes=read&", SOCKET),
    REFUSED("-listen=unix:s?group=lunar", SOCKET),

    /* These do nothing without others, or contradict them. */
    {"-anonymous=read", "",
     "-anonymous: needs -tokens=FILE; without it nothing needs a token"},
    {"", "LUNAR_SESSION=60",
     "LUNAR_SESSION: needs -tokens=FILE; without it nobody logs in"},
    {"-listen=unix:s?scopes=read", "",
     "-listen: scopes= needs -tokens=FILE; without it who can connect may do "
     "everything"},
    {"-tls-cert=c", "",
     "-tls-cert: needs -tls-key=FILE, the key of the certificate"},
    {"-tls-key=k", "LUNAR_TLS_CERT=",
     "-tls-key: needs -tls-cert=FILE, the certificate of the key"},
    {"-peer-token=f", "", "-peer-token: needs -peer=URL, which gets the token"},
    {"-ca-file=c", "",
     "-ca-file: needs an https:// URL of -peer; certificates of clients are "
     "not asked for"},
    {"-kafka=a:1 -topic=t -data=d -peer=http://a -ca-file=c", "",
     "-ca-file: needs an https:// URL of -peer; certificates of clients are "
     "not asked for"},
    {"-insecure -tokens=t", "",
     "-insecure: can't be combined with -tokens; leave one of them out"},

    /* Commands have no use for them. */
    {"-check-health -tls-cert=c -ca-file=a", "LUNAR_ANONYMOUS=read",
     "health ca=a anonymous=2 cert=c "},

    REFUSED("-tokens=", TOKENS),
    REFUSED("-anonymous=", SCOPES),
    REFUSED("-anonymous=all", SCOPES),
    REFUSED("-anonymous=read,read", SCOPES),
    REFUSED("-anonymous=read,", SCOPES),
    REFUSED("-session=0", SESSION),
    REFUSED("-session=31536001", SESSION),
    REFUSED("-session=12h", SESSION),
    REFUSED("-trusted-proxy=", NETWORKS),
    REFUSED("-trusted-proxy=10.0.0.1/8", NETWORKS),
    REFUSED("-trusted-proxy=proxy.lan", NETWORKS),
    REFUSED("-trusted-proxy=proxy.example", NETWORKS),
    REFUSED("-trusted-proxy=10.0.0.1/8", NETWORKS),
};

static void access_is_read_or_refused(void **state)
{
    (void)state;
    reading_check(cases, COUNT(cases));
}

/* What a service manager passes counts as what the flags name. */
static void settings_fit_the_sockets_or_are_refused(void **state)
{
    static const struct {
        const char *arguments, *variables;
        bool passes_tcp, passes_unix;
        const char *error;
    } rows[] = {
        {"-port=none", "", false, false,
         "-port: none needs -listen=unix:PATH; without it no client can "
         "connect"},
        {"", "LUNAR_PORT=none", false, false,
         "LUNAR_PORT: none needs -listen=unix:PATH; without it no client can "
         "connect"},
        {"-port=none -listen=unix:s", "", false, false, ""},
        {"-port=none", "", false, true, ""},
        {"-port=none", "", true, false, ""},
        {"-port=none -listen=unix:s -tls-cert=c -tls-key=k", "", false, false,
         "-tls-cert: can't be combined with -port=none: a Unix socket has no "
         "TLS"},
        {"-port=none -tls-cert=c -tls-key=k", "", true, false, ""},
        {"-trusted-proxy=::1,unix", "", true, false,
         "-trusted-proxy: unix needs -listen=unix:PATH, the socket that the "
         "proxy uses"},
        {"-trusted-proxy=unix -listen=unix:s", "", false, false, ""},
        {"-trusted-proxy=unix", "", false, true, ""},
        {"-trusted-proxy=::1", "", false, false, ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reading reading;

        assert_int_equal(
            reading_read(&reading, rows[i].arguments, rows[i].variables),
            CONFIG_RUN);
        bool fits = config_check_sockets(&reading.config, rows[i].passes_tcp,
                                         rows[i].passes_unix, &reading.report);
        assert_string_equal(reading.report.error, rows[i].error);
        assert_int_equal(fits, rows[i].error[0] == '\0');
        config_report_release(&reading.report);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(access_is_read_or_refused),
        cmocka_unit_test(settings_fit_the_sockets_or_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
