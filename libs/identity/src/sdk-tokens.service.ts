import { randomUUID } from 'node:crypto';
import type { Command } from '#audit';
import { Database, hashToken, NotFoundError, randomSecret, rowsOf } from '#platform';

export type SdkTokenKind = 'CLIENT' | 'FRONTEND' | 'RUNTIME';

/** What a data-plane token may read. */
export interface SdkTokenScope {
  id: string;
  name: string;
  kind: SdkTokenKind;
  environment: string;
  /** null: every tenant of the environment. */
  tenantId: string | null;
}

export type NewSdkToken = Omit<SdkTokenScope, 'id'>;

interface SdkTokenRow {
  id: string;
  name: string;
  kind: SdkTokenKind;
  environment: string;
  tenant_id: string | null;
}

/** Tokens of data-plane services, in Unleash's form `<project>:<environment>.<secret>`. */
export class SdkTokensService {
  constructor(private readonly database: Database) {}

  /** @returns the secret, shown once; only its hash is kept. */
  async create(command: Command, token: NewSdkToken): Promise<{ id: string; secret: string }> {
    const id = randomUUID();
    const project = token.kind === 'RUNTIME' ? 'runtime' : '*';
    const secret = `${project}:${token.environment}.${randomSecret()}`;
    await command.tx.query(
      `insert into sdk_token (id, name, kind, environment, tenant_id, secret_hash) values ($1, $2, $3, $4, $5, $6)`,
      [id, token.name, token.kind, token.environment, token.tenantId, hashToken(secret)],
    );
    await command.record({
      area: 'identity',
      action: 'sdk-token.created',
      subject: `sdk-token/${token.name}`,
      environment: token.environment,
      ...(token.tenantId ? { tenantId: token.tenantId } : {}),
      after: { id, kind: token.kind },
    });
    return { id, secret };
  }

  async revoke(command: Command, id: string): Promise<void> {
    const [row] = await rowsOf<SdkTokenRow>(
      command.tx,
      'update sdk_token set revoked_at = now() where id::text = $1 and revoked_at is null returning *',
      [id],
    );
    if (!row) throw new NotFoundError('sdk token', id);
    await command.record({ area: 'identity', action: 'sdk-token.revoked', subject: `sdk-token/${row.name}` });
  }

  /** @returns undefined if the token is unknown or revoked. Reads PostgreSQL: a hot path caches by hash. */
  async authenticate(secret: string): Promise<SdkTokenScope | undefined> {
    const [row] = await this.database.query<SdkTokenRow>(
      'select id, name, kind, environment, tenant_id from sdk_token where secret_hash = $1 and revoked_at is null',
      [hashToken(secret)],
    );
    return (
      row && {
        id: row.id,
        name: row.name,
        kind: row.kind,
        environment: row.environment,
        tenantId: row.tenant_id,
      }
    );
  }
}
