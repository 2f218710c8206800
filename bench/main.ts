/**
 * `npm run bench [NAME...] [--short] [--seed N]`: runs benches one after the other. What they say goes to standard output
 * as NDJSON and, unless --short, to bench/results/ and docs/performance.md. `--page` only writes the page anew.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findInstallation } from '../cli/package.js';
import type { Bench, BenchOutput } from './bench.js';
import { isHeld } from './bench.js';
import { BENCHES } from './list.js';
import { makePage } from './page.js';
import type { Line } from './results.js';
import { headOf, keep, readKept } from './results.js';
import { guardLeftovers, sweepLeftovers } from './support/leftovers.js';

const SEED_DEFAULT = 20_261_127;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: 'boolean', default: false },
    page: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(SEED_DEFAULT) },
  },
});

const unknown = positionals.filter((name) => !BENCHES.some((bench) => bench.name === name));
const seed = Number(values.seed);
if (unknown.length > 0 || !Number.isSafeInteger(seed)) {
  const what =
    unknown.length > 0 ? `no bench "${unknown.join('", "')}"` : `--seed ${values.seed} is no whole number`;
  process.stderr.write(`${what}. Known: ${BENCHES.map(({ name }) => name).join(', ')}\n`);
  process.exit(2);
}

if (!values.page) {
  guardLeftovers();
  for (const told of sweepLeftovers()) process.stderr.write(`${told}\n`);
  for (const bench of BENCHES) {
    if (positionals.length === 0 || positionals.includes(bench.name)) await runBench(bench);
  }
}
if (!values.short) {
  const page = await makePage(BENCHES, readKept());
  writeFileSync(join(findInstallation().root, 'docs', 'performance.md'), page);
}

async function runBench(bench: Bench): Promise<void> {
  const lines: Line[] = [];
  const put = (line: Line): void => {
    lines.push(line);
    process.stdout.write(`${JSON.stringify(line)}\n`);
  };
  const say = (text: string): void => void process.stderr.write(`${bench.name}: ${text}\n`);
  const out: BenchOutput = {
    row: (table, cells) => put({ type: 'row', table, cells }),
    aim: (aim) => put({ type: 'aim', isHeld: isHeld(aim), ...aim }),
    note: (text) => put({ type: 'note', text }),
    peer: (name, version, hint) => put({ type: 'peer', name, version, ...(hint !== undefined && { hint }) }),
    say,
  };
  say(values.short ? 'short: to try the bench, not to keep its figures' : bench.title);
  put(await headOf(bench.name, seed));
  const fromMs = performance.now();
  await bench.run(out, { isShort: values.short, seed });
  put({ type: 'end', tookS: (performance.now() - fromMs) / 1000 });
  if (!values.short) keep(bench.name, lines);
}
