import 'reflect-metadata';
import { createLogger, runProcess } from '#platform';
import { loadDistributionConfiguration } from './configuration.js';
import { startDistribution } from './distribution.js';

await runProcess(createLogger('distribution'), () => startDistribution(loadDistributionConfiguration()));
