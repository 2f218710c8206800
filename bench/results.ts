/**
 * What a bench says, line by line: the types of its NDJSON, the file it is kept in (`bench/results/NAME.ndjson`), and
 * reading it back. The first line says on what machine, with which versions and beside whom.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { findInstallation } from '../cli/package.js';
import type { Fingerprint } from '../core/safety/host-facts.js';
import { fingerprint } from '../core/safety/host-facts.js';
import type { Aim, Cells, Held } from './bench.js';

export interface Head {
  readonly type: 'bench';
  readonly name: string;
  readonly at: string;
  readonly seed: number;
  readonly brunt: string;
  /** Of the code that was measured; "+" where it had been changed since. Null outside a checkout. */
  readonly commit: string | null;
  /** A machine that others use is a noisy one. */
  readonly loadBefore: number;
  readonly host: Fingerprint;
}

export type Line =
  | Head
  | { readonly type: 'peer'; readonly name: string; readonly version: string | null; readonly hint?: string }
  | { readonly type: 'row'; readonly table: string; readonly cells: Cells }
  | ({ readonly type: 'aim'; readonly isHeld: Held } & Aim)
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'end'; readonly tookS: number };

export async function headOf(name: string, seed: number): Promise<Head> {
  const host = await fingerprint();
  const { version } = findInstallation();
  return {
    type: 'bench',
    name,
    at: new Date().toISOString(),
    seed,
    brunt: version,
    commit: commit(),
    loadBefore: loadavg()[0] ?? NaN,
    // Whose machine it is concerns nobody.
    host: { ...host, hostname: '' },
  };
}

function commit(): string | null {
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: findInstallation().root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  try {
    const isChanged = git('status', '--porcelain', '--', 'core', 'plugins', 'cli', 'exporters') !== '';
    return git('rev-parse', '--short', 'HEAD').trim() + (isChanged ? '+' : '');
  } catch {
    // Not a checkout, or no git: the version has to do.
    return null;
  }
}

const folder = (): string => join(findInstallation().root, 'bench', 'results');

export function keep(name: string, lines: readonly Line[]): void {
  mkdirSync(folder(), { recursive: true });
  writeFileSync(join(folder(), `${name}.ndjson`), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

/** Everything that is kept, by bench. */
export function readKept(): Map<string, Line[]> {
  const kept = new Map<string, Line[]>();
  for (const file of readdirSync(folder()).filter((name) => name.endsWith('.ndjson'))) {
    const lines = readFileSync(join(folder(), file), 'utf8').split('\n');
    kept.set(
      file.slice(0, -'.ndjson'.length),
      lines.filter((text) => text !== '').map((text) => JSON.parse(text) as Line),
    );
  }
  return kept;
}
