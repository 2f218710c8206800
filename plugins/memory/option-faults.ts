/** What of the options no schema can say: sizes that do not divide, options that a pattern cannot follow. Pure. */
import type { OptionFault } from '../../core/contract/index.js';
import { PAGE_BYTES } from './contents.js';
import type { MemoryOptions } from './options.js';

const LINE_BYTES = 64;
/** Blocks of these patterns: whole in what memory or files are divided into. */
const BLOCKS = {
  churn: { least: PAGE_BYTES, most: 2 ** 25 },
  'page-cache': { least: PAGE_BYTES, most: 2 ** 20 },
  fragmentation: { least: 32, most: 2 ** 20 },
} as const;
/** Patterns that hold memory as it is: it can be read back in the background. */
const READABLE: readonly MemoryOptions['pattern'][] = [
  'hold',
  'lock',
  'shared',
  'churn',
  'working-set',
  'vm',
];
/** Patterns that give back pieces of pages, or memory that has none. */
const WITHOUT_HUGE: readonly MemoryOptions['pattern'][] = [
  ...(['fragmentation', 'vm', 'shared', 'page-cache', 'heap', 'gc'] as const),
];

export function optionFaults(options: MemoryOptions): OptionFault[] {
  const { pattern, pages, access, stride, verifyEvery, advice } = options;
  const faults: OptionFault[] = blockFaults(options);
  const say = (option: keyof MemoryOptions, message: string): void =>
    void faults.push({ path: [option], message, seen: options[option] });
  if (pattern === 'working-set' && (stride === 0 || stride % LINE_BYTES !== 0))
    say('stride', `a stride is of whole cache lines of ${LINE_BYTES} bytes`);
  if (pattern === 'page-cache' && (access === 'chase' || access === 'strided'))
    say('access', `access ${access} is of memory, not of files`);
  if (verifyEvery !== undefined && !(verifyEvery > 0)) say('verifyEvery', 'it is no time above 0');
  if (verifyEvery !== undefined && !READABLE.includes(pattern))
    say('verifyEvery', `pattern ${pattern} is not read back in the background`);
  if (pages === 'huge' && WITHOUT_HUGE.includes(pattern))
    say('pages', `pattern ${pattern} has no huge pages`);
  if (pattern === 'vm' && advice?.length === 0) say('advice', 'there is nothing to do in an empty list');
  return faults;
}

function blockFaults({ pattern, block }: MemoryOptions): OptionFault[] {
  if (pattern !== 'churn' && pattern !== 'page-cache' && pattern !== 'fragmentation') return [];
  const { least, most } = BLOCKS[pattern];
  const isWhole = pattern === 'fragmentation' || Number.isInteger(Math.log2(block));
  if (block >= least && block <= most && isWhole) return [];
  const power = pattern === 'fragmentation' ? '' : ', a power of two';
  return [
    {
      path: ['block'],
      message: `pattern ${pattern} takes blocks of ${least} to ${most} bytes${power}`,
      seen: block,
    },
  ];
}
