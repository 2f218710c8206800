/** Keys and signals: what each does to a run, and that the terminal is as it was afterwards. */
import { expect } from 'chai';
import { EventEmitter } from 'node:events';
import type { KeyInput } from '../../../cli/keys.js';
import { openKeys } from '../../../cli/keys.js';
import { heedSignals } from '../../../cli/signals.js';

/** Stands in for a terminal, which a test run does not have; the keyboard handling on top is the real one. */
class Keyboard extends EventEmitter implements KeyInput {
  readonly isTTY = true;
  isRaw = false;
  isFlowing = false;
  setRawMode(raw: boolean): void {
    this.isRaw = raw;
  }
  resume(): this {
    this.isFlowing = true;
    return this;
  }
  pause(): this {
    this.isFlowing = false;
    return this;
  }
  press(keys: string): void {
    this.emit('data', Buffer.from(keys));
  }
}

function makeRun() {
  const calls: string[] = [];
  return {
    calls,
    stop: (cause: string, signal?: string) => void calls.push(['stop', cause, signal ?? ''].join(' ').trim()),
    kill: () => void calls.push('kill'),
    scale: (factor: number) => void calls.push(`scale ${factor.toFixed(2)}`),
    pause: () => void calls.push('pause'),
    resume: () => void calls.push('resume'),
  };
}

describe('keys', () => {
  it('act on the run, within its scale', () => {
    const keyboard = new Keyboard();
    const run = makeRun();
    const keys = openKeys(keyboard, () => run.calls.push('interrupt'));
    keyboard.press('p'); // Before there is a run: nothing to act on.
    keyboard.press('p');
    keys?.attach(run);
    keyboard.press('pp+--');
    keyboard.press('s\u0003x');
    keys?.close();
    expect(run.calls).to.deep.equal([
      'pause',
      'resume',
      'scale 1.00',
      'scale 0.90',
      'scale 0.80',
      'stop person',
      'interrupt',
    ]);
  });

  it('never scale below nothing', () => {
    const keyboard = new Keyboard();
    const run = makeRun();
    const keys = openKeys(keyboard, () => undefined);
    keys?.attach(run);
    keyboard.press('-'.repeat(15));
    keyboard.press('+');
    keys?.close();
    expect(run.calls.at(-2)).to.equal('scale 0.00');
    expect(run.calls.at(-1)).to.equal('scale 0.10');
  });

  it('say what they do, and more when asked', () => {
    const keyboard = new Keyboard();
    const keys = openKeys(keyboard, () => undefined);
    expect(keys?.lines()).to.have.length(1);
    keyboard.press('?');
    expect(keys?.lines().join()).to.include('Ctrl-C');
    keyboard.press('?');
    expect(keys?.lines()).to.have.length(1);
    keys?.close();
  });

  it('put the terminal back', () => {
    const keyboard = new Keyboard();
    const before = process.listenerCount('exit');
    const keys = openKeys(keyboard, () => undefined);
    expect(keyboard).to.include({ isRaw: true, isFlowing: true });
    keys?.close();
    keys?.close();
    expect(keyboard).to.include({ isRaw: false, isFlowing: false });
    expect(keyboard.listenerCount('data')).to.equal(0);
    expect(process.listenerCount('exit')).to.equal(before);
  });

  it('are left alone where there is no terminal', () => {
    const pipe = Object.assign(new EventEmitter(), { resume: () => undefined, pause: () => undefined });
    expect(openKeys(pipe, () => undefined)).to.equal(null);
  });
});

describe('signals', () => {
  it('stop a run, then end its agents, then end brunt', () => {
    const run = makeRun();
    const exits: number[] = [];
    const said: string[] = [];
    const signals = heedSignals({ announce: (text) => said.push(text), exit: (code) => exits.push(code) });
    signals.attach(run);
    process.emit('SIGINT', 'SIGINT');
    expect(run.calls).to.deep.equal(['stop signal SIGINT']);
    expect(said).to.have.length(1);
    process.emit('SIGINT', 'SIGINT');
    expect(run.calls).to.deep.equal(['stop signal SIGINT', 'kill']);
    expect(exits).to.deep.equal([]);
    process.emit('SIGTERM', 'SIGTERM');
    expect(exits).to.deep.equal([143]);
    signals.close();
    expect(process.listenerCount('SIGINT')).to.equal(0);
  });

  it('reach a run that is still starting, once it is there', () => {
    const run = makeRun();
    const exits: number[] = [];
    const signals = heedSignals({ announce: () => undefined, exit: (code) => exits.push(code) });
    process.emit('SIGHUP', 'SIGHUP');
    signals.attach(run);
    signals.close();
    expect(run.calls).to.deep.equal(['stop signal SIGTERM']);
    expect(exits).to.deep.equal([]);
  });

  it('end brunt at once when there is no run to end', () => {
    const exits: number[] = [];
    const signals = heedSignals({ announce: () => undefined, exit: (code) => exits.push(code) });
    signals.raise('SIGINT');
    signals.raise('SIGINT');
    signals.close();
    expect(exits).to.deep.equal([130]);
  });
});
