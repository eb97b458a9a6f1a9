/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the command line and the environment. The arguments and the
 * variables of a case are each one string, split at its spaces.
 */
#include "lib/unit_check.h"

#include "config/config.h"
#include "config/help.h"

enum { MAX_WORDS = 13 };

/* Half of its memory is 7 MiB. */
static const struct machine machine = {.memory = 14 << 20, .processors = 7};

/* A command line and an environment, and the result of reading them. */
struct reading {
    char arguments[512], variables[512];
    char *argv[MAX_WORDS + 2];
    char *environment[MAX_WORDS + 1];
    struct config config;
    struct config_report report;
};

/* Split `words` in place at its spaces into `list`, which ends with NULL. */
static int split_words(char *words, char **list)
{
    int count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(words, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        assert_true(count < MAX_WORDS);
        list[count++] = word;
    }
    list[count] = NULL;
    return count;
}

/* `reading` must outlive its config, which points into `reading`. */
static enum config_result read_words(struct reading *reading,
                                     const char *arguments,
                                     const char *variables)
{
    static char program[] = "lunar.service";
    memset(reading, 0, sizeof(*reading));
    snprintf(reading->arguments, sizeof(reading->arguments), "%s", arguments);
    snprintf(reading->variables, sizeof(reading->variables), "%s", variables);
    reading->argv[0] = program;
    int count = split_words(reading->arguments, reading->argv + 1);
    split_words(reading->variables, reading->environment);
    return config_read(&reading->config,
                       &(struct config_input){count + 1, reading->argv,
                                              reading->environment, &machine},
                       &reading->report);
}

/* The environment may be missing. */
static void defaults_are_as_documented(void **state)
{
    struct config config;
    struct config_report report;
    char *nothing[] = {NULL};

    (void)state;
    assert_int_equal(
        config_read(&config, &(struct config_input){0, nothing, NULL, &machine},
                    &report),
        CONFIG_RUN);
    assert_string_equal(config.host, "127.0.0.1");
    assert_int_equal(config.port, 8088);
    assert_null(config.allow_host);
    assert_null(config.allow_origin);
    assert_int_equal(config.max_connections, 10000);
    assert_int_equal(config.idle_timeout, 10);
    assert_int_equal(config.drain, 0);
    assert_null(config.data);
    assert_int_equal(config.snapshot_bytes, 64 << 20);
    assert_null(config.kafka);
    assert_null(config.topic);
    assert_null(config.kafka_config);
    assert_null(config.peers);
    assert_null(config.peer_token);
    assert_null(config.ca_file);
    assert_null(config.tokens);
    assert_int_equal(config.anonymous, 0);
    assert_int_equal(config.session_seconds, 43200);
    assert_false(config.insecure);
    assert_null(config.tls_cert);
    assert_null(config.tls_key);
    assert_null(config.proxies);
    assert_string_equal(config.unix_socket.path, "");
    assert_null(config.check_url);
    assert_null(config.file);
    assert_int_equal(config.log_level, LOG_INFO);
    assert_int_equal(config.log_format, LOG_TEXT);
    assert_false(config.per_connection);
    assert_int_equal(config.threads, 7);
    assert_int_equal(config.max_memory, 7 << 20);
    assert_true(config.threads_by_machine);
    assert_true(config.memory_by_machine);
    assert_int_equal(report.warning_count, 0);
}

static void defaults_fit_the_machine(void **state)
{
    static const struct {
        struct machine machine;
        unsigned threads;
        size_t memory;
    } rows[] = {
        {{.memory = 3 << 20, .processors = 1}, 1, 3 << 19},
        {{.memory = UINT64_MAX, .processors = 256}, 256, SIZE_MAX / 2},
        {{.memory = 1 << 20, .processors = 257}, 256, 1 << 20},
        {{.memory = 0, .processors = 5000}, 256, 1 << 20},
    };
    char *nothing[] = {NULL};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config config;
        struct config_report report;

        config_read(&config,
                    &(struct config_input){0, nothing, NULL, &rows[i].machine},
                    &report);
        assert_int_equal(config.threads, rows[i].threads);
        assert_int_equal(config.max_memory, rows[i].memory);
    }
}

