import { Args, Mutation, Query, Resolver } from '@nestjs/graphql';
import { Commands, type Actor } from '#audit';
import { CurrentActor, Requires } from '#identity';
import { ApprovalPoliciesService } from './approval-policies.service.js';
import { SetApprovalPolicyInput } from './change-request.input.js';
import { ApprovalPolicyPayload, ApprovalPolicyType } from './change-request.type.js';
import { ChangeRequestsReadModel, type ApprovalPolicy } from './change-requests.read-model.js';

/** How many approvals a change needs. */
@Resolver()
export class ApprovalPoliciesResolver {
  constructor(
    private readonly readModel: ChangeRequestsReadModel,
    private readonly service: ApprovalPoliciesService,
    private readonly commands: Commands,
  ) {}

  @Query(() => [ApprovalPolicyType], { description: 'For every environment and risk class.' })
  @Requires('read')
  approvalPolicies(): Promise<ApprovalPolicy[]> {
    return this.readModel.policies();
  }

  @Mutation(() => ApprovalPolicyPayload)
  @Requires('policies:write')
  async setApprovalPolicy(
    @Args('input') input: SetApprovalPolicyInput,
    @CurrentActor() actor: Actor,
  ): Promise<ApprovalPolicyPayload> {
    const { clientMutationId, environment, riskClass, minApprovals } = input;
    await this.commands.run(actor, { clientMutationId, input }, (command) =>
      this.service.set(command, environment, riskClass, minApprovals),
    );
    return { policies: await this.readModel.policies() };
  }
}
