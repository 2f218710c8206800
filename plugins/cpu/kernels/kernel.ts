/**
 * What a kernel is: a computation that keeps a core busy and whose result is known, so that a processor that computes
 * wrongly under load is found out. Each file beside this one describes one family; `index.ts` is the list of them.
 */
import type { CacheFact } from '../../../core/contract/index.js';

/** What the instance that computes can give. */
export interface KernelInput {
  /** Seeded by run, actor and instance. */
  readonly random: () => number;
  readonly instance: { readonly index: number; readonly count: number };
  /** Of this host; null: it does not say. */
  readonly caches: readonly CacheFact[] | null;
  /** The memory that all instances of the actor share. */
  readonly shared: SharedArrayBuffer | null;
}

/** One that is open, ready to compute. */
export interface Kernel {
  /** One operation: 20 to 100 µs of work on the machines of today. False when the result is not what it must be. */
  operate(): boolean;
  /** Floating-point operations in one; absent where that is not the point. */
  readonly flopsPerOperation?: number;
  /** Bytes of memory that one reads and writes, as STREAM counts them; absent where that is not the point. */
  readonly bytesPerOperation?: number;
  /** What it computes in, where that is not the engine's heap: given back when nothing is to be done for a while. */
  readonly memory?: ArrayBuffer;
}

export interface KernelKind {
  /** For people: what it computes, and what that is hard on. */
  readonly help: string;
  /** Memory that one instance computes in; absent: next to nothing. Null: cannot be known without the host's caches. */
  memoryBytes?(caches: readonly CacheFact[] | null, instances: number): number | null;
  /** With fewer instances it is not what it says; absent: one. */
  readonly instancesMin?: number;
  /** Memory that all instances share; absent: none. */
  readonly sharedBytes?: number;
  /** Why this host cannot have it, in a sentence; null: it can. */
  absent?(input: Pick<KernelInput, 'caches' | 'instance'>): string | null;
  open(input: KernelInput): Kernel;
}
