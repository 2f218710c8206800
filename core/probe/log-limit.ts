/** Lets so many lines a second through and tells, with the next one that passes, how many it left out. */
import type { ClockNs } from '../base/clock.js';
import { SECOND } from '../base/clock.js';

export const LOGS_PER_SECOND = 10;
/** Characters of one line. */
export const LOG_MAX = 4096;

/** Gives back the text to tell, or null: too many. */
export function limitLog(clock: ClockNs): (text: string) => string | null {
  let sinceNs = -Infinity;
  let told = 0;
  let leftOut = 0;
  return (text) => {
    const now = clock();
    if (now - sinceNs >= SECOND) [sinceNs, told] = [now, 0];
    if (told >= LOGS_PER_SECOND) {
      leftOut++;
      return null;
    }
    told++;
    const cut = text.length > LOG_MAX ? `${text.slice(0, LOG_MAX)} … (cut)` : text;
    const line = leftOut > 0 ? `${cut} (${leftOut} lines before it left out)` : cut;
    leftOut = 0;
    return line;
  };
}
