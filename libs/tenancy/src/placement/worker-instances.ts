import { Injectable } from '@nestjs/common';
import { Database } from '#platform';

/** A data-plane process that has not reported for longer counts as gone. */
export const HEARTBEAT_SECONDS = 15;

export interface RuntimeInstance {
  id: string;
  service: string;
  tenantId: string | null;
  seenAt: Date;
  startedAt: Date;
  appliedRevision: number;
  alive: boolean;
}

interface InstanceRow {
  id: string;
  service: string;
  tenant_id: string | null;
  seen_at: Date;
  started_at: Date;
  applied_revision: string;
  alive: boolean;
}

/** Data-plane processes as their heartbeats show them. */
@Injectable()
export class RuntimeInstances {
  constructor(private readonly database: Database) {}

  /** Instances that reported within the last day and did not say that they end, the most recent first. */
  async recent(): Promise<RuntimeInstance[]> {
    return this.#read(`seen_at > now() - interval '1 day' order by seen_at desc, id limit 500`, []);
  }

  /** Processes that serve one of these tenants alone. */
  async dedicatedTo(tenantIds: readonly string[]): Promise<RuntimeInstance[]> {
    return this.#read(
      `tenant_id = any($1) and seen_at > now() - interval '1 day' order by seen_at desc, id`,
      [tenantIds],
    );
  }

  /** Living integration workers of one tenant alone. */
  async workersOf(tenantId: string): Promise<RuntimeInstance[]> {
    const all = await this.dedicatedTo([tenantId]);
    return all.filter(({ service, alive }) => service === 'integration-worker' && alive);
  }

  /** Living processes that have not yet seen a revision: all of them, since somebody waits for each. */
  async behind(revision: number): Promise<RuntimeInstance[]> {
    return this.#read(`seen_at > now() - interval '${HEARTBEAT_SECONDS} seconds' and applied_revision < $1`, [
      revision,
    ]);
  }

  /** The last revision that told of a move, its end or its way back; 0: there was none. */
  async toldRevision(): Promise<number> {
    const sql = 'select coalesce(max(told_revision), 0) as revision from tenant_move';
    const [row] = await this.database.query<{ revision: string }>(sql);
    return Number(row?.revision);
  }

  async #read(where: string, parameters: readonly unknown[]): Promise<RuntimeInstance[]> {
    const rows = await this.database.query<InstanceRow>(
      `select *, seen_at > now() - interval '${HEARTBEAT_SECONDS} seconds' as alive from runtime_instance
       where ended_at is null and ${where}`,
      parameters,
    );
    return rows.map((row) => ({
      id: row.id,
      service: row.service,
      tenantId: row.tenant_id,
      seenAt: row.seen_at,
      startedAt: row.started_at,
      appliedRevision: Number(row.applied_revision),
      alive: row.alive,
    }));
  }
}
