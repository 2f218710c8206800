/** Plain tables for people: rows of cells in, lines out, columns aligned and the last one wrapped at the width. */

const GAP = 2;

export interface TableStyle {
  readonly width: number;
  readonly indent: number;
}

const STYLE: TableStyle = { width: 80, indent: 2 };

/** Columns before the last are as wide as their widest cell, and no wider than this: what is longer is wrapped, too. */
const COLUMN_MAX = 28;
/** The last column always has so much. */
const LAST_MIN = 20;

/** Empty columns take no room. */
export function table(rows: readonly (readonly string[])[], { width, indent }: TableStyle = STYLE): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widest = Array.from({ length: count }, (_, i) =>
    Math.max(0, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const bounds = widest.map((w, i) => (i < count - 1 ? Math.min(w, COLUMN_MAX) : w));
  const left = bounds.slice(0, -1).reduce((sum, w) => sum + (w === 0 ? 0 : w + GAP), indent);
  return rows.flatMap((row) => {
    const cells = bounds.map((bound, i) =>
      wrap(row[i] ?? '', i < count - 1 ? bound : Math.max(LAST_MIN, width - left)),
    );
    const height = Math.max(...cells.map((lines) => lines.length));
    return Array.from({ length: height }, (_, line) => {
      const text = cells.map((lines, i) => {
        const cell = lines[line] ?? '';
        return i === count - 1 || bounds[i] === 0 ? cell : cell.padEnd((bounds[i] ?? 0) + GAP);
      });
      return `${' '.repeat(indent)}${text.join('')}`.trimEnd();
    });
  });
}

export function wrap(text: string, width: number): string[] {
  const lines: string[] = [''];
  for (const word of text.split(/\s+/)) {
    const last = lines[lines.length - 1] ?? '';
    if (last === '') lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
