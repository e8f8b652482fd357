import { Injectable } from '@nestjs/common';
import { SdkTokensService, type SdkTokenScope } from '#identity';
import { TierdeckError } from '#platform';

/** Lets in whoever bears a RUNTIME token, and nobody else. */
@Injectable()
export class RuntimeAccess {
  constructor(private readonly tokens: SdkTokensService) {}

  /** @throws TierdeckError UNAUTHENTICATED, FORBIDDEN */
  async authenticate(authorization: string | undefined): Promise<SdkTokenScope> {
    const secret = /^(?:Bearer +)?(\S+)$/i.exec(authorization ?? '')?.[1];
    const scope = secret === undefined ? undefined : await this.tokens.authenticate(secret);
    if (!scope) {
      throw new TierdeckError('UNAUTHENTICATED', 'A valid RUNTIME token is needed.', 401, {
        hint: 'createSdkToken with kind RUNTIME makes one.',
      });
    }
    if (scope.kind !== 'RUNTIME') {
      throw new TierdeckError('FORBIDDEN', `A token of kind ${scope.kind} may not do this.`, 403, {
        hint: 'createSdkToken with kind RUNTIME makes the right one.',
      });
    }
    return scope;
  }
}
