/*
 * What the references have in common: `PROGRAM KERNEL SECONDS [BYTES [STEPS]]` does operations of one kernel until the thread has used so
 * much processor time, and prints how many, in how many nanoseconds, and a number that depends on all results, so that no
 * compiler may leave anything out. Compiled and called by ../cpu-kernels.ts.
 */
#define _DEFAULT_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

typedef uint32_t (*operation)(void);

struct kernel {
  const char *name;
  void (*open)(size_t bytes, int steps);
  operation operate;
};

/* Operations from one look at the clock to the next, as many as where brunt's are measured. */
#define BETWEEN_LOOKS 8

static uint64_t cpu_ns(void) {
  struct timespec at;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
  return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

/* In huge pages where brunt's is too. */
#define HUGE ((size_t)1 << 21)
#define HUGE_FROM ((size_t)1 << 17)
static void *aligned(size_t bytes) {
  const int is_huge = bytes >= HUGE_FROM;
  const size_t page = is_huge ? HUGE : 4096;
  void *memory = aligned_alloc(page, (bytes + page - 1) / page * page);
  if (memory == NULL) exit(3);
#ifdef MADV_HUGEPAGE
  if (is_huge) madvise(memory, (bytes + page - 1) / page * page, MADV_HUGEPAGE);
#endif
  memset(memory, 0, bytes);
  return memory;
}

static int reference_main(const struct kernel *kernels, int argc, char **argv) {
  if (argc < 3) return 2;
  for (const struct kernel *kernel = kernels; kernel->name != NULL; kernel++) {
    if (strcmp(kernel->name, argv[1]) != 0) continue;
    if (kernel->open != NULL) kernel->open(argc > 3 ? strtoull(argv[3], NULL, 10) : 0, argc > 4 ? atoi(argv[4]) : 0);
    uint32_t word = kernel->operate();
    const uint64_t wanted = (uint64_t)(atof(argv[2]) * 1e9);
    const uint64_t from = cpu_ns();
    uint64_t took = 0;
    unsigned long long done = 0;
    while (took < wanted) {
      for (int i = 0; i < BETWEEN_LOOKS; i++) word ^= kernel->operate();
      done += BETWEEN_LOOKS;
      took = cpu_ns() - from;
    }
    printf("%llu %llu %u\n", done, (unsigned long long)took, word);
    return 0;
  }
  return 2;
}
