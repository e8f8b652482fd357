import { Args, Query, Resolver } from '@nestjs/graphql';
import { Requires } from '#identity';
import { FlagMatrix } from '../matrix/flag-matrix.js';
import { FlagMatrixInput, FlagMatrixType, type WindowInput } from './flag-matrix.type.js';

@Resolver()
export class FlagMatrixResolver {
  constructor(private readonly matrix: FlagMatrix) {}

  @Query(() => FlagMatrixType)
  @Requires('read')
  async flagMatrix(
    @Args('input', { type: () => FlagMatrixInput }) input: FlagMatrixInput,
  ): Promise<FlagMatrixType> {
    const window = ({ offset, limit }: WindowInput) => ({ offset: offset ?? 0, limit });
    const { columns, decisions, ...matrix } = await this.matrix.window({
      environment: input.environment,
      tenant: input.tenant,
      units: input.units ?? [],
      flag: input.flag,
      flagSearch: input.flagSearch,
      columnSearch: input.columnSearch,
      rows: window(input.rows),
      columns: window(input.columns),
    });
    return {
      ...matrix,
      columns: columns.map(({ tenant, tenantName, unitKind, unitCode, unitName }) => ({
        key: unitCode === null ? tenant : `${tenant}/${unitCode}`,
        label: unitName ?? tenantName,
        kind: unitKind ?? 'TENANT',
        tenant,
        tenantName,
      })),
      decisions: decisions.map(({ enabled, variant, reason, rule }) => ({
        enabled,
        variant,
        reason,
        scope: rule && { ...rule.scope, label: rule.label },
      })),
    };
  }
}
