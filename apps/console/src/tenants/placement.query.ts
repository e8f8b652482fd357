import { graphql, type ResultOf } from '../graphql/graphql.js';

export const movesQuery = graphql(`
  query TenantMoves($slug: String!) {
    tenant(slug: $slug) {
      id
      moves(first: 10) {
        id
        state
        sourceName
        targetName
        fromPlacement
        toPlacement
        rowsCopied
        rowsTotal
        lagBytes
        estimatedSeconds
        pauseMs
        createdAt
        cutOverAt
        undoUntil
        finishedAt
        followUpId
      }
    }
  }
`);

export type TenantMove = NonNullable<ResultOf<typeof movesQuery>['tenant']>['moves'][number];

export const placementPlanQuery = graphql(`
  query PlacementPlan($input: PlacementPlanInput!) {
    placementPlan(input: $input) {
      rows
      copySeconds
      currentMonthlyCost
      targetMonthlyCost
      currentCluster
      targetCluster
      targetTier
      steps
      risks
      blockers
    }
  }
`);

export type PlacementPlan = ResultOf<typeof placementPlanQuery>['placementPlan'];

export const changePlacementMutation = graphql(`
  mutation ChangePlacement($input: ChangePlacementInput!) {
    changePlacement(input: $input) {
      tenant {
        id
      }
      operation {
        id
      }
    }
  }
`);

export const cancelMoveMutation = graphql(`
  mutation CancelMove($input: OperationIdInput!) {
    cancelOperation(input: $input) {
      operation {
        id
        status
      }
    }
  }
`);

export const undoMoveMutation = graphql(`
  mutation UndoMove($input: EndMoveInput!) {
    undoMove(input: $input) {
      tenant {
        id
      }
    }
  }
`);

export const finishMoveMutation = graphql(`
  mutation FinishMove($input: EndMoveInput!) {
    finishMove(input: $input) {
      tenant {
        id
      }
    }
  }
`);
