/**
 * One instance of `files`: its tree made, operations done as they fall due, and at the end the whole tree held against
 * what it must be. Called by `index.ts`.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { MS, nowNs } from '../../core/base/clock.js';
import { messageOf } from '../../core/base/errors.js';
import type { ActorContext, MetricSpecs, OperationColumns } from '../../core/contract/index.js';
import { OperationError } from '../../core/contract/index.js';
import { attributes } from '../../core/linux/attributes.js';
import { errnoName } from '../../core/linux/errno.js';
import type { Layout } from '../storage/layout/layout.js';
import { sizeDrawer, sizeRange } from '../storage/layout/tree.js';
import type { Payload } from '../storage/payload.js';
import { bagOf } from '../storage/workload/choices.js';
import { ErrorPolicy } from '../storage/workload/error-policy.js';
import { Contents } from './contents.js';
import type { Folder, Inode } from './model.js';
import { Model, pathOf } from './model.js';
import type { FilesOptions, Kind } from './options.js';
import { filesMaxOf, KINDS, sharesOf, treeOf } from './options.js';
import type { Wrong } from './storm.js';
import { ATTRIBUTE, Storm, WRONGS } from './storm.js';

export const METRICS = {
  wrong: {
    kind: 'counter',
    unit: 'count',
    better: 'lower',
    mustBeZero: true,
    help: 'Names and files that were not what the operations before had made of them, by what was wrong.',
    tags: { what: WRONGS },
  },
  turned: {
    kind: 'counter',
    unit: 'count',
    better: 'lower',
    help: 'Operations that could not be, since nothing was there to do them on, or no room by filesMax: another was done.',
  },
  checked: { kind: 'counter', unit: 'count', help: 'Names that were looked at in the end.' },
  unchecked: {
    kind: 'counter',
    unit: 'count',
    better: 'lower',
    help: 'Names for which there was no time in the end.',
  },
  verified: {
    kind: 'counter',
    unit: 'bytes',
    help: 'Contents of files that were held against what was written.',
  },
  unverified: {
    kind: 'counter',
    unit: 'bytes',
    better: 'lower',
    help: 'Contents that were not looked at in the end: there was no time, a write to the file had failed, or it could not be read.',
  },
} as const satisfies MetricSpecs;

export type Context = ActorContext<FilesOptions, typeof METRICS>;

/** The event loop gets its turn this often. */
const TURN_NS = 20 * MS;
/** The kernel wakes a sleeper so late: a shorter wait is spent looking. */
const SPIN_NS = 0.1 * MS;
/** Looking at all of it in the end; graceful stops of all profiles are longer. */
const CHECK_NS = 5000 * MS;
/** Of each thing that may be wrong. */
const DESCRIBED_MAX = 10;
const FIRST = new Uint32Array(1);

/** So that several may work in the same folders, each with its own names. */
export function prefixOf(instance: number): string {
  return `i${instance}-`;
}

/** What is there when it begins. */
export interface Made {
  readonly root: string;
  readonly layout: Layout;
  /** Contents of all files follow from it. */
  readonly payload: Payload;
}

