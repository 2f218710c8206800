/** Plugin `probes`: the built-in probes. One plugin for all, since they share how failures are told apart. */
import { definePlugin } from '../../core/contract/index.js';
import { http } from './http.js';
import { tcp } from './tcp.js';
import { timer } from './timer.js';

export default definePlugin({ name: 'probes', probes: [http, tcp, timer] });
