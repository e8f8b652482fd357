import type { Command } from 'commander';
import { CliError } from '../cli-error.js';
import type { Context } from '../context.js';
import { counted } from '../count.js';
import { withExamples } from '../examples.js';
import { parseFormat, renderOne } from '../output.js';
import { constraintText, type Constraint } from '../rule-options.js';
import { scopeText } from '../rule-scope.js';

interface Rule {
  scope: { kind: string; key: string };
  enabled: boolean;
  variant: string | null;
  percentage: number;
  stickiness: string;
  constraints: Constraint[];
  segments: number[];
  startsAt: string | null;
  endsAt: string | null;
}

interface Flag {
  key: string;
  version: number;
  archived: boolean;
  description: string;
  kind: string;
  riskClass: string;
  owner: string | null;
  project: string;
  type: string;
  lifecycle: string;
  expiresAt: string | null;
  tags: string[];
  impressionData: boolean;
  variants: { name: string; payload: unknown; description: string | null }[];
  defaultVariant: string | null;
  payloadSchema: unknown;
  dependencies: { flag: string; enabled: boolean; variants: string[] }[];
  dependents: string[];
  environments: {
    name: string;
    enabled: boolean;
    rules: Rule[];
    strategies: { name: string }[] | null;
  }[];
}

const fields = `key version archived description kind riskClass owner project type lifecycle expiresAt tags impressionData
  variants { name payload description } defaultVariant payloadSchema dependencies { flag enabled variants } dependents
  environments { name enabled strategies { name } rules { scope { kind key } enabled variant percentage stickiness
    constraints { contextName operator values value inverted caseInsensitive } segments startsAt endsAt } }`;

/** `tierdeck flag show`: what a flag is, and what decides it everywhere. */
export function flagShowCommand(flag: Command, context: Context): void {
  withExamples(
    flag
      .command('show <flag>')
      .description('what a flag is, what hangs on it, and its rules in every environment')
      .option('-o, --output <format>', 'table, json or yaml', parseFormat, 'table')
      .action(async (key: string, { output }) => {
        const client = await context.client();
        const { flag: found, segments } = await client.request<{
          flag: Flag | null;
          segments: { id: number; name: string }[];
        }>(`query ($key: String!) { flag(key: $key) { ${fields} } segments { id name } }`, { key });
        if (!found) throw new CliError('FLAG_NOT_FOUND', `There is no flag "${key}".`, 'tierdeck get flags');
        if (output !== 'table') return context.data(renderOne(found, output));
        const names = new Map(segments.map(({ id, name }) => [id, name]));
        context.data(definition(found));
        for (const one of found.environments) {
          context.data(`\n${one.name}: ${state(one)}\n`);
          for (const rule of one.rules)
            context.data(`  ${scopeText(rule.scope)}: ${ruleText(rule, names)}\n`);
        }
      }),
    'tierdeck flag show pricing.engine',
  );
}

function definition(flag: Flag): string {
  const {
    variants,
    dependencies,
    dependents,
    payloadSchema,
    environments: _environments,
    riskClass,
    ...rest
  } = flag;
  const { defaultVariant, expiresAt, archived, impressionData, tags, ...facts } = rest;
  return renderOne(
    {
      ...facts,
      ...(archived ? { archived } : {}),
      risk: riskClass,
      ...(expiresAt ? { expires: expiresAt } : {}),
      ...(tags.length > 0 ? { tags: tags.join(', ') } : {}),
      ...(impressionData ? { impressionData } : {}),
      ...(variants.length > 0
        ? { variants: variants.map(variantText).join(', '), 'when off': defaultVariant }
        : {}),
      ...(payloadSchema ? { 'payload schema': payloadSchema } : {}),
      ...(dependencies.length > 0 ? { 'depends on': dependencies.map(dependencyText).join(', ') } : {}),
      ...(dependents.length > 0 ? { 'depended on by': dependents.join(', ') } : {}),
    },
    'table',
  );
}

function state({ enabled, rules, strategies }: Flag['environments'][number]): string {
  if (!enabled) return `killed; ${counted(rules.length, 'rule')} count again after revive`;
  const base = strategies === null ? 'off' : strategies.map(({ name }) => name).join(', ') || 'on';
  return rules.length === 0 ? `no rules; ${base}` : `${counted(rules.length, 'rule')}; elsewhere ${base}`;
}

function ruleText(rule: Rule, names: ReadonlyMap<number, string>): string {
  const { enabled, variant, percentage, stickiness, constraints, segments, startsAt, endsAt } = rule;
  const conditions = [
    ...constraints.map((one) => `where ${constraintText(one)}`),
    ...segments.map((id) => `in segment ${names.get(id) ?? id}`),
    ...(startsAt ? [`from ${startsAt}`] : []),
    ...(endsAt ? [`until ${endsAt}`] : []),
  ];
  const share = enabled && percentage < 100 ? ` for ${percentage} % by ${stickiness}` : '';
  return [`${enabled ? (variant ?? 'on') : 'off'}${share}`, ...conditions].join(', ');
}

function variantText({ name, payload }: Flag['variants'][number]): string {
  return payload === null ? name : `${name} ${JSON.stringify(payload)}`;
}

function dependencyText({ flag, enabled, variants }: Flag['dependencies'][number]): string {
  return `${enabled ? '' : 'not '}${flag}${variants.length > 0 ? `=${variants.join(',')}` : ''}`;
}
