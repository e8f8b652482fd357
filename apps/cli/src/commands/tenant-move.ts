import { CliError } from '../cli-error.js';
import type { Context } from '../context.js';
import { reportOperation } from '../follow-operation.js';
import { renderOne } from '../output.js';

export interface MoveOptions {
  database?: string;
  cluster?: string;
  workers?: string;
  plan?: boolean;
  abort?: boolean;
  undo?: boolean;
  finish?: boolean;
  reason?: string;
  watch: boolean;
}

/** What a change of placement would mean; nothing is changed. */
export async function showPlan(context: Context, wish: object): Promise<void> {
  const client = await context.client();
  const { placementPlan } = await client.request<{ placementPlan: object }>(
    `query ($input: PlacementPlanInput!) { placementPlan(input: $input) { tenant currentTier targetTier currentCluster
       targetCluster rows copySeconds currentMonthlyCost targetMonthlyCost costHint steps risks blockers } }`,
    { input: wish },
  );
  context.data(renderOne(placementPlan, 'yaml'));
}

interface Move {
  id: string;
  state: string;
  followUpId: string | null;
}

/** Cancels the move that is under way, and follows the clean-up. */
export async function abortMove(context: Context, slug: string, watch: boolean): Promise<void> {
  const client = await context.client();
  const last = async (): Promise<Move | undefined> => {
    const { tenant } = await client.request<{ tenant: { moves: Move[] } | null }>(
      'query ($slug: String!) { tenant(slug: $slug) { moves(first: 1) { id state followUpId } } }',
      { slug },
    );
    return tenant?.moves[0];
  };
  const move = await last();
  if (!move || !['PREPARING', 'COPYING', 'FOLLOWING'].includes(move.state)) {
    throw new CliError(
      'MOVE_STATE_CONFLICT',
      move ? `The move of ${slug} is ${move.state}; it cannot be aborted.` : `${slug} does not move.`,
      `tierdeck tenant move ${slug} --undo`,
    );
  }
  await client.request(
    'mutation ($input: OperationIdInput!) { cancelOperation(input: $input) { operation { id } } }',
    { input: { id: move.id } },
  );
  const cleanUp = (await last())?.followUpId;
  await reportOperation(context, client, cleanUp ? { id: cleanUp } : null, watch);
}
