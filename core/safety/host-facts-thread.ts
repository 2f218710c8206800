/** Asks other programs who this host is, and tells the answer in one message. Started by `fingerprint` of `host-facts.ts`. */
import { parentPort } from 'node:worker_threads';
import { must } from '../base/assert.js';
import { askOthers } from './host-facts.js';

must(parentPort, 'parent port').postMessage(await askOthers());
