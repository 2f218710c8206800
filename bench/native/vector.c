/*
 * Vector kernels of plugins/cpu/kernels on 128 bits, operation for operation the same, for ../cpu-kernels.ts. gcc -O2, once
 * for SSE 4.2, and once with multiplication and addition fused.
 */
#include "reference.h"

typedef float f32x4 __attribute__((vector_size(16)));
typedef double f64x2 __attribute__((vector_size(16)));
typedef uint32_t u32x4 __attribute__((vector_size(16)));

#define CHAINS(NAME, T, STEP, START, C)                                                                               \
  static uint32_t NAME(void) {                                                                                        \
    volatile T constant = C;                                                                                          \
    const T c = constant;                                                                                             \
    T x0 = START, x1 = x0 + START, x2 = x1 + START, x3 = x2 + START, x4 = x3 + START, x5 = x4 + START;                \
    T x6 = x5 + START, x7 = x6 + START, x8 = x7 + START, x9 = x8 + START, x10 = x9 + START, x11 = x10 + START;        \
    for (int i = 0; i < 32768; i++) {                                                                                 \
      x0 = STEP(x0), x1 = STEP(x1), x2 = STEP(x2), x3 = STEP(x3), x4 = STEP(x4), x5 = STEP(x5);                       \
      x6 = STEP(x6), x7 = STEP(x7), x8 = STEP(x8), x9 = STEP(x9), x10 = STEP(x10), x11 = STEP(x11);                   \
    }                                                                                                                 \
    const T sum = x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 + x10 + x11;                                        \
    uint32_t word[4];                                                                                                 \
    memcpy(word, &sum, sizeof word);                                                                                  \
    return word[0] ^ word[1] ^ word[2] ^ word[3];                                                                     \
  }
#define SQUARE(x) (x * x + c)
#define MULTIPLY(x) (x * c + c)
#define F32 ((f32x4){0.0625f, 0.0626f, 0.0627f, 0.0628f})
#define F64 ((f64x2){0.0625, 0.0626})
#define U32 ((u32x4){1, 3, 5, 7})
CHAINS(chains_f32x4, f32x4, SQUARE, F32, ((f32x4){-1.9f, -1.9f, -1.9f, -1.9f}))
CHAINS(chains_f64x2, f64x2, SQUARE, F64, ((f64x2){-1.9, -1.9}))
CHAINS(chains_i32x4, u32x4, MULTIPLY, U32, ((u32x4){0x9e3779b5u, 0x9e3779b5u, 0x9e3779b5u, 0x9e3779b5u}))

/* matrix: four rows of a product of 256 × 256 */
#define N 256
static float *a, *b, *c;
static int row;
static void open_matrix(size_t bytes, int many) {
  (void)bytes, (void)many;
  a = aligned(N * N * 4), b = aligned(N * N * 4), c = aligned(N * N * 4);
  for (int i = 0; i < N * N; i++) a[i] = (float)(i * 37 % 255 - 127), b[i] = (float)(i * 91 % 255 - 127);
}
static void four_rows(float *to, const float *from) {
  const float *panel = b;
  for (int column = 0; column < N; column += 8) {
    f32x4 c00 = {0}, c01 = {0}, c10 = {0}, c11 = {0}, c20 = {0}, c21 = {0}, c30 = {0}, c31 = {0};
    const float *a0 = from, *a1 = a0 + N, *a2 = a1 + N, *a3 = a2 + N;
    for (int k = 0; k < N; k++, panel += 8) {
      const f32x4 b0 = *(const f32x4 *)panel, b1 = *(const f32x4 *)(panel + 4);
      c00 += a0[k] * b0, c01 += a0[k] * b1;
      c10 += a1[k] * b0, c11 += a1[k] * b1;
      c20 += a2[k] * b0, c21 += a2[k] * b1;
      c30 += a3[k] * b0, c31 += a3[k] * b1;
    }
    float *out = to + column;
    *(f32x4 *)out = c00, *(f32x4 *)(out + 4) = c01, out += N;
    *(f32x4 *)out = c10, *(f32x4 *)(out + 4) = c11, out += N;
    *(f32x4 *)out = c20, *(f32x4 *)(out + 4) = c21, out += N;
    *(f32x4 *)out = c30, *(f32x4 *)(out + 4) = c31;
  }
}
static uint32_t matrix(void) {
  four_rows(c + row * N, a + row * N);
  const uint32_t word = (uint32_t)(int32_t)c[row * N + (row & 255)];
  row = (row + 4) % N;
  return word;
}

/* copy, scale, add, triad: a piece of 256 KiB after the other, of three arrays of BYTES together */
#define PIECE (256 * 1024)
static char *to, *one, *two;
static size_t size, at;
static void open_stream(size_t bytes, int many) {
  (void)many;
  size = bytes / 3 / PIECE * PIECE;
  to = aligned(size), one = aligned(size), two = aligned(size);
}
#define STREAM(NAME, EXPRESSION)                                                                                      \
  static uint32_t NAME(void) {                                                                                        \
    volatile double factor = 3;                                                                                       \
    const f64x2 s = {factor, factor};                                                                                 \
    (void)s;                                                                                                          \
    f64x2 *restrict out = (f64x2 *)(to + at);                                                                         \
    const f64x2 *restrict x = (const f64x2 *)(one + at);                                                              \
    const f64x2 *restrict y = (const f64x2 *)(two + at);                                                              \
    (void)y;                                                                                                          \
    for (int i = 0; i < PIECE / 16; i += 4) {                                                                         \
      out[i] = EXPRESSION(i), out[i + 1] = EXPRESSION(i + 1);                                                         \
      out[i + 2] = EXPRESSION(i + 2), out[i + 3] = EXPRESSION(i + 3);                                                 \
    }                                                                                                                 \
    const uint32_t word = *(uint32_t *)out;                                                                           \
    at = (at + PIECE) % size;                                                                                         \
    return word;                                                                                                      \
  }
#define COPY(i) x[i]
#define SCALE(i) (s * x[i])
#define ADD(i) (x[i] + y[i])
#define TRIAD(i) (x[i] + s * y[i])
STREAM(copy, COPY)
STREAM(scale, SCALE)
STREAM(add, ADD)
STREAM(triad, TRIAD)

static const struct kernel KERNELS[] = {
    {"vector-f32x4", NULL, chains_f32x4}, {"vector-f64x2", NULL, chains_f64x2}, {"vector-i32x4", NULL, chains_i32x4},
    {"vector-fma", NULL, chains_f32x4},   {"matrix", open_matrix, matrix},      {"copy", open_stream, copy},
    {"scale", open_stream, scale},        {"add", open_stream, add},            {"triad", open_stream, triad},
    {NULL, NULL, NULL},
};

int main(int argc, char **argv) { return reference_main(KERNELS, argc, argv); }
