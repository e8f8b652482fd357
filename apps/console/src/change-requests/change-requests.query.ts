import { graphql, type ResultOf, type VariablesOf } from '../graphql/graphql.js';

export const changeRequestsQuery = graphql(`
  query ChangeRequests(
    $first: Int
    $after: String
    $environment: String
    $flag: String
    $status: [ChangeRequestStatus!]
  ) {
    changeRequests(first: $first, after: $after, environment: $environment, flag: $flag, status: $status) {
      edges {
        node {
          id
          title
          environment
          status
          author
          createdAt
          applyAt
          approvalsNeeded
          approvalsGiven
          changes {
            flag
            summary
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

export type ChangeRequestRow = ResultOf<
  typeof changeRequestsQuery
>['changeRequests']['edges'][number]['node'];

/** Releases that wait for somebody's approval. */
export const waitingReleasesQuery = graphql(`
  query WaitingReleases {
    releases(first: 50, status: [DRAFT, STAGED, READY]) {
      edges {
        node {
          id
          name
          createdBy
          createdAt
          status
          digest
          needsApproval
          approvals {
            digest
          }
          flagChanges {
            flag
          }
        }
      }
    }
  }
`);

export const changeRequestQuery = graphql(`
  query ChangeRequest($id: ID!) {
    changeRequest(id: $id) {
      id
      title
      description
      environment
      digest
      version
      status
      statusReason
      author
      createdAt
      updatedAt
      applyAt
      appliedAt
      appliedBy
      approvalsNeeded
      approvalsGiven
      changes {
        kind
        flag
        summary
        before
        after
        scope {
          kind
          key
        }
      }
      lintOverride
      lint {
        code
        severity
        message
        hint
      }
      approvals {
        by
        at
        comment
        digest
        counts
      }
      conflicts {
        field
        change
        expected
        found
      }
    }
  }
`);

export type ChangeRequest = NonNullable<ResultOf<typeof changeRequestQuery>['changeRequest']>;

export const openChangeRequestMutation = graphql(`
  mutation OpenChangeRequest($input: OpenChangeRequestInput!) {
    openChangeRequest(input: $input) {
      changeRequest {
        id
        status
        approvalsNeeded
        approvalsGiven
      }
    }
  }
`);

export type FlagChangeInput = VariablesOf<typeof openChangeRequestMutation>['input']['changes'][number];

export const approveChangeRequestMutation = graphql(`
  mutation ApproveChangeRequest($input: ReviewChangeRequestInput!) {
    approveChangeRequest(input: $input) {
      changeRequest {
        id
        status
      }
    }
  }
`);

export const rejectChangeRequestMutation = graphql(`
  mutation RejectChangeRequest($input: ReviewChangeRequestInput!) {
    rejectChangeRequest(input: $input) {
      changeRequest {
        id
        status
      }
    }
  }
`);

export const submitChangeRequestMutation = graphql(`
  mutation SubmitChangeRequest($input: ChangeRequestInput!) {
    submitChangeRequest(input: $input) {
      changeRequest {
        id
        status
      }
    }
  }
`);

export const applyChangeRequestMutation = graphql(`
  mutation ApplyChangeRequest($input: ChangeRequestInput!) {
    applyChangeRequest(input: $input) {
      changeRequest {
        id
        status
      }
    }
  }
`);

export const closeChangeRequestMutation = graphql(`
  mutation CloseChangeRequest($input: ChangeRequestInput!) {
    closeChangeRequest(input: $input) {
      changeRequest {
        id
        status
      }
    }
  }
`);

export const discardChangeRequestMutation = graphql(`
  mutation DiscardChangeRequest($input: ChangeRequestInput!) {
    discardChangeRequest(input: $input) {
      changeRequest {
        id
        status
      }
    }
  }
`);

export const scheduleChangeRequestMutation = graphql(`
  mutation ScheduleChangeRequest($input: ScheduleChangeRequestInput!) {
    scheduleChangeRequest(input: $input) {
      changeRequest {
        id
        status
      }
    }
  }
`);

export const cancelScheduleMutation = graphql(`
  mutation CancelChangeRequestSchedule($input: ChangeRequestInput!) {
    cancelChangeRequestSchedule(input: $input) {
      changeRequest {
        id
        status
      }
    }
  }
`);
