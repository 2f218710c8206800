/**
 * A file on a filesystem of its own, served by this process over /dev/fuse with nothing but Node and mount(8), that can be
 * told to misbehave: operations fail, come short, are answered late or not at all; what was not synced goes when its
 * power is cut. It counts what it was asked and what it refused, so that a test can hold every figure against it.
 * Forked by `served-file.ts` of the support folder; layouts are of linux/fuse.h.
 */
import { spawn, spawnSync } from 'node:child_process';
import { constants, openSync, read, writevSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

export type Kind = 'read' | 'write' | 'sync' | 'trim';

/** From when it is said on: of operations of this kind, every so manieth. */
export interface Rule {
  readonly op: Kind;
  readonly every: number;
  /** Refused with this errno. */
  readonly errno?: number;
  /** Only so many bytes are done. */
  readonly short?: number;
  /** Acknowledged, and not done. */
  readonly lie?: true;
  /** Of a write: acknowledged, and done by half, one place before its own, or with one bit that is not as it was. */
  readonly instead?: 'half' | 'before' | 'flipped';
}

export type ToServed =
  | { readonly type: 'rules'; readonly rules: readonly Rule[] }
  /** Answers nothing for so long, from now on. */
  | { readonly type: 'freeze'; readonly ms: number }
  /** What was not synced is gone: all of it, or each sector by chance (seeded). */
  | { readonly type: 'cut'; readonly seed: number | null }
  | { readonly type: 'tell' };

export type FromServed =
  | { readonly type: 'mounted' }
  | { readonly type: 'failed'; readonly reason: string }
  | {
      readonly type: 'told';
      /** Asked, by kind. */
      readonly asked: Readonly<Record<Kind, number>>;
      /** By kind and errno ("read 5"), or as "write short" and "sync lie". */
      readonly refused: Readonly<Record<string, number>>;
      /** Sectors that went with the last cut. */
      readonly gone: number;
    };

const OPCODE = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  setattr: 4,
  open: 14,
  read: 15,
  write: 16,
  statfs: 17,
  release: 18,
  fsync: 20,
  flush: 25,
  init: 26,
  opendir: 27,
  readdir: 28,
  releasedir: 29,
  interrupt: 36,
  destroy: 38,
  batchForget: 42,
  fallocate: 43,
} as const;

const ENOENT = 2;
const ENOSYS = 38;
const ARGS_AT = 40;
const WRITE_DATA_AT = ARGS_AT + 40;
const REPLY_BYTES = 16;
const MAX_WRITE = 2 ** 20;
const ROOT = 1n;
const FILE = 2n;
const SECTOR = 512;
const SECONDS_VALID = 3600n;
/** Each waits in a thread of libuv's pool, which has four. */
const READERS = 3;
const OPENED_DIRECT = 1;
const GRANTED = 1 | (1 << 5) | (1 << 15) | (1 << 22); // async reads, big writes, async direct I/O, many pages

const [, , mountPoint = '', size = '0', name = 'brunt-test'] = process.argv;
const bytes = Number(size);
const tell = (message: FromServed): void => void process.send?.(message);

/** What is read; and what is left of it when the power is cut. */
const data = Buffer.alloc(bytes);
const durable = Buffer.alloc(bytes);
const isVolatile = new Uint8Array(bytes / SECTOR);
let rules: { readonly rule: Rule; seen: number }[] = [];
let frozenUntilMs = 0;
let gone = 0;
const asked = { read: 0, write: 0, sync: 0, trim: 0 };
const refused: Record<string, number> = {};

const fuse = openSync('/dev/fuse', constants.O_RDWR);

function reply(unique: bigint, errno: number, body: Buffer = Buffer.alloc(0)): void {
  const head = Buffer.alloc(REPLY_BYTES);
  head.writeUInt32LE(REPLY_BYTES + body.length, 0);
  head.writeInt32LE(-errno, 4);
  head.writeBigUInt64LE(unique, 8);
  try {
    writevSync(fuse, [head, body]);
  } catch {
    // The one who asked is gone.
  }
}

