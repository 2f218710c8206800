/**
 * What a bench is: it measures, beside a peer in the same run wherever there is one, and says rows, aims and notes. It
 * writes nothing itself: `main.ts` keeps what it says as NDJSON and makes the tables of docs/performance.md from that.
 */
export interface Bench {
  /** `npm run bench NAME`. */
  readonly name: string;
  readonly title: string;
  /** What is measured, how, and beside whom, in Markdown: what a reader must know to believe or repeat it. */
  readonly about: string;
  run(out: BenchOutput, flags: BenchFlags): Promise<void>;
}

export interface BenchFlags {
  /** A run to try the bench itself: few repeats, small sizes. Its figures are printed, never kept. */
  readonly isShort: boolean;
  /** Everything drawn at random is drawn from it. */
  readonly seed: number;
}

/** By column: its title, with the unit, is the key. A number is shown with three digits; null is "not measured". */
export type Cells = Readonly<Record<string, string | number | null>>;

/** What a figure should be. A missed aim is shown as missed, with what is known of why. */
export interface Aim {
  readonly what: string;
  readonly is: '<=' | '>=';
  readonly limit: number;
  /** Of limit and value; '' for a ratio. */
  readonly unit: string;
  /** Null: not measured here; the note says why. */
  readonly value: number | null;
  /** Where it may lie for all that the repeats say: an aim is missed when none of it would do. */
  readonly interval?: readonly [number, number];
  readonly note?: string;
}

/** 'open': the repeats scatter over the limit. Null: not measured. */
export type Held = boolean | 'open' | null;

export interface BenchOutput {
  /** One row of a table; a table is named by its caption, its columns are those of its first row. */
  row(table: string, cells: Cells): void;
  aim(aim: Aim): void;
  /** A sentence about this run: what was found out, what the figures do not say. */
  note(text: string): void;
  /** Who stood beside, with its version; null: it is not on this machine (`hint` says how to get it). */
  peer(name: string, version: string | null, hint?: string): void;
  /** Progress, for whoever waits. */
  say(text: string): void;
}

export function isHeld({ is, limit, value, interval }: Aim): Held {
  if (value === null) return null;
  const does = (figure: number): boolean => (is === '<=' ? figure <= limit : figure >= limit);
  if (does(value)) return true;
  return interval?.some(does) === true ? 'open' : false;
}
