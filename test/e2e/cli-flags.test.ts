import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InMemStorageProvider, Unleash } from 'unleash-client';
import { exampleTenants, until } from '../../libs/flags/src/flags.fixture.js';
import { TestCli } from '../support/cli.js';
import { testAdminToken, TestControlPlane } from '../support/control-plane.js';

/** What a product team does with flags on the command line: the command is a process, and so is what reads them. */
describe('tierdeck flag', () => {
  let server: TestControlPlane;
  let cli: TestCli;

  beforeAll(async () => {
    server = await TestControlPlane.start();
    await server.controlPlane.foundation.database.query(exampleTenants);
    cli = await TestCli.start(server.url, testAdminToken);
  });
  afterAll(async () => {
    await cli?.remove();
    await server?.stop();
  });

  const sdkOf = async (secret: string, more: Partial<ConstructorParameters<typeof Unleash>[0]> = {}) => {
    const sdk = new Unleash({
      url: `${server.url}/api`,
      appName: 'shop',
      customHeaders: { Authorization: secret },
      storageProvider: new InMemStorageProvider(),
      disableMetrics: true,
      ...more,
    });
    await new Promise((resolve, reject) => {
      sdk.once('synchronized', resolve);
      sdk.once('error', reject);
    });
    return sdk;
  };

  it('makes a flag with all that it may be, and changes any of it', async () => {
    const schema = await cli.file('schema.yaml', 'type: object\nrequired: [steps]\n');
    await cli.said('project', 'create', 'shop');
    await cli.said('flag', 'create', 'parent', '-d', 'A parent', '--variant', 'a', 'b');
    await cli.said('flag', 'create', 'legacy', '-d', 'Another one');
    const variants = ['--variant', 'one-page', 'two-step', '--default-variant', 'two-step'];
    const payloads = ['--payload', 'one-page={"steps":1}', 'two-step={"steps":2}', '--schema', schema];
    const facts = ['--project', 'shop', '--owner', 'checkout', '--type', 'experiment', '--tag', 'team:shop'];
    const states = ['--lifecycle', 'DRAFT', '--expires', '2030-01-31', '--impression-data'];
    const parents = ['--depends', 'parent=a,b', 'not legacy', '--risk', 'FINANCIAL'];
    const create = ['flag', 'create', 'flow', '-d', 'Steps of the checkout'];
    const made = await cli.run([...create, ...variants, ...payloads, ...facts, ...states, ...parents]);
    expect(made).toEqual({
      code: 0,
      stdout: 'flag/flow created\n',
      stderr: 'Next: tierdeck flag set flow one-page --env staging\n',
    });
    const whole = {
      kind: 'VARIANT',
      riskClass: 'FINANCIAL',
      owner: 'checkout',
      project: 'shop',
      type: 'experiment',
      lifecycle: 'DRAFT',
      expiresAt: '2030-01-31T00:00:00.000Z',
      tags: ['team:shop'],
      impressionData: true,
      payloadSchema: { type: 'object', required: ['steps'] },
      variants: [
        { name: 'one-page', payload: { steps: 1 } },
        { name: 'two-step', payload: { steps: 2 } },
      ],
      defaultVariant: 'two-step',
      dependencies: [
        { flag: 'parent', enabled: true, variants: ['a', 'b'] },
        { flag: 'legacy', enabled: false, variants: [] },
      ],
    };
    expect(await cli.told('flag', 'show', 'flow')).toMatchObject(whole);
    await cli.said('flag', 'update', 'flow', '--owner', 'web', '--no-expires');
    expect(await cli.told('flag', 'show', 'flow')).toMatchObject({
      ...whole,
      owner: 'web',
      expiresAt: null,
    });
    expect(await cli.said('flag', 'show', 'flow')).toMatch(/depends on +parent=a,b, not legacy\n/);
    expect(await cli.said('flag', 'show', 'parent')).toMatch(/depended on by +flow\n/);
  });

  it('says what is wrong with what was named, and how to ask for what needs an approval', async () => {
    await cli.said('flag', 'create', 'plain', '-d', 'x', '--variant', 'a', 'b', '--payload', 'a={"n":1}');
    const refused = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await cli.run(args);
      expect([code, stdout]).toEqual([1, '']);
      return stderr;
    };
    expect(await refused('flag', 'update', 'plain')).toContain('Nothing was named to change.');
    expect(await refused('flag', 'update', 'plain', '--payload', 'c=1')).toMatch(
      /the variant "c", which the flag does not have.*\nhint: Variants: a, b\./,
    );
    expect(await refused('flag', 'update', 'plain', '--depends', 'a b')).toContain('is no dependency');
    expect(await refused('flag', 'update', 'plain', '--expires', 'soon')).toContain('"soon" is no time');
    expect(await refused('flag', 'update', 'none', '--variant', 'a')).toContain('There is no flag "none"');
    // Other variants stay as they are, and so does the payload of the one that stays.
    await cli.said('flag', 'update', 'plain', '--tag', 'team:shop');
    await cli.said('flag', 'update', 'plain', '--variant', 'a', 'c', '--payload', 'c=text', '--no-tag');
    expect(await cli.told('flag', 'show', 'plain')).toMatchObject({
      tags: [],
      variants: [
        { name: 'a', payload: { n: 1 } },
        { name: 'c', payload: 'text' },
      ],
    });
    await cli.said('flag', 'create', 'money', '-d', 'x', '--risk', 'FINANCIAL');
    const file = await cli.file('on.json', '[{"name":"default"}]');
    const set = ['flag', 'strategies', 'set', 'money', '-f', file];
    expect(await refused(...set)).toContain(
      'tierdeck change-request open money --strategies <file.yaml> --env production --submit',
    );
    const opened = await cli.said('change-request', 'open', 'money', '--strategies', file, '--submit');
    expect(opened).toContain('in_review, 0 of 1 approval\n');
    expect(await refused('flag', 'archive', 'money')).toContain('--confirm money');
    // Services would take the default of their code, whatever that is.
    expect(await refused('flag', 'archive', 'money', '--confirm', 'money')).toContain(
      'tierdeck change-request open money --archive --env production --submit',
    );
    const archive = await cli.said('change-request', 'open', 'money', '--archive', '--submit');
    expect(archive).toContain('in_review, 0 of 1 approval\n');
    await cli.said('flag', 'archive', 'plain', '--confirm', 'plain');
    expect(await cli.told('flag', 'show', 'plain')).toMatchObject({ archived: true });
  });

  it('sets strategies of a file that names segments, and shows them as such a file', async () => {
    await cli.said('flag', 'create', 'gift', '-d', 'Gift wrapping', '--variant', 'red', 'blue');
    await cli.said('segment', 'create', 'Europe', '--where', 'region IN eu,uk');
    const file = await cli.file(
      'strategies.yaml',
      `strategies:
  - name: flexibleRollout
    parameters: { rollout: '100', stickiness: userId, groupId: gift }
    constraints: [{ contextName: plan, operator: IN, values: [gold] }]
    segments: [Europe]
    variants: [{ name: red, weight: 1000, payload: { type: string, value: '#f00' } }]
variants: [{ name: blue, weight: 1000 }]
`,
    );
    const at = ['gift', '-e', 'staging'];
    expect(await cli.said('flag', 'strategies', 'set', ...at, '-f', file)).toMatch(
      /strategies set, revision/,
    );
    expect(await cli.said('flag', 'strategies', 'show', ...at)).toMatch(
      /flexibleRollout .*rollout=100 .* plan IN gold +Europe +red 1000\n/,
    );
    const shown = await cli.file(
      'shown.yaml',
      await cli.said('flag', 'strategies', 'show', ...at, '-o', 'yaml'),
    );
    const revision = (text: string): string | undefined => /revision (\d+)/.exec(text)?.[1];
    const before = await cli.said('flag', 'strategies', 'set', ...at, '-f', file);
    const after = await cli.said('flag', 'strategies', 'set', ...at, '-f', shown);
    expect(revision(after)).toBe(revision(before));
    const missing = await cli.file('missing.yaml', '- { name: default, segments: [Nowhere] }');
    const refused = await cli.run(['flag', 'strategies', 'set', ...at, '-f', missing]);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('no segment "Nowhere"')]);
    await cli.said('flag', 'strategies', 'set', ...at, '--none');
    const changes = await cli.file(
      'changes.yaml',
      `- { kind: SET_STRATEGIES, flag: gift, strategies: [{ name: default, segments: [Europe] }] }
- { kind: UPDATE_SEGMENT, segment: Europe, constraints: [{ contextName: region, operator: IN, values: [eu] }] }
`,
    );
    const opened = await cli.said('change-request', 'open', '-f', changes, '-e', 'staging', '--submit');
    await cli.said('change-request', 'apply', /change-request\/(\S+)/.exec(opened)?.[1] ?? '');
    expect(await cli.said('flag', 'strategies', 'show', ...at)).toMatch(/^default +— +— +Europe/m);
    expect(await cli.said('segment', 'show', 'Europe')).toMatch(/region IN eu\n/);
    await cli.said('flag', 'strategies', 'set', ...at, '--none');
    expect((await cli.run(['flag', 'strategies', 'show', ...at])).stderr).toContain(
      'off where no rule decides',
    );
  });

  it('makes a token with which an unmodified SDK reads, until it is taken back', async () => {
    await cli.said('flag', 'create', 'read.me', '-d', 'x');
    await cli.said('flag', 'set', 'read.me', 'on', '--tenant', 'northwind');
    const { stdout, stderr } = await cli.run(['sdk-token', 'create', 'till', 'CLIENT', '-t', 'northwind']);
    const sdk = await sdkOf(stdout.trim());
    try {
      expect(sdk.isEnabled('read.me')).toBe(true);
      await cli.said('flag', 'set', 'read.me', 'off', '--tenant', 'northwind', '--wait');
      expect(sdk.isEnabled('read.me')).toBe(false);
    } finally {
      sdk.destroy();
    }
    const id = /sdk-token revoke (\S+)/.exec(stderr)?.[1] ?? '';
    expect(await cli.said('sdk-token', 'list')).toMatch(
      new RegExp(`^${id} +till +CLIENT +production +northwind +— +\\d{4}-`, 'm'),
    );
    expect(await cli.said('sdk-token', 'revoke', id)).toBe(`sdk-token/${id} revoked\n`);
    expect(await cli.said('sdk-token', 'list', '-o', 'name')).not.toContain(id);
    await until(async () => {
      const answer = await fetch(`${server.url}/api/client/features`, {
        headers: { authorization: stdout.trim() },
      });
      await answer.arrayBuffer();
      return answer.status === 401;
    });
  });

  it('waits for those that read, and ends with 1 and the names of those that lag', async () => {
    await cli.said('flag', 'create', 'switch', '-d', 'x');
    const secret = (await cli.said('sdk-token', 'create', 'both', 'CLIENT', '-e', 'staging')).trim();
    const quick = await sdkOf(secret, {
      appName: 'quick',
      experimentalMode: { type: 'streaming' },
    });
    // As an SDK that cannot stream, between two of its polls: the second names what the first brought.
    const poll = { 'unleash-appname': 'slow', 'unleash-instanceid': 'till-7', 'unleash-interval': '60000' };
    let etag = '';
    for (let polls = 0; polls < 2; polls++) {
      const headers = { authorization: secret, ...poll, ...(etag ? { 'if-none-match': etag } : {}) };
      const answer = await fetch(`${server.url}/api/client/features`, { headers });
      await answer.arrayBuffer();
      etag = answer.headers.get('etag') ?? '';
    }
    try {
      await until(async () => {
        const services = await cli.told<unknown[]>('flag', 'propagation', '-e', 'staging');
        return services.length === 2;
      });
      const kill = ['flag', 'kill', 'switch', '-e', 'staging', '--wait', '--timeout', '2'];
      const { code, stdout, stderr } = await cli.run(kill);
      // It was switched off all the same.
      expect([code, stdout]).toEqual([1, 'flag/switch killed in staging\n']);
      expect(stderr).toMatch(
        /1 of 2 instances does not have it after 2 s: slow till-7\. \(PROPAGATION_INCOMPLETE\)/,
      );
      expect(stderr).toMatch(/hint: tierdeck flag propagation --env staging --revision \d+/);
      const told = await cli.run(['flag', 'propagation', 'switch', '-e', 'staging']);
      expect([told.code, told.stdout]).toEqual([2, expect.stringMatching(/slow +1 +0 +till-7/)]);
      expect(told.stdout).toMatch(/quick +1 +1 *\n/);
    } finally {
      quick.destroy();
    }
  });
});
