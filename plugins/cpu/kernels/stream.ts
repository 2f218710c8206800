/**
 * Kernels `copy`, `scale`, `add` and `triad`: the bandwidth of memory, as STREAM measures it, over arrays that no cache
 * holds, in WebAssembly (`wasm/stream.ts`). Listed in `index.ts`. Element i of the first array is i, and of the
 * second i/2, so that every result is a whole multiple of i, and exact.
 */
import { must } from '../../../core/base/assert.js';
import type { Kernel, KernelInput, KernelKind } from './kernel.js';
import { BASE, canRun, openWasm, SIMD_HINT } from './wasm.js';
import { withoutLevel, workingSetBytes } from './working-set.js';

export interface StreamExports {
  copy(to: number, a: number, bytes: number): void;
  scale(to: number, a: number, bytes: number, factor: number): void;
  add(to: number, a: number, b: number, bytes: number): void;
  triad(to: number, a: number, b: number, bytes: number, factor: number): void;
  fill(to: number, bytes: number, first: number, slope: number): void;
  count(at: number, bytes: number, first: number, slope: number): number;
}

/** Of each array in one operation. */
export const PIECE_BYTES = 256 * 1024;
const ELEMENT_BYTES = 8;
const SLOPE = { a: 1, b: 0.5 };
const FACTOR = 3;
/**
 * One piece in so many is looked at whole, so that looking costs next to nothing, each time through others; of the rest
 * some elements are.
 */
export const WHOLE_EVERY = 32;
const SAMPLES = 8;

interface Form {
  readonly help: string;
  readonly arrays: number;
  /** Of the result. */
  readonly slope: number;
  readonly flops: number;
  work(exports: StreamExports, to: number, a: number, b: number): void;
}

const FORMS = {
  copy: {
    help: 'copied to another',
    arrays: 2,
    slope: SLOPE.a,
    flops: 0,
    work: (exports, to, a) => exports.copy(to, a, PIECE_BYTES),
  },
  scale: {
    help: 'times a number to another',
    arrays: 2,
    slope: FACTOR * SLOPE.a,
    flops: 1,
    work: (exports, to, a) => exports.scale(to, a, PIECE_BYTES, FACTOR),
  },
  add: {
    help: 'plus another to a third',
    arrays: 3,
    slope: SLOPE.a + SLOPE.b,
    flops: 1,
    work: (exports, to, a, b) => exports.add(to, a, b, PIECE_BYTES),
  },
  triad: {
    help: 'plus a number times another to a third',
    arrays: 3,
    slope: SLOPE.a + FACTOR * SLOPE.b,
    flops: 2,
    work: (exports, to, a, b) => exports.triad(to, a, b, PIECE_BYTES, FACTOR),
  },
} as const satisfies Readonly<Record<string, Form>>;

function kind(form: Form): KernelKind {
  const bytesOf = (input: Pick<KernelInput, 'caches' | 'instance'>): number | null =>
    workingSetBytes('dram', input.caches, input.instance.count);
  return {
    help: `Bandwidth of memory: one array of numbers ${form.help}.`,
    memoryBytes: (caches, instances) => workingSetBytes('dram', caches, instances),
    absent(input) {
      if (!canRun('stream-simd')) return SIMD_HINT;
      return bytesOf(input) === null ? withoutLevel('dram', input.caches) : null;
    },
    open: (input) => openStream(form, must(bytesOf(input), 'working set'), input.random),
  };
}

/**
 * An odd number of pieces, so that arrays are no power of two apart: what is read and what is written at a time would be
 * in the same banks of memory, and wait for each other.
 */
export function arrayBytesOf(bytes: number, arrays: number): number {
  const pieces = Math.floor(bytes / arrays / PIECE_BYTES);
  return Math.max(1, pieces - ((pieces + 1) % 2)) * PIECE_BYTES;
}

/** `bytes` are those of all arrays together. */
export function openStream(form: Form, bytes: number, random: () => number): Kernel {
  const arrayBytes = arrayBytesOf(bytes, form.arrays);
  const { exports, buffer } = openWasm<StreamExports>('stream-simd', form.arrays * arrayBytes);
  const [to, a, b] = [0, 1, 2].map((array) => BASE + array * arrayBytes) as [number, number, number];
  // What is not there yet would be made page by page by the first operations, which are to measure something else.
  exports.fill(to, arrayBytes, 0, 0);
  exports.fill(a, arrayBytes, 0, SLOPE.a);
  if (form.arrays === 3) exports.fill(b, arrayBytes, 0, SLOPE.b);
  const results = new Float64Array(buffer, to, arrayBytes / ELEMENT_BYTES);
  const elements = PIECE_BYTES / ELEMENT_BYTES;
  let at = 0;
  let times = 0;
  const holds = (): boolean => {
    const first = at / ELEMENT_BYTES;
    if ((at / PIECE_BYTES + times) % WHOLE_EVERY === 0)
      return exports.count(to + at, PIECE_BYTES, first, form.slope) === 0;
    for (let i = 0; i < SAMPLES; i++) {
      const element = first + Math.floor(random() * elements);
      if (results[element] !== element * form.slope) return false;
    }
    return true;
  };
  return {
    operate() {
      form.work(exports, to + at, a + at, b + at);
      const isRight = holds();
      at = (at + PIECE_BYTES) % arrayBytes;
      if (at === 0) times++;
      return isRight;
    },
    ...(form.flops > 0 && { flopsPerOperation: form.flops * elements }),
    bytesPerOperation: form.arrays * PIECE_BYTES,
    memory: buffer,
  };
}

export const STREAMS = {
  copy: kind(FORMS.copy),
  scale: kind(FORMS.scale),
  add: kind(FORMS.add),
  triad: kind(FORMS.triad),
} as const;
