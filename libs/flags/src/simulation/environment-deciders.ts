import { FlagDecider, type FlagState } from '../compiler/index.js';
import type { WantedChange } from '../change-requests/flag-change.js';
import type { Segments } from '../evaluator/index.js';
import type { EnvironmentFlag, FlagsReadModel } from '../flags.read-model.js';
import { withChanges } from './draft-state.js';

/** Flags of one environment, with what they depend on: as they are, and as they would be. */
export class EnvironmentDeciders {
  private constructor(
    readonly environment: string,
    readonly states: ReadonlyMap<string, EnvironmentFlag>,
    readonly segments: Segments,
  ) {}

  /** Reads the flags and those that they depend on. @throws FlagNotFoundError, EnvironmentNotFoundError */
  static async load(
    readModel: FlagsReadModel,
    environment: string,
    keys: readonly string[],
  ): Promise<EnvironmentDeciders> {
    await readModel.requireEnvironment(environment);
    const flags = await Promise.all([...new Set(keys)].map((key) => readModel.byKey(key)));
    const parents = flags
      .flatMap(({ dependencies }) => dependencies.map(({ flag }) => flag))
      .filter((key) => !keys.includes(key));
    const found = await Promise.all([...new Set(parents)].map((key) => readModel.find(key)));
    const all = [...flags, ...found.filter((flag) => flag !== undefined)];
    const states = await readModel.states(environment, all);
    return new EnvironmentDeciders(
      environment,
      new Map(states.map((state) => [state.flag.key, state])),
      new Map(),
    );
  }

  /** @param changes a draft; none: the flags as they are. */
  deciders(changes: readonly WantedChange[] = []): ReadonlyMap<string, FlagDecider> {
    const deciders = new Map<string, FlagDecider>();
    for (const [key, state] of this.states)
      deciders.set(
        key,
        new FlagDecider(this.draft(state, changes), this.segments, (other) => deciders.get(other)),
      );
    return deciders;
  }

  draft(state: FlagState, changes: readonly WantedChange[]): FlagState {
    return changes.length > 0 ? withChanges(state, changes) : state;
  }
}
