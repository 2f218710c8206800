/** Numbers as blocks: shares and histories in, runs of block characters out. */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const HEIGHTS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** A share of `cells`, to an eighth of a cell. */
export function bar(share: number, cells: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * cells * 8);
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}

/** Shares 0 to 1, one column each. */
export function sparkline(shares: readonly number[]): string {
  const top = HEIGHTS.length - 1;
  return shares.map((s) => HEIGHTS[Math.round(Math.min(1, Math.max(0, s)) * top)] ?? '').join('');
}

interface Span {
  readonly name: string;
  readonly startMs: number;
  readonly durationMs: number;
}

/** The run as a bar with a mark at each phase, and the phases' names beneath it, both `width` wide at most. */
export function timeline(
  phases: readonly Span[],
  totalMs: number,
  elapsedMs: number,
  width: number,
): [string, string] {
  const inner = width - 1;
  const cellOf = (ms: number): number => Math.round((ms / totalMs) * inner);
  let [bars, names] = ['', ''];
  for (const { name, startMs, durationMs } of phases) {
    const cells = Math.max(1, cellOf(startMs + durationMs) - cellOf(startMs)) - 1;
    const done = (elapsedMs - startMs) / durationMs;
    const idle = done > 0 && done < 1 ? ' ' : '·';
    bars += `▕${bar(done, cells).padEnd(cells, idle)}`;
    names += ` ${name.slice(0, Math.max(0, cells - 1))}`.padEnd(cells + 1);
  }
  return [`${bars.slice(0, inner)}▏`, names.slice(0, inner).trimEnd()];
}
