/**
 * What the addon calls of the C library, by the names it had in glibc 2.28: built on a newer system, it would ask for
 * newer ones of the same functions and load on none before it. native/cmake/Portable.cmake has the linker put these in
 * their place; what an addon asks for in the end is read by scripts/lib/portable.mjs.
 */
#include <features.h>

#ifdef __GLIBC__

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <sys/stat.h>

#if defined(__x86_64__)
#define VIT_FIRST "GLIBC_2.2.5"
#define VIT_FIRST_AFFINITY "GLIBC_2.3.4"
#define VIT_STAT_VERSION 1
#elif defined(__aarch64__)
#define VIT_FIRST "GLIBC_2.17"
#define VIT_FIRST_AFFINITY "GLIBC_2.17"
#define VIT_STAT_VERSION 0
#else
#error "Which version of glibc was the first for this processor?"
#endif

/** `old` is the function `name` of the C library as that version had it. */
#define VIT_OLD(old, name, version) __asm__(".symver " #old ", " #name "@" version)

extern "C" {

VIT_OLD(old_exp, exp, VIT_FIRST);
VIT_OLD(old_pow, pow, VIT_FIRST);
VIT_OLD(old_log, log, VIT_FIRST);
VIT_OLD(old_log2, log2, VIT_FIRST);
VIT_OLD(old_fxstat, __fxstat, VIT_FIRST);
VIT_OLD(old_create, pthread_create, VIT_FIRST);
VIT_OLD(old_join, pthread_join, VIT_FIRST);
VIT_OLD(old_once, pthread_once, VIT_FIRST);
VIT_OLD(old_key_create, __pthread_key_create, VIT_FIRST);
VIT_OLD(old_set_affinity, pthread_setaffinity_np, VIT_FIRST_AFFINITY);
VIT_OLD(old_get_affinity, pthread_getaffinity_np, VIT_FIRST_AFFINITY);

double old_exp(double);
double old_pow(double, double);
double old_log(double);
double old_log2(double);
int old_fxstat(int, int, struct stat*);
int old_create(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
int old_join(pthread_t, void**);
int old_once(pthread_once_t*, void (*)(void));
int old_key_create(pthread_key_t*, void (*)(void*));
int old_set_affinity(pthread_t, size_t, const cpu_set_t*);
int old_get_affinity(pthread_t, size_t, cpu_set_t*);

double __wrap_exp(double x) { return old_exp(x); }
double __wrap_pow(double x, double y) { return old_pow(x, y); }
double __wrap_log(double x) { return old_log(x); }
double __wrap_log2(double x) { return old_log2(x); }
int __wrap_fstat(int file, struct stat* found) { return old_fxstat(VIT_STAT_VERSION, file, found); }
// of the same layout on processors of 64 bits
int __wrap_fstat64(int file, struct stat* found) { return old_fxstat(VIT_STAT_VERSION, file, found); }
int __wrap_pthread_create(pthread_t* thread, const pthread_attr_t* how, void* (*run)(void*), void* argument) {
  return old_create(thread, how, run, argument);
}
int __wrap_pthread_join(pthread_t thread, void** result) { return old_join(thread, result); }
int __wrap_pthread_once(pthread_once_t* done, void (*run)(void)) { return old_once(done, run); }
int __wrap___pthread_key_create(pthread_key_t* key, void (*end)(void*)) { return old_key_create(key, end); }
int __wrap_pthread_setaffinity_np(pthread_t thread, size_t size, const cpu_set_t* set) {
  return old_set_affinity(thread, size, set);
}
int __wrap_pthread_getaffinity_np(pthread_t thread, size_t size, cpu_set_t* set) {
  return old_get_affinity(thread, size, set);
}

/** glibc 2.32 says by it that a process has one thread. Here it never does, so counts are always changed atomically. */
extern char __libc_single_threaded;
char __libc_single_threaded = 0;

}  // extern "C"

#endif
