/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access control with a file of tokens and a clock that a test sets. What goes
 * wrong aborts.
 */
#ifndef LUNAR_TESTS_ACCESS_SCENE_H
#define LUNAR_TESTS_ACCESS_SCENE_H

#include <sodium.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "auth/access.h"
#include "base/text.h"
#include "lib/temporary_folder.h"

struct access_scene {
    char folder[FOLDER_ROOT];
    char path[FOLDER_ROOT + 16]; /* of the file of tokens */
    char error[ACCESS_ERROR];
    struct access *access;
};

/* The clock: seconds since 1970. */
static _Atomic uint64_t access_scene_time = 1000000;

static inline uint64_t access_scene_now(void)
{
    return atomic_load(&access_scene_time);
}

/* Replace the file as a whole, so that no reader sees a part of it. */
static inline void access_scene_write(const struct access_scene *scene,
                                      const char *text)
{
    char other[sizeof(scene->path) + 8];

    snprintf(other, sizeof(other), "%s.new", scene->path);
    FILE *file = fopen(other, "we");
    if (file == NULL || chmod(other, 0600) != 0 || fputs(text, file) < 0 ||
        fclose(file) != 0 || rename(other, scene->path) != 0)
        abort();
}

/* Make the folder and the path, but no file. */
static inline void access_scene_init(struct access_scene *scene)
{
    *scene = (struct access_scene){.access = NULL};
    folder_make_fast(scene->folder);
    snprintf(scene->path, sizeof(scene->path), "%s/tokens", scene->folder);
    atomic_store(&access_scene_time, 1000000);
}

/* Write the file, and open it with these scopes without a token. */
static inline bool access_scene_open(struct access_scene *scene,
                                     const char *text, unsigned anonymous,
                                     unsigned unix_scopes)
{
    const struct access_options options = {
        .file = scene->path,
        .anonymous = anonymous,
        .unix_scopes = unix_scopes,
        .session_seconds = 100,
        .now = access_scene_now,
    };

    access_scene_write(scene, text);
    scene->access = access_open(&options, scene->error);
    return scene->access != NULL;
}

static inline bool access_scene_reload(struct access_scene *scene,
                                       const char *text)
{
    access_scene_write(scene, text);
    return access_reload(scene->access, scene->error);
}

static inline void access_scene_release(struct access_scene *scene)
{
    access_free(scene->access);
    folder_remove(scene->folder);
}

/* The line of a file for a token with this text, with a line feed. */
static inline const char *access_scene_line(char line[TOKENS_LINE],
                                            const char *name, const char *text,
                                            const char *scopes)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof(hash) + 1];

    crypto_hash_sha256(hash, (const unsigned char *)text, strlen(text));
    sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
    snprintf(line, TOKENS_LINE, "%s sha256:%s %s\n", name, hex, scopes);
    return line;
}

/* A request from a page of our own, or from none, by TCP. */
static inline struct access_request
access_scene_request(const char *authorization, const char *cookie)
{
    return (struct access_request){
        .authorization = text_of(authorization),
        .cookie = text_of(cookie),
        .host = TEXT("example.org:8088"),
        .own_page = true,
    };
}

/* The field with the cookie of a session. Returns `field`. */
static inline const char *
access_scene_cookie(char field[ACCESS_COOKIE_NAME + ACCESS_COOKIE_VALUE],
                    const char *value)
{
    snprintf(field, ACCESS_COOKIE_NAME + ACCESS_COOKIE_VALUE,
             "lunar-session-8088=%s", value);
    return field;
}

#endif
