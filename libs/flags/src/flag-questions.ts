import { Injectable } from '@nestjs/common';
import { contextOf, type AskedContext } from './asked-context.js';
import type { WantedChange } from './change-requests/flag-change.js';
import { evaluate, trace, type FlagDecision, type TraceStep } from './compiler/index.js';
import type { FlagScope, RuleValue } from './flag.js';
import { FlagSubjects, type FlagSubject } from './flag-subjects.js';
import { FlagNotFoundError } from './flags.errors.js';
import { FlagsReadModel, type LabelledRule } from './flags.read-model.js';
import { EnvironmentDeciders } from './simulation/environment-deciders.js';
import { FlagSimulations } from './simulation/flag-simulations.js';
import type { Impact } from './simulation/simulate.js';

/** Rules that do not match are told up to this many; with thousands of tenants nobody reads on. */
const maxNotMatched = 100;
const maxExamples = 1_000;

export interface ExplainedDecision {
  decision: FlagDecision<LabelledRule>;
  trace: TraceStep<LabelledRule>[];
}

export interface DraftQuestion {
  flag: string;
  environment: string;
  scope: FlagScope;
  rule: RuleValue;
  clear?: boolean | null | undefined;
  /** Examples to give, and how many to leave out before them. */
  first?: number | null | undefined;
  skip?: number | null | undefined;
}

/** What flags are, why, and what they would be: evaluated in memory from one read of the rules. */
@Injectable()
export class FlagQuestions {
  constructor(
    private readonly readModel: FlagsReadModel,
    private readonly subjects: FlagSubjects,
    private readonly simulations: FlagSimulations,
  ) {}

  /** @throws FlagNotFoundError, EnvironmentNotFoundError, NotFoundError TENANT_NOT_FOUND, UNIT_NOT_FOUND */
  async explain(flag: string, environment: string, asked: AskedContext): Promise<ExplainedDecision> {
    const loaded = await EnvironmentDeciders.load(this.readModel, environment, [flag]);
    const state = loaded.states.get(flag);
    if (!state) throw new FlagNotFoundError(flag);
    const context = await contextOf(this.subjects, asked, 'properties');
    const world = loaded.world();
    const steps = trace(state, context, world);
    const matched = steps.filter(({ outcome }) => outcome !== 'NOT_MATCHED');
    const missed = steps.filter(({ outcome }) => outcome === 'NOT_MATCHED').slice(0, maxNotMatched);
    return { decision: evaluate(state, context, world), trace: [...matched, ...missed] };
  }

  /** Who would see something else if a rule were set or cleared; a user's rule is asked for that user everywhere. */
  async simulate(question: DraftQuestion): Promise<Impact<FlagSubject>> {
    const { flag, scope, rule } = question;
    const change: WantedChange = question.clear
      ? { kind: 'CLEAR_RULE', flag, scope }
      : { kind: 'SET_RULE', flag, scope, rule };
    const page = { first: question.first ?? maxExamples, skip: question.skip ?? 0 };
    const [impact] = await this.simulations.ofChanges(question.environment, [change], page);
    if (!impact) throw new FlagNotFoundError(flag);
    return impact;
  }
}
