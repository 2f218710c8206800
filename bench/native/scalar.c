/* Scalar kernels of plugins/cpu/kernels, operation for operation the same, for ../cpu-kernels.ts. gcc -O2 without vectorising. */
#include "reference.h"

/* integer */
static uint32_t integer(void) {
  uint32_t x = 0x2545f491;
  for (uint32_t i = 0; i < 16384; i++) {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    x = x * 0x9e3779b1u ^ i;
  }
  return x;
}

/* float, double */
#define CHAINS(NAME, T, ROUNDS)                                                                                       \
  static uint32_t NAME(void) {                                                                                        \
    volatile T constant = (T)-1.9;                                                                                    \
    const T c = constant;                                                                                             \
    T x0 = 0.1, x1 = 0.16, x2 = 0.22, x3 = 0.28, x4 = 0.34, x5 = 0.4;                                                 \
    T x6 = 0.46, x7 = 0.52, x8 = 0.58, x9 = 0.64, x10 = 0.7, x11 = 0.76;                                              \
    for (int i = 0; i < ROUNDS; i++) {                                                                                \
      x0 = x0 * x0 + c, x1 = x1 * x1 + c, x2 = x2 * x2 + c, x3 = x3 * x3 + c, x4 = x4 * x4 + c, x5 = x5 * x5 + c;     \
      x6 = x6 * x6 + c, x7 = x7 * x7 + c, x8 = x8 * x8 + c, x9 = x9 * x9 + c, x10 = x10 * x10 + c, x11 = x11 * x11 + c; \
    }                                                                                                                 \
    const T sum = x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 + x10 + x11;                                        \
    uint32_t word;                                                                                                    \
    memcpy(&word, &sum, sizeof word);                                                                                 \
    return word;                                                                                                      \
  }
CHAINS(single_chains, float, 32768)
CHAINS(double_chains, double, 32768)

/* sieve */
#define LIMIT 16384u
static uint32_t words[(LIMIT + 31) / 32];
static uint32_t sieve(void) {
  memset(words, 0xff, sizeof words);
  for (uint32_t i = 2; i * i < LIMIT; i++) {
    if ((words[i >> 5] & (1u << (i & 31))) == 0) continue;
    for (uint32_t j = i * i; j < LIMIT; j += i) words[j >> 5] &= ~(1u << (j & 31));
  }
  uint32_t count = 0, sum = 0;
  for (uint32_t i = 2; i < LIMIT; i++) {
    if (words[i >> 5] & (1u << (i & 31))) {
      count++;
      sum += i;
    }
  }
  return count ^ sum;
}

/* hash, hash-fnv1a */
#define HASHED 16384
static uint8_t data[HASHED + 128];
static uint32_t table[64];
static uint32_t rotr(uint32_t x, int n) { return x >> n | x << (32 - n); }
static void open_hash(size_t bytes, int many) {
  (void)bytes, (void)many;
  for (int i = 0; i < HASHED; i++) data[i] = (uint8_t)(i * 31 + (i >> 8));
  for (int i = 0; i < 64; i++) table[i] = (uint32_t)i * 0x9e3779b1u; /* which constants does not matter to the speed */
}
static uint32_t sha256(void) {
  uint32_t state[8] = {1, 2, 3, 4, 5, 6, 7, 8}, schedule[64];
  for (const uint8_t *block = data; block < data + HASHED / 2 + 64; block += 64) {
    for (int i = 0; i < 16; i++) {
      uint32_t word;
      memcpy(&word, block + 4 * i, 4);
      schedule[i] = __builtin_bswap32(word);
    }
    for (int i = 16; i < 64; i++) {
      const uint32_t w15 = schedule[i - 15], w2 = schedule[i - 2];
      schedule[i] = schedule[i - 16] + (rotr(w15, 7) ^ rotr(w15, 18) ^ w15 >> 3) + schedule[i - 7] +
                    (rotr(w2, 17) ^ rotr(w2, 19) ^ w2 >> 10);
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; i++) {
      const uint32_t t1 =
          h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + (g ^ (e & (f ^ g))) + table[i] + schedule[i];
      const uint32_t t2 = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) | (c & (a | b)));
      h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
  }
  return state[0] ^ state[7];
}
static uint32_t fnv1a(void) {
  uint32_t hash = 0x811c9dc5;
  for (const uint8_t *at = data; at < data + HASHED; at++) hash = (hash ^ *at) * 0x01000193u;
  return hash;
}

/* branch */
static uint32_t __attribute__((noinline)) divide(uint32_t y, uint32_t x) { return y ^ (x / ((y & 15) + 3)); }
static uint32_t branch(void) {
  uint32_t x = 0x2545f491, y = 1;
  for (int i = 0; i < 4096; i++) {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    switch (x & 7) {
      case 0: y = (y + x) * 5; break;
      case 1: y ^= x >> 3; break;
      case 2: y = (y << 7 | y >> 25) + 1; break;
      case 3: y -= x; break;
      case 4: y = (y ^ x) * 9; break;
      case 5: y += x >> 5; break;
      case 6: y = (y >> 11 | y << 21) ^ 3; break;
      default: y = ~y;
    }
    if (x & 0x100) y = divide(y, x);
  }
  return y;
}

/* chase, stride: BYTES are a power of two; the chain is of 32-bit offsets, as WebAssembly has it. */
static uint8_t *memory;
static uint32_t lines, at, line;
static int steps;
static void open_walk(size_t bytes, int many) {
  steps = many;
  lines = (uint32_t)(bytes / 64);
  memory = aligned(bytes);
  uint32_t next = 0x2545f491;
  for (uint32_t i = 0; i < lines; i++, next += 0x9e3779b5u) *(uint32_t *)(memory + (size_t)i * 64) = (next & (lines - 1)) * 64;
}
static uint32_t chase(void) {
  const uint8_t *base = memory;
  uint32_t p = at;
  for (int i = 0; i < steps; i += 8) {
    p = *(const uint32_t *)(base + p), p = *(const uint32_t *)(base + p);
    p = *(const uint32_t *)(base + p), p = *(const uint32_t *)(base + p);
    p = *(const uint32_t *)(base + p), p = *(const uint32_t *)(base + p);
    p = *(const uint32_t *)(base + p), p = *(const uint32_t *)(base + p);
  }
  return at = p;
}
static uint32_t stride(void) {
  uint32_t sum = 0, l = line;
  for (int i = 0; i < steps; i++) {
    uint32_t *word = (uint32_t *)(memory + (size_t)l * 64);
    sum += *word;
    ++*word;
    l = (l + 65) & (lines - 1);
  }
  line = l;
  return sum;
}

static const struct kernel KERNELS[] = {
    {"integer", NULL, integer}, {"float", NULL, single_chains}, {"double", NULL, double_chains},
    {"sieve", NULL, sieve},     {"hash", open_hash, sha256},    {"hash-fnv1a", open_hash, fnv1a},
    {"branch", NULL, branch},   {"chase", open_walk, chase},    {"stride", open_walk, stride},
    {NULL, NULL, NULL},
};

int main(int argc, char **argv) { return reference_main(KERNELS, argc, argv); }
