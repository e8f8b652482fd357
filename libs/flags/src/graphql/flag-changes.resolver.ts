import { Args, Resolver, Subscription } from '@nestjs/graphql';
import { REVISION_CHANNEL, type RevisionNotice } from '#audit';
import { Requires } from '#identity';
import { Notifications, subscribeTo } from '#platform';
import { FlagsReadModel } from '../flags.read-model.js';
import { FlagChangeType } from './flag.type.js';

@Resolver()
export class FlagChangesResolver {
  constructor(
    private readonly notifications: Notifications,
    private readonly readModel: FlagsReadModel,
  ) {}

  @Subscription(() => FlagChangeType, {
    description: 'A flag, or all of them, whenever something of theirs changes.',
    resolve: (change: FlagChangeType) => change,
  })
  @Requires('read')
  flagChanged(
    @Args('key', { type: () => String, nullable: true }) key?: string | null,
  ): AsyncIterableIterator<FlagChangeType> {
    return subscribeTo(this.notifications, REVISION_CHANNEL, async (payload) => {
      // After a gap the flag is told as it is: what was missed is in it.
      if (payload === undefined) return key ? this.#present(key) : undefined;
      const { area, subject, revision, environment, action } = JSON.parse(payload) as RevisionNotice;
      if (area !== 'flags' || !subject.startsWith('flag/')) return undefined;
      const changed = subject.slice('flag/'.length);
      if (key && key !== changed) return undefined;
      const flag = await this.readModel.find(changed);
      return flag && { flag, revision, environment, action };
    });
  }

  async #present(key: string): Promise<FlagChangeType | undefined> {
    const flag = await this.readModel.find(key);
    if (!flag) return undefined;
    const [environments] = await this.readModel.environments([key]);
    const revision = Math.max(0, ...(environments ?? []).map((environment) => environment.revision));
    return { flag, revision, environment: null, action: 'flag.resynced' };
  }
}