export class FilesLoop {
  readonly #ctx: Context;
  readonly #model: Model;
  readonly #contents: Contents;
  readonly #storm: Storm;
  readonly #next: () => Kind;
  readonly #errors: ErrorPolicy;
  /** The operation under way, as the core takes many: that costs a tenth of what one by one does. */
  readonly #column = {
    kind: new Uint8Array(1),
    dueNs: new Float64Array(1),
    startNs: new Float64Array(1),
    endNs: new Float64Array(1),
    result: new Int32Array(1),
  } satisfies OperationColumns;
  readonly #described = Object.fromEntries(WRONGS.map((what) => [what, 0])) as Record<Wrong, number>;
  #wrongs = 0;
  #turned = 0;

  constructor(ctx: Context, { root, layout, payload }: Made) {
    this.#ctx = ctx;
    const { options } = ctx;
    const random = (): number => ctx.random();
    const tree = treeOf(options);
    const largest = sizeRange(tree).max;
    this.#model = modelOf(ctx, root, layout);
    this.#errors = new ErrorPolicy(options);
    const shares = sharesOf(options);
    this.#next = bagOf(
      KINDS.map((value) => ({ value, share: shares[value] })),
      random,
    );
    const calls = attributes();
    if (shares.setxattr + shares.getxattr > 0) tryAttributes(ctx, root);
    this.#contents = new Contents(payload, (path, how) => this.#tellWrong('content', path, how));
    this.#storm = new Storm({
      model: this.#model,
      random,
      contents: this.#contents,
      buffer: Buffer.alloc(Math.ceil(Math.max(largest, options.appendSize, 4096) / 8) * 8),
      size: sizeDrawer(tree, 1, random),
      largest,
      appendBytes: options.appendSize,
      filesMax: filesMaxOf(options),
      foldersMax: options.foldersMax,
      sync: options.sync,
      attributes: shares.setxattr + shares.getxattr > 0 ? calls : null,
      onWrong: (what, path, how) => this.#tellWrong(what, path, how),
      onTurned: () => {
        this.#turned++;
        ctx.metrics.turned.add(1);
      },
    });
  }

  async run(): Promise<void> {
    const ctx = this.#ctx;
    const { operations } = ctx;
    let turnNs = nowNs() + TURN_NS;
    let now = 0;
    while (!ctx.stopped()) {
      if (operations.startDue(this.#column.dueNs, 1) === 1) now = this.#do();
      else {
        const dueNs = operations.nextDueNs();
        now = nowNs();
        if (dueNs - now > SPIN_NS) ctx.park((dueNs - now - SPIN_NS / 2) / MS);
      }
      if (now < turnNs) continue;
      await new Promise(setImmediate);
      turnNs = nowNs() + TURN_NS;
    }
    if (this.#turned > 0)
      ctx.log(
        'info',
        `${this.#turned} operations could not be what was drawn and were others: see "filesMax"`,
      );
    await this.#checkAll();
  }

  /** What has been started. When it ended. */
  #do(): number {
    const { operations } = this.#ctx;
    const { kind, dueNs, startNs, endNs, result } = this.#column;
    startNs[0] = nowNs();
    const op = this.#storm.possible(this.#next());
    try {
      result[0] = this.#storm.perform(op);
      endNs[0] = nowNs();
      kind[0] = KINDS.indexOf(op);
      if (op === 'read') this.#ctx.metrics.verified.add(this.#storm.checkRead());
      operations.recordMany(this.#column, FIRST, 1);
      return endNs[0];
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      const { code, message } = error;
      const end = nowNs();
      operations.record({ op, code, dueNs: dueNs[0] as number, startNs: startNs[0], endNs: end });
      const refusal = this.#errors.failed(message, code, end);
      if (refusal !== null) throw refusal;
      return end;
    }
  }

  /** Every name that must be there, and no other of this instance. */
  async #checkAll(): Promise<void> {
    const ctx = this.#ctx;
    const untilNs = nowNs() + CHECK_NS;
    const inFolder = new Map<Folder, Set<string>>(this.#model.folders.map((folder) => [folder, new Set()]));
    for (const { folder, name } of this.#model.entries) inFolder.get(folder)?.add(name);
    for (const { path, above } of this.#model.folders)
      if (above !== null) inFolder.get(above)?.add(path.slice(above.path.length + 1));
    for (const [folder, names] of inFolder) {
      this.#checkNames(folder, names);
      await new Promise(setImmediate);
    }
    const checked = await this.#checkEntries(untilNs);
    const left = this.#model.entries.length - checked;
    ctx.metrics.checked.add(checked);
    ctx.metrics.unchecked.add(left);
    const { verified, unverified } = await this.#checkContents(untilNs);
    ctx.metrics.verified.add(verified);
    ctx.metrics.unverified.add(unverified);
    const text = `${checked} names, ${inFolder.size} folders and ${verified} bytes were looked at in the end, ${this.#wrongs} were wrong`;
    const isAll = left + unverified === 0;
    ctx.log(
      isAll ? 'info' : 'warn',
      isAll ? text : `${text}; ${left} names and ${unverified} bytes could not be`,
    );
  }

  async #checkEntries(untilNs: number): Promise<number> {
    let checked = 0;
    const pause = this.#pauses();
    for (const entry of this.#model.entries) {
      if (nowNs() > untilNs) break;
      const path = pathOf(entry);
      checked++;
      try {
        this.#storm.checkFile(path, entry.inode);
        this.#storm.checkOwnAttribute(path, entry.inode);
      } catch (error) {
        this.#tellWrong('missing', path, messageOf(error));
      }
      await pause();
    }
    return checked;
  }

  /** Each file once, by whichever of its names comes first. */
  async #checkContents(untilNs: number): Promise<{ readonly verified: number; readonly unverified: number }> {
    let [verified, all] = [0, 0];
    const pause = this.#pauses();
    const seen = new Set<Inode>();
    for (const entry of this.#model.entries) {
      const { inode } = entry;
      if (seen.has(inode)) continue;
      seen.add(inode);
      all += inode.bytes;
      if (!inode.isSure || nowNs() > untilNs) continue;
      const path = pathOf(entry);
      try {
        for (const bytes of this.#contents.checkAll(path, inode)) {
          verified += bytes;
          if (nowNs() > untilNs) break;
          await pause();
        }
      } catch (error) {
        this.#ctx.log('warn', `${path} cannot be read back: ${messageOf(error)}`);
      }
    }
    return { verified, unverified: all - verified };
  }

  /** A turn of the event loop and a sign of life, now and then. */
  #pauses(): () => Promise<void> | undefined {
    let turnNs = nowNs() + TURN_NS;
    return () => {
      if (nowNs() < turnNs) return undefined;
      this.#ctx.beat();
      turnNs = nowNs() + TURN_NS;
      return new Promise((resolve) => setImmediate(resolve));
    };
  }

  #checkNames(folder: Folder, names: ReadonlySet<string>): void {
    let found: string[];
    try {
      found = readdirSync(folder.path);
    } catch (error) {
      return this.#tellWrong('missing', folder.path, messageOf(error));
    }
    const there = new Set(found);
    for (const name of names)
      if (!there.has(name)) this.#tellWrong('missing', join(folder.path, name), 'it is not there');
    for (const name of found)
      if (!names.has(name) && this.#model.isOwn(name))
        this.#tellWrong('unexpected', join(folder.path, name), 'it is there');
  }

  #tellWrong(what: Wrong, path: string, how: string): void {
    this.#ctx.metrics.wrong.with({ what }).add(1);
    this.#wrongs++;
    const described = this.#described[what]++;
    if (described < DESCRIBED_MAX) this.#ctx.log('warn', `${what}: ${path}: ${how}`);
  }
}

