/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Included before everything else in the build for helgrind, which does not
 * support C11 atomics: it takes an atomic load for a plain read, and sees no
 * order between a thread that publishes data by an atomic and a thread that
 * reads the data.
 *
 * Here each access is an atomic read-modify-write operation, which helgrind
 * does not report as a race. Annotations tell helgrind that all before a store
 * happens before all after a load of the same variable. This is more order than
 * memory_order_relaxed gives; ThreadSanitizer checks that.
 */
#ifndef LUNAR_TEST_ATOMICS_H
#define LUNAR_TEST_ATOMICS_H

#include <stdatomic.h>
#include <stdint.h>
#include <valgrind/helgrind.h>

#undef atomic_init
#undef atomic_load
#undef atomic_load_explicit
#undef atomic_store
#undef atomic_store_explicit
#undef atomic_exchange
#undef atomic_compare_exchange_strong
#undef atomic_compare_exchange_weak
#undef atomic_compare_exchange_weak_explicit
#undef atomic_fetch_add
#undef atomic_fetch_sub
#undef atomic_fetch_sub_explicit

/* The type without _Atomic and const. */
#define PLAIN(at) __typeof__((void)0, *(at))
#define PLAIN_POINTER(at) ((PLAIN(at) *)(uintptr_t)(at))

/* A compare-and-exchange of 0 with 0: it reads without changing the value. */
#define atomic_load(at)                                                        \
    __extension__({                                                            \
        PLAIN(at) loaded = 0;                                                  \
        __atomic_compare_exchange_n(PLAIN_POINTER(at), &loaded, loaded, 0,     \
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);       \
        ANNOTATE_HAPPENS_AFTER(PLAIN_POINTER(at));                             \
        loaded;                                                                \
    })

#define atomic_exchange(at, value)                                             \
    __extension__({                                                            \
        ANNOTATE_HAPPENS_BEFORE(PLAIN_POINTER(at));                            \
        PLAIN(at)                                                              \
        exchanged =                                                            \
            __atomic_exchange_n(PLAIN_POINTER(at), (value), __ATOMIC_SEQ_CST); \
        ANNOTATE_HAPPENS_AFTER(PLAIN_POINTER(at));                             \
        exchanged;                                                             \
    })

#define atomic_compare_exchange_strong(at, expected, wanted)                   \
    __extension__({                                                            \
        ANNOTATE_HAPPENS_BEFORE(PLAIN_POINTER(at));                            \
        _Bool changed = __atomic_compare_exchange_n(                           \
            PLAIN_POINTER(at), (expected), (wanted), 0, __ATOMIC_SEQ_CST,      \
            __ATOMIC_SEQ_CST);                                                 \
        ANNOTATE_HAPPENS_AFTER(PLAIN_POINTER(at));                             \
        changed;                                                               \
    })

#define FETCH(operation, at, value)                                            \
    __extension__({                                                            \
        ANNOTATE_HAPPENS_BEFORE(PLAIN_POINTER(at));                            \
        PLAIN(at)                                                              \
        fetched = __atomic_fetch_##operation(PLAIN_POINTER(at), (value),       \
                                             __ATOMIC_SEQ_CST);                \
        ANNOTATE_HAPPENS_AFTER(PLAIN_POINTER(at));                             \
        fetched;                                                               \
    })

#define atomic_init(at, value) ((void)atomic_exchange(at, value))
#define atomic_load_explicit(at, order) atomic_load(at)
#define atomic_store(at, value) ((void)atomic_exchange(at, value))
#define atomic_store_explicit(at, value, order) atomic_store(at, value)
#define atomic_compare_exchange_weak(at, expected, wanted)                     \
    atomic_compare_exchange_strong(at, expected, wanted)
#define atomic_compare_exchange_weak_explicit(at, expected, wanted, yes, no)   \
    atomic_compare_exchange_strong(at, expected, wanted)
#define atomic_fetch_add(at, value) FETCH(add, at, value)
#define atomic_fetch_sub(at, value) FETCH(sub, at, value)
#define atomic_fetch_sub_explicit(at, value, order) FETCH(sub, at, value)

#endif