static void what_is_given_is_not_the_choice_of_the_machine(void **state)
{
    struct reading reading;

    (void)state;
    read_words(&reading, "-threads=7", "LUNAR_MAX_MEMORY=7M");
    assert_false(reading.config.threads_by_machine);
    assert_false(reading.config.memory_by_machine);
    read_words(&reading, "-max-memory=7M", "LUNAR_THREADS=7");
    assert_false(reading.config.threads_by_machine);
    assert_false(reading.config.memory_by_machine);
    read_words(&reading, "-max-memory=7M", "");
    assert_true(reading.config.threads_by_machine);
    read_words(&reading, "-threads=7", "");
    assert_true(reading.config.memory_by_machine);
}

/* Write what is to be done, unless it is to serve. Returns the end. */
static char *describe_command(char *at, enum config_result result,
                              const struct config *config)
{
    static const char *const commands[] = {
        [CONFIG_RUN] = "",
        [CONFIG_CHECK_HEALTH] = "health ",
        [CONFIG_CHECK] = "check ",
        [CONFIG_BACKUP] = "backup ",
        [CONFIG_RESTORE] = "restore ",
        [CONFIG_EXPORT] = "export ",
        [CONFIG_CREATE_TOPIC] = "create ",
        [CONFIG_TRIM_TOPIC] = "trim ",
        [CONFIG_NEW_TOKEN] = "token ",
    };

    at += sprintf(at, "%s", commands[result]);
    if (config->check_url != NULL)
        at += sprintf(at, "url=%s ", config->check_url);
    if (config->file != NULL)
        at += sprintf(at, "file=%s ", config->file);
    if (config->token_name != NULL)
        at += sprintf(at, "name=%s ", config->token_name);
    if (config->token_scopes != 0)
        at += sprintf(at, "scopes=%u ", config->token_scopes);
    return at;
}

/* Write what says which topic it is. Returns the end. */
static char *describe_topic(char *at, const struct config *config)
{
    if (config->kafka != NULL)
        at += sprintf(at, "kafka=%s ", config->kafka);
    if (config->topic != NULL)
        at += sprintf(at, "topic=%s ", config->topic);
    if (config->kafka_config != NULL)
        at += sprintf(at, "settings=%s ", config->kafka_config);
    if (config->peers != NULL)
        at += sprintf(at, "peers=%s ", config->peers);
    if (config->peer_token != NULL)
        at += sprintf(at, "peer-token=%s ", config->peer_token);
    if (config->ca_file != NULL)
        at += sprintf(at, "ca=%s ", config->ca_file);
    return at;
}

/* Write what says who may do what. Returns the end. */
static char *describe_access(char *at, const struct config *config)
{
    const struct config_socket *socket = &config->unix_socket;

    if (config->tokens != NULL)
        at += sprintf(at, "tokens=%s ", config->tokens);
    if (config->anonymous != 0)
        at += sprintf(at, "anonymous=%u ", config->anonymous);
    if (config->session_seconds != 43200)
        at += sprintf(at, "session=%u ", config->session_seconds);
    if (config->insecure)
        at += sprintf(at, "insecure ");
    if (socket->path[0] != '\0')
        at += sprintf(at, "unix=%s mode=%o ", socket->path, socket->mode);
    if (socket->scopes != 0)
        at += sprintf(at, "scopes=%u ", socket->scopes);
    if (config->proxies != NULL)
        at += sprintf(at, "proxies=%s ", config->proxies);
    if (config->tls_cert != NULL)
        at += sprintf(at, "cert=%s ", config->tls_cert);
    if (config->tls_key != NULL)
        at += sprintf(at, "key=%s ", config->tls_key);
    return at;
}

