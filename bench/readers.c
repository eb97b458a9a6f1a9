/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_readers: opens streams of events (GET /events) and counts what arrives,
 * for a time that begins when all streams have said hello, which it tells by a
 * line "open". Readers follow all rockets or one each.
 *
 * With -rate it also posts messages itself, one after the other on one
 * connection, and measures the delay from each POST to each event that shows
 * it. States are coalesced, so an event shows the latest message of a rocket.
 * Of an event only the rockets in its first LINE bytes count.
 *
 * One thread with one epoll set, so a delay includes the time that this program
 * takes for the readers before. The figures are one line of JSON.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include "clients.h"
#include "flags.h"
#include "fleet.h"

enum {
    MAX_READERS = 20000,
    LINE = 8192, /* bytes of a head, or of the beginning of a line of events */
    REQUEST = 512,
    RECEIVED = 256 * 1024, /* bytes at once */
    EVENTS = 256,
    ID_LENGTH = 36, /* of fleet.c, which ends with the rocket's number */
    ID_DIGITS = 12,
    OPEN_SECONDS = 60,
    FIRST_DELAYS = 1 << 16,
};

/* What is expected next of a chunked response. */
enum part { HEAD, CHUNK_SIZE, CHUNK, CHUNK_END };

/* By the line "event:". */
enum kind { OTHER, HELLO, ROCKETS, RESET, KINDS };

static const char *const kinds[KINDS] = {"other", "hello", "rockets", "reset"};

struct reader {
    struct client client; /* closed: the service has closed it */
    enum part part;
    uint64_t left; /* bytes of the chunk */
    enum kind kind;
    size_t length; /* of the line; more than LINE are not kept */
    char line[LINE];
};

struct bench {
    /* Set at start, then read-only. */
    struct clients clients;
    uint64_t reader_count, milliseconds, interval, rate;
    uint64_t rockets; /* of which each reader follows one; 0: it follows all */
    uint64_t all_events, number;

    struct reader *readers;
    uint64_t open;        /* readers that have said hello */
    uint64_t begun, ends; /* 0: not all are open */
    uint64_t events[KINDS], bytes, closed, comments;
    /* The poster. Message i is sent at `sent[i]`. */
    struct client poster;
    bool posting; /* a response is on its way */
    size_t received;
    char response[LINE];
    struct fleet fleet;
    uint64_t *sent, sent_count, most;
    uint32_t *delays; /* 100 ns */
    uint64_t delay_count, delay_room;
};

static volatile sig_atomic_t stop;

static void stop_reading(int signal_number)
{
    (void)signal_number;
    stop = 1;
}

static void open_reader(struct bench *bench, uint64_t index)
{
    struct reader *reader = &bench->readers[index];
    char request[REQUEST], message[FLEET_MAX_MESSAGE], id[ID_LENGTH + 5] = "";

    if (bench->rockets > 0) {
        fleet_message(bench->fleet.round, 1 + index % bench->rockets, 1,
                      message);
        snprintf(id, sizeof(id), "&id=%.*s", ID_LENGTH,
                 strstr(message, "\"channel\":\"") + strlen("\"channel\":\""));
    }
    int length = snprintf(
        request, sizeof(request),
        "GET /events?interval=%" PRIu64 "%s%s HTTP/1.1\r\n%s\r\n",
        bench->interval, bench->all_events != 0 ? "" : "&events=rockets", id,
        bench->clients.fields);
    *reader = (struct reader){.part = HEAD};
    clients_connect(&bench->clients, &reader->client, reader);
    clients_send(&reader->client, request, (size_t)length);
}

static void add_delay(struct bench *bench, uint64_t delay)
{
    if (bench->delay_count == bench->delay_room) {
        bench->delay_room =
            bench->delay_room == 0 ? FIRST_DELAYS : 2 * bench->delay_room;
        bench->delays =
            realloc(bench->delays, bench->delay_room * sizeof(*bench->delays));
        if (bench->delays == NULL)
            die_errno("realloc");
    }
    bench->delays[bench->delay_count++] = (uint32_t)(delay / 100);
}

/*
 * A rocket of an event: by its id and number its message is known. `id` is
 * what follows the name of this member.
 */
static void measure_delay(struct bench *bench, const char *id, uint64_t time)
{
    const char *last = strstr(id, "\"lastMessageNumber\":");
    char digits[ID_DIGITS + 1] = "";

    if (last == NULL)
        return;
    memcpy(digits, id + ID_LENGTH - ID_DIGITS, ID_DIGITS);
    uint64_t rocket = strtoull(digits, NULL, 16);
    uint64_t number =
        strtoull(last + strlen("\"lastMessageNumber\":"), NULL, 10);
    if (rocket < 1 || number < bench->number)
        return;
    uint64_t index = (number - bench->number) * bench->fleet.last + rocket - 1;
    if (index < bench->sent_count && bench->begun != 0)
        add_delay(bench, time - bench->sent[index]);
}

