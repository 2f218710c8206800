/**
 * `node --expose-gc memory-shapes.js SHAPE`: a process whose resident memory leaks, stays, goes up and down like a
 * garbage-collected heap, or grows at the start only. Runs until it is killed; says "up" when it has begun.
 */
const MIB = 2 ** 20;
const EVERY_MS = 20;
const kept: Buffer[] = [];
const take = (mib: number): void => void kept.push(Buffer.alloc(mib * MIB, 1));
const free = (): void => {
  kept.length = 0;
  (globalThis as { gc?: () => void }).gc?.();
};

const shapes: Readonly<Record<string, (tick: number) => void>> = {
  leak: (tick) => {
    if (tick % 5 === 0) take(1);
  },
  steady: (tick) => {
    if (tick === 0) take(30);
  },
  // Up by 25 MiB in half a second, and down again.
  saw: (tick) => (tick % 25 === 0 ? free() : take(1)),
  'warm-up': (tick) => {
    if (tick < 80) take(1);
  },
};

const shape = shapes[process.argv[2] ?? ''];
if (shape === undefined) throw new Error(`shapes: ${Object.keys(shapes).join(', ')}`);
let tick = 0;
setInterval(() => shape(tick++), EVERY_MS);
process.stdout.write('up\n');
