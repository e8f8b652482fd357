import { EnvironmentManifests } from './environment.manifest.js';
import { FlagManifests } from './flag.manifest.js';
import { FlagManifestSteps } from './flag-manifest-steps.js';
import { ManifestExport } from './manifest-export.js';
import { ProjectManifests } from './project.manifest.js';
import { SegmentManifests } from './segment.manifest.js';

/** What the flags' module wires for manifests. */
export const manifestProviders = [
  EnvironmentManifests,
  ProjectManifests,
  SegmentManifests,
  FlagManifestSteps,
  FlagManifests,
  ManifestExport,
];
