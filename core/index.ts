/** What the machine offers to the composition root: the command line and the library (cli/library.ts) are made of it. */
export { BruntError, BruntErrors } from './base/errors.js';
export { EXIT, worstExit } from './base/exit-codes.js';
export type { ExitCode } from './base/exit-codes.js';
export * from './contract/index.js';
export { buildPlan } from './plan/build.js';
export { drawPlan } from './plan/draw.js';
export { Registry } from './plugin/registry.js';
export { clean } from './record/clean.js';
export { findRun } from './record/read.js';
export type { ExporterUse } from './run/fan-out.js';
export { startRun } from './run/orchestrator.js';
export type { RunDeps, RunHandle } from './run/orchestrator.js';
export { reportRun } from './run/report.js';
export { readHostFacts } from './safety/host-facts.js';
export { preflight } from './safety/preflight.js';
export { readProfiles } from './safety/profiles.js';
export { loadScenario } from './scenario/load.js';
