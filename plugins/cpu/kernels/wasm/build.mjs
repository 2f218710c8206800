/**
 * Compiles the AssemblyScript beside it to WebAssembly, for the kernels in the folder above. Called by the build of the
 * whole with where to put it; what is newer than its source stays as it is.
 */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SIMD = ['--enable', 'simd'];
const RELAXED = ['--enable', 'simd,relaxed-simd'];
/** An engine refuses a module that has instructions it does not know: one module for each set of instructions. */
const MODULES = [
  { name: 'chains', source: 'chains.ts', features: [] },
  { name: 'chains-simd', source: 'chains.ts', features: SIMD },
  { name: 'chains-relaxed', source: 'chains.ts', features: RELAXED },
  { name: 'matrix-simd', source: 'matrix.ts', features: SIMD },
  { name: 'matrix-relaxed', source: 'matrix.ts', features: RELAXED },
  { name: 'stream-simd', source: 'stream.ts', features: SIMD },
  { name: 'sieve', source: 'sieve.ts', features: [] },
  { name: 'hash', source: 'hash.ts', features: [] },
  { name: 'branch', source: 'branch.ts', features: [] },
  { name: 'walk', source: 'walk.ts', features: [] },
];
// Without a runtime of its own: the kernels address their memory themselves.
const OPTIONS = ['-O3', '--noAssert', '--runtime', 'stub'];

/** `into` is an absolute path that ends in "/". */
export async function buildWasm(into) {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const changedMs = (file) => (existsSync(file) ? statSync(file).mtimeMs : 0);
  const stale = MODULES.filter(
    ({ name, source }) =>
      changedMs(`${into}${name}.wasm`) < Math.max(changedMs(here + source), changedMs(`${here}build.mjs`)),
  );
  if (stale.length === 0) return;
  mkdirSync(into, { recursive: true });
  const { default: asc } = await import('assemblyscript/asc');
  for (const { name, source, features } of stale) {
    const files = ['--baseDir', here, here + source, '--outFile', `${into}${name}.wasm`];
    const { error, stderr } = await asc.main([...files, ...OPTIONS, ...features]);
    if (error !== null) throw new Error(`${source}: ${error.message}\n${stderr.toString()}`);
  }
}
