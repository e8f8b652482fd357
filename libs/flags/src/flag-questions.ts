import { Injectable } from '@nestjs/common';
import { Database } from '#platform';
import { evaluate, trace, type FlagDecision, type TraceStep } from './compiler/index.js';
import type { FlagContext, FlagScope } from './flag.js';
import { checkRule, checkScope } from './flag-rules.js';
import { FlagSubjects, type FlagSubject, type SubjectUnitKind } from './flag-subjects.js';
import { ScopeNotFoundError } from './flags.errors.js';
import { FlagsReadModel, type LabelledRule } from './flags.read-model.js';
import { scopeSubject } from './scope-subject.store.js';
import { simulate, type Simulation } from './simulation.js';

/** Rules that do not match are told up to this many; with thousands of tenants nobody reads on. */
const maxNotMatched = 100;
/** Tenants and units that one simulation looks at. */
const maxSubjects = 100_000;

export interface ExplainedDecision {
  decision: FlagDecision<LabelledRule>;
  trace: TraceStep<LabelledRule>[];
}

export interface DraftQuestion {
  flag: string;
  environment: string;
  scope: FlagScope;
  enabled?: boolean | null | undefined;
  variant?: string | null | undefined;
  clear?: boolean | null | undefined;
}

/** What flags are, why, and what they would be: evaluated in memory from one read of the rules. */
@Injectable()
export class FlagQuestions {
  constructor(
    private readonly readModel: FlagsReadModel,
    private readonly subjects: FlagSubjects,
    private readonly database: Database,
  ) {}

  /** @throws FlagNotFoundError, EnvironmentNotFoundError, NotFoundError TENANT_NOT_FOUND, UNIT_NOT_FOUND */
  async explain(
    flag: string,
    environment: string,
    asked: Omit<FlagContext, 'tier' | 'region'>,
  ): Promise<ExplainedDecision> {
    const state = await this.readModel.state(flag, environment);
    const context = await this.subjects.context(asked);
    const steps = trace(state, context);
    const matched = steps.filter(({ outcome }) => outcome !== 'NOT_MATCHED');
    const missed = steps.filter(({ outcome }) => outcome === 'NOT_MATCHED').slice(0, maxNotMatched);
    return { decision: evaluate(state, context), trace: [...matched, ...missed] };
  }

  /** Who would see something else if a rule were set or cleared; a user's rule is asked for that user everywhere. */
  async simulate(question: DraftQuestion): Promise<Simulation<FlagSubject>> {
    const state = await this.readModel.state(question.flag, question.environment);
    const rule = question.clear
      ? null
      : { enabled: question.enabled ?? true, variant: question.variant ?? null };
    if (rule) checkRule(state.flag, { scope: question.scope, ...rule });
    else checkScope(question.scope);
    const { exists } = await this.database.transaction((tx) => scopeSubject(tx, question.scope));
    if (!exists && rule) throw new ScopeNotFoundError(question.scope, 'tierdeck get tenants');
    const subjects = await this.#subjectsOf(question.scope);
    return simulate(state, { scope: question.scope, rule }, subjects);
  }

  async #subjectsOf(scope: FlagScope): Promise<FlagSubject[]> {
    const kinds: SubjectUnitKind[] = ['BRANCH', 'WAREHOUSE'];
    const subjects = await this.subjects.list({ kinds, limit: maxSubjects });
    if (scope.kind === 'ACCOUNT') {
      const accounts = await this.subjects.list({ kinds: ['ACCOUNT'], only: scope.key, limit: maxSubjects });
      subjects.push(...accounts.filter(({ unitKind }) => unitKind === 'ACCOUNT'));
    }
    if (scope.kind !== 'USER') return subjects;
    return subjects.map((subject) => ({ ...subject, context: { ...subject.context, userId: scope.key } }));
  }
}
