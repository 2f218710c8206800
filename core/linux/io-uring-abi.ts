/** What io_uring's memory and numbers mean, as <linux/io_uring.h> has them: read by `io-uring.ts` and by engines. */

/** io_uring system calls have the same numbers on every architecture. */
export const SYS_SETUP = 425;
export const SYS_ENTER = 426;
export const SYS_REGISTER = 427;

export const SETUP = {
  ioPoll: 1 << 0,
  sqPoll: 1 << 1,
  sqAffinity: 1 << 2,
  cqSize: 1 << 3,
  submitAll: 1 << 7,
  coopTaskrun: 1 << 8,
  taskrunFlag: 1 << 9,
  singleIssuer: 1 << 12,
  deferTaskrun: 1 << 13,
  noSqArray: 1 << 16,
} as const;

/** As the kernel's documentation calls them, for reports. */
export const SETUP_NAMES: Readonly<Record<keyof typeof SETUP, string>> = {
  ioPoll: 'IOPOLL',
  sqPoll: 'SQPOLL',
  sqAffinity: 'SQ_AFF',
  cqSize: 'CQSIZE',
  submitAll: 'SUBMIT_ALL',
  coopTaskrun: 'COOP_TASKRUN',
  taskrunFlag: 'TASKRUN_FLAG',
  singleIssuer: 'SINGLE_ISSUER',
  deferTaskrun: 'DEFER_TASKRUN',
  noSqArray: 'NO_SQARRAY',
};

export const FEATURE = {
  singleMmap: 1 << 0,
  noDrop: 1 << 1,
  submitStable: 1 << 2,
  extArg: 1 << 8,
} as const;

export const ENTER = {
  getEvents: 1,
  sqWakeup: 2,
  sqWait: 4,
  extArg: 8,
  registeredRing: 16,
} as const;

/** Bits of the submission queue's flags word. */
export const SQ_FLAG = { needWakeup: 1, cqOverflow: 2, taskrun: 4 } as const;

export const REGISTER = {
  buffers: 0,
  files: 2,
  filesUpdate: 6,
  probe: 8,
  ringFds: 20,
} as const;

export const OPCODE = {
  nop: 0,
  readv: 1,
  writev: 2,
  fsync: 3,
  readFixed: 4,
  writeFixed: 5,
  syncFileRange: 8,
  asyncCancel: 14,
  fallocate: 17,
  read: 22,
  write: 23,
  uringCmd: 46,
} as const;

/** Bits of the second byte of a submission. */
export const SQE_FLAG = { fixedFile: 1, link: 4 } as const;

export const FSYNC_DATASYNC = 1;
/** ASYNC_CANCEL: everything in flight on this ring. */
export const CANCEL_ALL = 1 << 0;
export const CANCEL_ANY = 1 << 2;
/** Command of a block device (6.12): discard `addr3` bytes from `addr`. */
export const BLOCK_URING_CMD_DISCARD = 0x1200;

/** 32-bit words of one submission (64 bytes) and of one completion (16 bytes). */
export const SQE_WORDS = 16;
export const CQE_WORDS = 4;

/** Byte offsets in io_uring_params (120 bytes). */
export const PARAMS = {
  bytes: 120,
  sqEntries: 0,
  cqEntries: 4,
  flags: 8,
  sqThreadCpu: 12,
  sqThreadIdle: 16,
  features: 20,
  sqHead: 40,
  sqTail: 44,
  sqMask: 48,
  sqFlags: 56,
  sqDropped: 60,
  sqArray: 64,
  cqHead: 80,
  cqTail: 84,
  cqMask: 88,
  cqOverflow: 96,
  cqCqes: 100,
} as const;

/** Where the two parts of a ring are mapped from. */
export const MMAP_RINGS = 0;
export const MMAP_SQES = 0x1000_0000;
