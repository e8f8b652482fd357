import { Args, Field, Int, ObjectType, Query, registerEnumType, Resolver } from '@nestjs/graphql';
import { Requires } from '#identity';
import type { ProcessState } from '#runtime/wire';
import { WorkerProcesses, type WorkerProcess } from './worker-processes.js';

const ProcessStateEnum: { [state in ProcessState]: state } = {
  STARTING: 'STARTING',
  RUNNING: 'RUNNING',
  BACKING_OFF: 'BACKING_OFF',
  STOPPING: 'STOPPING',
  STOPPED: 'STOPPED',
};
registerEnumType(ProcessStateEnum, {
  name: 'ProcessState',
  valuesMap: {
    BACKING_OFF: { description: 'It ended by itself and is started again after a pause.' },
    STOPPING: { description: 'It ends what it has begun.' },
  },
});

@ObjectType('WorkerProcess', { description: 'An integration worker that a machine’s supervisor keeps up.' })
export class WorkerProcessType implements WorkerProcess {
  @Field(() => String)
  supervisor!: string;
  @Field(() => String)
  name!: string;
  @Field(() => String, { nullable: true, description: 'Slug, if it serves one tenant alone.' })
  tenant!: string | null;
  @Field(() => ProcessStateEnum)
  state!: ProcessState;
  @Field(() => Int, { nullable: true })
  pid!: number | null;
  @Field(() => Int, { description: 'Ends in a row, none of which came after a healthy while.' })
  failures!: number;
  @Field(() => Boolean, { description: 'It ended three times in a row or more.' })
  crashLooping!: boolean;
  @Field(() => String, { nullable: true, description: 'e.g. exit code 1, signal SIGKILL' })
  lastExit!: string | null;
  @Field(() => Date, { nullable: true })
  lastExitAt!: Date | null;
  @Field(() => Date, { nullable: true })
  nextStartAt!: Date | null;
  @Field(() => Date)
  seenAt!: Date;
  @Field(() => Boolean, { description: 'False: its supervisor has not reported for a while.' })
  reported!: boolean;
}

@Resolver(() => WorkerProcessType)
export class WorkerProcessesResolver {
  constructor(private readonly processes: WorkerProcesses) {}

  @Query(() => [WorkerProcessType], { description: 'Those that do not stay up come first.' })
  @Requires('read')
  workerProcesses(
    @Args('tenant', { type: () => String, nullable: true, description: 'Slug.' }) tenant?: string | null,
  ): Promise<WorkerProcess[]> {
    return this.processes.list(tenant ?? null);
  }
}
