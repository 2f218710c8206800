/** Latencies as they are: log-normal around half a millisecond, one in a hundred from a far heavier tail. In ns. */
import { randomFor } from '../../core/base/random.js';

const MEDIAN_NS = 443_000;
const TAIL_SHARE = 0.01;

export function latencies(count: number, seed: number, stream: string): Float64Array<SharedArrayBuffer> {
  const random = randomFor(seed, stream, 0);
  const values = new Float64Array(new SharedArrayBuffer(count * 8));
  for (let i = 0; i < count; i++) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const isTail = random() < TAIL_SHARE;
    values[i] = MEDIAN_NS * Math.exp(isTail ? 2 + 1.3 * normal : 0.5 * normal);
  }
  return values;
}
