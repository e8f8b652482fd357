export { evidence, judge, type GateVerdict } from './gate.js';
export { kpis, type Kpi, type KpiFigures } from './kpi.js';
export { KpiStore } from './kpi.store.js';
export * from './release.js';
export { ReleasesModule } from './releases.module.js';
export { ReleasesReadModel, type ReleaseSummary } from './releases.read-model.js';
export { ReleasesService, type CreateReleaseInput } from './releases.service.js';
