/** Plain tables for people: rows of cells in, lines out, columns aligned and the last one wrapped at the width. */

const GAP = 2;

export interface TableStyle {
  readonly width: number;
  readonly indent: number;
}

const STYLE: TableStyle = { width: 80, indent: 2 };

/** Columns are as wide as their widest cell; empty ones take no room. */
export function table(rows: readonly (readonly string[])[], { width, indent }: TableStyle = STYLE): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, i) =>
    Math.max(0, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const left = (i: number): number =>
    indent + widths.slice(0, i).reduce((sum, w) => sum + (w === 0 ? 0 : w + GAP), 0);
  return rows.flatMap((row) => {
    const at = left(count - 1);
    const head = row
      .slice(0, count - 1)
      .map((cell, i) => (widths[i] === 0 ? '' : cell.padEnd((widths[i] ?? 0) + GAP)))
      .join('');
    const [first = '', ...rest] = wrap(row[count - 1] ?? '', Math.max(20, width - at));
    return [
      `${' '.repeat(indent)}${head.padEnd(at - indent)}${first}`.trimEnd(),
      ...rest.map((line) => ' '.repeat(at) + line),
    ];
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
