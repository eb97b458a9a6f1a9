/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the file of a snapshot, which is loaded into a table. Whatever is done
 * to it, it is refused, or the rockets are those that were saved: never others.
 *
 * The first byte says how. Its second bit is set for the snapshot of a topic.
 * If it is even, the rest are changes of a good file, eight bytes each: what is
 * done, the number of bytes, the place of which they become the copy (two), the
 * place (three), a byte. If it is odd, the rest are the images of a block whose
 * sum is right: then the rockets are exactly those of these images.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "domain/rocket.h"
#include "lib/temporary_folder.h"
#include "lib/messages.h"
#include "lib/saved_table.h"
#include "store/snapshot_check.h"
#include "store/snapshot_load.h"

enum {
    ROCKETS = 40,
    RUNS = 5000, /* of one, for a block of several pages */
    BLOCK = 100, /* bytes: many blocks */
    CHANGE = 8,  /* bytes */
    MOST_CHANGES = 16,
    FILE_MAX = 1024 * 1024,
};

static char root[FOLDER_ROOT];
static char path[96];
static struct table *saved;
static struct saved_images images_saved;
static struct snapshot_info info;
/* A good file of each kind. */
struct good_file {
    enum snapshot_kind kind;
    unsigned char bytes[FILE_MAX];
    size_t size;
};
static struct good_file goods[2] = {{.kind = SNAPSHOT_OF_FOLDER},
                                    {.kind = SNAPSHOT_OF_TOPIC}};
static const struct good_file *good; /* of the input */
static unsigned char bytes[FILE_MAX];

static void remove_folder(void)
{
    folder_remove(root);
    saved_images_release(&images_saved);
    table_free(saved);
}

/* Of all sorts, and one with many gaps. */
static void make_rockets(void)
{
    saved = table_new(SIZE_MAX);
    FUZZ_CHECK(saved != NULL);
    for (unsigned i = 0; i < ROCKETS; i++) {
        char channel[32];
        snprintf(channel, sizeof(channel), "rocket-%u", i);
        for (unsigned j = 0; j < (i == 0 ? RUNS : i % 4 + 1); j++) {
            struct message message = message_of_type(
                (enum message_type)((i + j) % MESSAGE_TYPE_COUNT), channel,
                1 + 2 * j);
            table_apply(saved, &message);
        }
    }
}

/* The rockets in the file; their order, and so the blocks, differ by run. */
static void make_good_file(struct good_file *made)
{
    char error[JOURNAL_ERROR];

    info = (struct snapshot_info){.id = 1,
                                  .position = 1,
                                  .through = table_revision(saved),
                                  .max_runs = ROCKET_MAX_RUNS,
                                  .check = 17,
                                  .rules = 1};
    unlink(path);
    FUZZ_CHECK(
        saved_table_write_kind(saved, path, made->kind, BLOCK, &info, error));
    FUZZ_CHECK(info.blocks > 5 && info.bytes <= FILE_MAX);
    made->size = (size_t)info.bytes;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    FUZZ_CHECK(read(file, made->bytes, made->size) == (ssize_t)made->size);
    close(file);
}

static void make_good_files(void)
{
    folder_make_fast(root);
    atexit(remove_folder);
    snprintf(path, sizeof(path), "%s/snapshot.db", root);
    make_rockets();
    images_saved = saved_images_make(saved);
    for (size_t i = 0; i < sizeof(goods) / sizeof(goods[0]); i++)
        make_good_file(&goods[i]);
}

/* Change `bytes`, a file of `size`. Returns the new size. */
static size_t change_file(const uint8_t change[CHANGE], size_t size)
{
    size_t count = (size_t)change[1] + 1;
    size_t from = ((size_t)change[2] << 8 | change[3]) * 7 % good->size;
    size_t at = ((size_t)change[4] << 16 | (size_t)change[5] << 8 | change[6]) %
                good->size;
    size_t room = good->size - (at > from ? at : from);

    if (count > room)
        count = room;
    switch (change[0] % 6) {
    case 0:
        bytes[at] = change[7];
        return size;
    case 1:
        bytes[at] = (unsigned char)(bytes[at] ^ (1U << change[7] % 8));
        return size;
    case 2:
        memset(bytes + at, change[7], count);
        return size;
    case 3:
        memmove(bytes + at, good->bytes + from, count);
        return size;
    case 4: /* within the header, where each byte has a meaning */
        bytes[at % 110] = change[7];
        return size;
    default:
        return at < size ? at : size;
    }
}

