/**
 * The memory that an engine's operations read into and write from: page-aligned on every platform, so that it does for
 * direct I/O. Called by engines.
 */
import { errnoName } from '../../../core/linux/errno.js';
import { MADV_HUGEPAGE, MADV_POPULATE_WRITE, mapper } from '../../../core/linux/mapping.js';
import { EngineUnavailable, MEMORY_MAX } from './engine.js';

const HUGE_PAGE_BYTES = 2 * 2 ** 20;
/** What WebAssembly calls a page; where pages are larger than this (none known) direct I/O would be refused. */
const WASM_PAGE_BYTES = 65_536;

/** As much of WebAssembly as is used here; the compiler knows it for browsers only. */
declare const WebAssembly: {
  readonly Memory: new (pages: { readonly initial: number; readonly maximum: number }) => {
    readonly buffer: ArrayBuffer;
  };
};

export interface EngineMemory {
  readonly bytes: Uint8Array;
  /** Of the first byte; null where addresses cannot be had: such memory is for Node's own calls. */
  readonly address: number | null;
  /** For the report. */
  readonly kind: string;
  free(): void;
}

/** In whole pages, so that each slot begins at one. */
export function pagesFor(bytes: number): number {
  const page = mapper()?.pageBytes ?? 4096;
  return Math.ceil(Math.max(bytes, 1) / page) * page;
}

export function takeMemory(bytes: number): EngineMemory {
  if (bytes > MEMORY_MAX)
    throw new EngineUnavailable(`an engine's memory is at most ${MEMORY_MAX} bytes, not ${bytes}`);
  return mapped(bytes) ?? fromWebAssembly(bytes);
}

function mapped(bytes: number): EngineMemory | null {
  const m = mapper();
  if (m === null) return null;
  // Room to begin at a huge page, where there is any gain in it.
  const isLarge = bytes >= HUGE_PAGE_BYTES;
  const mapping = m.map(isLarge ? bytes + HUGE_PAGE_BYTES : bytes);
  if (typeof mapping === 'number')
    throw new EngineUnavailable(`no memory for the engine's buffers: ${errnoName(mapping)}`);
  const from = isLarge ? -mapping.address & (HUGE_PAGE_BYTES - 1) : 0;
  const isHuge = isLarge && mapping.advise(from, bytes, MADV_HUGEPAGE) === 0;
  // Before the first operation, not during it. A kernel before 5.14 does not know how: then at first use.
  mapping.advise(from, bytes, MADV_POPULATE_WRITE);
  return {
    bytes: new Uint8Array(mapping.buffer, from, bytes),
    address: mapping.address + from,
    kind: isHuge ? 'huge pages where there are any' : 'pages',
    free: () => mapping.unmap(),
  };
}

/** Without calls into libc: memory of WebAssembly begins at a page, which that of typed arrays does not. */
export function fromWebAssembly(bytes: number): EngineMemory {
  const initial = Math.ceil(bytes / WASM_PAGE_BYTES);
  const memory = new WebAssembly.Memory({ initial, maximum: initial });
  return {
    bytes: new Uint8Array(memory.buffer, 0, bytes),
    address: null,
    kind: 'pages',
    free: () => undefined, // the collector's
  };
}
