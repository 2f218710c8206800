/** The built command line, run as a person runs it: own process, own folder, real files. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunEvent } from '../../core/contract/events.js';
import type { RunSummary } from '../../core/contract/summary.js';
import { ROOT } from './root.js';

/** BRUNT_DIST: another folder of compiled code than the one that `npm run build` fills. */
const MAIN = join(ROOT, process.env['BRUNT_DIST'] ?? 'dist', 'cli/main.js');

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Cli {
  readonly child: ChildProcess;
  readonly done: Promise<Finished>;
  stdout = '';
  stderr = '';
  readonly #watchers = new Set<() => void>();

  /** @param group a file that the shell writes its pid into first: the control group to run in. */
  constructor(cwd: string, args: readonly string[], env: Record<string, string> = {}, group?: string) {
    const command = [process.execPath, MAIN, ...args];
    const inGroup = ['/bin/sh', '-c', `echo $$ > "$0" && exec "$@"`, group ?? '', ...command];
    const [program = '', ...words] = group === undefined ? command : inGroup;
    this.child = spawn(program, words, {
      cwd,
      env: { ...process.env, NO_COLOR: '1', TMPDIR: cwd, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout
      ?.setEncoding('utf8')
      .on('data', (text: string) => this.#grow(() => (this.stdout += text)));
    this.child.stderr
      ?.setEncoding('utf8')
      .on('data', (text: string) => this.#grow(() => (this.stderr += text)));
    this.done = new Promise((resolve) => {
      this.child.on('close', (code, signal) => {
        this.#grow(() => undefined);
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** Settles when the text has appeared on stderr; fails when the process ends without it. */
  async says(pattern: RegExp): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (pattern.test(this.stderr)) resolve();
        else if (this.child.exitCode !== null || this.child.signalCode !== null) {
          reject(new Error(`ended without saying ${String(pattern)}:\n${this.stderr}`));
        } else return;
        this.#watchers.delete(look);
      };
      this.#watchers.add(look);
      look();
    });
  }

  #grow(change: () => unknown): void {
    change();
    for (const look of this.#watchers) look();
  }
}

/** A folder of the test's own, with what it needs to run brunt in it. */
export class Workplace {
  readonly dir = mkdtempSync(join(tmpdir(), 'brunt-test-'));

  write(name: string, content: unknown): string {
    writeFileSync(
      join(this.dir, name),
      typeof content === 'string' ? content : JSON.stringify(content, null, 2),
    );
    return name;
  }

  start(...args: string[]): Cli {
    return new Cli(this.dir, args);
  }

  async run(...args: string[]): Promise<Finished> {
    return this.start(...args).done;
  }

  /** Directories of the run records here, oldest first: by when they were made, since names of one second are in no order. */
  records(): string[] {
    const runs = join(this.dir, '.brunt/runs');
    return readdirSync(runs)
      .map((name) => ({ dir: join(runs, name), madeMs: statSync(join(runs, name)).birthtimeMs }))
      .sort((a, b) => a.madeMs - b.madeMs)
      .map(({ dir }) => dir);
  }

  lastRecord(): string {
    const last = this.records().at(-1);
    if (last === undefined) throw new Error('no run record');
    return last;
  }

  summary(record: string = this.lastRecord()): RunSummary {
    return JSON.parse(readFileSync(join(record, 'summary.json'), 'utf8')) as RunSummary;
  }

  /** A summary that was exported as JSON. */
  read(name: string): RunSummary {
    return JSON.parse(readFileSync(join(this.dir, name), 'utf8')) as RunSummary;
  }

  events(record: string = this.lastRecord()): RunEvent[] {
    return readFileSync(join(record, 'events.ndjson'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as RunEvent);
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
