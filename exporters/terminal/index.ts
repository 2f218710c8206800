/**
 * The terminal exporter: a live screen on a terminal, plain lines anywhere else, the same summary at the end of
 * both and of a replayed record. Windows and events in, text to the screen out. Loaded by the run's fan-out.
 */
import type { RunEvent } from '../../core/contract/events.js';
import type { ExporterInstance, RunOutcome, Screen } from '../../core/contract/exporter.js';
import { defineExporter } from '../../core/contract/exporter.js';
import type { Window } from '../../core/contract/metrics.js';
import { Display } from './display.js';
import { eventLine, phaseLine, stateLine } from './lines.js';
import { drawLive } from './live.js';
import type { Paint } from './paint.js';
import { makePaint } from './paint.js';
import { RunState } from './state.js';
import { drawSummary } from './summary.js';

/** Four times a second: a clock that moves, and no more work than that. */
const REDRAW_MS = 250;
/** Without a live screen: so often a line of figures. */
const PLAIN_EVERY_MS = 10_000;
/** Lines about events; a flood of them is in events.ndjson, and only counted here. */
const EVENT_LINES_PER_SECOND = 20;
const COLUMNS_DEFAULT = 80;

export default defineExporter({
  name: 'terminal',
  description: 'A live screen, or plain lines where there is no terminal, and the summary at the end.',
  options: { type: 'object', properties: {} },
  open({ run, screen, signal }): ExporterInstance {
    const paint = makePaint(screen.color);
    if (run.replay) return { end: (outcome) => writeSummary(screen, outcome, paint) };
    const state = new RunState(run.plan);
    return screen.isLive ? openLive(state, screen, signal, paint) : openPlain(state, screen, paint);
  },
});

function openLive(state: RunState, screen: Screen, signal: AbortSignal, paint: Paint): ExporterInstance {
  const display = new Display(screen, paint);
  const budget = new LineBudget();
  let startedMs: number | null = null;
  const redraw = (): void => {
    const elapsedMs = startedMs === null ? null : performance.now() - startedMs;
    const keys = screen.keys?.() ?? [];
    // One row stays free: a block as high as the screen would scroll, and could not be erased.
    display.draw(drawLive(state, elapsedMs, keys, columnsOf(screen), screen.rows() - 1));
  };
  const timer = setInterval(redraw, REDRAW_MS);
  timer.unref();
  const close = (): void => {
    clearInterval(timer);
    display.clear();
  };
  signal.addEventListener('abort', close, { once: true });
  redraw();
  return {
    window: (window) => state.onWindow(window),
    event(event) {
      state.onEvent(event);
      if (event.type === 'run.started') startedMs = performance.now();
      const lines = budget.take(event);
      if (lines.length > 0 && !signal.aborted) display.print(lines);
    },
    end(outcome) {
      signal.removeEventListener('abort', close);
      close();
      writeSummary(screen, outcome, paint);
    },
  };
}

function openPlain(state: RunState, screen: Screen, paint: Paint): ExporterInstance {
  const budget = new LineBudget();
  let nextMs = PLAIN_EVERY_MS;
  const write = (line: string | null): void => {
    if (line !== null) screen.write(`${paint(line)}\n`);
  };
  return {
    window(window: Window) {
      state.onWindow(window);
      if (window.endMs < nextMs) return;
      write(stateLine(state, window.endMs));
      nextMs = (Math.floor(window.endMs / PLAIN_EVERY_MS) + 1) * PLAIN_EVERY_MS;
    },
    event(event) {
      state.onEvent(event);
      if (event.type === 'phase.started') write(phaseLine(state.plan, event.phaseIndex, event.atMs));
      for (const line of budget.take(event)) write(line);
    },
    end: (outcome) => writeSummary(screen, outcome, paint),
  };
}

function writeSummary(screen: Screen, { summary, lost }: RunOutcome, paint: Paint): void {
  const lines = drawSummary(summary, lost, columnsOf(screen));
  screen.write(`\n${lines.map((line) => `${paint(line)}\n`).join('')}`);
}

/** Some terminals say 0. */
function columnsOf(screen: Screen): number {
  return screen.columns() > 0 ? screen.columns() : COLUMNS_DEFAULT;
}

/** At most so many event lines a second, and one that counts the rest. */
class LineBudget {
  #second = -1;
  #shown = 0;
  #hidden = 0;

  take(event: RunEvent): string[] {
    const line = eventLine(event);
    if (line === null) return [];
    const second = Math.floor(performance.now() / 1000);
    const before = second === this.#second ? [] : this.#turn(second);
    if (this.#shown === EVENT_LINES_PER_SECOND) {
      this.#hidden++;
      return before;
    }
    this.#shown++;
    return [...before, line];
  }

  #turn(second: number): string[] {
    const lines = this.#hidden > 0 ? [` … ${this.#hidden} more lines: see events.ndjson`] : [];
    this.#second = second;
    this.#shown = 0;
    this.#hidden = 0;
    return lines;
  }
}
