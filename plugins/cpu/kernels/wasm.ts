/**
 * WebAssembly for kernels: the name of a module that the build made from `wasm/` enters, its functions over a memory of a
 * size leave. Memory is given back to the system when it is asked for, not when the engine gets round to it.
 */
import { readFileSync } from 'node:fs';
import { foreign } from '../../../core/linux/foreign.js';
import { MADV_DONTNEED, MADV_HUGEPAGE } from '../../../core/linux/mapping.js';

/** What is used of the engine's global; the types of Node 20 do not have it. */
declare const WebAssembly: {
  validate(bytes: Uint8Array): boolean;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { readonly exports: object };
};
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

export type WasmName =
  | 'branch'
  | 'chains'
  | 'chains-relaxed'
  | 'chains-simd'
  | 'hash'
  | 'matrix-relaxed'
  | 'matrix-simd'
  | 'sieve'
  | 'stream-simd'
  | 'walk';

const PAGE_BYTES = 65_536;
const HUGE_BYTES = 2 ** 21;
/**
 * From here on it matters where in memory pages lie: in small ones, which come from anywhere, half of a second-level cache
 * may be what most of them compete for.
 */
const HUGE_FROM_BYTES = 2 ** 17;
/** The compiler's own; everything from here on is the kernel's. */
export const BASE = 4096;

/** How to have it where Node has it behind a flag. */
export const RELAXED_HINT =
  `Node ${process.version} has no relaxed SIMD; from 22 on it has, ` +
  'and Node 20 when it is started with --experimental-wasm-relaxed-simd';
export const SIMD_HINT = 'this processor, or this engine, has no SIMD for WebAssembly';

const known = new Map<WasmName, Uint8Array>();

function bytesOf(name: WasmName): Uint8Array {
  const bytes = known.get(name) ?? readFileSync(new URL(`./wasm/${name}.wasm`, import.meta.url));
  known.set(name, bytes);
  return bytes;
}

/** False where the engine, or the processor under it, lacks instructions of the module. */
export function canRun(name: WasmName): boolean {
  return WebAssembly.validate(bytesOf(name));
}

export interface Wasm<E> {
  readonly exports: E;
  readonly buffer: ArrayBuffer;
}

/** `bytes` are there from BASE on, and zero. */
export function openWasm<E extends object>(name: WasmName, bytes = 0): Wasm<E> {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytesOf(name)));
  const exports = instance.exports as E & { readonly memory: Memory };
  const { memory } = exports;
  const isHuge = bytes >= HUGE_FROM_BYTES;
  const missing = Math.max(BASE + bytes, isHuge ? HUGE_BYTES : 0) - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
  // Where the system gives them to who asks: without, every access beyond the caches waits for page tables too.
  if (isHuge) advise(memory.buffer, MADV_HUGEPAGE);
  return { exports, buffer: memory.buffer };
}

/** Whether memory that is discarded is free at once. */
export function canDiscard(): boolean {
  return foreign() !== null;
}

let madvise: ((at: number, bytes: number, advice: number) => number) | null = null;

/** Gives the memory back to the system, where it lets us; its content is lost. */
export function discard(buffer: ArrayBuffer): void {
  advise(buffer, MADV_DONTNEED);
}

function advise(buffer: ArrayBuffer, advice: number): void {
  const f = foreign();
  if (f === null) return; // what the engine does with it by itself has to do
  madvise ??= f.declare('int madvise(uintptr_t at, size_t bytes, int advice)');
  madvise(f.addressOf(new Uint8Array(buffer)), buffer.byteLength, advice);
}
