import { FlagSimulations } from './flag-simulations.js';
import { FlagSimulationsResolver } from './flag-simulations.resolver.js';

/** What the flags' module wires for simulations. */
export const simulationProviders = [FlagSimulations, FlagSimulationsResolver];
