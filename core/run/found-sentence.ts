/**
 * One sentence on what a phase ran for and found: "leak ended after 6 min 12 s: probe.latency{probe:api} p99 204 ms
 * > 200 ms for 10 s · held 1.82 GiB by then". For the event, and from there for the summary.
 */
import { selectorText } from '../base/grammar.js';
import { dimensionOfUnit, formatQuantity, formatSpan } from '../base/units.js';
import type { Aggregate, Assertion } from '../base/sentences.js';
import type { TrackedFigure } from '../contract/cycle.js';
import type { Window } from '../contract/metrics.js';
import type { PlannedActor, PlannedPhase } from '../contract/plan.js';
import type { RunAccumulator } from '../metrics/accumulate.js';
import { ROUNDS } from '../metrics/steady.js';
import type { Found } from '../metrics/until-watch.js';

export interface FoundInput {
  readonly phase: PlannedPhase;
  readonly found: Found;
  readonly tookMs: number;
  /** The last one that was looked at. */
  readonly window: Window;
  readonly actors: readonly PlannedActor[];
  readonly accumulator: RunAccumulator;
}

export function foundSentence(input: FoundInput): string {
  const { phase, tookMs } = input;
  const held = heldText(input);
  const what = `${phase.name} ended after ${formatSpan(tookMs)}: ${findingText(input)}`;
  return held === '' ? what : `${what} · held ${held} by then`;
}

export function doneSentence(phase: string, tookMs: number, actors: readonly string[]): string {
  return `${phase} ended after ${formatSpan(tookMs)}: ${actors.join(', ')} done`;
}

/** "matrix ended after 6 rounds, the last 5 of them alike: steady rate op.count{phase:w} at 12.1k/s (range …, drift …)". */
export function cycleSentence(cycle: string, rounds: number, tracked: readonly TrackedFigure[]): string {
  const percent = (share: number | null): string => formatQuantity(share ?? 0, 'share');
  const each = tracked.map(({ text, owner, unit, mean, excursion, drift }) => {
    const whose = owner === null || /[{,]\s*(actor|probe)\s*:/.test(text) ? '' : ` (${owner})`;
    const told = formatQuantity(mean ?? 0, dimensionOfUnit(unit) ?? 'count');
    return `${text}${whose} at ${told} (range ${percent(excursion)}, drift ${percent(drift)})`;
  });
  return `${cycle} ended after ${rounds} rounds, the last ${ROUNDS} of them alike: ${each.join('; ')}`;
}

function findingText({ phase, found }: FoundInput): string {
  const sentence = phase.until?.sentence;
  const { value, unit, owner, steady } = found;
  const told = formatQuantity(value, dimensionOfUnit(unit) ?? 'count');
  if (sentence?.kind === 'condition') {
    const whose = owner === null || hasOwner(sentence.selector.tags) ? '' : ` (${owner})`;
    const { aggregate } = sentence.assertion;
    const what = `${selectorText(sentence.selector)}${whose} ${wordOf(aggregate)}`;
    return `${what} ${told} ${wantedText(sentence.assertion)}`;
  }
  if (sentence?.kind !== 'steady' || steady === null) return phase.until?.text ?? '';
  const percent = (share: number): string => formatQuantity(share, 'share');
  const spread = `range ${percent(steady.excursion)}, drift ${percent(steady.drift)} over ${ROUNDS} windows`;
  return `${selectorText(sentence.selector)} ${wordOf(sentence.aggregate)} steady at ${told} (${spread})`;
}

/** What the phase's actors held in that window, of those that hold an amount. */
function heldText({ phase, window, actors, accumulator }: FoundInput): string {
  const holders = actors.filter(
    ({ name, control }) => phase.load[name] !== undefined && (control === 'amount' || control === 'growth'),
  );
  const told = holders.flatMap(({ name }) => {
    const found = window.series.find(({ metric, tags }) => metric === 'actor.held' && tags['actor'] === name);
    if (found?.point.kind !== 'gauge') return [];
    const amount = formatQuantity(
      found.point.last,
      dimensionOfUnit(accumulator.unitOf('actor.held', found.tags)) ?? 'count',
    );
    return [holders.length === 1 ? amount : `${amount} (${name})`];
  });
  return told.join(', ');
}

function hasOwner(tags: Readonly<Record<string, readonly string[]>>): boolean {
  return [tags['actor'], tags['probe']].some((names) => names?.length === 1);
}

function wordOf(aggregate: Aggregate): string {
  return typeof aggregate === 'object' ? aggregate.text : aggregate;
}

/** "> 200ms for 10s": the sentence without its aggregate. */
function wantedText({ text, aggregate }: Assertion): string {
  const word = wordOf(aggregate);
  return text.startsWith(word) ? text.slice(word.length).trim() : text;
}
