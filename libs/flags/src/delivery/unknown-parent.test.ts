import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InMemStorageProvider, Unleash } from 'unleash-client';
import type { Mode } from 'unleash-client/lib/unleash-config.js';
import { environmentScope } from '../flag.js';
import { FlagsFixture, until } from '../flags.fixture.js';

/** An import brings flags in any order: one may depend on a flag that is not there yet, or never comes. */
describe('a flag whose parent is not known yet', () => {
  let flags: FlagsFixture;
  const sdks: Unleash[] = [];
  const children = ['needs-on', 'needs-off', 'needs-variant'];

  beforeAll(async () => {
    flags = await FlagsFixture.start();
    const client = (await flags.token('CLIENT')).secret;
    let revision = 0;
    for (const key of children) {
      const parent = { flag: 'parent', ...(key === 'needs-off' ? { enabled: false } : {}) };
      const dependencies = [{ ...parent, ...(key === 'needs-variant' ? { variants: ['new'] } : {}) }];
      await flags.create({ key, kind: 'BOOLEAN', dependencies, imported: true } as never);
      ({ revision } = await flags.set({ flag: key, scope: environmentScope, enabled: true }));
    }
    await flags.served(revision);
    const modes: Mode[] = [
      { type: 'polling', format: 'full' },
      { type: 'polling', format: 'delta' },
      { type: 'streaming' },
    ];
    for (const experimentalMode of modes) {
      const sdk = new Unleash({
        appName: 'unknown-parent',
        url: `${flags.url}/api/`,
        refreshInterval: 20,
        disableMetrics: true,
        skipInstanceCountWarning: true,
        storageProvider: new InMemStorageProvider(),
        customHeaders: { Authorization: client },
        experimentalMode,
      });
      sdks.push(sdk);
      sdk.on('error', () => undefined).on('warn', () => undefined);
      await new Promise((resolve) => sdk.once('synchronized', resolve));
    }
  });
  afterAll(async () => {
    for (const sdk of sdks) sdk.destroy();
    await flags.stop();
  });

  /** What every SDK, the frontend API and OFREP say, once they agree. */
  async function everybodySays(expected: Record<string, boolean>): Promise<void> {
    const { secret } = await flags.token('FRONTEND');
    const said = async () => {
      const headers = { authorization: secret, 'content-type': 'application/json' };
      const frontend = (await (await fetch(`${flags.url}/api/frontend`, { headers })).json()) as {
        toggles: { name: string }[];
      };
      const bulk = { method: 'POST', headers, body: '{"context":{}}' };
      const ofrep = (await (await fetch(`${flags.url}/ofrep/v1/evaluate/flags`, bulk)).json()) as {
        flags: { key: string; value: unknown }[];
      };
      const on = (key: string) => [
        ...sdks.map((sdk) => sdk.isEnabled(key)),
        frontend.toggles.some(({ name }) => name === key),
        ofrep.flags.find((flag) => flag.key === key)?.value,
      ];
      return Object.fromEntries(children.map((key) => [key, on(key)]));
    };
    const wanted = Object.fromEntries(
      children.map((key) => [key, Array.from({ length: 5 }, () => expected[key])]),
    );
    await until(async () => JSON.stringify(await said()) === JSON.stringify(wanted)).catch(() => undefined);
    expect(await said()).toEqual(wanted);
  }

  it('is off until the parent comes, follows it, and is off again when it goes', async () => {
    await everybodySays({ 'needs-on': false, 'needs-off': false, 'needs-variant': false });
    await flags.create({
      key: 'parent',
      kind: 'VARIANT',
      variants: [{ name: 'old' }, { name: 'new' }],
      defaultVariant: 'old',
    });
    await flags.set({ flag: 'parent', scope: environmentScope, enabled: true, variant: 'old' });
    await everybodySays({ 'needs-on': true, 'needs-off': false, 'needs-variant': false });
    await flags.set({ flag: 'parent', scope: environmentScope, enabled: true, variant: 'new' });
    await everybodySays({ 'needs-on': true, 'needs-off': false, 'needs-variant': true });
    await flags.set({ flag: 'parent', scope: environmentScope, enabled: false });
    await everybodySays({ 'needs-on': false, 'needs-off': true, 'needs-variant': false });
    await flags.commands.asSystem('test', (command) => flags.service.archive(command, { flag: 'parent' }));
    await everybodySays({ 'needs-on': false, 'needs-off': false, 'needs-variant': false });
  });
});
