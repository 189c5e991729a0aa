// Preloaded into a program: its clocks are ahead by the seconds in the file $SHIFTED_CLOCKS, two numbers of 64 bits, for
// the wall clock and the monotonic one. They may change at any time.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t* ahead;

__attribute__((constructor)) static void map(void) {
  const int file = open(getenv("SHIFTED_CLOCKS"), O_RDONLY);
  ahead = mmap(NULL, 2 * sizeof *ahead, PROT_READ, MAP_SHARED, file, 0);
  if (file < 0 || ahead == MAP_FAILED) abort();
  close(file);
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  static int (*real)(clockid_t, struct timespec*);
  if (real == NULL) real = dlsym(RTLD_NEXT, "clock_gettime");
  const int status = real(clock, now);
  if (ahead == NULL) return status;
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += ahead[0];
  if (clock == CLOCK_MONOTONIC) now->tv_sec += ahead[1];
  return status;
}

int gettimeofday(struct timeval* restrict now, void* restrict zone) {
  (void)zone;
  struct timespec exact;
  const int status = clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return status;
}

time_t time(time_t* to) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (to != NULL) *to = exact.tv_sec;
  return exact.tv_sec;
}

// The kernel's clock is as it was.
int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                           const struct timespec* until) {
  static int (*real)(pthread_cond_t*, pthread_mutex_t*, clockid_t, const struct timespec*);
  if (real == NULL) real = dlsym(RTLD_NEXT, "pthread_cond_clockwait");
  struct timespec unshifted = *until;
  if (ahead != NULL) unshifted.tv_sec -= ahead[clock == CLOCK_MONOTONIC];
  return real(condition, mutex, clock, &unshifted);
}
