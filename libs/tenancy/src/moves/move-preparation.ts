import { Injectable } from '@nestjs/common';
import type pg from 'pg';
import type { StepContext, StepOutcome } from '#operations';
import { migrate } from '#platform';
import { isolationFlaws } from '../databases/isolation-check.js';
import { readReleaseMigrations, readTenantMigrations } from '../databases/tenant-migrations.js';
import type { TenantMove } from './move.js';
import { refuse, refuseInterrupted, schemaFlaws, serverFlaws, sourceFlaws } from './move-checks.js';
import { prepareSession } from './move-session.js';
import { explained, MoveWorkplace } from './move-workplace.js';
import { claimHome, closeHome, readHome } from './tenant-home.js';
import { appliedMigrations, ensureFences, movedTables } from './tenant-tables.js';

/** First step of a move: looks at both databases, makes the target, and closes it until the tenant comes. */
@Injectable()
export class MovePreparation {
  constructor(private readonly work: MoveWorkplace) {}

  async perform(context: StepContext): Promise<StepOutcome> {
    refuseInterrupted(context);
    return explained(async () => {
      const move = await this.work.move(context);
      const source = await prepareSession(await this.work.databases.connect(move.sourceId));
      let rows: number;
      try {
        refuse(await sourceFlaws(source, await this.work.otherMoves(move, move.sourceId)));
        const home = await readHome(source, move.tenantId);
        if (home.state === 'MOVED') refuse(['The tenant does not live in the source.']);
        await ensureFences(source);
        rows = await this.#rows(source, move.tenantId);
        await this.#makeTarget(move, source);
      } finally {
        await source.end();
      }
      await this.work.with(context, async (session) => {
        const target = session.target.client;
        refuse([
          ...(await serverFlaws(target, 'target', await this.work.otherMoves(move, move.targetId))),
          ...(await schemaFlaws(session.source.client, target)),
        ]);
        const { role } = await this.work.databases.login(move.targetId);
        refuse(await isolationFlaws(target, role));
        await ensureFences(target);
        if (!(await claimHome(session.source.client, move.tenantId, move.id))) {
          refuse(['The tenant does not live in the source.']);
        }
        await closeHome(target, move.tenantId, move.id);
      });
      await this.work.note(move.id, { rows_total: rows });
      return { rows };
    });
  }

  /** A database of the tenant's own, with the schema that the source has. */
  async #makeTarget(move: TenantMove, source: pg.Client): Promise<void> {
    if (move.toPlacement !== 'DEDICATED') return;
    await this.work.databases.createDedicated(move.targetId);
    const applied = new Set(await appliedMigrations(source));
    const released = (await readReleaseMigrations()).filter(({ name }) => applied.has(name));
    const target = await this.work.databases.connect(move.targetId);
    try {
      const wanted = [...(await readTenantMigrations()), ...released].sort((a, b) =>
        a.name < b.name ? -1 : 1,
      );
      await migrate(target, wanted);
    } finally {
      await target.end();
    }
  }

  async #rows(client: pg.Client, tenantId: string): Promise<number> {
    let rows = 0;
    for (const { name } of await movedTables(client)) {
      const result = await client.query<{ n: string }>(
        `select count(*) as n from "${name}" where tenant_id = $1`,
        [tenantId],
      );
      rows += Number(result.rows[0]?.n);
    }
    return rows;
  }
}
