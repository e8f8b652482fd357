import { ApprovalPoliciesResolver } from './approval-policies.resolver.js';
import { ApprovalPoliciesService } from './approval-policies.service.js';
import { ChangeRequestsReadModel } from './change-requests.read-model.js';
import { ChangeRequestsReconciler } from './change-requests.reconciler.js';
import { ChangeRequestsResolver } from './change-requests.resolver.js';
import { ChangeRequestsService } from './change-requests.service.js';
import { ChangeMaker } from './make-changes.js';

/** What the flags' module wires for change requests. */
export const changeRequestProviders = [
  ChangeRequestsService,
  ChangeMaker,
  ChangeRequestsReadModel,
  ChangeRequestsReconciler,
  ChangeRequestsResolver,
  ApprovalPoliciesService,
  ApprovalPoliciesResolver,
];
