import type { Context } from '../context.js';
import { operationFields, reportOperation, type Operation } from '../follow-operation.js';

export interface ChangedTenant {
  slug: string;
  status: string;
  tier: string;
  eraseAfter: string | null;
}

/** Inputs that are not named after their mutation. */
const inputs: Record<string, string> = {
  resumeTenant: 'TenantReasonInput',
  undeleteTenant: 'TenantReasonInput',
  undoMove: 'EndMoveInput',
  finishMove: 'EndMoveInput',
};

/** Runs a mutation on one tenant, prints its state, and follows its operation if there is one. */
export function tenantChange(context: Context) {
  return async (mutation: string, input: Record<string, unknown>, watch: boolean): Promise<ChangedTenant> => {
    const client = await context.client();
    const type = inputs[mutation] ?? `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`;
    const answer = await client.request<
      Record<string, { tenant: ChangedTenant; operation: Operation | null }>
    >(
      `mutation ($input: ${type}!) { ${mutation}(input: $input) {
         tenant { slug status tier eraseAfter } operation { ${operationFields} } } }`,
      { input },
    );
    const { tenant, operation } = answer[mutation] as { tenant: ChangedTenant; operation: Operation | null };
    context.data(`tenant/${tenant.slug} ${tenant.status.toLowerCase()}\n`);
    await reportOperation(context, client, operation, watch);
    return tenant;
  };
}
