import { randomUUID } from 'node:crypto';
import type { Command } from '#audit';
import { Database, hashToken, NotFoundError, randomSecret, rowsOf } from '#platform';
import type { Principal } from './principal.js';
import type { Role } from './role.js';

interface TokenRow {
  id: string;
  name: string;
  role: Role;
  person: string;
}

export interface NewToken {
  id: string;
  /** Shown once; only its hash is kept. */
  secret: string;
}

/** API tokens of people and machines that call Tierdeck itself. */
export class TokensService {
  constructor(private readonly database: Database) {}

  /** @returns undefined if the token is unknown, expired or revoked. */
  async authenticate(token: string): Promise<Principal | undefined> {
    const [row] = await this.database.query<TokenRow>(
      `select id, name, role, person from api_token
       where secret_hash = $1 and revoked_at is null and (expires_at is null or expires_at > now())`,
      [hashToken(token)],
    );
    if (!row) return undefined;
    const { id, name, role, person } = row;
    return { actor: { kind: 'token', id, name, ...(person === id ? {} : { person }) }, role };
  }

  /** The tenant's token that this is, also after it was revoked; it is none for operators. Reads PostgreSQL. */
  async tenantTokenOf(token: string): Promise<{ source: string; tenantId: string } | undefined> {
    const [row] = await this.database.query<{ source: string; tenantId: string }>(
      `select 'sdk-token/' || name as source, tenant_id as "tenantId" from sdk_token
       where secret_hash = $1 and tenant_id is not null
       union all select 'tenant-token/' || name, tenant_id from tenant_token where secret_hash = $1`,
      [hashToken(token)],
    );
    return row;
  }

  /**
   * @param person who will hold it, e.g. an e-mail address: all tokens of one person are one approver. Absent: the token
   *   stands for itself.
   */
  async create(
    command: Command,
    name: string,
    role: Role,
    { expiresAt, person }: { expiresAt?: Date | undefined; person?: string | undefined } = {},
  ): Promise<NewToken> {
    const token = { id: randomUUID(), secret: `tierdeck_${role}_${randomSecret()}` };
    await command.tx.query(
      `insert into api_token (id, name, role, secret_hash, expires_at, person)
       values ($1, $2, $3, $4, $5, lower(btrim($6)))`,
      [token.id, name, role, hashToken(token.secret), expiresAt ?? null, person ?? null],
    );
    await command.record({
      area: 'identity',
      action: 'token.created',
      subject: `token/${name}`,
      after: { id: token.id, role, expiresAt, ...(person === undefined ? {} : { person }) },
    });
    return token;
  }

  async revoke(command: Command, id: string): Promise<void> {
    const [row] = await rowsOf<Pick<TokenRow, 'name'>>(
      command.tx,
      'update api_token set revoked_at = now() where id::text = $1 and revoked_at is null returning name',
      [id],
    );
    if (!row) throw new NotFoundError('token', id);
    await command.record({ area: 'identity', action: 'token.revoked', subject: `token/${row.name}` });
  }

  /** Makes the bootstrap administrator's token valid; the same token again changes nothing. */
  async ensureBootstrap(command: Command, secret: string): Promise<void> {
    const fresh = await rowsOf(
      command.tx,
      `insert into api_token (id, name, role, secret_hash) values ($1, 'bootstrap-admin', 'admin', $2)
       on conflict (secret_hash) do nothing returning id`,
      [randomUUID(), hashToken(secret)],
    );
    if (fresh.length === 0) return;
    await command.record({ area: 'identity', action: 'token.created', subject: 'token/bootstrap-admin' });
  }
}
