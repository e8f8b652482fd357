import { graphql } from '../graphql/graphql.js';

export const promoteReleaseMutation = graphql(`
  mutation PromoteRelease($input: ReleaseInput!) {
    promoteRelease(input: $input) {
      release {
        id
        status
      }
    }
  }
`);

export const startReleaseMutation = graphql(`
  mutation StartRelease($input: ReleaseInput!) {
    startRelease(input: $input) {
      release {
        id
        status
      }
    }
  }
`);

export const pauseReleaseMutation = graphql(`
  mutation PauseRelease($input: ReleaseInput!) {
    pauseRelease(input: $input) {
      release {
        id
        status
      }
    }
  }
`);

export const resumeReleaseMutation = graphql(`
  mutation ResumeRelease($input: ReleaseInput!) {
    resumeRelease(input: $input) {
      release {
        id
        status
      }
    }
  }
`);

export const abortReleaseMutation = graphql(`
  mutation AbortRelease($input: ReleaseInput!) {
    abortRelease(input: $input) {
      release {
        id
        status
      }
    }
  }
`);

export const rollBackReleaseMutation = graphql(`
  mutation RollBackRelease($input: ReleaseInput!) {
    rollBackRelease(input: $input) {
      release {
        id
        status
      }
    }
  }
`);

export const approveMutation = graphql(`
  mutation Approve($input: ApproveInput!) {
    approve(input: $input) {
      release {
        id
        status
      }
    }
  }
`);
