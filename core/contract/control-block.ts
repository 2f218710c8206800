/**
 * The words that an agent's main thread and one instance's thread share. One SharedArrayBuffer per instance,
 * and one timeline per actor that all its instances read. Layouts only; `core/actor` reads, `core/agent` writes.
 */

/** Int32 words, at byte 0. */
export const WORD = {
  /** Everything that may end a park raises this and notifies. */
  wake: 0,
  /** 0 go on, 1 stop asked. */
  stop: 1,
  /** 0 normal, 1 give back everything and hold nothing until it is 0 again. */
  release: 2,
  /** 0 not yet, 1 the start instant is set. */
  go: 3,
  /** A STATE. Written by the instance. */
  state: 4,
  /** Raised by a working instance; standing still means silence. */
  beat: 5,
  /** A METHOD: what the thread was last doing. Written by the instance. */
  method: 6,
  /** Kernel thread id, 0 until known. */
  tid: 7,
  /** How often the scale has changed; the last SCALE_CHANGES are kept. Written by the agent. */
  scaleChanges: 8,
  /** The recall (`recall.ts`) up to which credit was taken back; credit is good while there was no other. By the agent. */
  recalled: 9,
} as const;

/** BigInt64 words, at byte 64: the lease, in the resource's unit. Each unit is in one of credit, claimed, held. */
export const LEASE_WORD = {
  /** Granted, free to claim. Agent adds; instance subtracts; revoking swaps it with 0. */
  credit: 0,
  /** Claimed, not yet visible in the host's readings. */
  claimed: 1,
  /** Confirmed: exists. */
  held: 2,
  /** What a parked instance waits for; 0: nothing. */
  want: 3,
  /** All that was ever granted to this instance: tells the ledger which grants have arrived. */
  granted: 4,
  /** Of what was granted, ever taken back unused by a revoke. */
  revoked: 5,
} as const;

/** Float64 words, at byte 128. */
export const NUMBER_WORD = {
  /** 0 to 1, from the gate and the person; multiplies the level. */
  scale: 0,
  /** The instant from which on the instance works: the start of the run, or later when its agent came later. */
  joined: 1,
} as const;

/** Changes of the scale that are kept, at byte 192: two Float64 words each, the scale and the instant it holds from. */
export const SCALE_CHANGES = 32;

const LEASE_OFFSET = 64;
const NUMBER_OFFSET = 128;
const CHANGES_OFFSET = 192;
export const CONTROL_BLOCK_BYTES = CHANGES_OFFSET + 16 * SCALE_CHANGES;

export interface ControlBlock {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly lease: BigInt64Array<SharedArrayBuffer>;
  readonly numbers: Float64Array<SharedArrayBuffer>;
  /** Ring of the last changes of the scale. */
  readonly changes: Float64Array<SharedArrayBuffer>;
}

export function openControlBlock(buffer: SharedArrayBuffer): ControlBlock {
  return {
    buffer,
    words: new Int32Array(buffer, 0, 16),
    lease: new BigInt64Array(buffer, LEASE_OFFSET, 8),
    numbers: new Float64Array(buffer, NUMBER_OFFSET, 8),
    changes: new Float64Array(buffer, CHANGES_OFFSET, 2 * SCALE_CHANGES),
  };
}

export function makeControlBlock(): ControlBlock {
  const block = openControlBlock(new SharedArrayBuffer(CONTROL_BLOCK_BYTES));
  block.numbers[NUMBER_WORD.scale] = 1;
  return block;
}

/** The scale from `atNs` on; saying one twice changes nothing. One writer. */
export function setScale({ words, numbers, changes }: ControlBlock, scale: number, atNs: number): void {
  if (numbers[NUMBER_WORD.scale] === scale) return;
  numbers[NUMBER_WORD.scale] = scale;
  const count = Atomics.load(words, WORD.scaleChanges);
  changes.set([scale, atNs], 2 * (count % SCALE_CHANGES));
  Atomics.store(words, WORD.scaleChanges, count + 1);
}

/** Raises the wake word and wakes whoever waits on it. */
export function wake(block: ControlBlock): void {
  Atomics.add(block.words, WORD.wake, 1);
  Atomics.notify(block.words, WORD.wake);
}

export const STATE = { starting: 0, ready: 1, working: 2, parked: 3, releasing: 4, ended: 5 } as const;
export type InstanceState = keyof typeof STATE;

/** What an instance's thread was last doing, for messages about stuck and failed ones. */
export const METHODS = [
  'none',
  'import',
  'prepare',
  'start',
  'step',
  'stepAsync',
  'run',
  'adjust',
  'release',
  'dispose',
  'cleanup',
] as const;
export type Method = (typeof METHODS)[number];

/**
 * An actor's timeline, Float64 words: [phases, edits, startNs of each phase and of the end, first piece of each phase and
 * of the end, instances that share each phase (0: all), then pieces of four: startNs within the phase, endNs, from, to].
 * Start instants are NaN until the run starts. A phase without pieces is one in which the actor is idle, as it is in a piece whose level is NaN. A search takes up
 * pieces that are kept for it (their start is Infinity until then), and each time `edits` is raised.
 */
export interface TimelineView {
  readonly buffer: SharedArrayBuffer;
  readonly phases: number;
  readonly edits: Float64Array<SharedArrayBuffer>;
  readonly starts: Float64Array<SharedArrayBuffer>;
  readonly firstPiece: Float64Array<SharedArrayBuffer>;
  readonly sharing: Float64Array<SharedArrayBuffer>;
  readonly pieces: Float64Array<SharedArrayBuffer>;
}

export const PIECE_WORDS = 4;
/** More pieces than this in one actor's timeline are refused by the plan (8 MiB of words). */
export const PIECES_MAX = 262_144;

export function timelineBytes(phases: number, pieces: number): number {
  return 8 * (2 + 2 * (phases + 1) + phases + PIECE_WORDS * pieces);
}

export function openTimeline(buffer: SharedArrayBuffer): TimelineView {
  const phases = new Float64Array(buffer, 0, 1)[0] ?? 0;
  return {
    buffer,
    phases,
    edits: new Float64Array(buffer, 8, 1),
    starts: new Float64Array(buffer, 16, phases + 1),
    firstPiece: new Float64Array(buffer, 8 * (phases + 3), phases + 1),
    sharing: new Float64Array(buffer, 8 * (2 * phases + 4), phases),
    pieces: new Float64Array(buffer, 8 * (3 * phases + 4)),
  };
}
