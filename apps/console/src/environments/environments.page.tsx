import { Button, NumberInput, Tooltip } from '@mantine/core';
import { IconPlus, IconStackPush } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { Badge } from '../components/badges.js';
import { useConfirm } from '../components/confirm.js';
import { CopyAsCli } from '../components/copy-button.js';
import { sentence } from '../components/format.js';
import { Page, Panel } from '../components/page.js';
import { EmptyState, ProblemState } from '../components/states.js';
import { Table, type TableColumn } from '../components/table.js';
import { graphql, type ResultOf } from '../graphql/graphql.js';
import { useCommand } from '../graphql/use-command.js';
import { useRead } from '../graphql/use-read.js';
import { useCan } from '../session/session.js';
import { riskClasses } from '../statuses.js';
import { CreateEnvironment } from './create-environment.js';

const environmentPoliciesQuery = graphql(`
  query EnvironmentPolicies {
    environments {
      name
      kind
      position
    }
    approvalPolicies {
      environment
      riskClass
      minApprovals
    }
  }
`);

const setApprovalPolicyMutation = graphql(`
  mutation SetApprovalPolicy($input: SetApprovalPolicyInput!) {
    setApprovalPolicy(input: $input) {
      policies {
        environment
        riskClass
        minApprovals
      }
    }
  }
`);

type Policies = ResultOf<typeof environmentPoliciesQuery>;
type Environment = Policies['environments'][number];
type Risk = (typeof riskClasses)[number];
const mostApprovals = 10;

/** Where flags are decided apart, and who else must approve a change there. */
export function EnvironmentsPage() {
  const may = useCan('policies:write');
  const confirm = useConfirm();
  const { data, problem, refresh } = useRead(environmentPoliciesQuery, {});
  const set = useCommand(setApprovalPolicyMutation);
  const [creating, setCreating] = useState(false);

  const needed = (environment: string, riskClass: Risk) =>
    data?.approvalPolicies.find((one) => one.environment === environment && one.riskClass === riskClass)
      ?.minApprovals ?? 0;

  const setPolicy = async (environment: string, riskClass: Risk, minApprovals: number) => {
    const before = needed(environment, riskClass);
    if (minApprovals === before) return;
    const answer = await confirm({
      title: `${minApprovals < before ? 'Ask fewer' : 'Ask more'} approvals in ${environment}?`,
      body: `Turning on a ${riskClass.toLowerCase()} flag there then needs ${minApprovals} instead of ${before}. Requests that wait are held to it too.`,
      action: 'Set policy',
      danger: minApprovals < before,
    });
    if (answer) {
      await set.run(
        { environment, riskClass, minApprovals },
        { done: `${environment}: ${minApprovals} for ${riskClass.toLowerCase()} flags` },
      );
    }
    refresh();
  };

  const columns: TableColumn<Environment>[] = [
    {
      key: 'name',
      header: 'Environment',
      render: ({ name, kind }) => (
        <span>
          <Link to="/flags" search={{ env: name }} className="quiet">
            <b>{name}</b>
          </Link>{' '}
          <Badge tone={kind === 'PRODUCTION' ? 'bad' : 'idle'}>{sentence(kind)}</Badge>
        </span>
      ),
    },
    {
      key: 'means',
      header: 'What that means',
      render: ({ kind }) => (
        <span className="dim">
          {kind === 'PRODUCTION'
            ? 'Changes reach those who work with it; releases go through it in waves.'
            : 'For trying out; releases are proven here first.'}
        </span>
      ),
    },
    ...riskClasses.map((risk): TableColumn<Environment> => ({
      key: risk,
      header: `Approvals, ${risk.toLowerCase()}`,
      align: 'end',
      render: ({ name }) => (
        <PolicyInput
          key={needed(name, risk)}
          label={`Approvals of ${risk.toLowerCase()} flags in ${name}`}
          value={needed(name, risk)}
          disabled={!may}
          onSet={(value) => void setPolicy(name, risk, value)}
        />
      ),
    })),
  ];

  return (
    <Page
      title="Environments"
      subtitle="Each decides flags apart from the others. Turning something on may need the approval of others; turning off never does."
      actions={
        <>
          <CopyAsCli command="tierdeck change-request policy" />
          <Tooltip
            label={may ? 'Empty, or with a copy of the rules of another.' : 'Your role may only look.'}
          >
            <Button leftSection={<IconPlus size={15} />} disabled={!may} onClick={() => setCreating(true)}>
              Create environment
            </Button>
          </Tooltip>
        </>
      }
    >
      {problem && !data ? (
        <ProblemState problem={problem} onRetry={refresh} />
      ) : (
        <Panel flush>
          <Table
            label="Environments"
            rows={data?.environments ?? []}
            columns={columns}
            rowKey={({ name }) => name}
            empty={data && <EmptyState icon={IconStackPush} title="No environments" />}
          />
        </Panel>
      )}
      <CreateEnvironment
        opened={creating}
        environments={data?.environments.map(({ name }) => name) ?? []}
        onClose={() => setCreating(false)}
      />
    </Page>
  );
}

interface PolicyInputProps {
  label: string;
  value: number;
  disabled: boolean;
  onSet: (value: number) => void;
}

/** Applied with Enter or on leaving. */
function PolicyInput({ label, value, disabled, onSet }: PolicyInputProps) {
  const [text, setText] = useState<number | string>(value);
  return (
    <NumberInput
      aria-label={label}
      w={84}
      ml="auto"
      min={0}
      max={mostApprovals}
      allowDecimal={false}
      disabled={disabled}
      value={text}
      onChange={setText}
      onBlur={() => (text === '' ? setText(value) : onSet(Number(text)))}
      onKeyDown={(event) => {
        if (event.key === 'Enter') event.currentTarget.blur();
      }}
    />
  );
}
