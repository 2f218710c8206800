/** Columns as wide as their widest cell: rows of cells in, lines of one width out. */
import { clip } from './text.js';

export interface Column {
  readonly align?: 'left' | 'right';
  /** Dropped, lowest first, when the table is wider than the screen. Columns without a rank stay. */
  readonly rank?: number;
  /** Widest this column may get. */
  readonly max?: number;
}

const GAP = 2;

/** One space at the left; trailing spaces are cut. Cells beyond the columns are ignored by design of the caller. */
export function layOut(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): string[] {
  let kept = columns.map((column, i) => ({ column, i, width: widest(rows, i, column.max) }));
  kept = kept.filter((each) => each.width > 0);
  while (totalWidth(kept) > width) {
    const ranks = kept.flatMap(({ column }) => column.rank ?? []);
    if (ranks.length === 0) break;
    const lowest = Math.min(...ranks);
    kept = kept.filter(({ column }) => column.rank !== lowest);
  }
  return rows.map((row) => {
    const cells = kept.map((each) => {
      const cell = clip(row[each.i] ?? '', each.width);
      return each.column.align === 'right' ? cell.padStart(each.width) : cell.padEnd(each.width);
    });
    return clip(` ${cells.join(' '.repeat(GAP))}`.trimEnd(), width);
  });
}

function widest(rows: readonly (readonly string[])[], column: number, max = Infinity): number {
  return Math.min(
    max,
    rows.reduce((most, row) => Math.max(most, (row[column] ?? '').length), 0),
  );
}

function totalWidth(columns: readonly { readonly width: number }[]): number {
  return 1 + columns.reduce((sum, { width }) => sum + width, 0) + GAP * Math.max(0, columns.length - 1);
}
