import { Injectable } from '@nestjs/common';
import { SecurityAlerts, TokensService, type Principal } from '#identity';

/** Who calls the operators' API. A tenant's token that tries is refused as any other, and operators are told. */
@Injectable()
export class OperatorAccess {
  constructor(
    private readonly tokens: TokensService,
    private readonly alerts: SecurityAlerts,
  ) {}

  /** @param authorization the header as it came. @returns undefined without a valid token. */
  async authenticate(authorization: unknown): Promise<Principal | undefined> {
    const token =
      typeof authorization === 'string' ? /^Bearer\s+(\S+)$/i.exec(authorization)?.[1] : undefined;
    if (token === undefined) return undefined;
    const principal = await this.tokens.authenticate(token);
    if (!principal) await this.#tell(token);
    return principal;
  }

  async #tell(token: string): Promise<void> {
    const known = await this.tokens.tenantTokenOf(token);
    if (known) this.alerts.raise({ kind: 'TENANT_TOKEN_AT_OPERATOR_API', ...known });
  }
}
