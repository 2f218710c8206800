/**
 * Plugin of the benches: threads that never rest, and threads that keep many trends alive. What a bench needs beside
 * the thing that it measures.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { definePlugin, defineSimulator } from '../../../core/contract/index.js';

/** With what the core itself measures of an actor, within the bound of series per actor. */
export const TRENDS_PER_ACTOR = 125;
/** Between two rounds, each of which records every trend some times. */
const ROUND_MS = 50;
const RECORDS_A_ROUND = 4;
const FILES = 20;

const hot = defineSimulator({
  name: 'hot',
  description: 'Runs without a pause.',
  controls: [{ kind: 'switch', unit: 'switch' }],
  options: { type: 'object', properties: {} },
  metrics: {},
  start: (ctx) => ({
    run() {
      for (let turns = 0; !ctx.stopped(); turns++) {
        if (turns % 1e4 === 0) ctx.beat();
      }
    },
    dispose() {},
  }),
});

const parked = defineSimulator({
  name: 'parked',
  description: 'Is at its amount at once, and waits from then on.',
  controls: [{ kind: 'amount', unit: 'count' }],
  options: { type: 'object', properties: {} },
  metrics: {},
  start: (ctx) => ({
    adjust: (amount) => ctx.achieved(amount),
    dispose() {},
  }),
});

const trends = Object.fromEntries(
  Array.from({ length: TRENDS_PER_ACTOR }, (_, i) => [
    `trend-${i}`,
    {
      kind: 'trend',
      unit: 'ns',
      help: 'Log-normal values, so that many bins change between two frames.',
    } as const,
  ]),
);

const series = defineSimulator({
  name: 'series',
  description: `Keeps ${TRENDS_PER_ACTOR} trends alive: every one changes all the time.`,
  controls: [{ kind: 'switch', unit: 'switch' }],
  options: { type: 'object', properties: {} },
  metrics: trends,
  start(ctx) {
    const random = (): number => ctx.random();
    const logNormal = (): number =>
      Math.exp(11 + Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
    const recorders = Object.values(ctx.metrics);
    return {
      run() {
        while (!ctx.stopped()) {
          for (const recorder of recorders)
            for (let i = 0; i < RECORDS_A_ROUND; i++) recorder.record(logNormal());
          ctx.park(ROUND_MS);
        }
      },
      dispose() {},
    };
  },
});

const files = defineSimulator({
  name: 'small-files',
  description: 'Keeps a tree of small files in a scratch directory, and writes to it.',
  controls: [{ kind: 'switch', unit: 'switch' }],
  options: { type: 'object', properties: {} },
  metrics: {},
  async start(ctx) {
    const folder = join(await ctx.scratch(), 'a', 'b');
    mkdirSync(folder, { recursive: true });
    return {
      run() {
        for (let i = 0; !ctx.stopped(); i++) {
          writeFileSync(join(folder, String(i % FILES)), 'x'.repeat(4096));
          ctx.park(10);
        }
      },
      dispose() {},
    };
  },
});

export default definePlugin({ name: 'load', simulators: [hot, parked, series, files] });
