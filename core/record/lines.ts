/**
 * The lines of an .ndjson file, one value each, in order and bounded in memory by the longest line. A line that is
 * no value (torn by a crash, damaged on the disk) is counted and passed over. Called by the record's reader.
 */
import { createReadStream } from 'node:fs';

/** No line of a record comes near; a file without line ends is damage, not a reason to fill the memory. */
const LINE_MAX_CHARS = 64 * 2 ** 20;

/** Yields nothing for a file that is not there: the run ended before it was made. */
export async function* readLines<T>(
  path: string,
  decode: (line: string) => T | null,
  onDamaged: () => void,
): AsyncGenerator<T> {
  for await (const line of splitLines(path, onDamaged)) {
    if (line === '') continue;
    const value = decode(line);
    if (value === null) onDamaged();
    else yield value;
  }
}

async function* splitLines(path: string, onDamaged: () => void): AsyncGenerator<string> {
  let rest = '';
  try {
    for await (const chunk of createReadStream(path, { encoding: 'utf8' }) as AsyncIterable<string>) {
      const lines = chunk.split('\n');
      lines[0] = rest + (lines[0] ?? '');
      rest = lines.pop() ?? '';
      yield* lines;
      if (rest.length > LINE_MAX_CHARS) {
        onDamaged();
        rest = '';
      }
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  yield rest;
}
