/** What must and must not compile about options: the compiler is the test, `@ts-expect-error` the assertion. */
import { defineSimulator } from '../../core/contract/index.js';
import type { Resolved } from '../../core/contract/index.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(..._: Equal<A, B> extends true ? [] : [never]): void => undefined;

export const simulator = defineSimulator({
  name: 'typed',
  description: 'Options of every kind.',
  controls: [{ kind: 'switch', unit: 'switch' }],
  options: {
    type: 'object',
    required: ['port'],
    properties: {
      port: { type: 'integer' },
      size: { type: 'string', format: 'bytes', default: '1MiB' },
      pause: { type: 'string', format: 'duration' },
      mode: { type: 'string', enum: ['get', 'set'], default: 'get' },
      file: { type: 'string', format: 'path' },
      isEager: { type: 'boolean', default: false },
      sizes: { type: 'array', maxItems: 3, items: { type: 'string', format: 'bytes' }, default: [] },
      limits: { type: 'object', properties: { rate: { type: 'string', format: 'rate', default: '5/s' } } },
    },
  },
  metrics: {},
  estimate: ({ options }) => {
    // @ts-expect-error a unit string arrives as a number
    const text: string = options.size;
    return { memoryBytes: options.size + text.length };
  },
  start(ctx) {
    const { options } = ctx;
    same<typeof options.port, number>();
    same<typeof options.size, number>();
    same<typeof options.pause, number | undefined>();
    same<typeof options.mode, 'get' | 'set'>();
    same<typeof options.file, string | undefined>();
    same<typeof options.isEager, boolean>();
    same<typeof options.sizes, readonly number[]>();
    same<typeof options.limits, { readonly rate: number } | undefined>();
    // @ts-expect-error there is no such option
    ctx.log('info', String(options.prot));
    // @ts-expect-error an option without a default may be absent
    options.pause.toFixed();
    // @ts-expect-error options cannot be changed
    options.port = 1;
    // @ts-expect-error a value beside the enum
    if (options.mode === 'put') return { dispose: () => undefined };
    return { run: () => undefined, dispose: () => undefined };
  },
});

// An option that is required, or has a default, is present; any other may be absent.
same<
  Resolved<{
    readonly type: 'object';
    readonly required: readonly ['a'];
    readonly properties: {
      readonly a: { readonly type: 'boolean' };
      readonly b: { readonly type: 'number'; readonly default: 1 };
      readonly c: { readonly type: 'number' };
    };
  }>,
  { readonly a: boolean; readonly b: number; readonly c?: number }
>();

defineSimulator({
  name: 'mistyped',
  description: 'A schema that is none.',
  controls: [{ kind: 'switch', unit: 'switch' }],
  options: {
    type: 'object',
    properties: {
      // @ts-expect-error no such format
      speed: { type: 'string', format: 'speed' },
      // @ts-expect-error a list has a bound
      list: { type: 'array', items: { type: 'string' } },
      // @ts-expect-error a default of another type
      count: { type: 'integer', default: '1' },
    },
  },
  metrics: {},
  start: () => ({ dispose: () => undefined }),
});
