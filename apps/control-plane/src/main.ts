import 'reflect-metadata';
import { createLogger, loadConfiguration, runProcess } from '#platform';
import { startControlPlane } from './control-plane.js';

await runProcess(createLogger('control-plane'), () => startControlPlane(loadConfiguration()));
