/**
 * Kernel `jit`: functions that are written, compiled, called and dropped, each with constants of its own, so that
 * nothing that was compiled before serves. Listed in `index.ts`.
 */
import type { KernelInput, KernelKind } from './kernel.js';

const ROUNDS = 40;
/** So often it is called: from the interpreter into code of its own, and not so often that other threads optimise it. */
const CALLS = 12;

export const jit: KernelKind = {
  help: 'Functions that are compiled, called a few times and dropped: parser, byte code, baseline compiler.',
  open({ random }: KernelInput) {
    return {
      operate() {
        const [a, b, c] = [constant(random), constant(random), constant(random)];
        const made = compile(a, b, c);
        let isRight = true;
        for (let call = 1; call <= CALLS; call++) {
          if (made(call, ROUNDS) !== reference(a, b, c, call)) isRight = false;
        }
        return isRight;
      },
    };
  },
};

function constant(random: () => number): number {
  return Math.floor(random() * 2 ** 31);
}

type Made = (x: number, rounds: number) => number;

function compile(a: number, b: number, c: number): Made {
  const source = `
    let word = x | 0;
    for (let i = 0; i < rounds; i++) {
      if ((word & 1) === 0) word = Math.imul(word ^ ${a}, ${b | 1});
      else word = (word >>> 3) + ${c} ^ i;
    }
    return word | 0;`;
  // Compiling is the work.
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  return new Function('x', 'rounds', source) as Made;
}

/** The same, compiled once for good. */
function reference(a: number, b: number, c: number, x: number): number {
  let word = x | 0;
  for (let i = 0; i < ROUNDS; i++) {
    if ((word & 1) === 0) word = Math.imul(word ^ a, b | 1);
    else word = ((word >>> 3) + c) ^ i;
  }
  return word | 0;
}
