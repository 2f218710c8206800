/**
 * The operations on names and files, one by one: what the model allows is done to the tree, and the model follows what
 * the system says has happened. After a failure the tree is asked what is true, since a failed call may have done its
 * work. Called by `loop.ts`.
 */
import {
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  truncateSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { must } from '../../core/base/assert.js';
import type { Random } from '../../core/base/random.js';
import { OperationError } from '../../core/contract/index.js';
import type { Attributes } from '../../core/linux/attributes.js';
import { errnoName } from '../../core/linux/errno.js';
import type { Contents } from './contents.js';
import type { Entry, Folder, Inode, Model } from './model.js';
import { pathOf } from './model.js';
import type { Kind } from './options.js';

/** missing: a name that must be there. unexpected: one that must not. The others: of a file or folder that is there. */
export const WRONGS = ['missing', 'unexpected', 'size', 'content', 'links', 'attribute', 'count'] as const;
export type Wrong = (typeof WRONGS)[number];

export interface StormInput {
  readonly model: Model;
  readonly random: Random;
  readonly contents: Contents;
  /** As large as the largest file. */
  readonly buffer: Buffer;
  /** Bytes of the next file. */
  readonly size: () => number;
  readonly largest: number;
  readonly appendBytes: number;
  readonly filesMax: number;
  readonly foldersMax: number;
  readonly sync: 'none' | 'file' | 'all';
  readonly attributes: Attributes | null;
  readonly onWrong: (what: Wrong, path: string, how: string) => void;
  /** Another operation than was drawn is done. */
  readonly onTurned: (drawn: Kind, done: Kind) => void;
}

export const ATTRIBUTE = 'user.brunt';
/** Below the folders of the start, so that paths stay shorter than the system takes. */
const DEPTH_MAX = 40;
/** Files grow by appends to so many times the largest that is created. */
const GROWTH_MAX = 4;

export class Storm {
  readonly #input: StormInput;
  readonly #value = Buffer.alloc(64);
  #attributes = 0;
  /** What is in the buffer: a whole file, in the order of its bytes. */
  #read: { readonly path: string; readonly inode: Inode; readonly bytes: number } | null = null;

  constructor(input: StormInput) {
    this.#input = input;
  }

  /** The kind that can be done instead, where the one that was drawn cannot. */
  possible(drawn: Kind): Kind {
    const kind = this.#doable(drawn);
    if (kind !== drawn) this.#input.onTurned(drawn, kind);
    return kind;
  }

  /** Bytes that were moved. Throws an OperationError; the model then says again what is there. */
  perform(kind: Kind): number {
    switch (kind) {
      case 'create':
        return this.#create();
      case 'mkdir':
        return this.#mkdir();
      case 'rmdir':
        return this.#rmdir();
      case 'readdir':
        return this.#readdir();
      default:
        return this.#onEntry(kind, must(this.#input.model.anyEntry(), 'a file'));
    }
  }

  #doable(kind: Kind): Kind {
    const { model, filesMax, foldersMax } = this.#input;
    const count = model.entries.length;
    const grow = count < filesMax ? 'create' : 'unlink';
    switch (kind) {
      case 'create':
      case 'link':
        return count < filesMax && (count > 0 || kind === 'create') ? kind : grow;
      case 'mkdir':
        if (model.ownFolders < foldersMax) return kind;
        return model.emptyFolder() === undefined ? grow : 'rmdir';
      case 'rmdir':
        if (model.emptyFolder() !== undefined) return kind;
        return model.ownFolders < foldersMax ? 'mkdir' : grow;
      case 'readdir':
        return kind;
      default:
        return count > 0 ? kind : 'create';
    }
  }

  #create(): number {
    const { model, size, sync } = this.#input;
    const folder = model.anyHome();
    const name = model.newName();
    const path = pathOf({ folder, name });
    const bytes = size();
    const inode = { links: 1, bytes: 0, attribute: 0, number: model.newNumber(), isSure: true };
    const again = (): void => {
      inode.isSure = false;
      this.#lookAgain(folder, name, path, inode);
    };
    return this.#try('create', again, () => {
      const fd = openSync(path, 'wx');
      try {
        this.#write(fd, inode, bytes);
        if (sync !== 'none') fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      this.#syncFolder(folder);
      model.add(folder, name, { ...inode, bytes });
      return bytes;
    });
  }

  #mkdir(): number {
    const { model } = this.#input;
    const drawn = model.anyFolder();
    const above = drawn.depth < DEPTH_MAX ? drawn : (model.folders[0] as Folder);
    const path = pathOf({ folder: above, name: model.newName() });
    const isThere = (): void => {
      if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) model.addFolder(path, above, true);
    };
    return this.#try('mkdir', isThere, () => {
      mkdirSync(path);
      this.#syncFolder(above);
      model.addFolder(path, above, true);
      return 0;
    });
  }

  #rmdir(): number {
    const { model } = this.#input;
    const folder = must(model.emptyFolder(), 'an empty folder');
    const isGone = (): void => {
      if (lstatSync(folder.path, { throwIfNoEntry: false }) === undefined) model.removeFolder(folder);
    };
    return this.#try('rmdir', isGone, () => {
      rmdirSync(folder.path);
      if (folder.above !== null) this.#syncFolder(folder.above);
      model.removeFolder(folder);
      return 0;
    });
  }

  #readdir(): number {
    const { model, onWrong } = this.#input;
    const folder = model.anyFolder();
    return this.#try(
      'readdir',
      () => undefined,
      () => {
        const count = readdirSync(folder.path).filter((name) => model.isKnown(name)).length;
        if (count !== folder.names)
          onWrong('count', folder.path, `${count} names of this instance, and it made ${folder.names}`);
        return 0;
      },
    );
  }

  #onEntry(kind: Kind, entry: Entry): number {
    const { model } = this.#input;
    const path = pathOf(entry);
    const { inode } = entry;
    const again = (): void => this.#lookAt(entry);
    switch (kind) {
      case 'open':
        return this.#try(kind, again, () => {
          closeSync(openSync(path, 'r'));
          return 0;
        });
      case 'stat':
        return this.#try(kind, again, () => {
          this.checkFile(path, inode);
          return 0;
        });
      case 'read':
        return this.#try(kind, again, () => this.#readAll(path, inode));
      case 'append':
        return this.#try(
          kind,
          () => {
            inode.isSure = false;
            again();
          },
          () => this.#append(path, inode),
        );
      case 'truncate':
        return this.#try(kind, again, () => {
          const bytes = Math.floor(this.#input.random() * (inode.bytes + 1));
          this.#truncate(path, inode, bytes);
          return 0;
        });
      case 'rename':
        return this.#rename(entry);
      case 'link':
        return this.#link(entry);
      case 'unlink':
        return this.#try(kind, again, () => {
          unlinkSync(path);
          this.#syncFolder(entry.folder);
          inode.links--;
          model.remove(entry);
          return 0;
        });
      default:
        return this.#try(kind, again, () => this.#attribute(kind, path, inode));
    }
  }

  #rename(entry: Entry): number {
    const { model } = this.#input;
    const [folder, name] = [model.anyHome(), model.newName()];
    const [from, to] = [pathOf(entry), pathOf({ folder, name })];
    const again = (): void => {
      this.#lookAt(entry);
      this.#lookAgain(folder, name, to, entry.inode);
    };
    return this.#try('rename', again, () => {
      renameSync(from, to);
      this.#syncFolder(folder);
      if (folder !== entry.folder) this.#syncFolder(entry.folder);
      model.remove(entry);
      model.add(folder, name, entry.inode);
      return 0;
    });
  }

  #link(entry: Entry): number {
    const { model } = this.#input;
    const { inode } = entry;
    const [folder, name] = [model.anyHome(), model.newName()];
    const to = pathOf({ folder, name });
    return this.#try(
      'link',
      () => this.#lookAgain(folder, name, to, inode),
      () => {
        linkSync(pathOf(entry), to);
        this.#syncFolder(folder);
        inode.links++;
        model.add(folder, name, inode);
        return 0;
      },
    );
  }

  #truncate(path: string, inode: Inode, bytes: number): void {
    truncateSync(path, bytes);
    inode.bytes = bytes;
    if (bytes > 0) return;
    // Other bytes than before, so that old ones which come back are told from new ones.
    inode.number = this.#input.model.newNumber();
    inode.isSure = true;
  }

  #readAll(path: string, inode: Inode): number {
    const { buffer, onWrong } = this.#input;
    const fd = openSync(path, 'r');
    try {
      let bytes = 0;
      for (;;) {
        // In its place, as long as there is room for it.
        const at = bytes < buffer.length ? bytes : 0;
        const moved = readSync(fd, buffer, at, buffer.length - at, bytes);
        if (moved === 0) break;
        bytes += moved;
      }
      if (bytes <= buffer.length) this.#read = { path, inode, bytes };
      if (bytes !== inode.bytes)
        onWrong('size', path, `${bytes} bytes were read, and ${inode.bytes} written`);
      return bytes;
    } finally {
      closeSync(fd);
    }
  }

  #append(path: string, inode: Inode): number {
    const { appendBytes, largest, sync } = this.#input;
    if (inode.bytes + appendBytes > GROWTH_MAX * Math.max(largest, appendBytes)) {
      this.#truncate(path, inode, 0);
    }
    const fd = openSync(path, 'a');
    try {
      this.#write(fd, inode, appendBytes);
      if (sync !== 'none') fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    inode.bytes += appendBytes;
    return appendBytes;
  }

  #attribute(kind: Kind, path: string, inode: Inode): number {
    const calls = must(this.#input.attributes ?? undefined, 'calls for attributes');
    if (kind === 'setxattr') {
      const number = ++this.#attributes;
      const value = Buffer.from(String(number));
      mustBeDone(calls.set(path, ATTRIBUTE, value));
      inode.attribute = number;
      return 0;
    }
    this.checkAttribute(calls, path, inode);
    return 0;
  }

  /** Throws what the system says. */
  checkFile(path: string, inode: Inode): void {
    const { onWrong } = this.#input;
    const { size, nlink } = lstatSync(path);
    if (size !== inode.bytes) onWrong('size', path, `${size} bytes, not ${inode.bytes}`);
    if (nlink !== inode.links) onWrong('links', path, `${nlink} names, not ${inode.links}`);
  }

  /** Of what the last operation read: once its time has been taken. How many bytes were looked at. */
  checkRead(): number {
    const read = this.#read;
    this.#read = null;
    if (read?.inode.isSure !== true) return 0;
    this.#input.contents.check(read.path, read.inode, 0, this.#input.buffer.subarray(0, read.bytes));
    return read.bytes;
  }

  /** Nothing where the mix has no attributes. */
  checkOwnAttribute(path: string, inode: Inode): void {
    const { attributes } = this.#input;
    if (attributes !== null) this.checkAttribute(attributes, path, inode);
  }

  checkAttribute(calls: Attributes, path: string, inode: Inode): void {
    const bytes = calls.get(path, ATTRIBUTE, this.#value);
    const isNone = bytes < 0 && errnoName(bytes) === 'ENODATA';
    if (!isNone) mustBeDone(bytes);
    const value = isNone ? '' : this.#value.toString('latin1', 0, bytes);
    const wanted = inode.attribute === 0 ? '' : String(inode.attribute);
    if (value !== wanted) this.#input.onWrong('attribute', path, `"${value}", not "${wanted}"`);
  }

  /** A write may be short: then the next one says why. */
  #write(fd: number, inode: Inode, bytes: number): void {
    const { buffer, contents } = this.#input;
    contents.fill(inode, inode.bytes, buffer, bytes);
    for (let done = 0; done < bytes;) done += writeSync(fd, buffer, done, bytes - done);
  }

  #syncFolder({ path }: Folder): void {
    if (this.#input.sync !== 'all') return;
    const fd = openSync(path, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }

  /** What fails in it is a failed operation, once `again` has looked at what is there now. */
  #try(kind: Kind, again: () => void, work: () => number): number {
    try {
      return work();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      if (code === 'ENOENT' || code === 'EEXIST')
        this.#input.onWrong(code === 'ENOENT' ? 'missing' : 'unexpected', kind, message);
      again();
      throw new OperationError(code, message, kind);
    }
  }

  /** A name that was there: it may be gone, or of another size. */
  #lookAt(entry: Entry): void {
    const { model } = this.#input;
    const facts = lstatSync(pathOf(entry), { throwIfNoEntry: false });
    if (facts === undefined) {
      if (model.entries[entry.at] === entry) model.remove(entry);
      entry.inode.links--;
      return;
    }
    entry.inode.bytes = facts.size;
    entry.inode.links = facts.nlink;
  }

  /** A name that was to be made: it may be there now, whole or not. */
  #lookAgain(folder: Folder, name: string, path: string, inode: Inode): void {
    const facts = lstatSync(path, { throwIfNoEntry: false });
    if (facts === undefined) return;
    inode.bytes = facts.size;
    inode.links = facts.nlink;
    this.#input.model.add(folder, name, inode);
  }
}

function mustBeDone(result: number): void {
  if (result >= 0) return;
  const code = errnoName(result);
  throw Object.assign(new Error(`${code}: it was refused`), { code });
}
