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
  /** Unit key of the one branch of the tenant that the token is for; null: all of it. */
  branch: string | null;
  /** Flags of this project alone; `*` stands for all. */
  project: string;
}

export type NewSdkToken = Omit<SdkTokenScope, 'id' | 'branch' | 'project'> &
  Partial<Pick<SdkTokenScope, 'branch' | 'project'>>;

interface SdkTokenRow {
  id: string;
  name: string;
  kind: SdkTokenKind;
  environment: string;
  tenant_id: string | null;
  branch: string | null;
  project: string;
}

/** Tokens of data-plane services, in Unleash's form `<project>:<environment>.<secret>`. */
export class SdkTokensService {
  constructor(private readonly database: Database) {}

  /** @returns the secret, shown once; only its hash is kept. */
  async create(command: Command, token: NewSdkToken): Promise<{ id: string; secret: string }> {
    const id = randomUUID();
    const { branch = null, project = '*' } = token;
    const secret = `${token.kind === 'RUNTIME' ? 'runtime' : project}:${token.environment}.${randomSecret()}`;
    await command.tx.query(
      `insert into sdk_token (id, name, kind, environment, tenant_id, branch, project, secret_hash)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [id, token.name, token.kind, token.environment, token.tenantId, branch, project, hashToken(secret)],
    );
    await command.record({
      area: 'identity',
      action: 'sdk-token.created',
      subject: `sdk-token/${token.name}`,
      environment: token.environment,
      ...(token.tenantId ? { tenantId: token.tenantId } : {}),
      after: { id, kind: token.kind, branch, project },
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
    const hash = hashToken(secret);
    return (await this.byHashes([hash])).get(hash);
  }

  /** Those of the tokens with these hashes that are valid, by their hash. */
  async byHashes(hashes: readonly string[]): Promise<Map<string, SdkTokenScope>> {
    const rows = await this.database.query<SdkTokenRow & { secret_hash: string }>(
      `select id, name, kind, environment, tenant_id, branch, project, secret_hash from sdk_token
       where secret_hash = any($1) and revoked_at is null`,
      [hashes],
    );
    return new Map(
      rows.map((row) => [
        row.secret_hash,
        {
          id: row.id,
          name: row.name,
          kind: row.kind,
          environment: row.environment,
          tenantId: row.tenant_id,
          branch: row.branch,
          project: row.project,
        },
      ]),
    );
  }
}
