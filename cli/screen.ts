/**
 * The process's streams as the rest may use them: standard error is the person's screen, standard output is for
 * data. The only file that writes to either.
 */
import type { Screen } from '../core/contract/exporter.js';

export interface ScreenFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  /** False: --no-color. */
  readonly color?: boolean;
}

const COLUMNS_DEFAULT = 80;
const ROWS_DEFAULT = 24;
const SHOW_CURSOR = '\u001b[?25h';

/** `keys`: see Screen; asked at each redraw. */
export function openScreen(flags: ScreenFlags, keys?: () => readonly string[]): Screen {
  const { stderr, env } = process;
  const isTerminal = stderr.isTTY && env['TERM'] !== 'dumb';
  const isLive = isTerminal && flags.json !== true && flags.quiet !== true;
  // However the process ends, the terminal keeps its cursor.
  if (isLive) process.once('exit', () => stderr.write(SHOW_CURSOR));
  return {
    isLive,
    color: isTerminal && flags.color !== false && (env['NO_COLOR'] ?? '') === '',
    columns: () => columnsOf(stderr.columns, env['COLUMNS']),
    rows: () => stderr.rows || ROWS_DEFAULT,
    write: (text) => void stderr.write(text),
    ...(keys && { keys }),
  };
}

function columnsOf(terminal: number | undefined, variable: string | undefined): number {
  const said = Number(variable);
  return terminal || (Number.isInteger(said) && said > 0 ? said : COLUMNS_DEFAULT);
}

/** For people, on standard error. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** For programs: one JSON object on standard output. */
export function putJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** For programs and shells: text on standard output, as it is. */
export function putText(text: string): void {
  process.stdout.write(text);
}

/** A reader that went away (`brunt … | head`, a closed terminal) is no reason to break off a run. */
export function tolerateClosedStreams(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    });
  }
}
