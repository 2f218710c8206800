/**
 * Kernels of the cpu in whole runs: what they say of themselves, memory by lease, and a processor that computes wrongly.
 * The wrong processor is a copy of the compiled code whose WebAssembly multiplies by another number.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { RunSummary, SeriesSummary } from '../../core/contract/summary.js';
import { EXIT } from '../../core/base/exit-codes.js';
import { ROOT } from '../support/root.js';

const COMPILED = fileURLToPath(new URL('../../', import.meta.url));

interface Outcome {
  readonly code: number;
  readonly summary: RunSummary;
  readonly stderr: string;
}

describe('kernels in a run', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'brunt-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const run = async (
    options: object,
    main = join(COMPILED, 'cli/main.js'),
    more: object = {},
    duration = '500ms',
  ): Promise<Outcome> => {
    const file = join(folder, 'scenario.json');
    const actor = { uses: 'cpu', peak: '100% of core', instances: 1, with: options, ...more };
    const phases = [
      { name: 'warm', duration: '500ms', load: { core: '50%' }, measure: false },
      { name: 'work', duration, load: { core: '50%' } },
    ];
    writeFileSync(file, JSON.stringify({ version: 1, window: '250ms', actors: { core: actor }, phases }));
    return new Promise((resolve) => {
      execFile(process.execPath, [main, 'run', file, '--json'], { cwd: folder }, (error, stdout, stderr) => {
        const code = typeof error?.code === 'number' ? error.code : 0;
        resolve({
          code,
          stderr,
          summary: stdout === '' ? ({} as RunSummary) : (JSON.parse(stdout) as RunSummary),
        });
      });
    });
  };
  const seriesOf = ({ summary }: Outcome, metric: string): readonly SeriesSummary[] =>
    summary.phases.at(-1)?.series.filter((series) => series.metric === metric) ?? [];

  it('say what was done, and the bandwidth of what moves memory, which is leased and in the plan', async function () {
    if (process.platform !== 'linux') return this.skip(); // no account of processor time by thread, no facts of caches
    const ran = await run({ kernel: 'mixed', mix: { triad: 1, sieve: 3 } }, undefined, {}, '2s');
    if (ran.code === EXIT.cannotStart) return this.skip(); // this host does not say which caches it has
    expect(ran.code, ran.stderr).to.equal(EXIT.passed);
    expect(seriesOf(ran, 'cpu.operations')[0]?.count).to.be.greaterThan(0);
    expect(seriesOf(ran, 'cpu.wrong-results')[0]?.count ?? 0).to.equal(0);
    for (const metric of ['cpu.speed', 'cpu.bandwidth', 'cpu.flops'])
      expect(seriesOf(ran, metric)[0]?.avg, metric).to.be.greaterThan(0);
    const unleased = ran.summary.trust.checks.find(({ check }) => check === 'unleased');
    expect(unleased?.ok, unleased?.detail).to.equal(true);
    expect(ran.summary.after.heldAtStop['core']).to.be.greaterThan(0);
  });

  it('fail the run when the processor computes wrongly, and say what was wrong', async () => {
    const dist = join(folder, 'dist');
    for (const part of ['core', 'plugins', 'exporters', 'cli'])
      cpSync(join(COMPILED, part), join(dist, part), { recursive: true });
    for (const name of ['package.json', 'scenarios'])
      cpSync(join(ROOT, name), join(folder, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    const module = join(dist, 'plugins/cpu/kernels/wasm/branch.wasm');
    const bytes = readFileSync(module);
    // i32.const 9, i32.mul
    const at = bytes.indexOf(Buffer.from([0x41, 9, 0x6c]));
    expect(at).to.be.greaterThan(0);
    bytes[at + 1] = 11;
    writeFileSync(module, bytes);

    const ran = await run({ kernel: 'branch' }, join(dist, 'cli/main.js'));
    expect(ran.code, ran.stderr).to.equal(EXIT.threshold);
    const [result] = ran.summary.thresholds;
    expect(result).to.include({ text: 'cpu.wrong-results{actor:core} count == 0', ok: false, actor: 'core' });
    // The phase that is not measured as well.
    expect(result?.phases).to.deep.equal(['warm', 'work']);
    expect(result?.value).to.be.greaterThan(0);
    expect(ran.summary.verdict).to.equal('failed');
    expect(ran.summary.reasons[0]).to.contain('must never happen');
    const events = readFileSync(join(ran.summary.record, 'events.ndjson'), 'utf8');
    expect(events).to.contain('kernel \\"branch\\" gave a wrong result');
    // The same processor is right about everything else.
    expect((await run({ kernel: 'sieve' }, join(dist, 'cli/main.js'))).code).to.equal(EXIT.passed);
  });

  it('are refused where they make no sense, and where the engine cannot have them', async () => {
    const alone = await run({ kernel: 'false-sharing' });
    expect(alone.code).to.equal(EXIT.invalid);
    expect(alone.stderr).to.contain('takes 2 instances at least');
    const together = await run({ kernel: 'false-sharing' }, undefined, {
      instances: 2,
      peak: '100% of core',
    });
    expect(together.code, together.stderr).to.equal(EXIT.passed);
    const [major = 0] = process.versions.node.split('.').map(Number);
    if (major >= 22) return;
    const fused = await run({ kernel: 'vector-fma' });
    expect(fused.code).to.equal(EXIT.cannotStart);
    expect(fused.summary.reasons.join()).to.contain('no relaxed SIMD');
  });
});
