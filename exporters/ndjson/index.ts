/**
 * The ndjson exporter: each window and event in, one JSON line in a file out; the run's name comes first, its
 * summary last. Every line has a `type`: "run", "window", "summary", or that of the event.
 */
import { open } from 'node:fs/promises';
import { defineExporter } from '../../core/contract/exporter.js';
import type { SeriesPoint, Window } from '../../core/contract/metrics.js';

/** Raised when a reader of the version before could not understand a line. */
const LINE_VERSION = 1;

export default defineExporter({
  name: 'ndjson',
  description: 'Every window and event as one line of JSON, while the run lasts.',
  options: {
    type: 'object',
    properties: {
      path: {
        type: 'string',
        format: 'path',
        access: 'write',
        description: 'The file, replaced; relative to the working directory.',
      },
    },
    required: ['path'],
  },
  async open({ run: { run, plan, replay }, options: { path }, signal }) {
    const file = await open(path, 'w');
    const close = (): Promise<void> => file.close();
    signal.addEventListener('abort', () => void close(), { once: true });
    const write = (line: object): Promise<void> => file.appendFile(`${JSON.stringify(line)}\n`);
    const { name: scenario, seed, windowMs } = plan;
    await write({ type: 'run', version: LINE_VERSION, run, scenario, seed, windowMs, replay });
    return {
      window: (window) => write(windowLine(window)),
      event: (event) => write(event),
      async end({ summary }) {
        await write({ type: 'summary', ...summary }).finally(close);
      },
    };
  },
});

function windowLine(window: Window): object {
  return { type: 'window', ...window, series: window.series.map(seriesLine) };
}

/** Bins as two lists of equal length, since typed arrays would become objects. */
function seriesLine({ metric, tags, point }: SeriesPoint): object {
  if (point.kind !== 'trend') return { metric, tags, ...point };
  const { bins, ...rest } = point;
  return { metric, tags, ...rest, bins: { index: [...bins.index], count: [...bins.count] } };
}
