/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines and the framing are judged here, the fields in head_fields.c.
 */
#include "head.h"

#include <microhttpd.h>
#include <string.h>

#include "head_fields.h"
#include "http/fields.h"
#include "http/target.h"

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

static void read_place(struct head_reading *reading, struct text name,
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
    struct head_reading *reading = context;
    struct text key = {name, name_length};
    struct text text = {value, value_length};

    (void)kind;
    read_place(reading, key, text);
    if (!http_is_token(key))
        reading->bad_name = true;
    if (memchr(value, '\r', value_length) != NULL)
        reading->bad_value = true;
    head_read_field(reading, key, text);
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
                                   const struct head_reading *reading)
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
static const char *object_to_repetition(const struct head_reading *reading)
{
    if (reading->repeated)
        return "a request must have at most one Authorization, one "
               "Content-Type, one Last-Event-ID, one Origin and one "
               "Sec-Fetch-Site";
    return NULL;
}

/* The objection to how the body's length is given, or NULL. */
static const char *object_to_framing(const struct head_reading *reading,
                                     bool old)
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
static const char *object_to_host(struct text target,
                                  struct head_reading *reading, bool old)
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
static unsigned refuse_unsupported(const struct head_reading *reading,
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
    struct head_reading reading = {.fields = kept, .head = head};
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
