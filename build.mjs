/**
 * Makes a clone runnable: installs what is missing, compiles what changed. Does nothing when both are up to date.
 * --fresh compiles everything anew, so that nothing is left of files that are gone.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildWasm } from './plugins/cpu/kernels/wasm/build.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const modifiedMs = (path) => (existsSync(here + path) ? statSync(here + path).mtimeMs : 0);

function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: here,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (error) console.error(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

// npm writes this file last, so that a broken install counts as none.
if (modifiedMs('node_modules/.package-lock.json') < modifiedMs('package-lock.json')) {
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}
if (process.argv.includes('--fresh')) rmSync(`${here}dist`, { recursive: true, force: true });
run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.']);
await buildWasm(`${here}dist/plugins/cpu/kernels/wasm/`);

// The schema of scenarios as code: compiling it takes longer than all else that a command does with a scenario.
const made = 'dist/core/scenario/made-validator.js';
if (modifiedMs(made) < modifiedMs('dist/.tsbuildinfo')) {
  const { validatorSource } = await import('./dist/core/scenario/make-validator.js');
  const { transform } = await import('esbuild');
  writeFileSync(
    here + made,
    (await transform(validatorSource(), { minify: true, target: 'node20.19' })).code,
  );
}

// After all that tsc has written: some of it is replaced.
const { bundle } = await import('./bundle.mjs');
await bundle(here);
