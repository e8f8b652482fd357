import {
  defaultAllocationPolicy,
  type AllocationEngine,
  type AllocationPlan,
  type AllocationPolicy,
  type Demand,
  type Supply,
} from './allocation.js';
import { planFifoWholeLine } from './fifo-whole-line.engine.js';
import { planPrioritySourcing } from './priority-sourcing.engine.js';

/** Plans with the engine that the flags chose. Pure: nothing is promised until the plan is committed. */
export function planAllocation(
  engine: AllocationEngine,
  demands: readonly Demand[],
  supplies: readonly Supply[],
  policy: AllocationPolicy = defaultAllocationPolicy,
): AllocationPlan {
  return engine === 'priority-sourcing-v2'
    ? planPrioritySourcing(demands, supplies, policy)
    : planFifoWholeLine(demands, supplies);
}
