/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row for each field that is counted or kept. Of all other fields only the
 * names are checked.
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
    bool unknown_encoding, repeated, no_memory;
    bool other_expectations, no_expectations;
    bool wants_close, wants_keep_alive;
    const char *end; /* of the last line that MHD has reported */
};

/*
 * A field that has one value. If it comes twice, others may use the other one
 * (RFC 9110 section 8.3 about Content-Type).
 */
static void keep_single(struct reading *reading, struct text *field,
                        struct text value)
{
    if (field->data != NULL)
        reading->repeated = true;
    *field = text_trim(value);
}

/* Several fields are one, in their order, with `separator` between them. */
static void keep_joined(struct reading *reading, enum head_list list,
                        struct text *field, struct text separator,
                        struct text value)
{
    struct buffer *joined = &reading->head->joined[list];

    if (field->data == NULL) {
        *field = text_trim(value);
        return;
    }
    if (field->data != joined->data) {
        buffer_clear(joined);
        buffer_append(joined, *field);
    }
    reading->head->has_joined = true;
    buffer_append(joined, separator);
    buffer_append(joined, text_trim(value));
    *field = buffer_text(joined);
    reading->no_memory = reading->no_memory || buffer_failed(joined);
}

/* A list (RFC 9110 section 5.3). */
static void keep_list(struct reading *reading, enum head_list list,
                      struct text *field, struct text value)
{
    keep_joined(reading, list, field, TEXT(", "), value);
}

static void read_host(struct reading *reading, struct text value)
{
    reading->hosts++;
    reading->fields->host = text_trim(value);
}

/* Digits only: no sign, no list (RFC 9112 section 6.3). */
static void read_length(struct reading *reading, struct text value)
{
    reading->lengths++;
    if (!text_read_unsigned(value, UINT64_MAX, &reading->head->content_length))
        reading->bad_length = true;
}

/*
 * "chunked" and nothing else, not even white space behind it: MHD compares the
 * whole value, before we see it, and would read the body to the end of the
 * connection.
 */
static void read_encoding(struct reading *reading, struct text value)
{
    enum http_transfer_coding coding = http_transfer_coding_of(value);

    reading->encodings++;
    reading->bad_encoding |= coding == HTTP_TRANSFER_INVALID;
    reading->unknown_encoding |= coding == HTTP_TRANSFER_UNKNOWN;
}

/*
 * MHD sends 100 only if the first Expect field is exactly "100-continue". Other
 * clients must not be left waiting (RFC 9110 section 10.1.1). White space
 * behind the value is not part of it; MHD, which looks at the value after us,
 * finds a NUL in its place. The value lies in the connection's own memory. In
 * HTTP/1.0 the field is to be ignored.
 */
static void read_expect(struct reading *reading, struct text value)
{
    struct text trimmed = text_trim(value);

    if (reading->head->old)
        return;
    if (text_equal_ignoring_case(trimmed, TEXT("100-continue"))) {
        reading->head->expects_continue = true;
        if (trimmed.length < value.length)
            ((char *)value.data)[trimmed.length] = '\0';
    } else if (trimmed.length > 0) {
        reading->other_expectations = true;
    } else {
        reading->no_expectations = true;
    }
}

static void read_content_type(struct reading *reading, struct text value)
{
    keep_single(reading, &reading->fields->content_type, value);
}

static void read_content_encoding(struct reading *reading, struct text value)
{
    keep_list(reading, HEAD_CONTENT_ENCODING,
              &reading->fields->content_encoding, value);
}

static void read_accept_encoding(struct reading *reading, struct text value)
{
    keep_list(reading, HEAD_ACCEPT_ENCODING, &reading->fields->accept_encoding,
              value);
}

static void read_if_none_match(struct reading *reading, struct text value)
{
    keep_list(reading, HEAD_IF_NONE_MATCH, &reading->fields->if_none_match,
              value);
}

static void read_last_event_id(struct reading *reading, struct text value)
{
    keep_single(reading, &reading->fields->last_event_id, value);
}

static void read_origin(struct reading *reading, struct text value)
{
    keep_single(reading, &reading->fields->origin, value);
}

static void read_sec_fetch_site(struct reading *reading, struct text value)
{
    keep_single(reading, &reading->fields->sec_fetch_site, value);
}

/* Two are a list (RFC 9110 section 5.3), so neither of them counts. */
static void read_lunar_after(struct reading *reading, struct text value)
{
    bool again = reading->fields->lunar_after.data != NULL;

    reading->fields->lunar_after = again ? TEXT(",") : text_trim(value);
}

