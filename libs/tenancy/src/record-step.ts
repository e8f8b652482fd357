import type { Command } from '#audit';
import type { StepContext } from '#operations';

/** Records what a step of an operation on a tenant has changed, as a part of that operation. @returns the revision. */
export function recordStep(
  command: Command,
  context: StepContext,
  action: string,
  before: unknown,
  after: unknown,
  reason?: string,
): Promise<number> {
  return command.record({
    area: 'tenancy',
    action,
    subject: context.subject,
    ...(context.tenantId ? { tenantId: context.tenantId } : {}),
    before,
    after,
    correlation: `operation/${context.operationId}`,
    ...(reason ? { reason } : {}),
  });
}
