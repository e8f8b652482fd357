import { Button, FileInput, Group, Select, Stack } from '@mantine/core';
import { IconFileImport, IconSearch } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useConfirm } from '../../components/confirm.js';
import { formatBytes } from '../../components/format.js';
import { Page, Panel } from '../../components/page.js';
import { ProblemNotice } from '../../components/problem-notice.js';
import { CliLine } from '../../components/states.js';
import { WizardLayout } from '../../components/wizard.js';
import type { Problem } from '../../graphql/describe-error.js';
import { useCommand } from '../../graphql/use-command.js';
import { useCan } from '../../session/session.js';
import { useEnvironment, useEnvironments, useIsProduction } from '../../shell/environment.js';
import { type ImportReport, importUnleashMutation } from './files.query.js';
import { ImportResult } from './import-report.js';

/** Takes over the flags of an Unleash export: first only the report, then the same in earnest. */
export function ImportPage() {
  const may = useCan('flags:write');
  const confirm = useConfirm();
  const [current] = useEnvironment();
  const environments = useEnvironments().map(({ name }) => name);
  const [environment, setEnvironment] = useState(current);
  const production = useIsProduction(environment);
  const [file, setFile] = useState<File | null>(null);
  const [problem, setProblem] = useState<Problem>();
  const [report, setReport] = useState<ImportReport>();
  const command = useCommand(importUnleashMutation);
  const forget = () => {
    setReport(undefined);
    setProblem(undefined);
  };

  const run = async (dryRun: boolean) => {
    if (!file) return;
    if (!dryRun && production) {
      const answer = await confirm({
        title: `Import into ${environment}?`,
        body: 'Flags that are there already get the strategies of the file. What an SDK answers from them is then as it was in Unleash.',
        action: 'Import',
        expect: environment,
      });
      if (!answer) return;
    }
    setProblem(undefined);
    const done = await command.run(
      { environment, file: await file.text(), dryRun },
      { onProblem: setProblem, ...(dryRun ? {} : { done: 'Imported' }) },
    );
    if (done) setReport(done.importUnleash);
    else setReport(undefined);
  };

  return (
    <Page
      title="Import from Unleash"
      crumbs={<Link to="/flags">Flags</Link>}
      subtitle="Flags, strategies, segments and variants of an Unleash 7 or 8, into one environment at a time."
    >
      <WizardLayout
        onSubmit={() => void run(true)}
        aside={
          <Panel title="What comes over">
            <Stack gap="sm">
              <span className="dim">
                In Unleash, select flags, then “Export” an environment; or save what{' '}
                <span className="mono">/api/client/features</span> answers. Check it first: the report says
                what maps and what does not, and nothing is written.
              </span>
              <span className="dim">
                SDKs keep their settings but for address and token: <Link to="/tokens">SDK tokens</Link>.
              </span>
              <CliLine command={`tierdeck flag import export.json --env ${environment} --dry-run`} />
            </Stack>
          </Panel>
        }
      >
        <Panel title="The file">
          <Stack gap="md">
            <FileInput
              size="sm"
              label="Export file"
              placeholder="Choose a JSON file"
              accept="application/json,.json"
              leftSection={<IconFileImport size={15} />}
              clearable
              description={file ? formatBytes(file.size) : 'JSON'}
              value={file}
              onChange={(next) => {
                forget();
                setFile(next);
              }}
            />
            <Select
              size="sm"
              label="Into"
              allowDeselect={false}
              data={environments}
              value={environment}
              onChange={(next) => {
                forget();
                setEnvironment(next ?? environment);
              }}
            />
            {problem && <ProblemNotice problem={problem} />}
            <Group justify="flex-end" gap="xs">
              <Button
                variant={report ? 'default' : 'filled'}
                leftSection={<IconSearch size={14} />}
                disabled={!file || !may}
                loading={command.busy && !report}
                onClick={() => void run(true)}
              >
                Check the file
              </Button>
              <Button
                disabled={
                  !may || report?.dryRun !== true || report.created.length + report.updated.length === 0
                }
                loading={command.busy && report !== undefined}
                onClick={() => void run(false)}
              >
                Import
              </Button>
            </Group>
          </Stack>
        </Panel>
        {report && <ImportResult report={report} environment={environment} />}
      </WizardLayout>
    </Page>
  );
}
