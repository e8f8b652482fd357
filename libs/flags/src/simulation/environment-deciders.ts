import { FlagDecider, type FlagState, type FlagWorld } from '../compiler/index.js';
import type { WantedChange } from '../change-requests/flag-change.js';
import type { Segments } from '../evaluator/index.js';
import { FlagNotFoundError } from '../flags.errors.js';
import type { EnvironmentFlag, FlagsReadModel } from '../flags.read-model.js';
import { withChanges, withSegmentChanges } from './draft-state.js';

/** Flags of one environment, with the flags they depend on and the segments they name: as they are, and as they would be. */
export class EnvironmentDeciders {
  private constructor(
    readonly environment: string,
    readonly states: ReadonlyMap<string, EnvironmentFlag>,
    readonly segments: Segments,
  ) {}

  /**
   * Reads the flags and what they refer to, in a handful of queries however many there are.
   * @param changes a draft that may refer to more segments.
   * @throws FlagNotFoundError, EnvironmentNotFoundError
   */
  static async load(
    readModel: FlagsReadModel,
    environment: string,
    keys: readonly string[],
    changes: readonly WantedChange[] = [],
  ): Promise<EnvironmentDeciders> {
    await readModel.requireEnvironment(environment);
    const flags = await readModel.byKeys(keys);
    const known = new Set(flags.map(({ key }) => key));
    const missing = keys.find((key) => !known.has(key));
    if (missing !== undefined) throw new FlagNotFoundError(missing);
    const dependencies = [
      ...flags.flatMap((flag) => flag.dependencies),
      ...changes.flatMap((change) =>
        change.kind === 'UPDATE_FLAG' ? (change.definition.dependencies ?? []) : [],
      ),
    ];
    const parents = dependencies.map(({ flag }) => flag);
    const others = await readModel.byKeys([...new Set(parents)].filter((key) => !known.has(key)));
    const states = await readModel.states(environment, [...flags, ...others]);
    const segments = await readModel.segmentsOf([
      ...states,
      ...states.map((state) => withChanges(state, changes)),
    ]);
    return new EnvironmentDeciders(
      environment,
      new Map(states.map((state) => [state.flag.key, state])),
      segments,
    );
  }

  /** What the flags refer to. @param changes a draft; none: the flags as they are. */
  world(changes: readonly WantedChange[] = []): FlagWorld {
    return {
      segments: withSegmentChanges(this.segments, changes),
      flag: (key) => {
        const state = this.states.get(key);
        return state && this.draft(state, changes);
      },
    };
  }

  /** @param changes a draft; none: the flags as they are. */
  deciders(changes: readonly WantedChange[] = []): ReadonlyMap<string, FlagDecider> {
    const deciders = new Map<string, FlagDecider>();
    const segments = withSegmentChanges(this.segments, changes);
    for (const [key, state] of this.states)
      deciders.set(
        key,
        new FlagDecider(this.draft(state, changes), segments, (other) => deciders.get(other)),
      );
    return deciders;
  }

  draft(state: FlagState, changes: readonly WantedChange[]): FlagState {
    return changes.length > 0 ? withChanges(state, changes) : state;
  }
}
