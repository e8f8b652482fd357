import { Args, Query, Resolver } from '@nestjs/graphql';
import type { Connection } from '#platform';
import { Requires } from './permission.guard.js';
import { SdkTokensReadModel, type ListedSdkToken } from './sdk-tokens.read-model.js';
import { SdkTokenConnection, SdkTokensArgs } from './sdk-tokens.type.js';

@Resolver()
export class SdkTokenListResolver {
  constructor(private readonly tokens: SdkTokensReadModel) {}

  @Query(() => SdkTokenConnection, {
    description: 'The newest first. Secrets are not kept, so none is shown.',
  })
  @Requires('read')
  sdkTokens(@Args() args: SdkTokensArgs): Promise<Connection<ListedSdkToken>> {
    return this.tokens.page(args, args);
  }
}
