/**
 * Has so many bytes resident, in huge pages where that is said too, says so, and holds them until it is ended: then the
 * host of a virtual machine has backed them, and whoever takes memory next finds them. Forked by the bench of memory.
 */
import { must } from '../../../core/base/assert.js';
import { MADV_HUGEPAGE, MADV_POPULATE_WRITE, mapper } from '../../../core/linux/mapping.js';

/** The engine has no view of more than 4 GiB. */
const PIECE_BYTES = 2 ** 30;

const [, , bytes = '', pages] = process.argv;
const memory = must(mapper() ?? undefined, 'calls into libc: 64-bit Linux, and koffi');
for (let left = Number(bytes); left > 0; left -= PIECE_BYTES) {
  const mapping = memory.map(Math.min(left, PIECE_BYTES));
  if (typeof mapping === 'number') throw new Error(`mmap: errno ${mapping}`);
  if (pages === 'huge') mapping.advise(0, mapping.bytes, MADV_HUGEPAGE);
  const errno = mapping.advise(0, mapping.bytes, MADV_POPULATE_WRITE);
  if (errno !== 0) throw new Error(`madvise: errno ${errno}`);
}
process.on('disconnect', () => process.exit(0));
process.send?.('warm');
