/**
 * One command from its arguments to its exit code; whatever was thrown is told here, once. What has booted ahead of it is
 * gone when it ends. Called by `main.ts`.
 */
import type { Ahead } from '../core/run/ahead.js';
import { onEarlyEnd } from './early-end.js';
import { exitCodeOf, jsonErrors, renderThrown } from './errors.js';
import { findInstallation } from './package.js';
import { asksForJson, runProgram } from './program.js';
import { putJson, say, tolerateClosedStreams } from './screen.js';

export async function runCommand(args: readonly string[], ahead: Ahead | null): Promise<void> {
  tolerateClosedStreams();
  onEarlyEnd((error) => tell(error, args));
  try {
    process.exitCode = await runProgram(args, findInstallation().version, ahead);
  } catch (thrown) {
    tell(thrown, args);
  } finally {
    await ahead?.end();
  }
}

function tell(thrown: unknown, args: readonly string[]): void {
  // A program that asked for JSON gets one object in every outcome.
  if (asksForJson(args)) putJson({ ok: false, errors: jsonErrors(thrown) });
  say(renderThrown(thrown));
  process.exitCode = exitCodeOf(thrown);
}
