/**
 * Turns what an agent prints into lines, bounded in length and number, so that a chatty plugin can neither fill the
 * orchestrator's memory nor its event stream. Used by `link-local.ts`, one for each stream.
 */
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Characters of one line; what is longer is cut, and says so. */
export const LINE_MAX = 4096;
/** Lines in one second; the rest of that second is counted and told as one line. */
export const LINES_PER_SECOND = 100;

export function readLines(stream: Readable, onLine: (text: string) => void): void {
  const decoder = new StringDecoder('utf8');
  const rate = limitRate(onLine);
  let line = '';
  let cut = 0;
  const append = (text: string): void => {
    const room = LINE_MAX - line.length;
    line += text.slice(0, room);
    cut += Math.max(0, text.length - room);
  };
  const end = (): void => {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    rate.line(cut > 0 ? `${text} … (${cut} more characters)` : text);
    line = '';
    cut = 0;
  };
  stream.on('data', (chunk: Buffer) => {
    const parts = decoder.write(chunk).split('\n');
    parts.forEach((part, index) => {
      append(part);
      if (index < parts.length - 1) end();
    });
  });
  stream.once('close', () => {
    if (line !== '' || cut > 0) end();
    rate.end();
  });
}

/** Passes so many lines a second; tells how many were left out when the second is over. */
function limitRate(onLine: (text: string) => void): { line(text: string): void; end(): void } {
  let inThisSecond = 0;
  let timer: NodeJS.Timeout | undefined;
  const closeSecond = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (inThisSecond > LINES_PER_SECOND)
      onLine(`(${inThisSecond - LINES_PER_SECOND} more lines in one second)`);
    inThisSecond = 0;
  };
  return {
    line: (text) => {
      timer ??= setTimeout(closeSecond, 1000);
      if (++inThisSecond <= LINES_PER_SECOND) onLine(text);
    },
    end: closeSecond,
  };
}
