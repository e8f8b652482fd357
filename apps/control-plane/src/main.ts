import 'reflect-metadata';
import { setFlagsFromString } from 'node:v8';
import { createLogger, loadConfiguration, runProcess } from '#platform';
import { startControlPlane } from './control-plane.js';

// Left to itself, V8 lets garbage grow to twice what is alive before it collects, and keeps those pages: after a burst of
// writes the process would stay at that size. Read at every collection, so it may be set in a running process.
setFlagsFromString('--heap-growing-percent=25');

await runProcess(createLogger('control-plane'), () => startControlPlane(loadConfiguration()));
