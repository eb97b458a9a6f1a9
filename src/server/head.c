/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row a field that is counted or kept; all others pass unseen, but for
 * the form of their names.
 */
#include "head.h"

#include <microhttpd.h>
#include <string.h>

#include "http/fields.h"
#include "http/target.h"

struct reading {
    struct http_fields *fields;
    struct head *head;
    unsigned hosts, lengths, encodings;
    bool bad_name, bad_value, bad_lines, bad_length, bad_encoding;
    bool other_expectations, no_expectations;
    const char *end; /* of the last line that was read */
};

static void keep_first(struct text *field, struct text value)
{
    if (field->data == NULL)
        *field = text_trim(value);
}

static void read_host(struct reading *reading, struct text value)
{
    reading->hosts++;
    keep_first(&reading->fields->host, value);
}

/* Digits only: no sign, no list (RFC 9112 section 6.3). */
static void read_length(struct reading *reading, struct text value)
{
    reading->lengths++;
    if (!text_read_unsigned(value, UINT64_MAX, &reading->head->content_length))
        reading->bad_length = true;
}

/*
 * "chunked" and nothing else, not even a blank behind it: MHD compares the
 * value as it stands.
 */
static void read_encoding(struct reading *reading, struct text value)
{
    reading->encodings++;
    if (!text_equal_ignoring_case(value, TEXT("chunked")))
        reading->bad_encoding = true;
}

/*
 * MHD invites for the body only where the first field is "100-continue" and
 * nothing else. Others must not be left to wait (RFC 9110 section 10.1.1).
 */
static void read_expect(struct reading *reading, struct text value)
{
    if (text_equal_ignoring_case(value, TEXT("100-continue")))
        reading->head->expects_continue = true;
    else if (text_trim(value).length > 0)
        reading->other_expectations = true;
    else
        reading->no_expectations = true;
}

static void read_content_type(struct reading *reading, struct text value)
{
    keep_first(&reading->fields->content_type, value);
}

static void read_accept_encoding(struct reading *reading, struct text value)
{
    keep_first(&reading->fields->accept_encoding, value);
}

static void read_if_none_match(struct reading *reading, struct text value)
{
    keep_first(&reading->fields->if_none_match, value);
}

static void read_origin(struct reading *reading, struct text value)
{
    keep_first(&reading->fields->origin, value);
}

static void read_sec_fetch_site(struct reading *reading, struct text value)
{
    keep_first(&reading->fields->sec_fetch_site, value);
}

static const struct field {
    struct text name;
    void (*read)(struct reading *reading, struct text value);
} fields[] = {
    {{"Host", 4}, read_host},
    {{"Content-Length", 14}, read_length},
    {{"Transfer-Encoding", 17}, read_encoding},
    {{"Expect", 6}, read_expect},
    {{"Content-Type", 12}, read_content_type},
    {{"Accept-Encoding", 15}, read_accept_encoding},
    {{"If-None-Match", 13}, read_if_none_match},
    {{"Origin", 6}, read_origin},
    {{"Sec-Fetch-Site", 14}, read_sec_fetch_site},
};

/*
 * MHD 0.9.75 reads the head where it lies and writes NULs over colons and the
 * ends of lines. It takes a NUL that was sent for such an end, takes a line
 * that begins with a NUL or a colon for the empty one behind the head, and
 * hangs a line that begins with a blank, which continues the one before
 * (obs-fold, RFC 9112 section 5.2), on that one's *name*, for which it copies
 * the name elsewhere. Others read all of these in other ways. So each line
 * must begin where the one before ends, each value stand right behind its
 * name, and in the end no byte of the head be left.
 *
 * That can't tell from "\r\n" what has become as many NULs: a lone NUL or
 * colon with "\n" behind it.
 */
static bool begins_at(const char *line, const char *end)
{
    /* The byte before a line ends another one: MHD has made a NUL of it. */
    return line == end + 1 || line == end + 2;
}

static bool is_behind_name(struct text name, struct text value)
{
    const char *behind = name.data + name.length + 1; /* the colon */

    while (behind < value.data && (*behind == ' ' || *behind == '\t'))
        behind++;
    return behind == value.data;
}

static void read_place(struct reading *reading, struct text name,
                       struct text value)
{
    if (!begins_at(name.data, reading->end) || !is_behind_name(name, value))
        reading->bad_lines = true;
    reading->end = value.data + value.length;
}

/* The last line's end and the empty line, each one byte or two. */
static bool is_head_complete(const char *end, const char *head_end)
{
    if (head_end > end + 4)
        return false;
    while (end < head_end && *end == '\0')
        end++;
    return end == head_end;
}

