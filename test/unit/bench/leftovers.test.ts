import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

const MODULE = new URL('../../../bench/support/leftovers.js', import.meta.url).href;

/** A bench that has made a folder and is then told by a signal; what it and, after it, the next one say. */
async function program(folder: string, script: string, signal?: NodeJS.Signals) {
  const source = `import { guardLeftovers, keepFolder, sweepLeftovers } from ${JSON.stringify(MODULE)};\n${script}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  if (signal !== undefined) {
    await once(child.stdout, 'data');
    child.kill(signal);
  }
  const [code] = await ended;
  return { code, text: text.trim() };
}

const HOLD = `guardLeftovers(); console.log(keepFolder('io').path); setInterval(() => {}, 1000);`;
const SWEEP = `console.log(sweepLeftovers().join('\\n'));`;

describe('what benches leave behind', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'brunt-left-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is nothing when they are interrupted', async () => {
    const { code, text } = await program(folder, HOLD, 'SIGTERM');
    expect(code).to.equal(143);
    expect(existsSync(text)).to.equal(false);
    expect(readdirSync(join(folder, 'brunt-bench-left'))).to.deep.equal([]);
  });

  it('is removed and named by the next one when they are killed, and never what one that lives has', async () => {
    const { text } = await program(folder, HOLD, 'SIGKILL');
    expect(existsSync(text)).to.equal(true);
    const swept = await program(folder, `const own = keepFolder('io').path; ${SWEEP} console.log(own);`);
    const [told = '', own = ''] = swept.text.split('\n');
    expect(told).to.contain(text).and.to.contain('killed');
    expect(existsSync(text)).to.equal(false);
    expect(own).to.match(/brunt-bench-io-/);
    expect(existsSync(own), 'that one did not clean up at its end, and lived when it swept').to.equal(true);
  });
});
