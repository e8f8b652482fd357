import { graphql, type ResultOf } from '../graphql/graphql.js';

export const auditQuery = graphql(`
  query AuditEvents(
    $first: Int
    $after: String
    $tenant: String
    $subject: String
    $area: String
    $actor: String
  ) {
    auditEvents(
      first: $first
      after: $after
      tenant: $tenant
      subject: $subject
      area: $area
      actor: $actor
    ) {
      edges {
        node {
          revision
          at
          actor
          actorKind
          action
          area
          subject
          tenant
          environment
          before
          after
          reason
          correlation
          hash
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

export type AuditEvent = ResultOf<typeof auditQuery>['auditEvents']['edges'][number]['node'];

export const auditTailSubscription = graphql(`
  subscription AuditTail {
    auditTail {
      revision
      area
      subject
      tenant
    }
  }
`);

export const verifyAuditQuery = graphql(`
  query VerifyAudit {
    verifyAudit {
      ok
      events
      brokenAt
      message
      headHash
    }
  }
`);
