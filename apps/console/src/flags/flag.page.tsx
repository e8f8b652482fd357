import { Skeleton, Switch, Tooltip } from '@mantine/core';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Badge } from '../components/badges.js';
import { CopyAsCli } from '../components/copy-button.js';
import { formatCompact, sentence } from '../components/format.js';
import { Page, Panel } from '../components/page.js';
import { ProblemState } from '../components/states.js';
import { Time } from '../components/time.js';
import { useLive, useThrottled } from '../graphql/use-live.js';
import { useRead } from '../graphql/use-read.js';
import { useCan } from '../session/session.js';
import { useEnvironment } from '../shell/environment.js';
import { Explanation } from './explanation.js';
import { FlagTenants } from './flag-tenants.js';
import styles from './flags.module.css';
import { flagChangedSubscription, type FlagDetail, flagQuery, type Scope } from './flags.query.js';
import { FlagVariants } from './definition/flag-variants.js';
import { FlagAbout, StaleNotice } from './flag-about.js';
import { FlagHistory } from './flag-history.js';
import { FlagRequests } from './flag-requests.js';
import { KilledNotice, Propagation } from './propagation.js';
import { RuleForm } from './rule-form.js';
import { Rules } from './rules.js';
import { formatScope, parseScope } from './scope.js';
import { ShadowDifferences } from './shadow-differences.js';
import { FlagStrategies } from './strategies/flag-strategies.js';
import { useFlagActions } from './use-flag-actions.js';

const route = getRouteApi('/flags/$key');

export function FlagPage() {
  const { key } = route.useParams();
  const [environment] = useEnvironment();
  const { data, problem, loading, refresh } = useRead(flagQuery, { key, environment });
  useLive(flagChangedSubscription, { key }, useThrottled(refresh));
  if (problem && !data) return <ProblemState problem={problem} onRetry={refresh} />;
  if (loading) {
    return (
      <Page title={<span className="mono">{key}</span>} documentTitle={key}>
        <Skeleton height={360} radius="md" />
      </Page>
    );
  }
  if (!data?.flag) {
    return (
      <ProblemState
        problem={{
          code: 'FLAG_NOT_FOUND',
          message: `There is no flag "${key}".`,
          hint: '`tierdeck get flags` lists them all.',
        }}
      />
    );
  }
  return <FlagView flag={data.flag} onChanged={refresh} />;
}

function FlagView({ flag, onChanged }: { flag: FlagDetail; onChanged: () => void }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const may = useCan('flags:write');
  const actions = useFlagActions(flag, onChanged);
  const at = parseScope(search.at);
  const { environment } = flag;
  const select = (scope: Scope | undefined) =>
    void navigate({
      search: (now) => ({ ...now, at: scope && formatScope(scope) }),
      replace: true,
      resetScroll: false,
    });

  return (
    <Page
      title={<span className={`mono ${styles['keyTitle']}`}>{flag.key}</span>}
      documentTitle={flag.key}
      crumbs={<Link to="/flags">Flags</Link>}
      subtitle={flag.description}
      badges={
        <>
          <Badge tone={flag.riskClass === 'FINANCIAL' ? 'warn' : 'idle'}>{sentence(flag.riskClass)}</Badge>
          {flag.lifecycle === 'DRAFT' && <Badge tone="idle">Draft</Badge>}
          {flag.archived && <Badge tone="bad">Archived</Badge>}
        </>
      }
      actions={
        <>
          <CopyAsCli command={`tierdeck flag explain ${flag.key} -e ${environment.name}`} />
          <Tooltip
            label={may ? 'Off: no rule counts, everybody gets the default.' : 'Your role may only look.'}
          >
            <div className={styles['kill']} data-environment={environment.name}>
              <Switch
                checked={environment.enabled}
                disabled={!may || actions.busy}
                color="green.8"
                label={`${environment.enabled ? 'On' : 'Off'} in ${environment.name}`}
                onChange={(event) => void actions.setEnabled(event.currentTarget.checked)}
              />
            </div>
          </Tooltip>
        </>
      }
    >
      <div className={styles['notices']}>
        {!environment.enabled && (
          <KilledNotice
            key={`${flag.key}:${environment.name}`}
            flag={flag.key}
            environment={environment.name}
          />
        )}
        <StaleNotice flag={flag.key} />
      </div>
      <div className={styles['layout']}>
        <div className={styles['column']}>
          <Panel title={`Rules in ${environment.name}`} flush>
            <div className={styles['rules']}>
              <Rules flag={flag} actions={actions} selected={at} onSelect={select} />
            </div>
          </Panel>
          <FlagStrategies flag={flag} actions={actions} />
          <Panel title="Who gets what" flush actions={<Decisions metrics={environment.metrics} />}>
            <FlagTenants
              key={`${flag.key}:${environment.name}`}
              flag={flag}
              selected={at}
              onSelect={select}
            />
          </Panel>
          <ShadowDifferences flag={flag.key} />
        </div>
        <div className={styles['column']}>
          <Panel title="Set a rule">
            <RuleForm flag={flag} actions={actions} scope={at} onScope={select} />
          </Panel>
          <FlagRequests flag={flag.key} environment={environment.name} />
          <Panel title="Why">
            <Explanation flag={flag} scope={at} />
          </Panel>
          <Panel title="Who has it">
            <Propagation
              key={`${flag.key}:${environment.name}`}
              flag={flag.key}
              environment={environment.name}
            />
          </Panel>
          <Panel title="Last changes">
            <FlagHistory flag={flag} actions={actions} />
          </Panel>
          <FlagVariants flag={flag} onChanged={onChanged} />
          <FlagAbout flag={flag} onChanged={onChanged} />
        </div>
      </div>
    </Page>
  );
}

function Decisions({ metrics }: { metrics: FlagDetail['environment']['metrics'] }) {
  if (!metrics.lastSeenAt) return <span className="faint">not asked for yet</span>;
  return (
    <span className="dim num">
      {formatCompact(metrics.yes)} on, {formatCompact(metrics.no)} off, last asked{' '}
      <Time at={metrics.lastSeenAt} />
    </span>
  );
}
