/**
 * What a tree of one instance must look like: names, folders, and what each file is. Operations change it when they have
 * succeeded, and only then; at the end the tree is held against it. Touches no filesystem. Used by `storm.ts`.
 */
import type { Random } from '../../core/base/random.js';

/** What several names may be of. */
export interface Inode {
  links: number;
  bytes: number;
  /** Number in its attribute; 0: it has none. */
  attribute: number;
  /** Its contents follow from this (`Payload.fillAs`). */
  number: number;
  /** A write to it failed: what of that is there, nobody knows. */
  isSure: boolean;
}

export interface Folder {
  readonly path: string;
  readonly depth: number;
  /** Files and folders in it that this instance knows of. */
  names: number;
  /** Made by this instance: rmdir takes no other. */
  readonly isOwn: boolean;
  readonly above: Folder | null;
  at: number;
}

export interface Entry {
  readonly folder: Folder;
  readonly name: string;
  readonly inode: Inode;
  at: number;
}

export class Model {
  readonly entries: Entry[] = [];
  readonly folders: Folder[] = [];
  /** Own folders without a name in them. */
  readonly #empty = new Set<Folder>();
  readonly #random: Random;
  /** All names of this instance begin so. */
  readonly #prefix: string;
  #named = 0;
  #numbered = 0;
  /** The first so many folders are of the start; they stay. */
  #homes = 0;
  ownFolders = 0;

  constructor(prefix: string, random: Random) {
    this.#prefix = prefix;
    this.#random = random;
  }

  newName(): string {
    return `${this.#prefix}${(this.#named++).toString(36)}`;
  }

  /** Of a file with new contents; those of the start are the first. */
  newNumber(): number {
    return ++this.#numbered;
  }

  isOwn(name: string): boolean {
    return name.startsWith(this.#prefix);
  }

  /** Its own, or a folder of the start: names of other instances begin with "i" too. */
  isKnown(name: string): boolean {
    return this.isOwn(name) || !name.startsWith('i');
  }

  addFolder(path: string, above: Folder | null, isOwn: boolean): Folder {
    const depth = above === null ? 0 : above.depth + 1;
    const folder = { path, depth, names: 0, isOwn, above, at: this.folders.length };
    this.folders.push(folder);
    if (above !== null) this.#use(above, 1);
    if (!isOwn) {
      this.#homes++;
      return folder;
    }
    this.ownFolders++;
    this.#empty.add(folder);
    return folder;
  }

  removeFolder(folder: Folder): void {
    remove(this.folders, folder);
    this.#empty.delete(folder);
    if (folder.isOwn) this.ownFolders--;
    if (folder.above !== null) this.#use(folder.above, -1);
  }

  add(folder: Folder, name: string, inode: Inode): Entry {
    const entry = { folder, name, inode, at: this.entries.length };
    this.entries.push(entry);
    this.#use(folder, 1);
    return entry;
  }

  /** The name goes; what it named has one name less. */
  remove(entry: Entry): void {
    remove(this.entries, entry);
    this.#use(entry.folder, -1);
  }

  anyEntry(): Entry | undefined {
    return this.entries[Math.floor(this.#random() * this.entries.length)];
  }

  /** One of the start: files lie in these, so that what mkdir makes can go again. */
  anyHome(): Folder {
    return this.folders[Math.floor(this.#random() * this.#homes)] as Folder;
  }

  /** There is always one: the root. */
  anyFolder(): Folder {
    return this.folders[Math.floor(this.#random() * this.folders.length)] as Folder;
  }

  emptyFolder(): Folder | undefined {
    return this.#empty.values().next().value;
  }

  #use(folder: Folder, change: number): void {
    folder.names += change;
    if (!folder.isOwn) return;
    if (folder.names === 0) this.#empty.add(folder);
    else this.#empty.delete(folder);
  }
}

export function pathOf({ folder, name }: Pick<Entry, 'folder' | 'name'>): string {
  return `${folder.path}/${name}`;
}

/** The last one takes its place. */
function remove<T extends { at: number }>(list: T[], one: T): void {
  const last = list.pop() as T;
  if (last === one) return;
  list[one.at] = last;
  last.at = one.at;
}
