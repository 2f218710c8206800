/** What the verbs of the command line do; `program.ts` imports them when one is called. */
export { cleanVerb } from './clean.js';
export { completionVerb } from './completion.js';
export { describeVerb } from './describe.js';
export { doctorVerb } from './doctor.js';
export { initVerb } from './init.js';
export { listVerb } from './list.js';
export { planVerb } from './plan.js';
export { reportVerb } from './report.js';
export { runVerb } from './run.js';
export { runsVerb } from './runs.js';
export { schemaVerb } from './schema.js';
export { validateVerb } from './validate.js';