/*
 * What differs from the defaults, as "port=9000 host=:: "; "help",
 * "version" or the error.
 */
static const char *outcome_of(enum config_result result,
                              const struct reading *reading)
{
    static char changes[512];
    const struct config *config = &reading->config;
    char *at = changes;

    bool is_set = result != CONFIG_INVALID && result != CONFIG_HELP &&
                  result != CONFIG_VERSION;
    if (!is_set)
        assert_null(config->host); /* it is untouched */
    if (result == CONFIG_INVALID)
        return reading->report.error;
    if (!is_set)
        return result == CONFIG_HELP ? "help" : "version";

    at = describe_command(at, result, config);
    if (config->port != 8088)
        at += sprintf(at, "port=%u ", (unsigned)config->port);
    if (strcmp(config->host, "127.0.0.1") != 0)
        at += sprintf(at, "host=%s ", config->host);
    if (config->allow_host != NULL)
        at += sprintf(at, "hosts=%s ", config->allow_host);
    if (config->allow_origin != NULL)
        at += sprintf(at, "origins=%s ", config->allow_origin);
    if (config->per_connection)
        at += sprintf(at, "per-connection ");
    else if (config->threads != 7)
        at += sprintf(at, "threads=%u ", config->threads);
    if (config->max_connections != 10000)
        at += sprintf(at, "connections=%u ", config->max_connections);
    if (config->idle_timeout != 10)
        at += sprintf(at, "idle=%u ", config->idle_timeout);
    if (config->drain != 0)
        at += sprintf(at, "drain=%u ", config->drain);
    if (config->max_memory != 7 << 20)
        at += sprintf(at, "memory=%zu ", config->max_memory);
    if (config->data != NULL)
        at += sprintf(at, "data=%s ", config->data);
    at = describe_topic(at, config);
    at = describe_access(at, config);
    if (config->snapshot_bytes != 64 << 20)
        at += sprintf(at, "snapshot=%ju ", (uintmax_t)config->snapshot_bytes);
    if (config->log_level != LOG_INFO)
        at += sprintf(at, "level=%d ", (int)config->log_level);
    if (config->log_format != LOG_TEXT)
        sprintf(at, "json ");
    assert_in_range(config->threads, 1, 256);
    return changes;
}

#define PORT "expected a number from 0 to 65535"
#define THREADS "expected a number from 1 to 256, or per-connection"
#define CONNECTIONS "expected a number from 16 to 1000000"
#define SECONDS "expected a number of seconds from 1 to 3600"
#define DRAIN "expected a number of seconds from 0 to 3600"
#define URL "expected a URL, as in http://127.0.0.1:8088/health/ready"
#define MEMORY "expected a number of bytes, or of K, M or G, at least 1M"
#define FOLDER "expected a folder, as in /var/lib/lunar, of at most 400 bytes"
#define SNAPSHOT                                                               \
    "expected off, or a number of bytes, or of K, M or G, at least 1M"
#define BACKUP                                                                 \
    "expected a file, as in /backup/lunar.backup, of at most 400 bytes"
#define NO_FOLDER "needs the folder, as in -data=/var/lib/lunar"
#define BROKERS "expected brokers, as in kafka1:9092,[fd00::1]:9092"
#define TOPIC                                                                  \
    "expected a name of letters, digits, '.', '_' and '-', at most 249"
#define SETTINGS                                                               \
    "expected a file, as in /etc/lunar/kafka.conf, of at most 400 bytes"
#define PEERS                                                                  \
    "expected http:// or https:// URLs, as in "                                \
    "http://10.0.0.1:8088,http://10.0.0.2:8088"
#define NO_BROKERS "needs the brokers, as in -kafka=kafka1:9092,kafka2:9092"
#define NO_TOPIC "needs the topic, as in -topic=lunar"
#define NO_PEERS                                                               \
    "needs the URLs of all instances, as in "                                  \
    "-peer=http://10.0.0.1:8088,http://10.0.0.2:8088"
