/** Runs of the built command line, as a person runs it: a scenario in, its summary out. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunSummary, SeriesSummary } from '../../core/contract/summary.js';

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

export interface BruntRun {
  readonly code: number | null;
  readonly summary: RunSummary;
  readonly stderr: string;
}

/** `folder` is the working directory; records and scratch go below it. */
export async function runBrunt(folder: string, scenario: unknown, profile = 'lab'): Promise<BruntRun> {
  writeFileSync(join(folder, 'scenario.json'), JSON.stringify(scenario));
  const child = spawn(process.execPath, [MAIN, 'run', 'scenario.json', '--profile', profile, '--json'], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const [code] = (await once(child, 'close')) as [number | null];
  if (!stdout.startsWith('{')) throw new Error(`brunt run told no summary (exit ${code}):\n${stderr}`);
  return { code, summary: JSON.parse(stdout) as RunSummary, stderr };
}

/** One series of a phase; null when there is none. */
export function seriesOf(
  summary: RunSummary,
  metric: string,
  tags: Readonly<Record<string, string>> = {},
  phase = 0,
): SeriesSummary | null {
  const all = summary.phases[phase]?.series ?? [];
  const fits = (s: SeriesSummary): boolean =>
    Object.entries(tags).every(([key, value]) => s.tags[key] === value);
  return all.find((s) => s.metric === metric && fits(s)) ?? null;
}
