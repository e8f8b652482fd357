import { Args, Query, Resolver } from '@nestjs/graphql';
import { Requires } from '#identity';
import type { Connection } from '#platform';
import { FlagListReadModel } from '../flag-list.read-model.js';
import type { FlagRecord } from '../flags.store.js';
import { StaleFlagsReadModel } from '../stale/stale-flags.read-model.js';
import { FlagConnection, FlagsArgs } from './flag.type.js';

/** The list of flags. */
@Resolver()
export class FlagListResolver {
  constructor(
    private readonly list: FlagListReadModel,
    private readonly staleFlags: StaleFlagsReadModel,
  ) {}

  @Query(() => FlagConnection)
  @Requires('read')
  async flags(@Args() args: FlagsArgs): Promise<Connection<FlagRecord>> {
    const keys = args.stale ? await this.staleFlags.keys() : undefined;
    return this.list.page(args, args, keys);
  }

  @Query(() => [String], { description: 'Owners that flags in use have, at most a thousand.' })
  @Requires('read')
  flagOwners(): Promise<string[]> {
    return this.list.owners();
  }
}