#define LEVEL "expected error, warn, info or debug"
#define FORMAT "expected text or json"
#define ADDRESS "expected an address, as in 127.0.0.1, 0.0.0.0 or ::"
#define HOSTS                                                                  \
    "expected host names without ports, as in rockets.example.org,lunar.lan"
#define ORIGINS                                                                \
    "expected * or origins without a path, as in "                             \
    "https://example.org,http://localhost:3000"
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
#define TOKEN                                                                  \
    "expected a name of at most 64 letters, digits, '.', '_' and '-', and "    \
    "scopes of ingest, read, metrics and admin"
#define NO_TOKEN                                                               \
    "-new-token: expected a name and scopes, as in -new-token alice "          \
    "read,metrics"
#define UNKNOWN(flag) flag ": unknown flag; -help lists the flags"
#define NEAREST(flag, nearest)                                                 \
    flag ": unknown flag; did you mean " nearest "? -help lists the flags"

#define REFUSED(argument, expected)                                            \
    {                                                                          \
        argument, "", argument ": " expected                                   \
    }

static const struct {
    const char *arguments, *variables;
    const char *outcome; /* as outcome_of() returns it */
} cases[] = {
    /* All spellings of a flag are equal; a later flag wins. */
    {"-port=9000", "", "port=9000 "},
    {"--port=9000", "", "port=9000 "},
    {"-port 9000", "", "port=9000 "},
    {"--port 9000", "", "port=9000 "},
    {"-port=1 -port=9000", "", "port=9000 "},
    {"-port=9000 -host=::", "", "port=9000 host=:: "},
    {"-host :: -port 9000", "", "port=9000 host=:: "},

    /* Every flag has a variable. */
    {"-port=1 -host=:: -threads=99 -max-connections=98 -max-memory=6M "
     "-log-level=debug -idle-timeout=9 -allow-host=a,b -allow-origin=http://a "
     "-log-format=json -drain=8 -data=/var/lib/lunar -snapshot=2M",
     "",
     "port=1 host=:: hosts=a,b origins=http://a threads=99 connections=98 "
     "idle=9 drain=8 memory=6291456 data=/var/lib/lunar "
     "snapshot=2097152 level=3 json "},
    {"",
     "LUNAR_PORT=1 LUNAR_HOST=:: LUNAR_THREADS=99 LUNAR_MAX_CONNECTIONS=98 "
     "LUNAR_MAX_MEMORY=6M LUNAR_LOG_LEVEL=debug LUNAR_IDLE_TIMEOUT=9 "
     "LUNAR_ALLOW_HOST=a LUNAR_ALLOW_ORIGIN=* LUNAR_DRAIN=8 "
     "LUNAR_LOG_FORMAT=json LUNAR_DATA=data LUNAR_SNAPSHOT=off",
     "port=1 host=:: hosts=a origins=* threads=99 connections=98 idle=9 "
     "drain=8 memory=6291456 data=data snapshot=0 level=3 json "},

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

    /* A topic of Kafka, which needs a folder for snapshots. */
    {"-kafka=a:1 -topic=t -data=d", "", "data=d kafka=a:1 topic=t "},
    {"-kafka a:1,[::1]:65535,b-c.d_e:9092 -topic t -data d -peer "
     "http://a:8088,http://[::1],http://b/lunar/ -kafka-config=f",
     "",
     "data=d kafka=a:1,[::1]:65535,b-c.d_e:9092 topic=t settings=f "
     "peers=http://a:8088,http://[::1],http://b/lunar/ "},
    {"",
     "LUNAR_KAFKA=a:1 LUNAR_TOPIC=t LUNAR_DATA=d LUNAR_KAFKA_CONFIG=f "
     "LUNAR_PEER=http://a",
     "data=d kafka=a:1 topic=t settings=f peers=http://a "},
    {"-create-topic -kafka=a:1", "LUNAR_TOPIC=t", "create kafka=a:1 topic=t "},
    {"-trim-topic -kafka=a:1 -topic=t -peer=http://a", "",
     "trim kafka=a:1 topic=t peers=http://a "},
    /* Commands have no use for it. */
    {"-export -data=d", "LUNAR_TOPIC=t", "export data=d topic=t "},
    {"-check-health -topic=t", "", "health topic=t "},

    /* One of these does nothing without another. */
    {"-kafka=a:1", "",
     "-kafka: needs -topic=NAME, the topic that all instances share"},
    {"-topic=t", "LUNAR_KAFKA=a:1",
     "LUNAR_KAFKA: needs -data=DIR, a folder of this instance for snapshots of "
     "the topic"},
    {"-topic=t -data=d", "",
     "-topic: needs -kafka=BROKERS, which have the "
     "topic"},
    {"-data=d", "LUNAR_TOPIC=t",
     "LUNAR_TOPIC: needs -kafka=BROKERS, which have "
     "the topic"},
    {"-kafka-config=f", "",
     "-kafka-config: needs -kafka=BROKERS; without it "
     "no broker is used"},
    {"-peer=http://a", "",
     "-peer: needs -kafka=BROKERS; without it there are "
     "no other instances"},
    {"-create-topic", "", "-create-topic: " NO_BROKERS},
    {"-create-topic -kafka=a:1", "", "-create-topic: " NO_TOPIC},
    {"-trim-topic -topic=t", "", "-trim-topic: " NO_BROKERS},
    {"-trim-topic -topic=t -kafka=a:1", "", "-trim-topic: " NO_PEERS},
    {"-create-topic -trim-topic", "",
     "-trim-topic: can't be combined with -create-topic"},
    {"-create-topic=t", "", "-create-topic=t: this flag takes no value"},
    REFUSED("-kafka=", BROKERS),
    REFUSED("-kafka=a", BROKERS),
    REFUSED("-kafka=:1", BROKERS),
    REFUSED("-kafka=a:", BROKERS),
    REFUSED("-kafka=a:0", BROKERS),
    REFUSED("-kafka=a:65536", BROKERS),
    REFUSED("-kafka=a:1,", BROKERS),
    REFUSED("-kafka=,a:1", BROKERS),
    REFUSED("-kafka=a:1,,b:1", BROKERS),
    REFUSED("-kafka=a:1;b:1", BROKERS),
    REFUSED("-kafka=::1:9092", BROKERS),
    REFUSED("-kafka=[::1]", BROKERS),
    REFUSED("-kafka=[::g]:1", BROKERS),
    REFUSED("-kafka=[]:1", BROKERS),
    REFUSED("-kafka=http://a:1", BROKERS),
    REFUSED("-topic=", TOPIC),
    REFUSED("-topic=.", TOPIC),
    REFUSED("-topic=..", TOPIC),
    REFUSED("-topic=a/b", TOPIC),
    REFUSED("-topic=a,b", TOPIC),
    REFUSED("-kafka-config=", SETTINGS),
    REFUSED("-peer=", PEERS),
    REFUSED("-peer=a:8088", PEERS),
    REFUSED("-peer=http://a,", PEERS),
    REFUSED("-peer=http://a?b", PEERS),
    REFUSED("-peer=http://a#b", PEERS),
    REFUSED("-peer=http://a:0", PEERS),

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
    {"-trusted-proxy=::1,unix", "",
     "-trusted-proxy: unix needs -listen=unix:PATH, the socket that the proxy "
     "uses"},
    REFUSED("-trusted-proxy=proxy.example", NETWORKS),
    REFUSED("-trusted-proxy=10.0.0.1/8", NETWORKS),

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

    /* A flag overrides its variable, also an invalid one. */
    {"-port=2", "LUNAR_PORT=1 LUNAR_THREADS=99", "port=2 threads=99 "},
    {"-port=2", "LUNAR_PORT=abc", "port=2 "},
    {"", "PORT=1 LUNAR_PORTS=x LUNAR_POR=x MY_LUNAR_PORT=x", ""},

    /* An empty variable is an unset one. */
    {"", "LUNAR_PORT= LUNAR_HOST= LUNAR_THREADS= LUNAR_MAX_MEMORY=", ""},
    {"", "LUNAR_DATA=", ""},

    /* What Kubernetes sets is no port; a bad port is still an error. */
    {"", "LUNAR_PORT=tcp://10.0.0.1:8088", ""},
    {"", "LUNAR_PORT=udp://10.0.0.1:8088", ""},
    {"", "LUNAR_PORT=sctp://[fd00::1]:8088", ""},
    {"-port=1", "LUNAR_PORT=tcp://10.0.0.1:8088", "port=1 "},
    {"", "LUNAR_PORT=http://10.0.0.1", "LUNAR_PORT=http://10.0.0.1: " PORT},
    {"", "LUNAR_PORT=tcp:", "LUNAR_PORT=tcp:: " PORT},
    {"", "LUNAR_THREADS=tcp://10.0.0.1:8088",
     "LUNAR_THREADS=tcp://10.0.0.1:8088: " THREADS},

    /* Limits are inclusive. */
    {"-port=0 -max-connections=16", "", "port=0 connections=16 "},
    {"-port=65535 -max-connections=1000000", "",
     "port=65535 connections=1000000 "},
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

static void arguments_and_variables_give_the_expected_config(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct reading reading;
        enum config_result result =
            read_words(&reading, cases[i].arguments, cases[i].variables);
        assert_string_equal(outcome_of(result, &reading), cases[i].outcome);
    }
}

