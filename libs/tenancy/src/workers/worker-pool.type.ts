import { Field, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { MutationInput } from '../graphql/mutation.input.js';
import type { KubernetesTarget, WorkerPool } from './worker-pool.js';

export const WorkerPoolKindEnum = { LOCAL: 'LOCAL', KUBERNETES: 'KUBERNETES' } as const;
registerEnumType(WorkerPoolKindEnum, {
  name: 'WorkerPoolKind',
  description: 'LOCAL: child processes of one machine. KUBERNETES: a Deployment for each tenant.',
});

@ObjectType('KubernetesTarget', { description: 'Where in a Kubernetes cluster, and what, runs.' })
export class KubernetesTargetType implements KubernetesTarget {
  @Field(() => String)
  apiServer!: string;
  @Field(() => String)
  namespace!: string;
  @Field(() => String)
  image!: string;
  @Field(() => String)
  environmentSecret!: string;
  @Field(() => String, { nullable: true })
  caCertificate!: string | null;
}

@ObjectType('WorkerPool', { description: 'A place where integration workers of single tenants run.' })
export class WorkerPoolType implements WorkerPool {
  @Field(() => String)
  name!: string;
  @Field(() => WorkerPoolKindEnum)
  kind!: WorkerPool['kind'];
  @Field(() => String, {
    nullable: true,
    description: 'It takes tenants of this region only; null takes any.',
  })
  region!: string | null;
  @Field(() => Int, { description: 'Tenants that it takes.' })
  capacity!: number;
  @Field(() => Int, { description: 'Tenants that it has.' })
  tenants!: number;
  @Field(() => Boolean, { description: 'It takes no further tenants.' })
  retired!: boolean;
  @Field(() => KubernetesTargetType, { nullable: true })
  kubernetes!: KubernetesTarget | null;
}

@InputType()
export class RegisterWorkerPoolInput extends MutationInput {
  @Field(() => String)
  name!: string;
  @Field(() => String, { nullable: true })
  region?: string | null;
  @Field(() => Int, { description: 'Tenants that it takes, 1 to 100000.' })
  capacity!: number;
  @Field(() => String, { description: 'Address of the Kubernetes API, e.g. https://10.0.0.1:6443' })
  apiServer!: string;
  @Field(() => String)
  namespace!: string;
  @Field(() => String, { description: 'Image of the integration worker, best with its digest.' })
  image!: string;
  @Field(() => String, {
    description: 'Secret with TIERDECK_URL, TIERDECK_RUNTIME_TOKEN and TIERDECK_SDK_TOKEN.',
  })
  environmentSecret!: string;
  @Field(() => String, { nullable: true, description: 'PEM; absent: one that the system trusts.' })
  caCertificate?: string | null;
  @Field(() => String, {
    description: 'Of a service account that may get, patch and delete Deployments; kept sealed.',
  })
  token!: string;
}

@InputType()
export class RetireWorkerPoolInput extends MutationInput {
  @Field(() => String)
  name!: string;
}

@ObjectType()
export class WorkerPoolPayload {
  @Field(() => WorkerPoolType)
  workerPool!: WorkerPoolType;
}
