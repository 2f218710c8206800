/** The kernels that `with.kernel` names, in the order in which people read them. Called by `work.ts` and `../index.ts`. */
import { integer } from './integer.js';
import type { Kernel, KernelInput, KernelKind } from './kernel.js';

export const KERNELS = { integer } as const satisfies Readonly<Record<string, KernelKind>>;

export type KernelName = keyof typeof KERNELS;
export const KERNEL_NAMES = Object.keys(KERNELS) as readonly KernelName[] as readonly [
  KernelName,
  ...KernelName[],
];

export function openKernel(name: KernelName, input: KernelInput): Kernel {
  const kind: KernelKind = KERNELS[name];
  return kind.open(input);
}