#define LINK(address)                                                          \
    "LUNAR_PORT=" address " is ignored: Kubernetes sets it for a service "     \
    "named lunar; use -port, or enableServiceLinks: false in the pod\n"
#define IGNORED(name)                                                          \
    name " is ignored: unknown variable; -help lists the variables\n"
#define MEANT(name, nearest)                                                   \
    name " is ignored: unknown variable; did you mean " nearest                \
         "? -help lists the variables\n"

/* A service named lunar, with one port that has a name, as Kubernetes has it.
 */
#define DETAILS                                                                \
    " LUNAR_SERVICE_HOST=10.0.0.1 LUNAR_SERVICE_PORT=8088"                     \
    " LUNAR_SERVICE_PORT_HTTP=8088 LUNAR_PORT_8088_TCP=tcp://10.0.0.1:8088"    \
    " LUNAR_PORT_8088_TCP_PROTO=tcp LUNAR_PORT_8088_TCP_PORT=8088"             \
    " LUNAR_PORT_8088_TCP_ADDR=10.0.0.1"

static const struct {
    const char *arguments, *variables;
    const char *warnings; /* with a line feed after each */
} warned[] = {
    {"", "", ""},
    {"", "PORT=1 MY_LUNAR_PORT=x LUNAR=1 lunar_port=1 LUNARPORT=1", ""},
    {"", "LUNAR_PORT=1 LUNAR_HOST=::", ""},

    /* Names are compared without LUNAR_. */
    {"", "LUNAR_PROT=1", MEANT("LUNAR_PROT", "LUNAR_PORT")},
    {"", "LUNAR_THREAD=1", MEANT("LUNAR_THREAD", "LUNAR_THREADS")},
    {"", "LUNAR_port=1", MEANT("LUNAR_port", "LUNAR_PORT")},
    {"", "LUNAR_MAXMEMORY=1", MEANT("LUNAR_MAXMEMORY", "LUNAR_MAX_MEMORY")},
    {"", "LUNAR_FOO=secret", IGNORED("LUNAR_FOO")},
    {"", "LUNAR_=1", IGNORED("LUNAR_")},
    {"", "LUNAR_\x1b[1m=1", IGNORED("LUNAR_\\x1b[1m")},
    {"", "LUNAR_FOO=1 LUNAR_BAZ=1", IGNORED("LUNAR_FOO") IGNORED("LUNAR_BAZ")},
    {"", "LUNAR_FOO= LUNAR_PROT=", ""},

    /* A flag does not make a name known; it only overrides. */
    {"-port=1", "LUNAR_PORTS=1", MEANT("LUNAR_PORTS", "LUNAR_PORT")},

    /* Of a service, only the variable that is also ours. */
    {"", "LUNAR_PORT=tcp://10.0.0.1:8088" DETAILS, LINK("tcp://10.0.0.1:8088")},
    {"-port=1", "LUNAR_PORT=tcp://10.0.0.1:8088" DETAILS, ""},
    {"", "LUNAR_PORT=udp://10.0.0.1:53", LINK("udp://10.0.0.1:53")},
    {"",
     "LUNAR_WEB_SERVICE_HOST=10.0.0.1 LUNAR_WEB_SERVICE_PORT=80 "
     "LUNAR_WEB_PORT=tcp://10.0.0.1:80 LUNAR_WEB_PORT_80_TCP_ADDR=10.0.0.1",
     ""},
    {"", "LUNAR_PORT=9 LUNAR_SERVICE_PORT=tcp://10.0.0.1:80", ""},
    /* Without a URL it is not Kubernetes that sets them. */
    {"", "LUNAR_SERVICE_PORT=9000", IGNORED("LUNAR_SERVICE_PORT")},
    {"", "LUNAR_WEB_PORT=tcp://10.0.0.1:80 LUNAR_API_PORT=9000",
     IGNORED("LUNAR_API_PORT")},
};

