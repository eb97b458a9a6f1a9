/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token is a token68 (RFC 9110 section 11.2), so that it cannot end the field
 * that it is sent in.
 */
#include "access.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_token(const char *text)
{
    size_t length =
        strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                     "0123456789-._~+/");

    return length > 0 && text[length + strspn(text + length, "=")] == '\0' &&
           strlen(text) <= ACCESS_MAX_TOKEN;
}

/* Find the one line that is neither blank nor a comment. False: not one. */
static bool take_line(FILE *file, char token[static ACCESS_MAX_TOKEN + 1])
{
    char line[ACCESS_MAX_TOKEN + 4]; /* with \r\n, and a byte too many */
    size_t found = 0;

    while (fgets(line, sizeof(line), file) != NULL) {
        char *start = line + strspn(line, " \t");

        for (size_t end = strlen(start);
             end > 0 && strchr(" \t\r\n", start[end - 1]) != NULL; end--)
            start[end - 1] = '\0';
        if (*start == '\0' || *start == '#')
            continue;
        if (strlen(start) > ACCESS_MAX_TOKEN)
            found++; /* it counts twice, so that it is none */
        found++;
        snprintf(token, ACCESS_MAX_TOKEN + 1, "%.*s", ACCESS_MAX_TOKEN, start);
    }
    explicit_bzero(line, sizeof(line));
    return found == 1 && is_token(token);
}

static bool read_file(struct access *access, char *error, size_t error_size)
{
    FILE *file = fopen(access->token_file, "re");
    struct stat status;
    bool good = false;

    if (file == NULL || fstat(fileno(file), &status) != 0)
        snprintf(error, error_size, "--token-file=%s: can't read it (%s)",
                 access->token_file, strerrordesc_np(errno));
    else if ((status.st_mode & (S_IRWXO | S_IWGRP)) != 0)
        snprintf(error, error_size,
                 "--token-file=%s: others may read or change it: chmod 600 %s",
                 access->token_file, access->token_file);
    else if (!take_line(file, access->token))
        snprintf(error, error_size,
                 "--token-file=%s: expected one line with a token, the first "
                 "line that lunar.service -new-token prints",
                 access->token_file);
    else
        good = true;
    if (file != NULL)
        fclose(file);
    return good;
}

bool access_load(struct access *access, char *error, size_t error_size)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe) */
    const char *variable = getenv("ROCKETS_TOKEN");

    access->token[0] = '\0';
    if (access->token_file != NULL)
        return read_file(access, error, error_size);
    if (variable == NULL || *variable == '\0')
        return true;
    if (!is_token(variable)) {
        snprintf(error, error_size,
                 "ROCKETS_TOKEN: expected a token, the first line that "
                 "lunar.service -new-token prints");
        return false;
    }
    snprintf(access->token, sizeof(access->token), "%s", variable);
    return true;
}

void access_apply(CURL *easy, const struct access *access)
{
    if (access == NULL)
        return;
    if (access->ca_file != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, access->ca_file);
    if (access->insecure) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (access->token[0] != '\0') {
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, access->token);
    }
}
