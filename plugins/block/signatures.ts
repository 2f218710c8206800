/**
 * What lies on a device already, by the marks that filesystems, volumes and partition tables leave at fixed places. An
 * open device in, the names of what was found out. Called by `inspect.ts` and `open.ts`; reads little more than 1 MiB.
 */
import type { FileHandle } from 'node:fs/promises';

const KIB = 1024;
/** Before here and behind there lie all the marks that are looked for. */
const HEAD_BYTES = 288 * KIB;
const TAIL_BYTES = 1024 * KIB;
const ZFS_LABEL_BYTES = 256 * KIB;

interface Mark {
  readonly name: string;
  readonly at: number;
  /** Latin-1. */
  readonly bytes: string;
}

const HEAD_MARKS: readonly Mark[] = [
  { name: 'xfs', at: 0, bytes: 'XFSB' },
  { name: 'ntfs', at: 3, bytes: 'NTFS    ' },
  { name: 'exfat', at: 3, bytes: 'EXFAT   ' },
  { name: 'vfat', at: 54, bytes: 'FAT' },
  { name: 'vfat', at: 82, bytes: 'FAT32   ' },
  { name: 'squashfs', at: 0, bytes: 'hsqs' },
  { name: 'LUKS', at: 0, bytes: 'LUKS\xba\xbe' },
  { name: 'LUKS', at: 16 * KIB, bytes: 'SKUL\xba\xbe' },
  { name: 'Ceph BlueStore', at: 0, bytes: 'bluestore block device' },
  { name: 'bcache', at: 4120, bytes: '\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf7\x7f\x48\xba\x6d\x81' },
  { name: 'bcachefs', at: 4120, bytes: '\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef' },
  { name: 'f2fs', at: KIB, bytes: '\x10\x20\xf5\xf2' },
  { name: 'erofs', at: KIB, bytes: '\xe2\xe1\xf5\xe0' },
  { name: 'jfs', at: 32 * KIB, bytes: 'JFS1' },
  { name: 'reiserfs', at: 64 * KIB + 52, bytes: 'ReIsEr' },
  { name: 'iso9660', at: 32 * KIB + 1, bytes: 'CD001' },
  { name: 'btrfs', at: 64 * KIB + 64, bytes: '_BHRfS_M' },
  { name: 'RAID (md)', at: 0, bytes: '\xfc\x4e\x2b\xa9' },
  { name: 'RAID (md)', at: 4 * KIB, bytes: '\xfc\x4e\x2b\xa9' },
  { name: 'partition table (GPT)', at: 512, bytes: 'EFI PART' },
  { name: 'partition table (GPT)', at: 4096, bytes: 'EFI PART' },
  // At the end of the first page, whatever size pages have.
  ...[4, 8, 16, 32, 64].flatMap((kib) =>
    ['SWAPSPACE2', 'SWAP-SPACE', 'S1SUSPEND'].map((bytes) => ({ name: 'swap', at: kib * KIB - 10, bytes })),
  ),
  ...[0, 1, 2, 3].map((sector) => ({ name: 'LVM', at: 512 * sector, bytes: 'LABELONE' })),
];

/** Each named once. */
export async function findSignatures(handle: FileHandle, bytes: number): Promise<string[]> {
  const head = await piece(handle, 0, Math.min(HEAD_BYTES, bytes));
  const tailFrom = Math.max(0, bytes - TAIL_BYTES);
  const tail = await piece(handle, tailFrom, bytes - tailFrom);
  const found = [
    ...HEAD_MARKS.filter(({ at, bytes: mark }) => holds(head, at, mark)).map(({ name }) => name),
    ...(isExt(head) ? ['ext'] : []),
    ...(isMbr(head) ? ['partition table (MBR)'] : []),
    ...(isZfs(head) ? ['zfs'] : []),
    ...endMarks(tail, tailFrom, bytes),
  ];
  return [...new Set(found)];
}

/** Backups, and what is kept at the end only. */
function endMarks(tail: Buffer, from: number, bytes: number): string[] {
  const isAt = (at: number, mark: string): boolean => holds(tail, at - from, mark);
  const md = '\xfc\x4e\x2b\xa9';
  const oldMd = Math.floor(bytes / (64 * KIB)) * 64 * KIB - 64 * KIB;
  const newMd = Math.floor((bytes - 8 * KIB) / (4 * KIB)) * 4 * KIB;
  const labels = Math.floor(bytes / ZFS_LABEL_BYTES) * ZFS_LABEL_BYTES;
  const hasZfs = [1, 2].some((nth) =>
    isZfs(tail.subarray(Math.max(0, labels - nth * ZFS_LABEL_BYTES - from))),
  );
  return [
    ...(isAt(bytes - 512, 'EFI PART') || isAt(bytes - 4096, 'EFI PART') ? ['partition table (GPT)'] : []),
    ...(isAt(oldMd, md) || isAt(newMd, md) ? ['RAID (md)'] : []),
    ...(isAt(bytes - 1024, 'Intel Raid ISM Cfg Sig.') ? ['RAID (Intel)'] : []),
    ...(hasZfs ? ['zfs'] : []),
  ];
}

/** The mark has two bytes only, which random data has now and then: what is beside it must make sense too. */
function isExt(head: Buffer): boolean {
  if (head.length < 2 * KIB || head.readUInt16LE(KIB + 56) !== 0xef53) return false;
  return head.readUInt32LE(KIB + 24) <= 6 && head.readUInt32LE(KIB + 76) <= 1;
}

/** Each of the four entries is active or not, and one at least is of a type and has sectors. */
function isMbr(head: Buffer): boolean {
  if (head.length < 512 || head.readUInt16LE(510) !== 0xaa55) return false;
  const entries = [446, 462, 478, 494];
  const isSound = entries.every((at) => head[at] === 0 || head[at] === 0x80);
  return isSound && entries.some((at) => head[at + 4] !== 0 && head.readUInt32LE(at + 12) > 0);
}

/** Its uberblocks fill the second half of a label, in steps of 1 KiB or more. */
function isZfs(label: Buffer): boolean {
  const marks = ['\x0c\xb1\xba\0\0\0\0\0', '\0\0\0\0\0\xba\xb1\x0c'];
  for (let at = ZFS_LABEL_BYTES / 2; at < ZFS_LABEL_BYTES; at += KIB) {
    if (marks.some((mark) => holds(label, at, mark))) return true;
  }
  return false;
}

function holds(buffer: Buffer, at: number, mark: string): boolean {
  return at >= 0 && buffer.toString('latin1', at, at + mark.length) === mark;
}

async function piece(handle: FileHandle, at: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes);
  let done = 0;
  while (done < bytes) {
    const { bytesRead } = await handle.read(buffer, done, bytes - done, at + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return buffer;
}