/** As the tree was made. */
function modelOf(ctx: Context, root: string, layout: Layout): Model {
  const model = new Model(prefixOf(ctx.instance.index), () => ctx.random());
  const folders = new Map<string, Folder>([['', model.addFolder(root, null, false)]]);
  const folderOf = (path: string): Folder =>
    folders.get(path.slice(0, Math.max(0, path.lastIndexOf('/')))) as Folder;
  for (const path of layout.folders)
    folders.set(path, model.addFolder(`${root}/${path}`, folderOf(path), false));
  for (let file = 0; file < layout.count; file++) {
    const path = layout.pathOf(file);
    const name = path.slice(path.lastIndexOf('/') + 1);
    const bytes = layout.bytes[file] as number;
    const number = model.newNumber();
    model.add(folderOf(path), name, { links: 1, bytes, attribute: 0, number, isSure: true });
  }
  return model;
}

function tryAttributes(ctx: Context, root: string): void {
  const calls = attributes();
  if (calls === null) return ctx.unavailable('attributes need the optional package koffi on 64-bit Linux');
  const result = calls.set(root, ATTRIBUTE, Buffer.from('0'));
  if (result < 0)
    ctx.unavailable(`no attributes of users on the filesystem of ${root}: ${errnoName(result)}`);
}
