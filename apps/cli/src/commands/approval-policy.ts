import type { Command } from 'commander';
import { CliError } from '../cli-error.js';
import type { Context } from '../context.js';
import { render } from '../output.js';

interface Policy {
  environment: string;
  riskClass: string;
  minApprovals: number;
}

/** `tierdeck change-request policy`. */
export function policyCommands(group: Command, context: Context): void {
  const policyFields = 'environment riskClass minApprovals';
  const tellPolicies = (policies: Policy[]): void =>
    context.data(
      render(
        policies,
        'table',
        [
          ['environment', (row) => row.environment],
          ['risk class', (row) => row.riskClass],
          ['approvals', (row) => row.minApprovals],
        ],
        (row) => row.environment,
      ),
    );
  group
    .command('policy [environment] [riskClass] [approvals]')
    .description('how many approvals a change needs; with all three given, set it')
    .action(async (name?: string, riskClass?: string, approvals?: string) => {
      const client = await context.client();
      if (name === undefined) {
        const { approvalPolicies } = await client.request<{ approvalPolicies: Policy[] }>(
          `{ approvalPolicies { ${policyFields} } }`,
        );
        tellPolicies(approvalPolicies);
        return;
      }
      const input = { environment: name, riskClass, minApprovals: Number(approvals) };
      if (!Number.isInteger(input.minApprovals))
        throw new CliError('INVALID_ARGUMENT', 'Give environment, risk class and a whole number.');
      const { setApprovalPolicy } = await client.request<{ setApprovalPolicy: { policies: Policy[] } }>(
        `mutation ($input: SetApprovalPolicyInput!) {
           setApprovalPolicy(input: $input) { policies { ${policyFields} } } }`,
        { input },
      );
      tellPolicies(setApprovalPolicy.policies);
    });
}
