#!/usr/bin/env node
/** The entry of the command. It imports nothing by itself: the agent of a run boots while all else is being loaded. */
const args = process.argv.slice(2);
const ahead = args[0] === 'run' ? new (await import('../core/run/ahead.js')).Ahead() : null;
const { runCommand } = await import('./command.js');
await runCommand(args, ahead);