static void ignored_variables_are_warned_of(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(warned); i++) {
        struct reading reading;
        char warnings[1024] = "";

        assert_int_equal(
            read_words(&reading, warned[i].arguments, warned[i].variables),
            CONFIG_RUN);
        size_t length = 0;
        for (size_t j = 0; j < reading.report.warning_count; j++)
            length +=
                (size_t)snprintf(warnings + length, sizeof(warnings) - length,
                                 "%s\n", reading.report.warnings[j]);
        assert_string_equal(warnings, warned[i].warnings);
    }
}

/* Past the limit they are only counted. */
static void number_of_warnings_is_bounded(void **state)
{
    struct reading reading;
    char variables[256] = "";

    (void)state;
    for (size_t i = 0; i < CONFIG_MAX_WARNINGS + 3; i++)
        sprintf(variables + strlen(variables), "LUNAR_X%zu=1 ", i);
    assert_int_equal(read_words(&reading, "", variables), CONFIG_RUN);
    assert_int_equal(reading.report.warning_count, CONFIG_MAX_WARNINGS + 3);
    for (size_t i = 0; i < CONFIG_MAX_WARNINGS; i++) {
        char beginning[32];
        snprintf(beginning, sizeof(beginning), "LUNAR_X%zu is ignored: ", i);
        assert_ptr_equal(strstr(reading.report.warnings[i], beginning),
                         reading.report.warnings[i]);
    }
}

