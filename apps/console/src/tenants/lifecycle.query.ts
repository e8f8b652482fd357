import { graphql, type ResultOf } from '../graphql/graphql.js';

export const lifecycleQuery = graphql(`
  query Lifecycle($slug: String!) {
    tenant(slug: $slug) {
      id
      status
      suspension
      eraseAfter
      erasingSince
      erasureReceipt
      legalHolds {
        id
        reason
        placedBy
        placedAt
        releasedBy
        releasedAt
        releaseReason
      }
      operations(first: 20) {
        edges {
          node {
            id
            kind
          }
        }
      }
    }
  }
`);

export type Lifecycle = NonNullable<ResultOf<typeof lifecycleQuery>['tenant']>;
export type LegalHold = Lifecycle['legalHolds'][number];

export const offboardingPlanQuery = graphql(`
  query OffboardingPlan($tenant: String!) {
    offboardingPlan(tenant: $tenant) {
      tables {
        table
        rows
      }
      rows
      database
      databaseDropped
      workers
      tokens
      archives
      archiveBytes
      retentionHours
      blockers
    }
  }
`);

export type OffboardingPlan = ResultOf<typeof offboardingPlanQuery>['offboardingPlan'];

export const suspendTenantMutation = graphql(`
  mutation SuspendTenant($input: SuspendTenantInput!) {
    suspendTenant(input: $input) {
      tenant {
        id
        status
        suspension
      }
    }
  }
`);

export const resumeTenantMutation = graphql(`
  mutation ResumeTenant($input: TenantReasonInput!) {
    resumeTenant(input: $input) {
      tenant {
        id
        status
        suspension
      }
    }
  }
`);

export const offboardTenantMutation = graphql(`
  mutation OffboardTenant($input: OffboardTenantInput!) {
    offboardTenant(input: $input) {
      tenant {
        id
        eraseAfter
      }
      operation {
        id
      }
    }
  }
`);

export const undeleteTenantMutation = graphql(`
  mutation UndeleteTenant($input: TenantReasonInput!) {
    undeleteTenant(input: $input) {
      tenant {
        id
        status
      }
    }
  }
`);

export const placeLegalHoldMutation = graphql(`
  mutation PlaceLegalHold($input: PlaceLegalHoldInput!) {
    placeLegalHold(input: $input) {
      tenant {
        id
      }
    }
  }
`);

export const releaseLegalHoldMutation = graphql(`
  mutation ReleaseLegalHold($input: ReleaseLegalHoldInput!) {
    releaseLegalHold(input: $input) {
      tenant {
        id
      }
    }
  }
`);
