/** docs/performance.md, made from what is kept in bench/results: never written by hand. */
import { format } from 'prettier';
import type { Aim, Bench, Cells, Held } from './bench.js';
import type { Head, Line } from './results.js';

const INTRO = `# Performance

What brunt costs, how exact it is and how fast it protects, beside its peers. \`npm run bench\` measures all of it anew and
writes this page; \`npm run bench NAME\` one part of it. The raw lines lie in \`bench/results/\`. Peers run in the same run,
in turn with brunt: read the ratios; absolute figures are those of one noisy virtual machine.
`;

export async function makePage(
  benches: readonly Bench[],
  kept: ReadonlyMap<string, readonly Line[]>,
): Promise<string> {
  const parts = benches.flatMap((bench) => {
    const lines = kept.get(bench.name);
    return lines === undefined ? [] : [section(bench, lines)];
  });
  return format([INTRO, ...parts].join('\n'), { parser: 'markdown', printWidth: 120, proseWrap: 'preserve' });
}

function section({ name, title, about }: Bench, lines: readonly Line[]): string {
  const of = <T extends Line['type']>(type: T): Extract<Line, { type: T }>[] =>
    lines.filter((line): line is Extract<Line, { type: T }> => line.type === type);
  const parts = [`## ${title}`, `\`npm run bench ${name}\``, about];
  const aims = of('aim');
  if (aims.length > 0) parts.push(aimTable(aims));
  const rows = of('row');
  for (const caption of new Set(rows.map(({ table }) => table))) {
    const cells = rows.filter(({ table }) => table === caption).map((row) => row.cells);
    parts.push(`**${caption}**`, tableOf(cells));
  }
  const notes = of('note').map(({ text }) => `- ${text}`);
  if (notes.length > 0) parts.push(notes.join('\n'));
  const head = of('bench')[0];
  if (head !== undefined) parts.push(conditions(head, of('peer'), of('end')[0]?.tookS));
  return `${parts.join('\n\n')}\n`;
}

function aimTable(aims: readonly (Aim & { readonly isHeld: Held })[]): string {
  const word = (isHeld: Held): string => {
    if (isHeld === 'open') return 'not told apart from it';
    return isHeld === null ? 'not measured' : isHeld ? 'holds' : '**missed**';
  };
  const withUnit = (value: number, unit: string): string =>
    `${number(value)}${unit === '' ? '' : ` ${unit}`}`;
  return tableOf(
    aims.map(({ what, is, limit, unit, value, isHeld, note }) => ({
      Aim: what,
      Wanted: `${is === '<=' ? '≤' : '≥'} ${withUnit(limit, unit)}`,
      Measured: value === null ? null : withUnit(value, unit),
      '': word(isHeld) + (note === undefined ? '' : `: ${note}`),
    })),
  );
}

function tableOf(rows: readonly Cells[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((c) => c.replaceAll('|', '\\|')).join(' | ')} |`;
  const isNumeric = (column: string): boolean => rows.some((row) => typeof row[column] === 'number');
  return [
    line(columns),
    line(columns.map((column) => (isNumeric(column) ? '---:' : '---'))),
    ...rows.map((row) => line(columns.map((column) => text(row[column] ?? null)))),
  ].join('\n');
}

function text(cell: string | number | null): string {
  if (cell === null) return '–';
  return typeof cell === 'number' ? number(cell) : cell;
}

/** Whole numbers from a hundred on, three digits below. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Number.isInteger(value) || Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

function conditions(
  head: Head,
  peers: readonly { readonly name: string; readonly version: string | null; readonly hint?: string }[],
  tookS: number | undefined,
): string {
  const { host } = head;
  const where = [
    host.cpuModel ?? host.arch,
    `${host.cores} cores`,
    `${(host.memoryBytes / 2 ** 30).toFixed(1)} GiB`,
    host.virtualMachine === null ? null : 'virtual',
    `${host.platform} ${host.kernel}`,
    `Node ${host.node}`,
    `brunt ${head.brunt}${head.commit === null ? '' : ` (${head.commit})`}`,
    ...peers.map(({ name, version, hint }) =>
      version === null ? `${name}: not here${hint === undefined ? '' : ` (${hint})`}` : `${name} ${version}`,
    ),
    `load average before ${number(head.loadBefore)}`,
    `seed ${head.seed}`,
    tookS === undefined ? null : `took ${Math.round(tookS)} s`,
  ];
  return `_${head.at.slice(0, 10)}: ${where.filter((part) => part !== null).join(', ')}._`;
}
