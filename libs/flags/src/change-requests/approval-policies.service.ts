import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import { InvalidInputError } from '#platform';
import type { RiskClass } from '../flag.js';
import { EnvironmentNotFoundError } from '../flags.errors.js';
import { environmentNames } from '../flags.store.js';
import { approvalsNeeded } from './approval-guard.js';

const most = 10;

/** How many approvals a change needs, by environment and risk class. */
@Injectable()
export class ApprovalPoliciesService {
  async set(
    command: Command,
    environment: string,
    riskClass: RiskClass,
    minApprovals: number,
  ): Promise<void> {
    const known = await environmentNames(command.tx);
    if (!known.includes(environment)) throw new EnvironmentNotFoundError(environment, known);
    if (minApprovals < 0 || minApprovals > most)
      throw new InvalidInputError(`minApprovals must be between 0 and ${most}.`, { field: 'minApprovals' });
    const before = await approvalsNeeded(command.tx, environment, riskClass);
    await command.tx.query(
      `insert into approval_policy values ($1, $2, $3)
       on conflict (environment, risk_class) do update set min_approvals = excluded.min_approvals`,
      [environment, riskClass, minApprovals],
    );
    await command.record({
      area: 'flags',
      action: 'approval-policy.set',
      subject: `approval-policy/${environment}/${riskClass}`,
      environment,
      before: { minApprovals: before },
      after: { minApprovals },
    });
  }
}
