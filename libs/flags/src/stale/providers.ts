import { CodeReferencesService } from './code-references.service.js';
import { StaleFlagsReadModel } from './stale-flags.read-model.js';
import { StaleResolver } from './stale.resolver.js';

/** What the flags' module wires for stale flags and their places in code. */
export const staleProviders = [CodeReferencesService, StaleFlagsReadModel, StaleResolver];
