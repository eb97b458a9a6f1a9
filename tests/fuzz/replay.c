/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target on existing files, without libFuzzer. So the inputs of a
 * corpus, which once made the target fail or reached new code, are tested again
 * with every compiler and sanitizer.
 *
 * usage: fuzz_NAME FILE|FOLDER...    a folder stands for all files in it
 */
#include "fuzz.h"

#include <dirent.h>
#include <sys/stat.h>

/*
 * The content of `path`, in a block of exactly its size. Absent, with an error
 * message, if it cannot be read.
 */
static struct text read_file(const char *path)
{
    struct stat info;
    char *data = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "rbe");

    if (file != NULL && fstat(fileno(file), &info) == 0) {
        size = (size_t)info.st_size;
        data = malloc(size > 0 ? size : 1);
        if (data != NULL && fread(data, 1, size, file) != size) {
            free(data);
            data = NULL;
        }
    }
    if (data == NULL)
        perror(path);
    if (file != NULL)
        fclose(file);
    return (struct text){data, size};
}

/*
 * Returns how many files were replayed: 1 or 0. Prints the name first, so that
 * it is known after a crash.
 */
static size_t replay_file(const char *path)
{
    struct text bytes = read_file(path);

    if (bytes.data == NULL)
        return 0;
    printf("%s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput((const uint8_t *)bytes.data, bytes.length);
    fuzz_free(bytes);
    return 1;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/*
 * Replay all files in the order of names, so that failures are reproducible.
 * Returns how many there were; 0 if one could not be read, as a missing corpus
 * must not pass the test.
 */
static size_t replay_folder(const char *path)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_visible, alphasort);
    size_t replayed = 0;

    if (count < 0)
        perror(path);
    for (int i = 0; i < count; i++) {
        char name[4096];
        snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
        replayed += replay_file(name);
        free(entries[i]);
    }
    free(entries);
    return count > 0 && replayed == (size_t)count ? replayed : 0;
}

int main(int argc, char **argv)
{
    size_t replayed = 0;
    bool all = argc > 1;

    for (int i = 1; i < argc; i++) {
        struct stat info;
        bool folder = stat(argv[i], &info) == 0 && S_ISDIR(info.st_mode);
        size_t files = folder ? replay_folder(argv[i]) : replay_file(argv[i]);
        all = all && files > 0;
        replayed += files;
    }
    printf("%zu files\n", replayed);
    return all ? 0 : 1;
}