static void write_file(size_t size)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    FUZZ_CHECK(file >= 0);
    FUZZ_CHECK(write(file, bytes, size) == (ssize_t)size);
    close(file);
}

/* Load the file into a new table. NULL if it is refused, with a reason. */
static struct table *load_file(void)
{
    struct table *table = table_new(SIZE_MAX);
    char error[JOURNAL_ERROR] = "";

    FUZZ_CHECK(table != NULL);
    if (snapshot_load(path, good->kind, table, NULL, error) == JOURNAL_COMPLETE)
        return table;
    FUZZ_CHECK(strstr(error, path) != NULL);
    table_free(table);
    return NULL;
}

/*
 * As a file that another instance has given. What a start would refuse is found
 * before, unless a rocket is in it twice, which changes cannot make. It may
 * find more: pages that nothing is read from.
 */
static void check_fetched(bool loads)
{
    char error[JOURNAL_ERROR] = "";
    struct snapshot_info checked;

    if (snapshot_check(path, good->kind, NULL, &checked, error) ==
        JOURNAL_COMPLETE) {
        FUZZ_CHECK(loads);
        FUZZ_CHECK(checked.check == (good->kind == SNAPSHOT_OF_TOPIC ? 17 : 0));
    } else {
        FUZZ_CHECK(strstr(error, path) != NULL);
    }
}

static void check_changes(const uint8_t *data, size_t size)
{
    size_t length = good->size;

    memcpy(bytes, good->bytes, good->size);
    for (size_t i = 0; i < MOST_CHANGES && size >= CHANGE; i++) {
        length = change_file(data, length);
        data += CHANGE;
        size -= CHANGE;
    }
    write_file(length);
    struct table *loaded = load_file();
    if (loaded != NULL)
        FUZZ_CHECK(saved_images_same(&images_saved, loaded));
    check_fetched(loaded != NULL);
    FUZZ_CHECK(loaded != NULL || memcmp(bytes, good->bytes, good->size) != 0 ||
               length != good->size);
    table_free(loaded);
}

/* Write a snapshot with these images in one block. */
static void write_images(struct text images, uint64_t rockets)
{
    struct snapshot_info made = info;
    char error[JOURNAL_ERROR];

    made.through = INT64_MAX;
    unlink(path);
    struct snapshot_writer *writer =
        snapshot_writer_new(path, good->kind, 1, error);
    FUZZ_CHECK(writer != NULL);
    FUZZ_CHECK(snapshot_writer_add(writer, images, rockets, error));
    FUZZ_CHECK(snapshot_writer_finish(writer, &made, error));
    snapshot_writer_free(writer);
}

static void check_images(struct text images)
{
    struct text rest = images;
    struct table_image image;
    uint64_t rockets = 0;
    struct buffer again = BUFFER_INIT;

    while (rest.length > 0 && table_image_read(&rest, &image))
        rockets++;
    write_images(images, rockets + 1 - (rest.length == 0));
    struct table *loaded = load_file();
    /* A number twice, or a later position than there may be, is refused too. */
    FUZZ_CHECK(loaded == NULL || rest.length == 0);
    if (loaded != NULL) {
        FUZZ_CHECK(table_count(loaded) == rockets);
        table_images_save(loaded, &again);
        FUZZ_CHECK(again.length == images.length);
        FUZZ_CHECK(rockets > 1 || text_equal(buffer_text(&again), images));
    }
    buffer_release(&again);
    table_free(loaded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (saved == NULL)
        make_good_files();
    if (size < 2)
        return 0;
    good = &goods[data[0] / 2 % 2];
    if (data[0] % 2 == 0)
        check_changes(data + 1, size - 1);
    else
        check_images(fuzz_text(data + 1, size - 1));
    return 0;
}