static void measure_delays(struct bench *bench, const char *line, uint64_t time)
{
    static const char member[] = "\"id\":\"";

    while ((line = strstr(line, member)) != NULL) {
        line += sizeof(member) - 1;
        measure_delay(bench, line, time);
    }
}

/* A line, without its LF, of which LINE bytes at most are known. */
static void take_line(struct bench *bench, struct reader *reader, uint64_t time)
{
    static const char event[] = "event: ", data[] = "data: ";
    char *line = reader->line;
    size_t kept = reader->length < LINE ? reader->length : LINE - 1;

    line[kept] = '\0';
    reader->length = 0;
    if (line[0] == ':')
        bench->comments++;
    if (strncmp(line, event, sizeof(event) - 1) == 0) {
        reader->kind = KINDS - 1;
        while (reader->kind > OTHER &&
               strcmp(line + sizeof(event) - 1, kinds[reader->kind]) != 0)
            reader->kind--;
    }
    if (strncmp(line, data, sizeof(data) - 1) != 0)
        return;
    bench->events[reader->kind]++;
    if (reader->kind == HELLO)
        bench->open++;
    if (reader->kind == ROCKETS && bench->rate > 0)
        measure_delays(bench, line, time);
}

static void keep(struct reader *reader, const char *data, size_t length)
{
    size_t room = reader->length < LINE - 1 ? LINE - 1 - reader->length : 0;

    memcpy(reader->line + (LINE - 1 - room), data,
           length < room ? length : room);
    reader->length += length;
}

static void take_text(struct bench *bench, struct reader *reader,
                      const char *data, size_t length, uint64_t time)
{
    const char *end;

    while ((end = memchr(data, '\n', length)) != NULL) {
        keep(reader, data, (size_t)(end - data));
        take_line(bench, reader, time);
        length -= (size_t)(end + 1 - data);
        data = end + 1;
    }
    keep(reader, data, length);
}

/* A byte of the head, which has to be that of a 200. */
static void take_head(struct reader *reader, char byte)
{
    keep(reader, &byte, 1);
    reader->line[reader->length < LINE ? reader->length : LINE - 1] = '\0';
    if (byte != '\n' || strstr(reader->line, "\r\n\r\n") == NULL)
        return;
    if (strncmp(reader->line, "HTTP/1.1 200 ", 13) != 0)
        die("expected 200: %s", reader->line);
    reader->length = 0;
    reader->part = CHUNK_SIZE;
}

/* A byte between chunks: CR, LF, size, CR, LF. */
static void take_frame(struct reader *reader, char byte)
{
    const char *digits = "0123456789abcdef";

    if (byte == '\n') {
        reader->part = reader->part == CHUNK_SIZE ? CHUNK : CHUNK_SIZE;
        return;
    }
    const char *digit = byte == '\0' ? NULL : strchr(digits, byte | 0x20);
    if (reader->part == CHUNK_SIZE && digit != NULL)
        reader->left = reader->left * 16 + (uint64_t)(digit - digits);
}

/* A chunk may end in the middle of a line. */
static void take_bytes(struct bench *bench, struct reader *reader,
                       const char *data, size_t length, uint64_t time)
{
    while (length > 0) {
        size_t size = 1;
        if (reader->part == HEAD) {
            take_head(reader, *data);
        } else if (reader->part != CHUNK) {
            take_frame(reader, *data);
        } else {
            size = length < reader->left ? length : reader->left;
            take_text(bench, reader, data, size, time);
            reader->left -= size;
        }
        if (reader->part == CHUNK && reader->left == 0)
            reader->part = CHUNK_END;
        data += size;
        length -= size;
    }
}

static void read_stream(struct bench *bench, struct reader *reader)
{
    static char data[RECEIVED];
    ssize_t length = clients_receive(&reader->client, data, RECEIVED);

    if (length > 0) {
        if (bench->begun != 0)
            bench->bytes += (uint64_t)length;
        take_bytes(bench, reader, data, (size_t)length, clients_now());
        return;
    }
    if (length < 0 && errno == EAGAIN)
        return;
    clients_close(&reader->client);
    bench->closed++;
}

/* One response at a time. Under TLS its body is in a record of its own. */
static void read_response(struct bench *bench)
{
    char *response = bench->response;
    ssize_t length = clients_receive(&bench->poster, response + bench->received,
                                     LINE - 1 - bench->received);

    if (length < 0 && errno == EAGAIN)
        return;
    bench->received += length > 0 ? (size_t)length : 0;
    response[bench->received] = '\0';
    if (length > 0 && strstr(response, "}") == NULL)
        return;
    if (strncmp(response, "HTTP/1.1 202 ", 13) != 0 ||
        strstr(response, "\"result\":\"applied\"") == NULL ||
        strcasestr(response, "\r\nConnection: close") != NULL)
        die("expected 202 and \"result\":\"applied\": %s", response);
    bench->posting = false;
}

/* When the next message is due. */
static uint64_t next_post(const struct bench *bench)
{
    if (bench->rate == 0 || bench->begun == 0 || bench->posting ||
        bench->sent_count == bench->most)
        return UINT64_MAX;
    return bench->begun + bench->sent_count / bench->rate * SECOND +
           bench->sent_count % bench->rate * SECOND / bench->rate;
}

