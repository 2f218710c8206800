/**
 * `bench lost-writes`: a disk that acknowledges overwrites and forgets some of them, and what each tool finds. The disk
 * itself knows which blocks are wrong.
 */
import { spawnSync } from 'node:child_process';
import type { Bench, BenchOutput } from './bench.js';
import { runBrunt, seriesOf } from './support/brunt.js';
import { FaultFile } from './support/fault-file.js';
import { peerVersion } from './support/peers.js';
import { keepFolder } from './support/leftovers.js';

const FILE_BYTES = 16 * 2 ** 20;
const BLOCK_SECTORS = 8;
const DROP_EVERY = 97;
const VERDICTS = ['lost', 'stale', 'torn', 'misdirected', 'rotted', 'foreign'];

export const lostWrites: Bench = {
  name: 'lost-writes',
  title: 'A disk that loses writes',
  about: [
    `A disk of ${FILE_BYTES / 2 ** 20} MiB acknowledges overwrites and forgets every ${DROP_EVERY}th of them. The file is written`,
    'once, soundly; then the disk begins to lose writes and the same job runs again. brunt reads everything back at the end:',
    'it must find exactly the blocks that the disk knows to be wrong by then, and none before. One write is in flight at a',
    'time: of two to one block at once nobody could say which must be there. fio (depth 8) verifies with its',
    'defaults, and with other random data in each run.',
  ].join('\n'),
  async run(out) {
    const fio = peerVersion('fio');
    out.peer('fio', fio, 'Debian: fio');
    const sound = await withDisk(out, (file) => bruntFinds(out, file, false));
    const losing = await withDisk(out, (file) => bruntFinds(out, file, true));
    if (fio !== null) {
      await withDisk(out, (file) => fioFinds(out, file, 'fio, defaults', []));
      await withDisk(out, (file) => fioFinds(out, file, 'fio, --randrepeat=0', ['--randrepeat=0']));
    }
    out.aim({
      what: 'wrong blocks that brunt finds, share',
      is: '>=',
      limit: 1,
      unit: '',
      value: losing && losing.found / losing.wrong,
    });
    out.aim({
      // What is found beyond what the losing disk knows to be wrong would be one too.
      what: 'false alarms of brunt, blocks',
      is: '<=',
      limit: 0,
      unit: '',
      value: sound && losing && sound.found + Math.max(0, losing.found - losing.wrong),
    });
  },
};

/** Blocks. */
interface Finding {
  readonly found: number;
  readonly wrong: number;
}

async function withDisk<T>(out: BenchOutput, measure: (file: FaultFile) => Promise<T>): Promise<T | null> {
  const file = await FaultFile.open(FILE_BYTES);
  if (typeof file === 'string') {
    out.note(`Not measured: ${file}.`);
    return null;
  }
  try {
    return await measure(file);
  } finally {
    await file.close();
  }
}

async function bruntFinds(out: BenchOutput, file: FaultFile, isLosing: boolean): Promise<Finding> {
  const kept = keepFolder('lost-writes');
  const folder = kept.path;
  try {
    const options = { path: file.path, size: `${FILE_BYTES}B`, direct: true, mix: { write: '100%' } };
    const job = (extra: object, verify: string): unknown => ({
      version: 1,
      safety: { writablePaths: [file.path] },
      actors: { writes: { uses: 'disk', peak: '1', with: { ...options, ...extra, verify } } },
      phases: [{ name: 'load', duration: '60s', until: 'done', load: { writes: '100%' } }],
    });
    await runBrunt(folder, job({ access: 'sequential', passes: 1 }, 'off'));
    if (isLosing) file.say({ type: 'drop', every: DROP_EVERY });
    const { summary, code } = await runBrunt(
      folder,
      job({ access: 'random', total: `${FILE_BYTES}B` }, 'after'),
    );
    const { dropped, wrongBlocks } = await file.tell();
    const unread = seriesOf(summary, 'disk.unverified')?.count ?? 0;
    if (unread > 0)
      out.note(`${unread} bytes were not read back: blocks that were not looked at are not found.`);
    const bad = VERDICTS.map((verdict) => seriesOf(summary, 'disk.bad-sectors', { verdict })?.count ?? 0);
    const foundBlocks = bad.reduce((sum, count) => sum + count, 0) / BLOCK_SECTORS;
    row(out, `brunt${isLosing ? '' : ', on a sound disk'}`, dropped, wrongBlocks, foundBlocks, code);
    return { found: foundBlocks, wrong: wrongBlocks };
  } finally {
    kept.remove();
  }
}

async function fioFinds(
  out: BenchOutput,
  file: FaultFile,
  tool: string,
  more: readonly string[],
): Promise<void> {
  const run = (): ReturnType<typeof spawnSync> =>
    spawnSync(
      'fio',
      [
        '--name=lost',
        `--filename=${file.path}`,
        '--rw=randwrite',
        '--bs=4k',
        '--direct=1',
        '--ioengine=io_uring',
        '--iodepth=8',
        `--size=${FILE_BYTES}`,
        '--allow_file_create=0',
        '--verify=crc32c',
        '--verify_state_save=0',
        '--output-format=json',
        ...more,
      ],
      { encoding: 'utf8', cwd: file.folder },
    );
  run();
  file.say({ type: 'drop', every: DROP_EVERY });
  const { status } = run();
  const { dropped, wrongBlocks } = await file.tell();
  // It stops at the first that it finds.
  const foundBlocks = status === 0 ? 0 : 1;
  row(out, tool, dropped, wrongBlocks, foundBlocks, status);
}

function row(
  out: BenchOutput,
  tool: string,
  dropped: number,
  wrongBlocks: number,
  foundBlocks: number,
  exit: number | null,
): void {
  out.row('What is found', {
    tool,
    'writes lost': dropped,
    'blocks wrong at the end': wrongBlocks,
    'blocks found': foundBlocks,
    'exit code': exit,
  });
}
