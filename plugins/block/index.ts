/**
 * Plugin `block`: reads, writes and trims of a block device by path, past the page cache unless said otherwise. What of
 * a device is written to is destroyed: `inspect.ts` says which may be. What it does once it is open is `plugins/storage`.
 */
import { formatProcessors, parseProcessors, scheduler } from '../../core/linux/sched.js';
import { definePlugin, defineSimulator } from '../../core/contract/index.js';
import type { ActorContext, ObjectSchema, OptionFault, Resolved } from '../../core/contract/index.js';
import { closeTold } from '../storage/close.js';
import { workloadExpectations } from '../storage/workload/expectations.js';
import { STORAGE_METRICS } from '../storage/workload/metrics.js';
import {
  alignOf,
  isVerifying,
  unitOf,
  WORKLOAD_OPTIONS,
  workloadFaults,
} from '../storage/workload/options.js';
import { memoryEstimate, sharedBytes } from '../storage/workload/memory-needs.js';
import { Session } from '../storage/workload/session.js';
import { storageSimulator } from '../storage/workload/simulator.js';
import { describeFacts, identityOf } from './device.js';
import { inspectDevice, partOf } from './inspect.js';
import { openDevice } from './open.js';

const OPTIONS = {
  type: 'object',
  required: ['device'],
  properties: {
    device: {
      type: 'string',
      format: 'path',
      access: 'read',
      description: 'The device. To be written to, it must be named by its own id in safety.erasableDevices.',
    },
    from: { type: 'string', format: 'bytes', default: '0B', description: 'Where the part worked on begins.' },
    size: {
      type: 'string',
      format: 'bytes',
      description: 'Of the part worked on. Default: to the end of the device; to be said with verify.',
    },
    trims: {
      type: 'string',
      enum: ['discard', 'writeZeroes'],
      default: 'discard',
      description: 'What a trim is: the device may forget, or it has zeros afterwards.',
    },
    affinity: {
      type: 'string',
      description: 'Processors for the instances, such as "0-3": each is bound to one of them, in turn.',
    },
    ...WORKLOAD_OPTIONS,
    direct: { ...WORKLOAD_OPTIONS.direct, default: true },
  },
} as const satisfies ObjectSchema;

type Options = Resolved<typeof OPTIONS>;
type Context = ActorContext<Options, typeof STORAGE_METRICS>;

const block = defineSimulator({
  ...storageSimulator,
  name: 'block',
  description: 'Reads, writes and trims a block device, at a depth or at a rate.',
  options: OPTIONS,
  metrics: STORAGE_METRICS,
  shared: ({ options }) => sharedBytes(options, options.size ?? 0),
  check: ({ options, ...input }) => [
    ...workloadFaults(options, input, options.size),
    ...blockFaults(options),
  ],
  expects: ({ options }) => workloadExpectations(options),
  estimate: ({ options, ...input }) => ({
    ...memoryEstimate(options, input, options.size ?? 0),
    openFiles: input.instances,
  }),
  inspect: ({ options, actor }) => inspectDevice(options, actor),
  async start(ctx) {
    const { options, instance } = ctx;
    const unbind = bind(ctx);
    const { fd, device } = await openDevice(options, ctx);
    if (instance.index === 0) ctx.log('info', `${options.device}: ${describeFacts(device)}`);
    const session = await Session.open(ctx, {
      name: options.device,
      isOwn: false,
      identity: identityOf(device),
      on: fd,
      ...partOf(device, options),
      trim: options.trims,
      trimsToZero: options.trims === 'writeZeroes',
    });
    return {
      run: () => session.run(),
      async dispose() {
        await session.dispose();
        closeTold(fd, options.device, (level, message) => ctx.log(level, message));
        unbind();
      },
    };
  },
});

function blockFaults(options: Options): OptionFault[] {
  const { access, affinity, distribution, from, size } = options;
  const faults: OptionFault[] = [];
  if (access === 'append')
    faults.push({ path: ['access'], message: 'a device does not grow: it has no end to append to' });
  if (distribution === 'per-instance')
    faults.push({
      path: ['distribution'],
      message: 'all instances work on one device',
      seen: distribution,
      hint: 'Use "partitioned", or an actor for each device.',
    });
  if (size === undefined && isVerifying(options))
    faults.push({
      path: ['verify'],
      message: 'what is written where is kept, and how much that is must be known',
      hint: 'Say the "size" of the part to work on.',
    });
  if (from % unitOf(options) !== 0 && (isVerifying(options) || from % alignOf(options) !== 0))
    faults.push({
      path: ['from'],
      message: `it begins within a block: sizes and offsets are multiples of ${unitOf(options)}`,
      seen: from,
    });
  if (affinity !== undefined && parseProcessors(affinity) === null)
    faults.push({ path: ['affinity'], message: `"${affinity}" is no list of processors`, seen: affinity });
  return faults;
}

/** Binds this instance's thread to its processor. What is given back undoes it. */
function bind(ctx: Context): () => void {
  const processors = parseProcessors(ctx.options.affinity ?? '');
  if (processors === null) return () => undefined;
  const s = scheduler();
  if (s === null) return ctx.unavailable('affinity needs the optional package koffi on 64-bit Linux');
  const before = s.ownProcessors();
  const processor = processors[ctx.instance.index % processors.length] ?? 0;
  if (!before.includes(processor) || s.setProcessors([processor]) !== 0)
    return ctx.unavailable(
      `processor ${processor} is not one of ${formatProcessors(before)}, which this thread may use`,
    );
  ctx.log('info', `queue ${ctx.instance.index} bound to processor ${formatProcessors(s.ownProcessors())}`);
  return () => void s.setProcessors(before);
}

export default definePlugin({ name: 'block', simulators: [block] });