/* No request is refused for its id. The first valid one counts. */
static void read_request_id(struct reading *reading, struct text value)
{
    struct text id = text_trim(value);

    if (reading->fields->request_id.data == NULL && http_is_request_id(id))
        reading->fields->request_id = id;
}

/* It has one value (RFC 9110 section 11.6.2). */
static void read_authorization(struct reading *reading, struct text value)
{
    keep_single(reading, &reading->fields->authorization, value);
}

/*
 * HTTP/2 lets a client send each cookie in a field of its own; in HTTP/1.1 a
 * semicolon joins them (RFC 9113 section 8.2.3), which some proxies leave to
 * us.
 */
static void read_cookie(struct reading *reading, struct text value)
{
    keep_joined(reading, HEAD_COOKIE, &reading->fields->cookie, TEXT("; "),
                value);
}

static void read_forwarded(struct reading *reading, struct text value)
{
    keep_list(reading, HEAD_FORWARDED, &reading->head->forwarded.forwarded,
              value);
}

static void read_x_forwarded_for(struct reading *reading, struct text value)
{
    keep_list(reading, HEAD_X_FORWARDED_FOR, &reading->head->forwarded.x_for,
              value);
}

static void read_x_forwarded_host(struct reading *reading, struct text value)
{
    keep_list(reading, HEAD_X_FORWARDED_HOST, &reading->head->forwarded.x_host,
              value);
}

static void read_x_forwarded_proto(struct reading *reading, struct text value)
{
    keep_list(reading, HEAD_X_FORWARDED_PROTO,
              &reading->head->forwarded.x_proto, value);
}

static void read_connection(struct reading *reading, struct text value)
{
    reading->wants_close |= http_list_has(value, TEXT("close"));
    reading->wants_keep_alive |= http_list_has(value, TEXT("keep-alive"));
}

enum {
    LONGEST_NAME = 17,
    ALIKE = 4, /* names of one length, and the end of their row */
};

/*
 * By the lengths of the names, as each field of each request is looked up. A
 * row ends with a name of NULL.
 */
static const struct field {
    const char *name;
    void (*read)(struct reading *reading, struct text value);
} fields[LONGEST_NAME + 1][ALIKE] = {
    [4] = {{"Host", read_host}},
    [6] = {{"Expect", read_expect},
           {"Origin", read_origin},
           {"Cookie", read_cookie}},
    [9] = {{"Forwarded", read_forwarded}},
    [10] = {{"Connection", read_connection}},
    [11] = {{"Lunar-After", read_lunar_after}},
    [12] = {{"Content-Type", read_content_type},
            {"X-Request-Id", read_request_id}},
    [13] = {{"Authorization", read_authorization},
            {"If-None-Match", read_if_none_match},
            {"Last-Event-ID", read_last_event_id}},
    [14] = {{"Content-Length", read_length},
            {"Sec-Fetch-Site", read_sec_fetch_site}},
    [15] = {{"Accept-Encoding", read_accept_encoding},
            {"X-Forwarded-For", read_x_forwarded_for}},
    [16] = {{"Content-Encoding", read_content_encoding},
            {"X-Forwarded-Host", read_x_forwarded_host}},
    [17] = {{"Transfer-Encoding", read_encoding},
            {"X-Forwarded-Proto", read_x_forwarded_proto}},
};

static const struct field *find_field(struct text name)
{
    if (name.length > LONGEST_NAME)
        return NULL;
    for (const struct field *field = fields[name.length]; field->name != NULL;
         field++)
        if (text_equal_ignoring_case((struct text){field->name, name.length},
                                     name))
            return field;
    return NULL;
}

/*
 * MHD 0.9.75 parses the head in place and writes NULs over colons and the ends
 * of lines. It takes a NUL that was sent for such an end; it takes a line that
 * begins with a NUL or a colon for the empty line that ends the head; and it
 * appends a line that begins with white space, which continues the line before
 * (obs-fold, RFC 9112 section 5.2), to the *name* of that line's field, which
 * it copies elsewhere. Other servers read all of these differently. So each
 * line must begin where the one before ends, each value must follow its name,
 * and no byte of the head may be left over.
 *
 * This does not distinguish "\r\n" from what MHD turns into as many NULs: a
 * lone NUL or colon followed by "\n".
 */
