/** The kernels that `with.kernel` names, in the order in which people read them. Called by `work.ts` and `../index.ts`. */
import { branch } from './branch.js';
import { double, float, vectorF32x4, vectorF64x2, vectorFma, vectorI32x4 } from './chains.js';
import { gc } from './gc.js';
import { hash, hashFnv1a } from './hash.js';
import { integer } from './integer.js';
import { jit } from './jit.js';
import type { Kernel, KernelInput, KernelKind } from './kernel.js';
import { matrix } from './matrix.js';
import { falseSharing } from './sharing.js';
import { sieve } from './sieve.js';
import { STREAMS } from './stream.js';
import { WALKS } from './walk.js';

export const KERNELS = {
  integer,
  float,
  double,
  'vector-f32x4': vectorF32x4,
  'vector-f64x2': vectorF64x2,
  'vector-i32x4': vectorI32x4,
  'vector-fma': vectorFma,
  matrix,
  sieve,
  hash,
  'hash-fnv1a': hashFnv1a,
  branch,
  ...WALKS,
  'false-sharing': falseSharing,
  ...STREAMS,
  jit,
  gc,
} as const satisfies Readonly<Record<string, KernelKind>>;

export type KernelName = keyof typeof KERNELS;
export const KERNEL_NAMES: readonly KernelName[] = Object.keys(KERNELS) as KernelName[];

export function openKernel(name: KernelName, input: KernelInput): Kernel {
  const kind: KernelKind = KERNELS[name];
  return kind.open(input);
}
