/**
 * An engine without brunt around it: submits, reaps, submits again, and says operations a second and what one costs this
 * process. Arguments: engine, depth, path ('-': no-ops), area, block size, milliseconds.
 */
import { randomFillSync } from 'node:crypto';
import { constants, openSync } from 'node:fs';
import { nowNs, MS, SECOND } from '../../../core/base/clock.js';
import { OP } from '../../../plugins/storage/engines/engine.js';
import type { EngineChoice } from '../../../plugins/storage/engines/open.js';
import { openEngine } from '../../../plugins/storage/engines/open.js';

const [engineName, depthText, path = '-', areaText, blockText, msText] = process.argv.slice(2);
const depth = Number(depthText);
const blockBytes = Number(blockText);
const isNop = path === '-';
const operation = isNop ? 'nop' : 'read';
const { engine } = openEngine({
  engine: engineName as EngineChoice,
  depth,
  slotBytes: blockBytes,
  operations: [operation],
});
const { slots } = engine;
slots.op.fill(OP[operation]);
slots.bytes.fill(isNop ? 0 : blockBytes);
if (!isNop) slots.file.fill(engine.attach(openSync(path, constants.O_RDONLY | constants.O_DIRECT)));
randomFillSync(engine.memory);
const blocks = Math.floor(Number(areaText) / blockBytes);
let state = 1;

function next(slot: number): void {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  slots.offset[slot] = Math.floor(((state >>> 0) / 2 ** 32) * blocks) * blockBytes;
  engine.submit(slot);
}

function loop(untilNs: number): number {
  let done = 0;
  for (let looked = 0; ; looked++) {
    const count = engine.reap(1, 100 * MS) as number;
    done += count;
    for (let i = 0; i < count; i++) next(engine.ended[i] as number);
    if ((looked & 15) === 0 && nowNs() > untilNs) return done;
  }
}

for (let slot = 0; slot < depth; slot++) next(slot);
loop(nowNs() + 300 * MS);
const cpu = process.cpuUsage();
const fromNs = nowNs();
const done = loop(fromNs + Number(msText) * MS);
const tookNs = nowNs() - fromNs;
const { user, system } = process.cpuUsage(cpu);
process.stdout.write(JSON.stringify({ perSecond: (done * SECOND) / tookNs, ownUs: (user + system) / done }));
process.exit(0);