/* Names and values of any length and with any bytes. */
static void error_or_warning_is_one_short_line(void **state)
{
    char newline[] = "-po\nrt", empty[] = "";
    static char flag[600], name[600] = "LUNAR_",
                           link[600] = "LUNAR_PORT=tcp://";
    char *arguments[] = {newline, flag};
    char *environment[] = {name, link, NULL};
    struct config config;
    struct config_report report;

    (void)state;
    memset(flag, 'x', sizeof(flag) - 1);
    flag[0] = '-';
    memset(name + 6, '\n', sizeof(name) - 9);
    memcpy(name + sizeof(name) - 3, "=1", 3);
    memset(link + 17, '\n', sizeof(link) - 18);
    for (size_t i = 0; i < COUNT(arguments); i++) {
        char *argv[] = {arguments[i], arguments[i], NULL};
        assert_int_equal(
            config_read(&config,
                        &(struct config_input){2, argv, NULL, &machine},
                        &report),
            CONFIG_INVALID);
        assert_non_null(memchr(report.error, '\0', sizeof(report.error)));
        assert_null(strchr(report.error, '\n'));
    }
    char *argv[] = {empty, NULL};
    assert_int_equal(
        config_read(&config,
                    &(struct config_input){1, argv, environment, &machine},
                    &report),
        CONFIG_RUN);
    assert_int_equal(report.warning_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_null(strchr(report.warnings[i], '\n'));
        assert_non_null(strstr(report.warnings[i], " is ignored: "));
    }
}

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

