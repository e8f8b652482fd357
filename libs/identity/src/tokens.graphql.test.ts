import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestControlPlane } from '../../../test/support/control-plane.js';
import { allows, permissionsOf, roles, type Role } from './role.js';

describe('tokens and roles', () => {
  let server: TestControlPlane;

  beforeAll(async () => {
    server = await TestControlPlane.start();
  });

  afterAll(() => server.stop());

  async function create(role: Role, more = ''): Promise<{ id: string; secret: string }> {
    const { data } = await server.graphql(
      `mutation { createToken(input: { name: "${role}", role: ${role} ${more} }) { id secret } }`,
    );
    return (data as { createToken: { id: string; secret: string } }).createToken;
  }

  const codeOf = async (query: string, token: string): Promise<string | undefined> =>
    (await server.graphql(query, {}, token)).errors?.[0]?.extensions.code;

  it('lets each role do what it may, and tells the others which role could', async () => {
    const createToken = 'mutation { createToken(input: { name: "x", role: admin }) { id } }';
    const suspend = 'mutation { suspendTenant(input: { tenant: "nobody" }) { tenant { slug } } }';
    for (const role of roles) {
      const { secret } = await create(role);
      expect(await codeOf('{ viewer { role } tenants { totalCount } }', secret)).toBeUndefined();
      expect(await codeOf(createToken, secret)).toBe(allows(role, 'tokens:write') ? undefined : 'FORBIDDEN');
      expect(await codeOf(suspend, secret)).toBe(
        allows(role, 'tenants:write') ? 'TENANT_NOT_FOUND' : 'FORBIDDEN',
      );
      const { data } = await server.graphql('{ viewer { role permissions } }', {}, secret);
      expect(data).toEqual({ viewer: { role, permissions: permissionsOf(role) } });
    }
  });

  it('ends with its revocation, with its expiry, and is nothing when it is made up', async () => {
    const { id, secret } = await create('viewer');
    await server.graphql(`mutation { revokeToken(input: { id: "${id}" }) { id } }`);
    expect(await codeOf('{ viewer { role } }', secret)).toBe('UNAUTHENTICATED');
    const expired = await create('viewer', 'expiresAt: "2020-01-01T00:00:00Z"');
    expect(await codeOf('{ viewer { role } }', expired.secret)).toBe('UNAUTHENTICATED');
    expect(await codeOf('{ viewer { role } }', 'tierdeck_admin_made-up')).toBe('UNAUTHENTICATED');
  });

  it('keeps no secret: not in the tables, not in the audit, not in what a repetition is answered', async () => {
    const mutation =
      'mutation { createToken(input: { name: "ci", role: viewer, clientMutationId: "once" }) { id secret } }';
    const first = (await server.graphql(mutation)).data as { createToken: { id: string; secret: string } };
    const second = (await server.graphql(mutation)).data;
    expect(second).toEqual({ createToken: { id: first.createToken.id, secret: null } });
    const [kept] = await server.controlPlane.foundation.database.query<{ dump: string }>(
      `select (select string_agg(t::text, '') from api_token t) || (select string_agg(a::text, '') from audit_event a)
         || (select string_agg(r::text, '') from mutation_receipt r) as dump`,
    );
    expect(kept?.dump).toContain(first.createToken.id);
    expect(kept?.dump).not.toContain(first.createToken.secret);
  });
});
