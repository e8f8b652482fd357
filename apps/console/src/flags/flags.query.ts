import { graphql, type ResultOf } from '../graphql/graphql.js';

export const flagsQuery = graphql(`
  query Flags(
    $first: Int
    $after: String
    $search: String
    $archived: Boolean
    $project: [String!]
    $kind: [FlagKind!]
    $riskClass: [RiskClass!]
    $owner: [String!]
    $lifecycle: [FlagLifecycle!]
    $killed: Boolean
    $stale: Boolean
  ) {
    flags(
      first: $first
      after: $after
      search: $search
      archived: $archived
      project: $project
      kind: $kind
      riskClass: $riskClass
      owner: $owner
      lifecycle: $lifecycle
      killed: $killed
      stale: $stale
    ) {
      edges {
        node {
          key
          description
          kind
          riskClass
          owner
          project
          lifecycle
          expiresAt
          archived
          updatedAt
          variants {
            name
          }
          environments {
            name
            enabled
            rules {
              id
            }
            metrics {
              yes
              no
              lastSeenAt
            }
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
      totalCount
    }
  }
`);

/** What the list can be narrowed by. */
export const flagFacetsQuery = graphql(`
  query FlagFacets {
    projects {
      key
      name
    }
    flagOwners
  }
`);

export const staleFlagsQuery = graphql(`
  query StaleFlags($flags: [String!]) {
    staleFlags(first: 500, flags: $flags) {
      flag
      reasons
      advice
      lastSeenAt
      expiresAt
    }
  }
`);

export type StaleFlag = ResultOf<typeof staleFlagsQuery>['staleFlags'][number];

export type FlagRow = ResultOf<typeof flagsQuery>['flags']['edges'][number]['node'];

const weightedVariant = graphql(`
  fragment WeightedVariant on StrategyVariant @_unmask {
    name
    weight
    weightType
    stickiness
    payload {
      type
      value
    }
    overrides {
      contextName
      values
    }
  }
`);

export const flagQuery = graphql(
  `
    query Flag($key: String!, $environment: String!) {
      flag(key: $key) {
        key
        description
        kind
        riskClass
        owner
        project
        type
        tags
        lifecycle
        expiresAt
        archived
        defaultVariant
        payloadSchema
        version
        createdAt
        updatedAt
        dependencies {
          flag
          enabled
          variants
        }
        codeReferences {
          repository
          path
          line
        }
        variants {
          name
          description
          payload
        }
        environment(name: $environment) {
          name
          enabled
          revision
          metrics {
            yes
            no
            lastSeenAt
          }
          strategies {
            name
            parameters
            constraints {
              contextName
              operator
              values
              value
              inverted
              caseInsensitive
            }
            segments {
              id
            }
            variants {
              ...WeightedVariant
            }
          }
          variants {
            ...WeightedVariant
          }
          rules {
            id
            enabled
            variant
            percentage
            stickiness
            constraints {
              contextName
              operator
              values
              value
              inverted
              caseInsensitive
            }
            segments
            startsAt
            endsAt
            reason
            lintOverride
            setBy
            setAt
            scope {
              kind
              key
              label
            }
          }
        }
      }
    }
  `,
  [weightedVariant],
);

export type FlagDetail = NonNullable<ResultOf<typeof flagQuery>['flag']>;
export type FlagRule = FlagDetail['environment']['rules'][number];
export type ScopeKind = FlagRule['scope']['kind'];
export interface Scope {
  kind: ScopeKind;
  key: string;
}

export const evaluateFlagQuery = graphql(`
  query EvaluateFlag($input: EvaluateFlagInput!) {
    evaluateFlag(input: $input) {
      enabled
      variant
      reason
      rule {
        id
        setBy
        setAt
        reason
        scope {
          kind
          key
          label
        }
      }
      trace {
        outcome
        enabled
        variant
        explanation
        scope {
          kind
          key
          label
        }
      }
    }
  }
`);

export const simulateChangesQuery = graphql(`
  query SimulateChanges($input: SimulateFlagChangesInput!, $first: Int, $skip: Int) {
    simulateFlagChanges(input: $input, first: $first, skip: $skip) {
      flag
      total
      affectedTotal
      affectedTenants
      unchanged
      affected {
        tenant
        unitKind
        unitCode
        unitName
        before {
          enabled
          variant
        }
        after {
          enabled
          variant
        }
      }
    }
  }
`);

export const flagChangedSubscription = graphql(`
  subscription FlagChanged($key: String) {
    flagChanged(key: $key) {
      revision
      environment
      action
    }
  }
`);
