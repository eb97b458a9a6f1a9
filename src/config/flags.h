/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of the flags, which table.c makes data of. All that knows a
 * flag's name gets it there, so that all agree.
 */
#ifndef LUNAR_CONFIG_FLAGS_H
#define LUNAR_CONFIG_FLAGS_H

/* A build without Kafka has the flags, and says so. */
#ifdef LUNAR_KAFKA
#define KAFKA_GROUP "Many instances"
#else
#define KAFKA_GROUP "Many instances (not with this binary, which has no Kafka)"
#endif

/* Starts a new line in the description of a flag. */
#define LINE "\n"

/*
 * The flags, in the order of -help:
 *   GROUP(title) of the flags behind it
 *   SETTING(name, argument, variable, example, initial, fallback, reader,
 *           expected, text)
 *   CONSENT(name, variable, reader, expected, text) is a setting without a
 *           value on the command line
 *   COMMAND(name, argument, example, reader, expected, result, text) does that
 *           instead of serving. Without `example` the argument may be missing,
 *           and without `reader` there is none.
 *   DOUBLE(name, argument, example, reader, second, expected, result, text) is
 *           a command with two arguments; `second` reads the other one
 *   SWITCH(name, result, text) ends the reading of the flags
 * The members of struct config_option in config/table.h say what each is.
 */
