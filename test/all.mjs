/**
 * What `npm test` does once all is compiled: style, then the tests, the quick way for a machine with few cores. Both
 * programs that look at style run at once. Of the tests, those that only look at what happens run beside each other, a
 * file each; all others after them, one at a time: they measure, fill the machine, or wait for an instant.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const JOBS_MAX = 4;

/** Folders and files below test/. What is not named here runs alone: a new test is safe until somebody names it. */
const BESIDE = [
  'case',
  'contract',
  'fuzz',
  'tidy',
  'types',
  'unit/base',
  'unit/bench',
  'unit/cli',
  'unit/exporters',
  'unit/metrics',
  'unit/plan',
  'unit/plugin',
  'unit/plugins/storage',
  'unit/record',
  'unit/scenario',
  'e2e/block',
  'e2e/cli',
  'e2e/disk',
  'e2e/disk-tree',
  'e2e/echo-plugin',
  'e2e/files',
  'e2e/interrupt',
  'e2e/kernels',
  'e2e/leak',
  'e2e/library',
  'e2e/memory-limits',
  'e2e/memory-verify',
  'e2e/misbehaving',
  'e2e/package',
  'e2e/snia',
  'e2e/start',
  'e2e/summary-schema',
  'e2e/supervision',
  'e2e/target',
  'e2e/verify-later',
];

const options = JSON.parse(readFileSync(`${ROOT}.mocharc.json`, 'utf8'));
delete options.spec; // each run names its own
const flags = Object.entries(options).flatMap(([name, value]) =>
  value === true ? [`--${name}`] : [`--${name}`, String(value)],
);

const compiled = (name) => {
  const path = `dist/test/${name}`;
  if (existsSync(`${ROOT}${path}.test.js`)) return `${path}.test.js`;
  if (existsSync(`${ROOT}${path}`)) return `${path}/**/*.test.js`;
  throw new Error(`test/all.mjs names test/${name}, which is not there`);
};

/** Its exit code; what it says is ours. */
const run = (script, ...args) =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [`node_modules/${script}`, ...args], {
      cwd: ROOT,
      stdio: 'inherit',
    });
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 1));
  });

const beside = BESIDE.map(compiled);
const jobs = Math.min(JOBS_MAX, availableParallelism());
const steps = [
  () =>
    Promise.all([
      run('eslint/bin/eslint.js', '.'),
      run('prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'),
    ]),
  () => run('mocha/bin/mocha.js', '--no-config', ...flags, '--parallel', '--jobs', String(jobs), ...beside),
  () => run('mocha/bin/mocha.js', ...beside.flatMap((path) => ['--ignore', path])),
];
for (const step of steps) {
  const codes = [await step()].flat();
  process.exitCode ||= codes.find((code) => code !== 0) ?? 0;
  // Tests of both kinds are told, also where some of the first fail; not so what is compiled of a faulty source.
  if (process.exitCode !== 0 && step === steps[0]) break;
}