static void version_is_that_of_the_build(void **state)
{
    (void)state;
    assert_string_equal(config_version(), LUNAR_VERSION);
}

/* Also if it comes after the error, as far as it is valid itself. */
static void error_has_the_format_of_the_log(void **state)
{
    static const struct {
        const char *arguments, *variables;
        bool json;
    } rows[] = {
        {"-port=x", "", false},
        {"-log-format=json -port=x", "", true},
        {"-port=x -log-format=json", "", true},
        {"-port=x -foo --log-format json stray", "", true},
        {"-port=x -log-format", "", false},
        {"-port=x -log-format=json -log-format=text", "", false},
        {"-log-format=xml", "", false},
        {"-port=x", "LUNAR_LOG_FORMAT=json", true},
        {"-port=x -log-format=text", "LUNAR_LOG_FORMAT=json", false},
        {"-port=x -log-format=json", "LUNAR_LOG_FORMAT=text", true},
        {"", "LUNAR_PORT=x LUNAR_LOG_FORMAT=json", true},
        {"-port=x", "LUNAR_LOG_FORMAT=", false},
        {"-port=x", "LUNAR_LOG_FORMAT=xml", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reading reading;
        assert_int_equal(
            read_words(&reading, rows[i].arguments, rows[i].variables),
            CONFIG_INVALID);
        if ((reading.report.log_format == LOG_JSON) != rows[i].json)
            fail_msg("row %zu", i);
    }
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
        assert_int_not_equal(read_words(&reading, argument, ""),
                             CONFIG_INVALID);
        argument[length + 400] = 'd';
        argument[length + 401] = '\0';
        assert_int_equal(read_words(&reading, argument, ""), CONFIG_INVALID);
        assert_non_null(strstr(reading.report.error, rows[i].error));
        assert_memory_equal(reading.report.error, argument, length + 10);
    }
}

/* Kafka's own limit. */
static void topic_has_at_most_249_bytes(void **state)
{
    struct reading reading;
    char arguments[300] = "-create-topic -kafka=a:1 -topic=";
    size_t length = strlen(arguments);

    (void)state;
    memset(arguments + length, 't', 249);
    assert_int_equal(read_words(&reading, arguments, ""), CONFIG_CREATE_TOPIC);
    arguments[length + 249] = 't';
    assert_int_equal(read_words(&reading, arguments, ""), CONFIG_INVALID);
    assert_non_null(strstr(reading.report.error, TOPIC));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_as_documented),
        cmocka_unit_test(defaults_fit_the_machine),
        cmocka_unit_test(what_is_given_is_not_the_choice_of_the_machine),
        cmocka_unit_test(arguments_and_variables_give_the_expected_config),
        cmocka_unit_test(ignored_variables_are_warned_of),
        cmocka_unit_test(number_of_warnings_is_bounded),
        cmocka_unit_test(error_or_warning_is_one_short_line),
        cmocka_unit_test(error_has_the_format_of_the_log),
        cmocka_unit_test(paths_have_at_most_400_bytes),
        cmocka_unit_test(topic_has_at_most_249_bytes),
        cmocka_unit_test(help_describes_every_flag),
        cmocka_unit_test(help_fits_a_terminal),
        cmocka_unit_test(version_is_that_of_the_build),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