#define FLAGS(GROUP, SETTING, CONSENT, COMMAND, DOUBLE, SWITCH)                \
    GROUP("Serving")                                                           \
    SETTING(                                                                   \
        "port", "N", "LUNAR_PORT", "9000", "8088", NULL,                       \
        config_values_read_port, "a number from 0 to 65535, or none",          \
        "Listen on this port; 0 picks a free one. none opens no port:" LINE    \
        "only the Unix socket of -listen is served.")                          \
    SETTING("host", "ADDRESS", "LUNAR_HOST", "127.0.0.1", "127.0.0.1", NULL,   \
            config_values_read_host,                                           \
            "an address, as in 127.0.0.1, 0.0.0.0 or ::",                      \
            "Listen on this address or host name. 0.0.0.0 is every IPv4" LINE  \
            "address, :: every IPv4 and IPv6 address. One that is no" LINE     \
            "loopback address needs -tokens=FILE, or -insecure.")              \
    SETTING("allow-host", "NAME", "LUNAR_ALLOW_HOST", "rockets.example.org",   \
            NULL, "none", config_values_read_allow_host,                       \
            "host names without ports, as in rockets.example.org,lunar.lan",   \
            "Accept these names as Host, separated by commas, besides" LINE    \
            "localhost and IP addresses; other names get status 421. A" LINE   \
            "proxy that passes Host on needs it. Without this flag any" LINE   \
            "name is accepted unless -host is a loopback address.")            \
    SETTING(                                                                   \
        "allow-origin", "URL", "LUNAR_ALLOW_ORIGIN", "https://example.org",    \
        NULL, "none", config_values_read_allow_origin,                         \
        "* or origins without a path, as in "                                  \
        "https://example.org,http://localhost:3000",                           \
        "Let web pages of these origins, separated by commas, read and" LINE   \
        "post (CORS); * is all. Pages of other sites can do neither.")         \
    SETTING("threads", "N", "LUNAR_THREADS", "4", NULL,                        \
            "one for each processor, or as many as the CPU affinity or" LINE   \
            "the CPU quota of the container allows",                           \
            config_values_read_threads,                                        \
            "a number from 1 to 256, or per-connection",                       \
            "Run this many event loops, which share all connections." LINE     \
            "-threads=per-connection runs one thread per connection instead.") \
    SETTING(                                                                   \
        "max-connections", "N", "LUNAR_MAX_CONNECTIONS", "10000", "10000",     \
        NULL, config_values_read_max_connections,                              \
        "a number from 16 to 1000000",                                         \
        "Maximum number of open connections. Near the maximum, idle" LINE      \
        "connections are closed. A quarter of them, at most 1000, may" LINE    \
        "be streams of events and reads that wait.")                           \
    SETTING(                                                                   \
        "idle-timeout", "SECONDS", "LUNAR_IDLE_TIMEOUT", "60", "10", NULL,     \
        config_values_read_idle_timeout, "a number of seconds from 1 to 3600", \
        "Close a connection that has been idle for this time. Responses" LINE  \
        "announce it: Keep-Alive: timeout=SECONDS.")                           \
    SETTING("drain", "SECONDS", "LUNAR_DRAIN", "10", "0", NULL,                \
            config_values_read_drain, "a number of seconds from 0 to 3600",    \
            "At a signal to stop, serve for this time longer, while" LINE      \
            "/health/ready says 503, so that a load balancer sends" LINE       \
            "requests elsewhere first.")                                       \
    SETTING(                                                                   \
        "max-memory", "BYTES", "LUNAR_MAX_MEMORY", "512M", NULL,               \
        "half of the memory of the machine, or of the container's" LINE        \
        "limit",                                                               \
        config_values_read_max_memory,                                         \
        "a number of bytes, or of K, M or G, at least 1M",                     \
        "Maximum memory for rockets, as in 512M or 4G. A message that" LINE    \
        "needs more gets status 503.")                                         \
    SETTING("log-level", "LEVEL", "LUNAR_LOG_LEVEL", "debug", "info", NULL,    \
            config_values_read_log_level, "error, warn, info or debug",        \
            "Log on stderr up to this level: error, warn, info or debug." LINE \
            "debug includes a line per request.")                              \
    SETTING("log-format", "FORMAT", "LUNAR_LOG_FORMAT", "json", "text", NULL,  \
            config_values_read_log_format, "text or json",                     \
            "Write a line of the log as text or as an object of JSON.")        \
    GROUP("Access: who may do what, and encryption")                           \
    SETTING("tokens", "FILE", "LUNAR_TOKENS", "/etc/lunar/tokens", NULL,       \
            "none; everybody may do everything", config_access_read_tokens,    \
            "a file, as in /etc/lunar/tokens, of at most 400 bytes",           \
            "Clients need a token of this file, which -new-token makes," LINE  \
            "and each token has scopes: ingest, to post messages; read;" LINE  \
            "metrics; admin, for /snapshot. It is refused if others can" LINE  \
            "read it: chmod 640 FILE. SIGHUP reads it again.")                 \
    SETTING("anonymous", "SCOPE", "LUNAR_ANONYMOUS", "ingest", NULL, "none",   \
            config_access_read_anonymous,                                      \
            "scopes, as in ingest,read; there are ingest, read, metrics and "  \
            "admin",                                                           \
            "Scopes, separated by commas, that need no token: ingest is" LINE  \
            "for senders that cannot send one, read opens the dashboard.")     \
    SETTING("session", "SECONDS", "LUNAR_SESSION", "28800", "43200",           \
            "43200, which is 12 hours", config_access_read_session,            \
            "a number of seconds from 1 to 31536000",                          \
            "How long a browser stays logged in.")                             \
    CONSENT("insecure", "LUNAR_INSECURE", config_access_read_insecure,         \
            "1 or true, or 0 or false",                                        \
            "Listen on an address that is no loopback address without" LINE    \
            "-tokens: every client that can reach it can read and change" LINE \
            "everything.")                                                     \
    SETTING("listen", "unix:PATH", "LUNAR_LISTEN", "unix:/run/lunar/socket",   \
            NULL, "none", config_access_read_listen,                           \
            "unix:PATH, as in unix:/run/lunar/socket or "                      \
            "unix:socket?mode=0660&scopes=read, PATH of at most 107 bytes",    \
            "Listen on this Unix socket as well, or alone: -port=none." LINE   \
            "After a ? come, with & between them, mode=0660, its" LINE         \
            "permissions, 0600 by default, and scopes=read,admin, which" LINE  \
            "who can connect has without a token.")                            \
    SETTING("trusted-proxy", "NETWORK", "LUNAR_TRUSTED_PROXY", "10.0.0.0/8",   \
            NULL, "none", config_access_read_proxies,                          \
            "networks, as in 127.0.0.1,10.0.0.0/8,fd00::/8,unix: no names, "   \
            "and no bits behind the prefix",                                   \
            "Believe proxies in these networks, separated by commas, who" LINE \
            "the client is and which URL it used: their X-Forwarded-*" LINE    \
            "and Forwarded. unix is the Unix socket.")                         \
    SETTING("tls-cert", "FILE", "LUNAR_TLS_CERT", "/etc/lunar/cert.pem", NULL, \
            "none; http://", config_access_read_tls_cert,                      \
            "a file, as in /etc/lunar/cert.pem, of at most 400 bytes",         \
            "Serve https:// with this certificate and its chain, in PEM." LINE \
            "Needs -tls-key. SIGHUP reads both again.")                        \
    SETTING("tls-key", "FILE", "LUNAR_TLS_KEY", "/etc/lunar/key.pem", NULL,    \
            "none", config_access_read_tls_key,                                \
            "a file, as in /etc/lunar/key.pem, of at most 400 bytes",          \
            "The key of -tls-cert, in PEM. It is refused if others can" LINE   \
            "read it: chmod 640 FILE.")                                        \
    SETTING(                                                                   \
        "ca-file", "FILE", "LUNAR_CA_FILE", "/etc/lunar/ca.pem", NULL,         \
        "those of the system", config_access_read_ca_file,                     \
        "a file, as in /etc/lunar/ca.pem, of at most 400 bytes",               \
        "Trust these authorities, in PEM, when -peer or -check-health" LINE    \
        "asks an https:// URL.")                                               \
    GROUP("Keeping data")                                                      \
    SETTING("data", "DIR", "LUNAR_DATA", "/var/lib/lunar", NULL,               \
            "none; the state is lost at the stop", config_values_read_data,    \
            "a folder, as in /var/lib/lunar, of at most 400 bytes",            \
            "Keep the state in this folder, which is made if missing. A" LINE  \
            "message is on the disk before it is acknowledged with 202.")      \
    SETTING("snapshot", "SIZE|off", "LUNAR_SNAPSHOT", "256M", "64M", NULL,     \
            config_values_read_snapshot,                                       \
            "off, or a number of bytes, or of K, M or G, at least 1M",         \
            "Save all rockets in a snapshot, in the background, when the" LINE \
            "messages since the last one take this size on the disk, or" LINE  \
            "its own, if that is larger. They are deleted then, so the" LINE   \
            "folder stays small and a start quick. off: it only grows.")       \
    GROUP(KAFKA_GROUP)                                                         \
    SETTING("kafka", "BROKERS", "LUNAR_KAFKA", "kafka1:9092,kafka2:9092",      \
            NULL, "none; this is the only instance", config_values_read_kafka, \
            "brokers, as in kafka1:9092,[fd00::1]:9092",                       \
            "Share one state with other instances, through a topic on" LINE    \
            "these brokers of Apache Kafka: host:port, separated by" LINE      \
            "commas; one that is up is enough to find the others. Needs" LINE  \
            "-topic and -data. Each instance takes messages and has all" LINE  \
            "rockets, so any may die. A message is acknowledged with" LINE     \
            "202 when the topic has it: two of three copies with" LINE         \
            "-create-topic. -data=DIR then has snapshots, and is the" LINE     \
            "instance's own.")                                                 \
    SETTING("topic", "NAME", "LUNAR_TOPIC", "lunar", NULL, "none",             \
            config_values_read_topic,                                          \
            "a name of letters, digits, '.', '_' and '-', at most 249",        \
            "The topic, which -create-topic has made. Instances of one" LINE   \
            "topic have the same rockets.")                                    \
    SETTING("kafka-config", "FILE", "LUNAR_KAFKA_CONFIG",                      \
            "/etc/lunar/kafka.conf", NULL, "none",                             \
            config_values_read_kafka_config,                                   \
            "a file, as in /etc/lunar/kafka.conf, of at most 400 bytes",       \
            "Read settings of librdkafka, for TLS and passwords, from" LINE    \
            "this file: a line for each, as in security.protocol=ssl." LINE    \
            "It is refused if others can read it: chmod 600 FILE.")            \
    SETTING("peer", "URL", "LUNAR_PEER", "http://10.0.0.2:8088", NULL, "none", \
            config_values_read_peers,                                          \
            "http:// or https:// URLs, as in "                                 \
            "http://10.0.0.1:8088,http://10.0.0.2:8088",                       \
            "Other instances, separated by commas. Without a snapshot in" LINE \
            "-data, a start gets one from the first that has one, and is" LINE \
            "quick. Needed if the topic was trimmed.")                         \
    SETTING("peer-token", "FILE", "LUNAR_PEER_TOKEN", "/etc/lunar/peer-token", \
            NULL, "none", config_access_read_peer_token,                       \
            "a file, as in /etc/lunar/peer-token, of at most 400 bytes",       \
            "Send the token in this file to -peer; it needs scope admin." LINE \
            "It is refused if others can read it: chmod 640 FILE.")            \
    GROUP("Settings in a file")                                                \
    SETTING(                                                                   \
        "config", "FILE", "LUNAR_CONFIG", "/etc/lunar/lunar.conf", NULL,       \
        "none", config_values_read_settings,                                   \
        "a file, as in /etc/lunar/lunar.conf, of at most 400 bytes",           \
        "Read settings from this file: a line for each, named like its" LINE   \
        "flag, as in port=9000 or insecure=1; # begins a comment. Flags" LINE  \
        "and variables override it. A restart reads it again.")                \
    COMMAND("print-config", "", NULL, NULL, NULL, CONFIG_PRINT,                \
            "Do not serve: check all settings, and print them as such a" LINE  \
            "file, with where each comes from.")                               \
    GROUP("Work on a folder or a backup, without serving")                     \
    COMMAND("check", "[=FILE]", NULL, config_values_read_file,                 \
            "a file, as in /backup/lunar.backup, of at most 400 bytes",        \
            CONFIG_CHECK,                                                      \
            "Check all that is in -data=DIR, or in the backup FILE, and" LINE  \
            "say what is damaged. It is only read, and may be in use.")        \
    COMMAND("backup", "=FILE", "/backup/lunar.backup",                         \
            config_values_read_file,                                           \
            "a file, as in /backup/lunar.backup, of at most 400 bytes",        \
            CONFIG_BACKUP,                                                     \
            "Write a backup of -data=DIR to the new file FILE, while a" LINE   \
            "service runs on DIR or not.")                                     \
    COMMAND(                                                                   \
        "restore", "=FILE", "/backup/lunar.backup", config_values_read_file,   \
        "a file, as in /backup/lunar.backup, of at most 400 bytes",            \
        CONFIG_RESTORE, "Make the new folder -data=DIR from the backup FILE.") \
    COMMAND(                                                                   \
        "export", "", NULL, NULL, NULL, CONFIG_EXPORT,                         \
        "Print all rockets in -data=DIR on stdout, one object of JSON" LINE    \
        "a line, sorted by id. The folder may be in use.")                     \
    GROUP("Work on the topic, without serving")                                \
    COMMAND("create-topic", "", NULL, NULL, NULL, CONFIG_CREATE_TOPIC,         \
            "Make -topic on -kafka: one partition, three copies of a" LINE     \
            "message, of which two acknowledge it, and nothing deleted" LINE   \
            "by age or size. A topic that exists is checked.")                 \
    COMMAND("trim-topic", "", NULL, NULL, NULL, CONFIG_TRIM_TOPIC,             \
            "Delete from -topic what the snapshots of all instances" LINE      \
            "hold. Name all of them with -peer: nothing is deleted if" LINE    \
            "one does not answer. The topic only grows without this.")         \
    GROUP("Other")                                                             \
    DOUBLE("new-token", " NAME SCOPE", "alice read,metrics",                   \
           config_access_read_name, config_access_read_scopes,                 \
           "a name of at most 64 letters, digits, '.', '_' and '-', and "      \
           "scopes of ingest, read, metrics and admin",                        \
           CONFIG_NEW_TOKEN,                                                   \
           "Do not serve: print a new token with these scopes, separated" LINE \
           "by commas, and its line for the file of -tokens.")                 \
    COMMAND("check-health", "[=URL]", NULL, config_values_read_check_health,   \
            "a URL, as in http://127.0.0.1:8088/health/ready, or "             \
            "unix:PATH, PATH of at most 107 bytes",                            \
            CONFIG_CHECK_HEALTH,                                               \
            "Do not serve: ask a service that runs, and exit with 0 if" LINE   \
            "it answers 200, else with 1. The URL is by default /health" LINE  \
            "of the service with the same -host, -port and -tls-cert;" LINE    \
            "with -port=none of that on the socket of -listen, which" LINE     \
            "unix:PATH stands for.")                                           \
    SWITCH("version", CONFIG_VERSION, "Print the version and exit.")           \
    SWITCH("help", CONFIG_HELP, "Print all flags and examples, and exit.")     \
    SWITCH("h", CONFIG_HELP, "The same as -help.")

#endif