static void post(struct bench *bench)
{
    char request[FLEET_MAX_REQUEST];
    size_t length =
        fleet_request(&bench->fleet, bench->clients.fields, request);

    bench->sent[bench->sent_count++] = clients_now();
    bench->received = 0;
    clients_send(&bench->poster, request, length);
    bench->posting = true;
}

static void wait_for_events(struct bench *bench, uint64_t until)
{
    struct epoll_event events[EVENTS];
    uint64_t time = clients_now(), left = until > time ? until - time : 0;
    struct timespec pause = {.tv_sec = (time_t)(left / SECOND),
                             .tv_nsec = (long)(left % SECOND)};
    int count =
        epoll_pwait2(bench->clients.epoll, events, EVENTS, &pause, NULL);

    if (count < 0 && errno != EINTR)
        die_errno("epoll_pwait2");
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr == NULL)
            read_response(bench);
        else
            read_stream(bench, events[i].data.ptr);
    }
}

/* What came before the last hello does not count. */
static void begin(struct bench *bench)
{
    printf("open\n");
    fflush(stdout);
    memset(bench->events, 0, sizeof(bench->events));
    bench->comments = 0;
    bench->begun = clients_now();
    bench->ends = bench->begun + bench->milliseconds * (SECOND / 1000);
}

static void print_result(struct bench *bench)
{
    double seconds = (double)(clients_now() - bench->begun) / SECOND;

    clients_sort(bench->delays, bench->delay_count);
    printf("{\"seconds\": %.3f, \"readers\": %" PRIu64 ", \"closed\": %" PRIu64
           ", \"bytes\": %" PRIu64 ", \"comments\": %" PRIu64,
           seconds, bench->reader_count, bench->closed, bench->bytes,
           bench->comments);
    for (size_t i = 0; i < KINDS; i++)
        printf(", \"%s\": %" PRIu64, kinds[i], bench->events[i]);
    printf(", \"posts\": %" PRIu64 ", \"delays\": %" PRIu64
           ", \"p50\": %.4f, \"p99\": %.4f, \"p99.9\": %.4f}\n",
           bench->sent_count, bench->delay_count,
           clients_percentile(bench->delays, bench->delay_count, 500),
           clients_percentile(bench->delays, bench->delay_count, 990),
           clients_percentile(bench->delays, bench->delay_count, 999));
}

static void start(struct bench *bench)
{
    struct rlimit files = {0, 0};

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    bench->most = bench->rate * bench->milliseconds / 1000 + 1;
    bench->sent = calloc(bench->most, sizeof(*bench->sent));
    bench->readers = calloc(bench->reader_count, sizeof(*bench->readers));
    if (bench->sent == NULL || bench->readers == NULL)
        die_errno("can't start");
    /* By default the kernel may extend each sleep by 50 us. */
    prctl(PR_SET_TIMERSLACK, 1UL);
    bench->fleet.number = bench->number;
    if (bench->rate > 0)
        clients_connect(&bench->clients, &bench->poster, NULL);
    uint64_t latest = clients_now() + OPEN_SECONDS * SECOND;
    for (uint64_t i = 0; i < bench->reader_count; i++)
        open_reader(bench, i);
    while (bench->open < bench->reader_count) {
        if (clients_now() >= latest || bench->closed > 0 || stop != 0)
            die("%" PRIu64 " streams have not begun",
                bench->reader_count - bench->open);
        wait_for_events(bench, latest);
    }
    begin(bench);
}

int main(int argc, char *argv[])
{
    static struct bench bench = {
        .clients.port = 8088,
        .reader_count = 100,
        .milliseconds = 2000,
        .interval = 200,
        .number = 1,
        .fleet = {1, 1, 20, 1, 1, 1},
    };
    const struct flag flags[] = {
        CLIENTS_FLAGS(&bench.clients),
        {"readers", &bench.reader_count, 1, MAX_READERS},
        {"milliseconds", &bench.milliseconds, 1, 600000},
        {"interval", &bench.interval, 100, 10000},
        {"all-events", &bench.all_events, 0, 1},
        {"follow", &bench.rockets, 0, UINT32_MAX},
        {"rate", &bench.rate, 0, 100000},
        {"rockets", &bench.fleet.last, 1, UINT32_MAX},
        {"number", &bench.number, 1, UINT32_MAX},
        {"round", &bench.fleet.round, 0, UINT32_MAX},
        {NULL, NULL, 0, 0},
    };

    flags_read(argc, argv, flags);
    clients_start(&bench.clients);
    signal(SIGINT, stop_reading);
    start(&bench);
    while (clients_now() < bench.ends && stop == 0) {
        uint64_t next = next_post(&bench);

        if (next <= clients_now())
            post(&bench);
        else
            wait_for_events(&bench, next < bench.ends ? next : bench.ends);
    }
    print_result(&bench);
    free(bench.sent);
    free(bench.readers);
    free(bench.delays);
    return 0;
}
