/**
 * A process that does operations of one kernel of the cpu after the other, as an instance of the actor does them, and says how
 * many in how much processor time. Forked by `../../cpu-kernels.ts`; messages are `Ask` and `Answer`.
 */
import { must } from '../../../core/base/assert.js';
import { randomFor } from '../../../core/base/random.js';
import { readCaches } from '../../../core/linux/caches.js';
import { threadCpuNs } from '../../../core/linux/thread.js';
import type { KernelName } from '../../../plugins/cpu/kernels/index.js';
import { KERNELS, openKernel } from '../../../plugins/cpu/kernels/index.js';
import type { Kernel, KernelInput, KernelKind } from '../../../plugins/cpu/kernels/kernel.js';
import { discard } from '../../../plugins/cpu/kernels/wasm.js';

export interface Ask {
  readonly kernel: KernelName;
  readonly ms: number;
  readonly seed: number;
}

export type Answer =
  | { readonly absent: string }
  | { readonly operations: number; readonly cpuNs: number; readonly wrong: number; readonly flops: number };

/** Before it is measured: the engine has compiled what is hot by then. */
const WARM_MS = 60;
/** The clock is read after so many operations: it is a system call, of which the actor does few, too. The same in C. */
const BETWEEN_LOOKS = 8;

process.on('message', ({ kernel, ms, seed }: Ask) => {
  const input: KernelInput = {
    random: randomFor(seed, kernel),
    instance: { index: 0, count: 1 },
    caches: readCaches(),
    shared: new SharedArrayBuffer(4096),
  };
  const kind: KernelKind = KERNELS[kernel];
  const absent = kind.absent?.(input) ?? null;
  const answer: Answer = absent === null ? measure(openKernel(kernel, input), ms) : { absent };
  process.send?.(answer);
});

function measure(kernel: Kernel, ms: number): Answer {
  operate(kernel, WARM_MS);
  const measured = operate(kernel, ms);
  if (kernel.memory !== undefined) discard(kernel.memory);
  return { ...measured, flops: kernel.flopsPerOperation ?? 0 };
}

function operate(kernel: Kernel, ms: number): { operations: number; cpuNs: number; wrong: number } {
  const fromNs = must(threadCpuNs(), 'processor time of this thread');
  let operations = 0;
  let wrong = 0;
  for (;;) {
    for (let i = 0; i < BETWEEN_LOOKS; i++) if (!kernel.operate()) wrong++;
    operations += BETWEEN_LOOKS;
    const cpuNs = (threadCpuNs() ?? NaN) - fromNs;
    if (!(cpuNs < ms * 1e6)) return { operations, cpuNs, wrong };
  }
}
