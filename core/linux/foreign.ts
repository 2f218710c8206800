/**
 * Calls into the libc that Node was linked with, and views of memory that is not the engine's: what the files of this
 * room declare their system calls with. Absent (null) elsewhere than on 64-bit Linux and where the optional package is
 * not installed. The only file that imports koffi.
 */
import { createRequire } from 'node:module';

type Koffi = typeof import('koffi');

/** A number, the address of something as a number (exact below 2^53), bytes the call reads or writes, or NULL. */
export type ForeignValue = number | ArrayBufferView | string | null;
export type ForeignCall = (...args: ForeignValue[]) => number;

export interface Foreign {
  /**
   * Declares one function by its C prototype: "int madvise(uintptr_t at, size_t bytes, int advice)". Pointers that the
   * caller keeps as numbers are `uintptr_t`, buffers are `void *`. What it returns must be exact as a number.
   */
  declare(prototype: string): ForeignCall;
  /** An ArrayBuffer over memory at an address, without copying. It must be gone before the memory is unmapped. */
  view(address: number, bytes: number): ArrayBuffer;
  /** Where the bytes of a view lie. Holds only as long as the view lives. */
  addressOf(view: ArrayBufferView): number;
  /** errno of the last call of this thread. */
  errno(): number;
}

let loaded: Foreign | null | undefined;

/** Loaded at the first call, once per thread. */
export function foreign(): Foreign | null {
  loaded ??= open();
  return loaded;
}

function open(): Foreign | null {
  if (process.platform !== 'linux') return null;
  const koffi = importKoffi();
  // Structures in this room are laid out for a 64-bit `long`.
  if (koffi === null || koffi.sizeof('long') !== 8) return null;
  return wrap(koffi);
}

function importKoffi(): Koffi | null {
  try {
    return createRequire(import.meta.url)('koffi') as Koffi;
  } catch {
    // An optional dependency: not installed, or without a binary for this platform. Callers see null.
    return null;
  }
}

function wrap(koffi: Koffi): Foreign {
  // The running program itself: whichever libc (glibc, musl) Node was linked with.
  const self = koffi.load(null);
  return {
    declare: (prototype) => self.func(prototype),
    view: (address, bytes) => koffi.view(BigInt(address), bytes),
    addressOf: (view) => Number(koffi.address(view)),
    errno: () => koffi.errno(),
  };
}