static enum MHD_Result read_field(void *context, enum MHD_ValueKind kind,
                                  const char *name, size_t name_length,
                                  const char *value, size_t value_length)
{
    struct reading *reading = context;
    struct text key = {name, name_length};
    struct text text = {value, value_length};

    (void)kind;
    read_place(reading, key, text);
    if (!http_is_token(key))
        reading->bad_name = true;
    if (memchr(value, '\r', value_length) != NULL)
        reading->bad_value = true;
    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
        if (fields[i].name.length == name_length &&
            text_equal_ignoring_case(fields[i].name, key)) {
            fields[i].read(reading, text);
            break;
        }
    }
    return MHD_YES;
}

/*
 * A target has no blanks and control characters (RFC 9112 section 3.2), and no
 * NUL that MHD would take for its end: then the version is further away.
 */
static bool is_good_line(const struct head_line *line)
{
    const char *target = line->method + strlen(line->method) + 1;

    while (*target == ' ')
        target++;
    if (target + line->target.length + 1 != line->version)
        return false;
    for (size_t i = 0; i < line->target.length; i++)
        if ((unsigned char)line->target.data[i] <= ' ' ||
            line->target.data[i] == '\x7f')
            return false;
    return http_is_token(text_of(line->method));
}

/* What is wrong with the lines as such; NULL: nothing. */
static const char *object_to_lines(struct MHD_Connection *connection,
                                   const struct head_line *line,
                                   const struct reading *reading)
{
    const union MHD_ConnectionInfo *head = MHD_get_connection_info(
        connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

    if (!is_good_line(line))
        return "the request's first line is not of the form \"GET /path "
               "HTTP/1.1\"";
    if (reading->bad_name)
        return "a header's name has a character that names don't have";
    if (reading->bad_value)
        return "a header's value has a CR";
    if (reading->bad_lines || head == NULL ||
        !is_head_complete(reading->end, line->method + head->header_size))
        return "a header's line is folded, has a NUL or has no name";
    return NULL;
}

/* The same for where the request ends. */
static const char *object_to_framing(const struct reading *reading, bool old)
{
    if (reading->encodings > 1 || reading->bad_encoding ||
        (reading->encodings > 0 && old))
        return "the only Transfer-Encoding understood is one \"chunked\", in "
               "HTTP/1.1";
    if (reading->encodings > 0 && reading->lengths > 0)
        return "a request has a Transfer-Encoding or a Content-Length, not "
               "both";
    if (reading->lengths > 1 || reading->bad_length)
        return "a request has one Content-Length, of digits only";
    return NULL;
}

/*
 * The same for the host. That of an absolute-form target goes before the
 * field (RFC 9112 section 3.2.2), and can't be empty (RFC 9110 section 4.2.1).
 */
static const char *object_to_host(struct text target, struct reading *reading,
                                  bool old)
{
    struct text authority = http_target_authority(target);
    struct text *host = &reading->fields->host;

    if (reading->hosts > 1 || (reading->hosts == 0 && !old))
        return "a request has one Host header";
    if (reading->hosts > 0 && !http_is_host(*host))
        return "the Host header is not a host, with or without a port";
    if (authority.data == NULL)
        return NULL;
    if (authority.length == 0 || authority.data[0] == ':' ||
        !http_is_host(authority))
        return "the target's host is not one";
    *host = authority;
    return NULL;
}

unsigned head_read(struct MHD_Connection *connection,
                   const struct head_line *line, struct http_fields *kept,
                   struct head *head, const char **objection)
{
    struct reading reading = {.fields = kept, .head = head};
    bool old = strcmp(line->version, "HTTP/1.0") == 0;

    *kept = (struct http_fields){.host = {NULL, 0}};
    *head = (struct head){.expects_continue = false};
    reading.end = line->version + strlen(line->version);
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, read_field,
                                &reading);
    head->chunked = reading.encodings > 0;
    *objection = object_to_lines(connection, line, &reading);
    if (*objection == NULL)
        *objection = object_to_framing(&reading, old);
    if (*objection == NULL)
        *objection = object_to_host(line->target, &reading, old);
    if (*objection != NULL)
        return 400;
    if (!old && (reading.other_expectations ||
                 (reading.no_expectations && head->expects_continue))) {
        *objection = "the only Expect understood is one \"100-continue\"";
        return 417;
    }
    return 0;
}

bool head_has_trailers(struct MHD_Connection *connection)
{
    return MHD_get_connection_values_n(connection, MHD_FOOTER_KIND, NULL,
                                       NULL) > 0;
}
