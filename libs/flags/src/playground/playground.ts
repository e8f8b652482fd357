import { Injectable } from '@nestjs/common';
import { InvalidInputError } from '#platform';
import { ChangeRequestsReadModel } from '../change-requests/change-requests.read-model.js';
import type { WantedChange } from '../change-requests/flag-change.js';
import {
  trace,
  type FlagDecision,
  type FlagState,
  type FlagWorld,
  type TraceStep,
} from '../compiler/index.js';
import { contextOf, type AskedContext } from '../asked-context.js';
import type { FlagContext } from '../flag.js';
import { FlagSubjects } from '../flag-subjects.js';
import { FlagsReadModel } from '../flags.read-model.js';
import { EnvironmentDeciders } from '../simulation/environment-deciders.js';

/** Cells of one answer: flags × environments × contexts. */
const maxCells = 10_000;
const maxContexts = 200;
const maxFlags = 100;
const maxEnvironments = 20;
const tenantsOfPage = 100;
/** Rules that do not match are told up to this many; with thousands of tenants nobody reads on. */
const maxNotMatched = 100;

export interface PlaygroundQuestion {
  flags: readonly string[];
  environments: readonly string[];
  contexts?: readonly AskedContext[] | null | undefined;
  /** Instead of contexts: every tenant, a page of them. */
  allTenants?: { after?: string | null | undefined } | null | undefined;
  /** A draft: decided as it is and as it would be. */
  changes?: readonly WantedChange[] | null | undefined;
  changeRequest?: string | null | undefined;
}

/** A decision with what is needed to explain it. */
export interface ExplainableDecision extends FlagDecision {
  state: FlagState;
  context: FlagContext;
  world: FlagWorld;
}

export interface PlaygroundCell {
  flag: string;
  environment: string;
  /** Place of the context, from 0. */
  context: number;
  live: ExplainableDecision;
  /** null without a draft for this environment. */
  draft: ExplainableDecision | null;
  changed: boolean;
}

export interface PlaygroundAnswer {
  contexts: FlagContext[];
  cells: PlaygroundCell[];
  /** Of `allTenants`: where the next page begins; null at the end. */
  nextAfter: string | null;
}

/** Many flags in many environments for many contexts, as they are and as a draft would have them. */
@Injectable()
export class Playground {
  constructor(
    private readonly readModel: FlagsReadModel,
    private readonly subjects: FlagSubjects,
    private readonly requests: ChangeRequestsReadModel,
  ) {}

  async ask(question: PlaygroundQuestion): Promise<PlaygroundAnswer> {
    checkBounds(question);
    const { contexts, nextAfter } = await this.#contexts(question);
    const { flags, environments } = question;
    if (flags.length * environments.length * contexts.length > maxCells)
      throw new InvalidInputError(`That is more than ${maxCells} cells.`, {
        field: 'contexts',
        hint: 'Ask for fewer flags, environments or contexts at once.',
      });
    const draft = await this.#draft(question);
    const cells: PlaygroundCell[] = [];
    for (const environment of environments) {
      const changes = draft && (draft.environment ?? environment) === environment ? draft.changes : undefined;
      const loaded = await EnvironmentDeciders.load(this.readModel, environment, flags, changes);
      const prepare = (drafts?: readonly WantedChange[]) => ({
        deciders: loaded.deciders(drafts),
        world: loaded.world(drafts),
      });
      const [live, drafted] = [prepare(), changes && prepare(changes)];
      for (const flag of flags)
        for (const [index, context] of contexts.entries()) {
          const decide = ({ deciders, world }: typeof live): ExplainableDecision | null => {
            const decider = deciders.get(flag);
            if (!decider) return null;
            return { ...decider.decide(context), state: decider.state, context, world };
          };
          const [now, then] = [decide(live), drafted ? decide(drafted) : null];
          if (!now) continue;
          const changed = then !== null && (now.enabled !== then.enabled || now.variant !== then.variant);
          cells.push({ flag, environment, context: index, live: now, draft: then, changed });
        }
    }
    return { contexts, cells, nextAfter };
  }

  async #contexts(
    question: PlaygroundQuestion,
  ): Promise<{ contexts: FlagContext[]; nextAfter: string | null }> {
    if (question.allTenants) {
      const page = await this.subjects.tenantsAfter(question.allTenants.after ?? '', tenantsOfPage + 1);
      const shown = page.slice(0, tenantsOfPage);
      const nextAfter = page.length > tenantsOfPage ? (shown.at(-1)?.tenant ?? null) : null;
      return { contexts: shown.map(({ context }) => context), nextAfter };
    }
    const contexts: FlagContext[] = [];
    for (const [index, asked] of (question.contexts ?? []).entries())
      contexts.push(await contextOf(this.subjects, asked, `contexts.${index}.properties`));
    return { contexts, nextAfter: null };
  }

  async #draft({
    changes,
    changeRequest,
  }: PlaygroundQuestion): Promise<
    { environment: string | undefined; changes: readonly WantedChange[] } | undefined
  > {
    if (changes?.length) return { environment: undefined, changes };
    return changeRequest ? this.requests.byId(changeRequest) : undefined;
  }
}

/** Every rule, strategy and failed dependency with what became of it, and the value that decided. */
export function explain({ state, context, world }: ExplainableDecision): TraceStep[] {
  const steps = trace(state, context, world);
  const missed = steps.filter(({ outcome }) => outcome === 'NOT_MATCHED').slice(0, maxNotMatched);
  return [...steps.filter(({ outcome }) => outcome !== 'NOT_MATCHED'), ...missed];
}

function checkBounds({ flags, environments, contexts, allTenants, changes }: PlaygroundQuestion): void {
  const between = (count: number, most: number, field: string): void => {
    if (count < 1 || count > most)
      throw new InvalidInputError(`${field} must have 1 to ${most} entries.`, { field });
  };
  between(flags.length, maxFlags, 'flags');
  between(environments.length, maxEnvironments, 'environments');
  if (!allTenants) between(contexts?.length ?? 0, maxContexts, 'contexts');
  if (changes?.length) between(changes.length, maxFlags, 'changes');
}
