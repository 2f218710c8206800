/** Colour for words that say the same without it. A finished line in, the line with its first verdict painted out. */
import pc from 'picocolors';

export type Paint = (line: string) => string;

const GOOD = /^ (PASSED|ok)(?= )/;
const BAD = /^ (FAILED|STOPPED|ERROR|FAIL)(?= )/;
const DOUBTFUL = /^ (INTERRUPTED|INCOMPLETE|warn|!!)(?= )/;
const SAFETY_ACTS = /(safety: \S+ )(throttle|pause|stop|kill|warn)$/;

export function makePaint(color: boolean): Paint {
  if (!color) return (line) => line;
  const { green, red, yellow } = pc.createColors(true);
  return (line) =>
    line
      .replace(GOOD, (word) => green(word))
      .replace(BAD, (word) => red(word))
      .replace(DOUBTFUL, (word) => yellow(word))
      .replace(SAFETY_ACTS, (_, before: string, state: string) => before + yellow(state));
}
