import { Field, ID, InputType, ObjectType, registerEnumType } from '@nestjs/graphql';
import type { Permission, Role } from './role.js';

@ObjectType('Viewer', { description: 'Whoever holds the token of this request.' })
export class ViewerType {
  @Field(() => String)
  name!: string;
  @Field(() => String, { nullable: true, description: 'Who holds the token, if it names somebody.' })
  person!: string | null;
  @Field(() => String)
  role!: Role;
  @Field(() => [String])
  permissions!: Permission[];
}

const RoleEnum = {
  viewer: 'viewer',
  product: 'product',
  account: 'account',
  release: 'release',
  operator: 'operator',
  admin: 'admin',
} as const;
registerEnumType(RoleEnum, { name: 'Role' });

@InputType()
export class CreateTokenInput {
  @Field(() => String)
  name!: string;
  @Field(() => RoleEnum)
  role!: Role;
  @Field(() => Date, { nullable: true })
  expiresAt?: Date | null;
  @Field(() => String, {
    nullable: true,
    description: 'Who will hold it, e.g. an e-mail address; nobody approves what any token of theirs wrote.',
  })
  person?: string | null;
  @Field(() => String, { nullable: true })
  clientMutationId?: string | null;
}

@InputType()
export class RevokeTokenInput {
  @Field(() => ID)
  id!: string;
  @Field(() => String, { nullable: true })
  clientMutationId?: string | null;
}

@ObjectType({ description: 'A new token. Its secret is shown this once.' })
export class NewTokenPayload {
  @Field(() => ID)
  id!: string;
  @Field(() => String, { nullable: true, description: 'null when the mutation is repeated: it is not kept.' })
  secret!: string | null;
}

@ObjectType()
export class RevokeTokenPayload {
  @Field(() => ID)
  id!: string;
}
