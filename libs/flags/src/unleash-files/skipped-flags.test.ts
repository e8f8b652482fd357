import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FlagsFixture } from '../flags.fixture.js';
import { ProjectsService } from '../projects.service.js';
import { SegmentsService } from '../segments.service.js';
import { UnleashImportService, type ImportReport } from './unleash-import.service.js';

describe('flags of an Unleash file that cannot be here', () => {
  let flags: FlagsFixture;
  let importer: UnleashImportService;

  beforeAll(async () => {
    flags = await FlagsFixture.start();
    const segments = new SegmentsService(flags.database);
    importer = new UnleashImportService(flags.service, segments, new ProjectsService(flags.database));
  });
  afterAll(() => flags.stop());

  const importAll = (features: object[]): Promise<ImportReport> =>
    flags.commands.asSystem('test', (command) =>
      importer.import(command, 'production', JSON.stringify({ features })),
    );
  const skipped = ({ notes }: ImportReport) =>
    notes.filter(({ outcome }) => outcome === 'SKIPPED').map(({ subject }) => subject);
  const plain = { name: 'default', parameters: {}, constraints: [] };

  it('leave nothing of themselves behind, and do not keep the others away', async () => {
    const report = await importAll([
      { name: 'nowhere', enabled: true, strategies: [{ ...plain, segments: [0] }] },
      { name: 'here', enabled: true, strategies: [plain] },
    ]);
    expect([skipped(report), report.created]).toEqual([['flag/nowhere'], ['here']]);
    const left = await flags.database.query(
      `select key from flag where key in ('nowhere', 'here')
       union all select subject from audit_event where subject = 'flag/nowhere'`,
    );
    expect(left).toEqual([{ key: 'here' }]);
  });

  it('keep the strategies they had if those of the file hang together too much with their rules', async () => {
    await flags.create({ key: 'tangled', kind: 'BOOLEAN' });
    const constraints = Array.from({ length: 20 }, (_, index) => ({
      contextName: `field${index}`,
      operator: 'IN',
      values: ['x'],
      inverted: false,
      caseInsensitive: false,
    }));
    for (const [kind, key] of [
      ['TIER', 'SHARED'],
      ['REGION', 'eu'],
    ] as const)
      await flags.set({ flag: 'tangled', scope: { kind, key }, enabled: false, constraints });
    const varied = [plain, { ...plain, constraints: constraints.slice(0, 1) }];
    const report = await importAll([{ name: 'tangled', enabled: true, strategies: varied }]);
    expect(skipped(report)).toEqual(['flag/tangled']);
    const [row] = await flags.database.query(
      `select strategies from flag_environment where flag_key = 'tangled' and environment = 'production'`,
    );
    expect(row).toEqual({ strategies: null });
    // What is stored can be served, also by a process that starts now.
    await flags.restartServer();
    expect(flags.feed.environment('production')?.flags.has('tangled')).toBe(true);
  });
});
