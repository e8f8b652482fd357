import { graphql } from '../graphql/graphql.js';

export const createFlagMutation = graphql(`
  mutation CreateFlag($input: CreateFlagInput!) {
    createFlag(input: $input) {
      revision
      flag {
        key
      }
    }
  }
`);

export const updateFlagMutation = graphql(`
  mutation UpdateFlag($input: UpdateFlagInput!) {
    updateFlag(input: $input) {
      revision
      flag {
        key
        version
      }
    }
  }
`);

export const archiveFlagMutation = graphql(`
  mutation ArchiveFlag($input: ArchiveFlagInput!) {
    archiveFlag(input: $input) {
      revision
    }
  }
`);

export const setFlagRuleMutation = graphql(`
  mutation SetFlagRule($input: SetFlagRuleInput!) {
    setFlagRule(input: $input) {
      revision
      flag {
        key
        version
      }
    }
  }
`);

export const clearFlagRuleMutation = graphql(`
  mutation ClearFlagRule($input: ClearFlagRuleInput!) {
    clearFlagRule(input: $input) {
      revision
      flag {
        key
        version
      }
    }
  }
`);

export const setFlagEnabledMutation = graphql(`
  mutation SetFlagEnabled($input: SetFlagEnabledInput!) {
    setFlagEnabled(input: $input) {
      revision
      flag {
        key
        version
      }
    }
  }
`);

export const setFlagStrategiesMutation = graphql(`
  mutation SetFlagStrategies($input: SetFlagStrategiesInput!) {
    setFlagStrategies(input: $input) {
      revision
      flag {
        key
        version
      }
    }
  }
`);
