/** Names of error numbers: "EIO" of 5. The one table: Node's own, and those that storage tells and Node does not know. */
import { constants } from 'node:os';

/** Numbers of x86-64 and arm64 Linux that Node has no name for. */
const LINUX_ONLY: Readonly<Record<string, number>> = {
  ENOTBLK: 15,
  EBADFD: 77,
  EUCLEAN: 117,
  EREMOTEIO: 121,
  ENOMEDIUM: 123,
  EMEDIUMTYPE: 124,
  EKEYREJECTED: 129,
  EHWPOISON: 133,
};

const numbers = new Map<string, number>(Object.entries(constants.errno));
// Elsewhere the same numbers mean other things.
if (process.platform === 'linux') for (const [name, n] of Object.entries(LINUX_ONLY)) numbers.set(name, n);

const names = new Map<number, string>();
// Where two names share a number the first stands, but what POSIX calls EAGAIN and EOPNOTSUPP goes by these names.
for (const [name, number] of numbers) if (!names.has(number)) names.set(number, name);
for (const name of ['EAGAIN', 'EOPNOTSUPP']) names.set(errnoOf(name), name);

/** "EIO" of 5 or of -5; "E999" of what has no name. */
export function errnoName(errno: number): string {
  const number = Math.abs(errno);
  return names.get(number) ?? `E${number}`;
}

/** 5 of "EIO". Throws for a name that this platform does not know. */
export function errnoOf(name: string): number {
  const number = numbers.get(name);
  if (number === undefined) throw new Error(`no error number is called ${name}`);
  return number;
}
