#!/usr/bin/env node
/** The entry of the command: arguments in, an exit code out; whatever was thrown is told here, once. */
import { onEarlyEnd } from './early-end.js';
import { exitCodeOf, jsonErrors, renderThrown } from './errors.js';
import { findInstallation } from './package.js';
import { asksForJson, runProgram } from './program.js';
import { putJson, say, tolerateClosedStreams } from './screen.js';

tolerateClosedStreams();
const args = process.argv.slice(2);
onEarlyEnd(tell);
try {
  process.exitCode = await runProgram(args, findInstallation().version);
} catch (thrown) {
  tell(thrown);
}

function tell(thrown: unknown): void {
  // A program that asked for JSON gets one object in every outcome.
  if (asksForJson(args)) putJson({ ok: false, errors: jsonErrors(thrown) });
  say(renderThrown(thrown));
  process.exitCode = exitCodeOf(thrown);
}
