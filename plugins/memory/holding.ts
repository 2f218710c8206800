/** What a pattern holds memory in: `level.ts` moves the amount, the pattern does something with what is there. */
import type { Span } from './contents.js';

export interface Holding {
  /** What is taken and given back comes in whole pieces of this. */
  readonly grainBytes: number;
  readonly heldBytes: number;
  /** The most that the next `grow` takes. */
  readonly roomBytes: number;
  /** Grows by so much at a time; 2 MiB where it says nothing. */
  readonly pieceBytes?: number;
  /** What is given back was read back first. */
  readonly isVerified: boolean;
  /** Why the system gave less than the last `grow` asked for; null when it did not refuse. */
  readonly refusal: string | null;
  /** Makes at most so many bytes resident; how many is the difference of `heldBytes`. */
  grow(bytes: number): void;
  /** Gives back at most so many bytes, the newest first: at least one grain. */
  shrink(bytes: number): void;
  /** Gives back everything, address space too. */
  dispose(): void;
}

/** Memory that can be read and written: spans of one size, of which the last may be held in part. */
export interface Region extends Holding {
  /** Read back first, unless it is known that what was written is gone. */
  shrink(bytes: number, isChecked?: boolean): void;
  readonly spans: readonly Span[];
  readonly spanBytes: number;
  /** How it was had: said in the log. */
  readonly means: 'huge pages' | 'pages of the kernel' | 'buffers of the engine';
  /** Gives a held piece back to the kernel and takes it again, checked before and written anew; within one span. */
  renew(offset: number, bytes: number): void;
  /** Gives a held piece back to the kernel for good, though what lies behind it stays; false where that cannot be. */
  punch(offset: number, bytes: number): boolean;
  /** madvise on a held piece within one span: 0 or the errno; null where there is no such call. */
  advise(offset: number, bytes: number, advice: number): number | null;
  /** Writes, or reads back, a held piece within one span. */
  write(offset: number, bytes: number): void;
  check(offset: number, bytes: number): void;
}