static bool begins_at(const char *line, const char *end)
{
    /* The byte before a line ended the line before; MHD made it a NUL. */
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

/* Behind the last field: its line's end and the empty line, 1 or 2 bytes each.
 */
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
    const struct field *field = find_field(key);
    if (field != NULL)
        field->read(reading, text);
    return MHD_YES;
}

/*
 * A target has no white space and no control characters (RFC 9112 section 3.2),
 * and no NUL, which MHD would take for its end: the version is further away
 * then.
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

/* The objection to the lines as such, or NULL. */
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
        return "a header's name has a character that is not allowed in names";
    if (reading->bad_value)
        return "a header's value has a CR";
    if (reading->bad_lines || head == NULL ||
        !is_head_complete(reading->end, line->method + head->header_size))
        return "a header's line is folded, has a NUL or has no name";
    return NULL;
}

/* The objection to a field that came twice, or NULL. */
static const char *object_to_repetition(const struct reading *reading)
{
    if (reading->repeated)
        return "a request must have at most one Authorization, one "
               "Content-Type, one Last-Event-ID, one Origin and one "
               "Sec-Fetch-Site";
    return NULL;
}

/* The objection to how the body's length is given, or NULL. */
static const char *object_to_framing(const struct reading *reading, bool old)
{
    if (reading->encodings > 1 || reading->bad_encoding ||
        (reading->encodings > 0 && old))
        return "the only Transfer-Encoding supported is one \"chunked\", in "
               "HTTP/1.1";
    if (reading->encodings > 0 && reading->lengths > 0)
        return "a request must not have both a Transfer-Encoding and a "
               "Content-Length";
    if (reading->lengths > 1 || reading->bad_length)
        return "a request must have at most one Content-Length, of digits only";
    return NULL;
}

/*
 * The objection to the host, or NULL. The host of an absolute-form target
 * replaces the field's (RFC 9112 section 3.2.2) and must not be empty (RFC 9110
 * section 4.2.1).
 */
static const char *object_to_host(struct text target, struct reading *reading,
                                  bool old)
{
    struct text authority = http_target_authority(target);
    struct text *host = &reading->fields->host;

    if (reading->hosts > 1 || (reading->hosts == 0 && !old))
        return "a request must have exactly one Host header";
    if (reading->hosts > 0 && !http_is_host(*host))
        return "the Host header must be a host, with or without a port";
    if (authority.data == NULL)
        return NULL;
    if (authority.length == 0 || authority.data[0] == ':' ||
        !http_is_host(authority))
        return "the host in the target is not valid";
    *host = authority;
    return NULL;
}

void head_release(struct head *head)
{
    if (!head->has_joined)
        return;
    for (size_t i = 0; i < HEAD_LISTS; i++)
        if (head->joined[i].data != NULL)
            buffer_release(&head->joined[i]);
    head->has_joined = false;
}

/* The status for a valid head that asks for what is not supported, or 0. */
static unsigned refuse_unsupported(const struct reading *reading,
                                   const char **objection)
{
    if (reading->no_memory)
        return 503;
    if (reading->unknown_encoding) {
        *objection = "the only Transfer-Encoding supported is \"chunked\"";
        return 501;
    }
    if (reading->other_expectations ||
        (reading->no_expectations && reading->head->expects_continue)) {
        *objection = "the only Expect supported is one \"100-continue\"";
        return 417;
    }
    return 0;
}

unsigned head_read(struct MHD_Connection *connection,
                   const struct head_line *line, struct http_fields *kept,
                   struct head *head, const char **objection)
{
    struct reading reading = {.fields = kept, .head = head};
    bool old = strcmp(line->version, "HTTP/1.0") == 0;

    *kept = (struct http_fields){.host = {NULL, 0}};
    head->forwarded = (struct forwarded_fields){.forwarded = {NULL, 0}};
    head->expects_continue = false;
    head->content_length = 0;
    head->old = old;
    reading.end = line->version + strlen(line->version);
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, read_field,
                                &reading);
    head->chunked = reading.encodings > 0;
    /* RFC 9112 section 9.3. */
    head->last = reading.wants_close || (old && !reading.wants_keep_alive);
    *objection = object_to_lines(connection, line, &reading);
    if (*objection != NULL)
        head->forwarded = (struct forwarded_fields){.forwarded = {NULL, 0}};
    if (*objection == NULL)
        *objection = object_to_repetition(&reading);
    if (*objection == NULL)
        *objection = object_to_framing(&reading, old);
    if (*objection == NULL)
        *objection = object_to_host(line->target, &reading, old);
    if (*objection != NULL)
        return 400;
    return refuse_unsupported(&reading, objection);
}
