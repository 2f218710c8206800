/** A stream of uniform numbers in [0, 1). */
export type Random = () => number;

/** FNV-1a over UTF-16 units, then a finaliser, so that near keys give far seeds. */
function hash32(text: string, seed: number): number {
  let h = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < text.length; i++) {
    h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * A stream keyed by the run's seed and by names (actor, instance, phase), so that adding an actor changes no
 * other actor's numbers. Generator: sfc32, public domain, from PractRand.
 */
export function randomFor(seed: number, ...names: readonly (string | number)[]): Random {
  const key = names.join('\u0000');
  let a = hash32(key, seed >>> 0);
  let b = hash32(key, a);
  let c = hash32(key, b);
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 0x1_0000_0000;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}
