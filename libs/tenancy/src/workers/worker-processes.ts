import { Injectable } from '@nestjs/common';
import { Database } from '#platform';
import type { ProcessesReport, ProcessState } from '#runtime/wire';
import { HEARTBEAT_SECONDS } from '../placement/worker-instances.js';

/** Ends in a row from which on a process counts as one that does not stay up. */
const crashLoopFailures = 3;

/** A process that a machine's supervisor keeps up, as it reported last. */
export interface WorkerProcess {
  supervisor: string;
  name: string;
  /** Slug, if it serves one tenant alone. */
  tenant: string | null;
  state: ProcessState;
  pid: number | null;
  failures: number;
  crashLooping: boolean;
  lastExit: string | null;
  lastExitAt: Date | null;
  nextStartAt: Date | null;
  seenAt: Date;
  /** False if the supervisor has not reported for a while: what it said last may no longer hold. */
  reported: boolean;
}

/** How the integration workers of single machines do, by what their supervisors report. */
@Injectable()
export class WorkerProcesses {
  constructor(private readonly database: Database) {}

  /** Takes the place of what the supervisor reported before. It is an observation, not a change of state: no event. */
  async report({ supervisor, processes }: ProcessesReport): Promise<void> {
    await this.database.transaction(async (tx) => {
      await tx.query('delete from worker_process where supervisor = $1 and name <> all($2)', [
        supervisor,
        processes.map(({ name }) => name),
      ]);
      await tx.query(
        `insert into worker_process (supervisor, name, tenant_id, state, pid, failures, last_exit, last_exit_at,
           next_start_at)
         select $1, p.name, t.id, p.state, p.pid, p.failures, p."lastExit", p."lastExitAt", p."nextStartAt"
         from jsonb_to_recordset($2::jsonb) as p (name text, tenant text, state text, pid int, failures int,
           "lastExit" text, "lastExitAt" timestamptz, "nextStartAt" timestamptz)
           left join tenant t on t.slug = p.tenant
         where p.tenant is null or t.status <> 'OFFBOARDED'
         on conflict (supervisor, name) do update set tenant_id = excluded.tenant_id, state = excluded.state,
           pid = excluded.pid, failures = excluded.failures, last_exit = excluded.last_exit,
           last_exit_at = excluded.last_exit_at, next_start_at = excluded.next_start_at, seen_at = now()`,
        [supervisor, JSON.stringify(processes)],
      );
    });
  }

  /** At most 500, those in trouble first. @param tenant slug; null: all. */
  async list(tenant: string | null): Promise<WorkerProcess[]> {
    return this.database.query<WorkerProcess>(
      `select p.supervisor, p.name, t.slug as tenant, p.state, p.pid, p.failures,
         p.failures >= ${crashLoopFailures} as "crashLooping", p.last_exit as "lastExit",
         p.last_exit_at as "lastExitAt", p.next_start_at as "nextStartAt", p.seen_at as "seenAt",
         p.seen_at > now() - interval '${HEARTBEAT_SECONDS} seconds' as reported
       from worker_process p left join tenant t on t.id = p.tenant_id
       where ($1::text is null or t.slug = $1) and p.seen_at > now() - interval '1 day'
       order by p.failures desc, p.supervisor, p.name limit 500`,
      [tenant],
    );
  }

  /** For people who wait for a tenant's worker: what is known of one that does not stay up; else empty. */
  async explain(slug: string): Promise<string> {
    const [process] = await this.list(slug);
    if (!process?.reported || process.failures === 0) return '';
    const { failures, lastExit, nextStartAt, supervisor } = process;
    const next = nextStartAt ? `, starts again at ${nextStartAt.toISOString()}` : '';
    return ` The worker on ${supervisor} ended ${failures} times in a row (${lastExit})${next}.`;
  }
}
