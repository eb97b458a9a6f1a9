/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The linker redirects pthread_create(3) to this, in tests that are left out of
 * the build with ThreadSanitizer because they start no thread: see
 * WITHOUT_THREADS in tests/CMakeLists.txt.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

__attribute__((used)) int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                      void *(*run)(void *), void *context);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*run)(void *), void *context)
{
    (void)thread;
    (void)attributes;
    (void)run;
    (void)context;
    fputs("this test starts a thread: take it off the list WITHOUT_THREADS of "
          "tests/CMakeLists.txt\n",
          stderr);
    abort();
}
