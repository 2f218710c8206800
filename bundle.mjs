/**
 * Puts what Node starts into few files: the command line and the library, every other program and thread, and what is
 * built in. Loading takes about a millisecond a module on a small machine, and a run starts three processes and threads
 * of them. Each bundle replaces the compiled file of the same name, so that nobody has to know that there are bundles.
 *
 * A program or thread has its bundle alone, so that no module exists twice in it; what is built in brings its own
 * copies of the floor (`core/base`, `core/contract`, `core/linux`), as any plugin may. Called by `build.mjs`.
 */
import { build } from 'esbuild';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';

const PROGRAMS = [
  'cli/library',
  'cli/main',
  'core/actor/entry',
  'core/agent/main',
  'core/contract/index',
  'core/plugin/contract-probe',
  'core/probe/thread',
  'core/safety/guard-thread',
  'core/safety/host-facts-thread',
  'core/safety/lag-thread',
  'core/target/keeper',
];
/** What is not JavaScript, what is large and seldom needed, and what is not installed. */
const EXTERNAL = ['@napi-rs/nice', 'ajv', 'koffi', 'systeminformation'];
/** What runs in each of piscina's threads; it is looked for beside piscina, which is in the agent's program. */
const POOL_WORKER = { from: 'node_modules/piscina/dist/worker.js', to: 'core/agent/worker' };
const LICENSES = 'dist/third-party-licenses.txt';

export async function bundle(root) {
  const builtIn = ['plugins', 'exporters'].flatMap((room) =>
    readdirSync(join(root, room))
      .filter((name) => existsSync(join(root, room, name, 'index.ts')))
      .map((name) => `${room}/${name}/index`),
  );
  const entries = [...PROGRAMS, ...builtIn];
  for (const folder of new Set(entries.map((entry) => join(root, 'dist', posix.dirname(entry))))) {
    const parts = readdirSync(folder).filter((name) => name.startsWith('part-'));
    for (const part of parts) rmSync(join(folder, part));
  }
  const all = await Promise.all([
    ...entries.map((entry) => bundled(root, `${entry}.ts`, entry)),
    bundled(root, POOL_WORKER.from, POOL_WORKER.to),
  ]);
  writeFileSync(join(root, LICENSES), licensesOf(root, new Set(all.flatMap(packagesIn))));
}

function bundled(root, source, to) {
  const folder = posix.dirname(to);
  return build({
    absWorkingDir: root,
    entryPoints: { [posix.basename(to)]: source },
    outdir: `dist/${folder}`,
    chunkNames: 'part-[name]-[hash]',
    // What is imported when it is needed is a file of its own.
    splitting: true,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external: EXTERNAL,
    mainFields: ['module', 'main'],
    legalComments: 'none',
    // Most of what loading costs goes by the bytes; names stay, for whoever reads a stack trace.
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 120,
    banner: { js: COMMONJS },
    plugins: [urlsOf(root, folder)],
    metafile: true,
    logLevel: 'warning',
  });
}

/** What packages in CommonJS find there. */
const COMMONJS = `import { createRequire as makeRequire } from 'node:module';
const require = makeRequire(import.meta.url), __dirname = import.meta.dirname;`;

/** `import.meta.url` goes on saying where a module was: files are found by it. */
function urlsOf(root, folder) {
  return {
    name: 'urls',
    setup(hooks) {
      hooks.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const source = readFileSync(path, 'utf8');
        if (!source.includes('import.meta.url')) return undefined;
        const module = relative(join(root, folder), path).replaceAll('\\', '/').replace(/ts$/, 'js');
        const url = `new URL(${JSON.stringify(module)}, import.meta.url).href`;
        return {
          contents: source.replaceAll('import.meta.url', url),
          loader: 'ts',
          resolveDir: dirname(path),
        };
      });
    },
  };
}

function packagesIn({ metafile }) {
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.keys(inputs).filter((input) => inputs[input].bytesInOutput > 0),
  );
  return used.flatMap((input) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? []);
}

/** What is passed on inside our files goes with its licence. */
function licensesOf(root, packages) {
  const texts = [...packages].sort().map((name) => {
    const home = join(root, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
    const file = readdirSync(home).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${name} is bundled and comes without a licence text`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(home, file), 'utf8').trim()}\n`;
  });
  return `Parts of these packages are in the files beside this one.\n\n${texts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}