function later(answer: () => void): void {
  const waitMs = frozenUntilMs - performance.now();
  if (waitMs > 0) setTimeout(answer, waitMs);
  else answer();
}

/** The rule that meets this operation. */
function ruleFor(kind: Kind): Rule | null {
  asked[kind]++;
  let met: Rule | null = null;
  for (const entry of rules) {
    if (entry.rule.op === kind && ++entry.seen % entry.rule.every === 0) met ??= entry.rule;
  }
  if (met === null) return null;
  const name = `${kind} ${met.errno ?? (met.lie === true ? 'lie' : (met.instead ?? 'short'))}`;
  refused[name] = (refused[name] ?? 0) + 1;
  return met;
}

function touch(from: number, length: number): void {
  isVolatile.fill(1, Math.floor(from / SECTOR), Math.ceil((from + length) / SECTOR));
}

function makeDurable(): void {
  isVolatile.forEach((flag, sector) => {
    if (flag === 1) data.copy(durable, sector * SECTOR, sector * SECTOR, (sector + 1) * SECTOR);
  });
  isVolatile.fill(0);
}

/** A small generator of its own: tests are repeated by their seed. */
function chance(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function cut(seed: number | null): void {
  const random = seed === null ? (): number => 0 : chance(seed);
  gone = 0;
  isVolatile.forEach((flag, sector) => {
    if (flag === 0) return;
    const [from, to] = [sector * SECTOR, (sector + 1) * SECTOR];
    if (random() < 0.5) {
      durable.copy(data, from, from, to);
      gone++;
    } else data.copy(durable, from, from, to);
  });
  isVolatile.fill(0);
}

function attributes(target: Buffer, at: number, node: bigint): void {
  const isFolder = node === ROOT;
  target.writeBigUInt64LE(node, at);
  target.writeBigUInt64LE(BigInt(isFolder ? 4096 : bytes), at + 8);
  target.writeBigUInt64LE(BigInt(Math.ceil(bytes / SECTOR)), at + 16);
  target.writeUInt32LE(isFolder ? 0o40755 : 0o100644, at + 60);
  target.writeUInt32LE(isFolder ? 2 : 1, at + 64);
  target.writeUInt32LE(4096, at + 80);
}

function initialise(): Buffer {
  const body = Buffer.alloc(64);
  body.writeUInt32LE(7, 0);
  body.writeUInt32LE(31, 4);
  body.writeUInt32LE(GRANTED, 12);
  body.writeUInt16LE(64, 16);
  body.writeUInt16LE(48, 18);
  body.writeUInt32LE(MAX_WRITE, 20);
  body.writeUInt32LE(1, 24);
  body.writeUInt16LE(256, 28);
  return body;
}

function lookup(unique: bigint, name: string): void {
  if (name !== 'disk') return reply(unique, ENOENT);
  const body = Buffer.alloc(128);
  body.writeBigUInt64LE(FILE, 0);
  body.writeBigUInt64LE(SECONDS_VALID, 16);
  body.writeBigUInt64LE(SECONDS_VALID, 24);
  attributes(body, 40, FILE);
  reply(unique, 0, body);
}

function serveRead(unique: bigint, offset: number, length: number): void {
  const rule = ruleFor('read');
  const done = Math.min(length, rule?.short ?? length, Math.max(0, bytes - offset));
  const body =
    rule?.errno === undefined ? Buffer.from(data.subarray(offset, offset + done)) : Buffer.alloc(0);
  later(() => reply(unique, rule?.errno ?? 0, body));
}

function serveWrite(unique: bigint, offset: number, content: Buffer): void {
  const rule = ruleFor('write');
  const done = Math.min(content.length, rule?.short ?? content.length);
  if (rule?.errno === undefined && rule?.lie !== true) {
    const at = rule?.instead === 'before' ? offset - content.length : offset;
    content.copy(data, at, 0, rule?.instead === 'half' ? done / 2 : done);
    if (rule?.instead === 'flipped') data[at + SECTOR - 1]! ^= 1;
    touch(at, done);
  }
  const body = Buffer.alloc(8);
  body.writeUInt32LE(done, 0);
  later(() => reply(unique, rule?.errno ?? 0, rule?.errno === undefined ? body : Buffer.alloc(0)));
}

function serveTrim(unique: bigint, offset: number, length: number): void {
  const rule = ruleFor('trim');
  if (rule === null) {
    data.fill(0, offset, offset + length);
    touch(offset, length);
  }
  later(() => reply(unique, rule?.errno ?? 0));
}

function serveSync(unique: bigint): void {
  const rule = ruleFor('sync');
  if (rule === null) makeDurable();
  later(() => reply(unique, rule?.errno ?? 0));
}

function serve(request: Buffer): void {
  const opcode = request.readUInt32LE(4);
  const unique = request.readBigUInt64LE(8);
  const node = request.readBigUInt64LE(16);
  const offset = (): number => Number(request.readBigUInt64LE(ARGS_AT + 8));
  switch (opcode) {
    case OPCODE.init:
      return reply(unique, 0, initialise());
    case OPCODE.lookup:
      return lookup(unique, request.toString('latin1', ARGS_AT, request.length - 1));
    case OPCODE.getattr:
    case OPCODE.setattr: {
      const body = Buffer.alloc(104);
      body.writeBigUInt64LE(SECONDS_VALID, 0);
      attributes(body, 16, node);
      return reply(unique, 0, body);
    }
    case OPCODE.open:
    case OPCODE.opendir: {
      const body = Buffer.alloc(16);
      body.writeUInt32LE(opcode === OPCODE.open ? OPENED_DIRECT : 0, 8);
      return reply(unique, 0, body);
    }
    case OPCODE.read:
      return serveRead(unique, offset(), request.readUInt32LE(ARGS_AT + 16));
    case OPCODE.write:
      return serveWrite(unique, offset(), request.subarray(WRITE_DATA_AT));
    case OPCODE.fallocate:
      return serveTrim(unique, offset(), Number(request.readBigUInt64LE(ARGS_AT + 16)));
    case OPCODE.fsync:
      return serveSync(unique);
    case OPCODE.statfs: {
      const body = Buffer.alloc(80);
      body.writeUInt32LE(4096, 40);
      body.writeUInt32LE(255, 44);
      return reply(unique, 0, body);
    }
    case OPCODE.readdir:
    case OPCODE.flush:
    case OPCODE.release:
    case OPCODE.releasedir:
    case OPCODE.destroy:
      return reply(unique, 0);
    case OPCODE.forget:
    case OPCODE.batchForget:
    case OPCODE.interrupt:
      return;
    default:
      return reply(unique, ENOSYS);
  }
}

function listen(): void {
  const buffer = Buffer.alloc(MAX_WRITE + 8192);
  read(fuse, buffer, 0, buffer.length, null, (error, length) => {
    if (error?.code === 'ENODEV') process.exit(0); // unmounted
    if (error === null) serve(buffer.subarray(0, length));
    listen();
  });
}

const options = 'fd=3,rootmode=40000,user_id=0,group_id=0,allow_other,max_read=1048576';
const mounted = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, name, mountPoint], {
  stdio: ['ignore', 'ignore', 'pipe', fuse],
  encoding: 'utf8',
});
if (mounted.status === 0) {
  for (let i = 0; i < READERS; i++) listen();
  tell({ type: 'mounted' });
} else tell({ type: 'failed', reason: mounted.stderr.trim() });

process.on('message', (message: ToServed) => {
  if (message.type === 'rules') rules = message.rules.map((rule) => ({ rule, seen: 0 }));
  else if (message.type === 'freeze') frozenUntilMs = performance.now() + message.ms;
  else if (message.type === 'cut') cut(message.seed);
  tell({ type: 'told', asked: { ...asked }, refused: { ...refused }, gone });
});
// The test is gone, or is done with it.
process.on('disconnect', () => {
  // Never waited for in here: it may ask something of what this process serves.
  spawn('umount', ['-l', mountPoint], { stdio: 'ignore' }).once('exit', () => process.exit(0));
});
