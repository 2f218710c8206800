/** The log of lines on a file system that refuses: what is not written is counted, and the damage stays in one line. */
import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LineLog } from '../../../core/record/line-log.js';

describe('line log', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'brunt-log-test-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('keeps the order of what is pushed at once', async () => {
    const log = await LineLog.create(join(dir, 'a'));
    const lines = Array.from({ length: 1000 }, (_, i) => `line ${i} ü`);
    for (const line of lines) log.push(line);
    await log.close();
    expect(await readFile(join(dir, 'a'), 'utf8')).to.equal(lines.map((line) => `${line}\n`).join(''));
    expect(log.lost).to.equal(0);
  });

  it('has everything on the disk after sync, and takes more after it', async () => {
    const log = await LineLog.create(join(dir, 'a'));
    log.push('one');
    await log.sync();
    expect(await readFile(join(dir, 'a'), 'utf8')).to.equal('one\n');
    log.push('two');
    await log.close();
    expect(await readFile(join(dir, 'a'), 'utf8')).to.equal('one\ntwo\n');
  });

  it('counts what the queue cannot hold', async () => {
    const log = await LineLog.create(join(dir, 'a'));
    const line = 'x'.repeat(2 ** 20);
    for (let i = 0; i < 40; i++) log.push(line);
    await log.close();
    const written = (await readFile(join(dir, 'a'), 'utf8')).split('\n').length - 1;
    expect(log.lost).to.be.greaterThan(0);
    expect(written + log.lost).to.equal(40);
    expect(log.failure).to.include('queue is full');
  });

  it('counts what the disk refuses, and tears one line at most', async function () {
    if (process.platform === 'win32') this.skip(); // No file size limit to hit there.
    // The largest file this process may write is made small: the kernel takes a part of a write, then refuses.
    const script = `
      import { LineLog } from ${JSON.stringify(new URL('../../../core/record/line-log.js', import.meta.url).href)};
      process.on('SIGXFSZ', () => undefined);
      const log = await LineLog.create(${JSON.stringify(join(dir, 'a'))});
      for (let i = 0; i < 100; i++) log.push('line ' + i + ' ' + 'x'.repeat(40));
      await log.sync();
      log.push('one more');
      await log.close();
      console.log(JSON.stringify({ lost: log.lost, failure: log.failure }));`;
    const { stdout } = await promisify(execFile)('sh', [
      '-c',
      'ulimit -f 2; exec "$0" --input-type=module -e "$1"',
      process.execPath,
      script,
    ]);
    const { lost, failure } = JSON.parse(stdout) as { lost: number; failure: string };
    const whole = (await readFile(join(dir, 'a'), 'utf8')).split('\n').slice(0, -1);
    expect(whole.length).to.be.greaterThan(0);
    expect(whole.length + lost).to.equal(101);
    expect(failure).to.include('EFBIG');
  });
});
