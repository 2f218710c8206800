/** Kernels `hash` (SHA-256) and `hash-fnv1a`, in WebAssembly (`wasm/hash.ts`). Listed in `index.ts`. */
import { createHash } from 'node:crypto';
import type { KernelInput, KernelKind } from './kernel.js';
import { BASE, openWasm } from './wasm.js';

export interface HashExports {
  sha256(data: number, blocks: number): void;
  fnv1a(data: number, bytes: number): number;
}

/** Random bytes: FNV-1a takes all, and SHA-256 half of them. */
const DATA_BYTES = 16_384;
const SHA256_BYTES = DATA_BYTES / 2;
const BLOCK_BYTES = 64;
const PRIMES = 64;
/** The first two are known to `wasm/hash.ts` too, and its schedule lies behind them. */
const AT = { state: BASE, table: BASE + 64, data: BASE + 1024 };

export const hash: KernelKind = {
  help: `SHA-256 of ${SHA256_BYTES} random bytes: shifts and additions of 32 bits, held against what OpenSSL makes of them.`,
  open(input) {
    const { exports, buffer } = openHash(input);
    const { begin, table } = sha256Constants();
    new Uint32Array(buffer, AT.table, PRIMES).set(table);
    const state = new Uint32Array(buffer, AT.state, begin.length);
    // The padding of FIPS 180-4: a bit, zeros, and the length in bits.
    const padding = new DataView(buffer, AT.data + SHA256_BYTES, BLOCK_BYTES);
    new Uint8Array(buffer, AT.data + SHA256_BYTES, BLOCK_BYTES).fill(0);
    padding.setUint8(0, 0x80);
    padding.setUint32(BLOCK_BYTES - 4, SHA256_BYTES * 8);
    const digest = createHash('sha256')
      .update(new Uint8Array(buffer, AT.data, SHA256_BYTES))
      .digest();
    const wanted = begin.map((_, i) => digest.readUInt32BE(4 * i));
    return {
      operate() {
        state.set(begin);
        exports.sha256(AT.data, SHA256_BYTES / BLOCK_BYTES + 1);
        return wanted.every((word, i) => state[i] === word);
      },
      memory: buffer,
    };
  },
};

export const hashFnv1a: KernelKind = {
  help: `FNV-1a of ${DATA_BYTES} random bytes: multiplications that wait for one another.`,
  open(input) {
    const { exports, buffer } = openHash(input);
    const wanted = fnv1a(new Uint8Array(buffer, AT.data, DATA_BYTES));
    return { operate: () => exports.fnv1a(AT.data, DATA_BYTES) >>> 0 === wanted, memory: buffer };
  },
};

function openHash({ random }: KernelInput): { exports: HashExports; buffer: ArrayBuffer } {
  const { exports, buffer } = openWasm<HashExports>('hash', AT.data - BASE + DATA_BYTES + BLOCK_BYTES);
  const data = new Uint8Array(buffer, AT.data, DATA_BYTES);
  for (let i = 0; i < data.length; i++) data[i] = random() * 256;
  return { exports, buffer };
}

/** The same in another language, by another compiler. */
export function fnv1a(data: Uint8Array): number {
  let word = 0x811c9dc5;
  for (const byte of data) word = Math.imul(word ^ byte, 0x01000193);
  return word >>> 0;
}

/** By their definition: the first 32 bits of the fractions of square and cube roots of the first primes. */
function sha256Constants(): { begin: number[]; table: number[] } {
  const primes: number[] = [];
  for (let n = 2; primes.length < PRIMES; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  const fraction = (root: number): number => Math.floor((root % 1) * 2 ** 32);
  return {
    begin: primes.slice(0, 8).map((p) => fraction(Math.sqrt(p))),
    table: primes.map((p) => fraction(Math.cbrt(p))),
  };
}
