import { graphql, type ResultOf } from '../graphql/graphql.js';

export const quotasQuery = graphql(`
  query Quotas($tenant: String!) {
    quotas(tenant: $tenant) {
      tenant
      kind
      limit
      burst
      hard
      source
      planLimit
      override
      boost {
        limit
        burst
        until
        reason
        by
      }
    }
  }
`);

export type Quota = ResultOf<typeof quotasQuery>['quotas'][number];

export const usageQuery = graphql(`
  query Usage($input: UsageInput!) {
    usage(input: $input) {
      at
      requests
      throttled
      shed
      databaseMs
      queuedMs
      p99Ms
      jobs
    }
  }
`);

export type UsagePoint = ResultOf<typeof usageQuery>['usage'][number];

export const noisyNeighborsQuery = graphql(`
  query NoisyNeighbors($input: NoisyNeighborsInput!) {
    noisyNeighbors(input: $input) {
      tenant
      requests
      throttled
      databaseMs
      share
      victims
      score
    }
  }
`);

export type NoisyNeighbor = ResultOf<typeof noisyNeighborsQuery>['noisyNeighbors'][number];

export const quotaPressureSubscription = graphql(`
  subscription QuotaPressure {
    quotaPressure {
      tenant
      kind
      used
      limit
      throttled
      at
    }
  }
`);

export const setQuotaMutation = graphql(`
  mutation SetQuota($input: SetQuotaInput!) {
    setQuota(input: $input) {
      quota {
        tenant
        kind
        limit
      }
    }
  }
`);

export const clearQuotaMutation = graphql(`
  mutation ClearQuota($input: ClearQuotaInput!) {
    clearQuota(input: $input) {
      quota {
        tenant
        kind
        limit
      }
    }
  }
`);

export const boostQuotaMutation = graphql(`
  mutation BoostQuota($input: BoostQuotaInput!) {
    boostQuota(input: $input) {
      quota {
        tenant
        kind
        limit
      }
    }
  }
`);

export const clearBoostMutation = graphql(`
  mutation ClearBoost($input: ClearBoostInput!) {
    clearBoost(input: $input) {
      quota {
        tenant
        kind
        limit
      }
    }
  }
`);
