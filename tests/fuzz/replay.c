/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target on existing files, without libFuzzer. So the inputs of a
 * corpus, which once made the target fail or reached new code, are tested again
 * with every compiler and sanitizer.
 *
 * usage: fuzz_NAME FILE|FOLDER...    a folder stands for all files in it
 */
#include "fuzz.h"

#include <fts.h>
#include <sys/stat.h>

/*
 * Prints the name first, so that it is known after a crash. The target gets a
 * block of exactly the file's size.
 */
static void replay_file(const char *path, size_t size)
{
    uint8_t *data = malloc(size > 0 ? size : 1);
    FILE *file = fopen(path, "rbe");

    printf("%s\n", path);
    fflush(stdout);
    FUZZ_CHECK(data != NULL && file != NULL);
    FUZZ_CHECK(fread(data, 1, size, file) == size);
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
}

static int compare_names(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* In the order of names, so that failures are reproducible. */
int main(int argc, char **argv)
{
    FTS *files = fts_open(argv + 1, FTS_LOGICAL, compare_names);
    const FTSENT *entry;
    size_t count = 0;

    FUZZ_CHECK(argc > 1 && files != NULL);
    while ((entry = fts_read(files)) != NULL) {
        FUZZ_CHECK(entry->fts_info != FTS_NS && entry->fts_info != FTS_DNR);
        if (entry->fts_info == FTS_F && entry->fts_name[0] != '.') {
            replay_file(entry->fts_accpath, (size_t)entry->fts_statp->st_size);
            count++;
        }
    }
    fts_close(files);
    printf("%zu files\n", count);
    return count > 0 ? 0 : 1; /* a missing corpus must not pass the test */
}
