import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { SecurityAlerts, type SdkTokenScope } from '#identity';
import { InvalidInputError, TierdeckError } from '#platform';
import type { ProcessesReport } from '#runtime/wire';
import { WorkerProcesses } from '#tenancy';

const time = z.iso.datetime({ offset: true }).nullable();

const reportSchema = z.object({
  supervisor: z.string().min(1).max(200),
  processes: z
    .array(
      z.object({
        name: z.string().min(1).max(100),
        tenant: z.string().max(63).nullable(),
        state: z.enum(['STARTING', 'RUNNING', 'BACKING_OFF', 'STOPPING', 'STOPPED']),
        pid: z.int32().min(1).nullable(),
        failures: z.int32().min(0),
        lastExit: z.string().max(100).nullable(),
        lastExitAt: time,
        nextStartAt: time,
      }),
    )
    .max(5_000),
});

/** Takes in what supervisors report of the processes that they keep up. */
@Injectable()
export class ProcessReports {
  constructor(
    private readonly processes: WorkerProcesses,
    private readonly alerts: SecurityAlerts,
  ) {}

  /** @throws InvalidInputError, TierdeckError FORBIDDEN: a token of one tenant speaks for no machine. */
  async accept({ tenantId, name }: SdkTokenScope, body: unknown): Promise<void> {
    if (tenantId !== null) {
      this.alerts.raise({ kind: 'FOREIGN_REPORT', source: `sdk-token/${name}`, tenantId });
      throw new TierdeckError('FORBIDDEN', 'A token of one tenant may not report processes.', 403, {
        hint: 'createSdkToken with kind RUNTIME and no tenant makes the right one.',
      });
    }
    const parsed = reportSchema.safeParse(body);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const field = issue?.path.join('.') ?? '';
      throw new InvalidInputError(`The report is not valid: ${field} ${issue?.message}.`, { field });
    }
    const byName = new Map(parsed.data.processes.map((process) => [process.name, process]));
    const report: ProcessesReport = { supervisor: parsed.data.supervisor, processes: [...byName.values()] };
    await this.processes.report(report);
  }
}
