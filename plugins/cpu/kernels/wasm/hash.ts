/** SHA-256 (FIPS 180-4) and FNV-1a, for the kernels of `hash.ts` in the folder above. AssemblyScript. */

function choose(x: u32, y: u32, z: u32): u32 {
  return z ^ (x & (y ^ z));
}

function majority(x: u32, y: u32, z: u32): u32 {
  return (x & y) | (z & (x | y));
}

function sum0(x: u32): u32 {
  return rotr<u32>(x, 2) ^ rotr<u32>(x, 13) ^ rotr<u32>(x, 22);
}

function sum1(x: u32): u32 {
  return rotr<u32>(x, 6) ^ rotr<u32>(x, 11) ^ rotr<u32>(x, 25);
}

/** Where things lie; as constants they are a part of the instructions, of which registers are too few as it is. */
const STATE: usize = 4096;
/** The 64 constants. */
const TABLE: usize = STATE + 64;
/** Room for 64 words. */
const SCHEDULE: usize = TABLE + 256;

/** Takes whole blocks of 64 bytes into the eight words of the state. */
export function sha256(data: usize, blocks: u32): void {
  for (; blocks > 0; blocks--, data += 64) {
    for (let i: usize = 0; i < 64; i += 4) store<u32>(i, bswap<u32>(load<u32>(data + i)), SCHEDULE);
    for (let i: usize = 0; i < 192; i += 4) {
      const w15 = load<u32>(i, SCHEDULE + 4);
      const w2 = load<u32>(i, SCHEDULE + 56);
      const s0 = rotr<u32>(w15, 7) ^ rotr<u32>(w15, 18) ^ (w15 >>> 3);
      const s1 = rotr<u32>(w2, 17) ^ rotr<u32>(w2, 19) ^ (w2 >>> 10);
      store<u32>(i, load<u32>(i, SCHEDULE) + s0 + load<u32>(i, SCHEDULE + 36) + s1, SCHEDULE + 64);
    }
    let a = load<u32>(STATE);
    let b = load<u32>(STATE, 4);
    let c = load<u32>(STATE, 8);
    let d = load<u32>(STATE, 12);
    let e = load<u32>(STATE, 16);
    let f = load<u32>(STATE, 20);
    let g = load<u32>(STATE, 24);
    let h = load<u32>(STATE, 28);
    // Eight rounds at a time: names change places instead of values.
    let i: usize = 0;
    do {
      h += sum1(e) + choose(e, f, g) + load<u32>(i, TABLE) + load<u32>(i, SCHEDULE);
      d += h;
      h += sum0(a) + majority(a, b, c);
      g += sum1(d) + choose(d, e, f) + load<u32>(i, TABLE + 4) + load<u32>(i, SCHEDULE + 4);
      c += g;
      g += sum0(h) + majority(h, a, b);
      f += sum1(c) + choose(c, d, e) + load<u32>(i, TABLE + 8) + load<u32>(i, SCHEDULE + 8);
      b += f;
      f += sum0(g) + majority(g, h, a);
      e += sum1(b) + choose(b, c, d) + load<u32>(i, TABLE + 12) + load<u32>(i, SCHEDULE + 12);
      a += e;
      e += sum0(f) + majority(f, g, h);
      d += sum1(a) + choose(a, b, c) + load<u32>(i, TABLE + 16) + load<u32>(i, SCHEDULE + 16);
      h += d;
      d += sum0(e) + majority(e, f, g);
      c += sum1(h) + choose(h, a, b) + load<u32>(i, TABLE + 20) + load<u32>(i, SCHEDULE + 20);
      g += c;
      c += sum0(d) + majority(d, e, f);
      b += sum1(g) + choose(g, h, a) + load<u32>(i, TABLE + 24) + load<u32>(i, SCHEDULE + 24);
      f += b;
      b += sum0(c) + majority(c, d, e);
      a += sum1(f) + choose(f, g, h) + load<u32>(i, TABLE + 28) + load<u32>(i, SCHEDULE + 28);
      e += a;
      a += sum0(b) + majority(b, c, d);
      i += 32;
    } while (i < 256);
    store<u32>(STATE, load<u32>(STATE) + a);
    store<u32>(STATE, load<u32>(STATE, 4) + b, 4);
    store<u32>(STATE, load<u32>(STATE, 8) + c, 8);
    store<u32>(STATE, load<u32>(STATE, 12) + d, 12);
    store<u32>(STATE, load<u32>(STATE, 16) + e, 16);
    store<u32>(STATE, load<u32>(STATE, 20) + f, 20);
    store<u32>(STATE, load<u32>(STATE, 24) + g, 24);
    store<u32>(STATE, load<u32>(STATE, 28) + h, 28);
  }
}

/** FNV-1a of 32 bits: one multiplication for each byte, none of which can begin before the one before it. */
export function fnv1a(data: usize, bytes: usize): u32 {
  let hash: u32 = 0x811c9dc5;
  for (const end = data + bytes; data < end; data++) hash = (hash ^ load<u8>(data)) * 0x01000193;
  return hash;
}
