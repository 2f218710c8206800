/** What a run keeps for a later one: which is refused, and by what a target is known again. */
import { expect } from 'chai';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../../../core/base/errors.js';
import { foreign } from '../../../../core/linux/foreign.js';
import { fileName } from '../../../../plugins/storage/verify/kept-file.js';
import type { Identity, Place } from '../../../../plugins/storage/verify/kept-file.js';
import type { KeptState } from '../../../../plugins/storage/verify/kept-state.js';
import { openKeptState } from '../../../../plugins/storage/verify/kept-state.js';

const UNIT = 4096;
const UNITS = 16;
const KEY = { runLow: 3, runHigh: 5, target: 7 };

describe('what a run keeps for a later one', () => {
  let folder: string;
  const place = (name: string, more: Partial<Place> = {}): Place => ({
    ...{ name, index: 0, identity: null, from: 0, bytes: UNITS * UNIT, unitBytes: UNIT },
    ...more,
  });
  const open = (run: string, from: string | null, at: Place, writer = 0, isPassing = false): KeptState => {
    mkdirSync(join(folder, run), { recursive: true });
    return openKeptState({
      ...{ folder: join(folder, run), writer, place: at, key: KEY, isPowerLost: null, isPassing },
      from: from === null ? null : join(folder, from),
    });
  };
  const written = (run: string, at: Place): void => {
    const state = open(run, null, at);
    state.oracle.end(2, 1, state.oracle.begin(2, 1) > 0);
    state.close();
  };
  const refused = (from: string, at: Place): string => {
    try {
      open('later', from, at).close();
      return '';
    } catch (error) {
      return messageOf(error);
    }
  };

  before(function () {
    if (foreign() === null) return this.skip(); // kept in mapped memory: 64-bit Linux with koffi
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'brunt-kept-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is refused while one of those who write has it, when nothing was written, and when a part of it is gone', () => {
    const at = place('/data/f');
    const instances = [open('run', null, at, 0), open('run', null, at, 1)];
    expect(refused('run', at)).to.match(/still going on/);
    instances[0]!.close();
    expect(refused('run', at)).to.match(/still going on/);
    instances[1]!.close();
    expect(refused('run', at)).to.match(/wrote nothing to \/data\/f.* nothing to verify/);
    written('whole', at);
    expect(refused('whole', at)).to.equal('');
    const file = join(folder, 'whole', fileName(at));
    truncateSync(file, UNIT + 100);
    expect(refused('whole', place('/other'))).to.match(/has 4196 bytes of \d+: .* not all there/);
    writeFileSync(file, Buffer.alloc(UNIT));
    expect(refused('whole', place('/other'))).to.match(/never finished, or is damaged/);
    expect(refused('nobody', place('/other'))).to.match(/kept nothing/);
  });

  it('is of a device by its own names, and of a file by its place among those of the actor, wherever it is mounted', () => {
    const device = (lasting: string[], ofBoot: string[]): Place =>
      place('/dev/loop7', { identity: { lasting, ofBoot } satisfies Identity });
    written('device', device(['loop:/a'], ['diskseq:1']));
    for (const [now, message] of [
      [device(['loop:/a'], ['diskseq:9']), /^$/],
      [{ ...device(['wwid:x', 'loop:/a'], []), name: '/dev/loop3' }, /^$/],
      [device(['loop:/b'], ['diskseq:9']), /that run wrote to loop:\/a, and \/dev\/loop7 is loop:\/b/],
      [device([], ['diskseq:9']), /wrote to loop:\/a, and .* is diskseq:9/],
      [device([], ['diskseq:1']), /^$/],
    ] as const) {
      expect(refused('device', now)).to.match(message);
      rmSync(join(folder, 'later'), { recursive: true });
    }
    for (const index of [0, 1]) written('files', place(`/old/f.${index}`, { index }));
    const later = open('later', 'files', place('/new/f.1', { index: 1 }));
    expect(later.story).to.match(/it was \/old\/f\.1 then/);
    later.close();
    expect(refused('files', place('/new/f.2', { index: 2 }))).to.match(/kept \/old\/f\.0, \/old\/f\.1, not/);
  });

  it('goes with the last who has it where it is not for a later run', () => {
    const at = place('/data/list');
    const states = [open('run', null, at, 0, true), open('run', null, at, 1, true)];
    const file = join(folder, 'run', fileName(at));
    states[0]!.oracle.begin(1, 1);
    expect(states[1]!.oracle.isUntouched(1)).to.equal(false);
    states[0]!.close();
    truncateSync(file, 8192); // it is still there
    states[1]!.close();
    expect(() => truncateSync(file, 0)).to.throw(/ENOENT/);
  });
});
