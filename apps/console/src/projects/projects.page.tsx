import { Button, Group, Modal, Stack, Textarea, TextInput } from '@mantine/core';
import { IconFolders, IconPencil, IconPlus } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { CopyAsCli } from '../components/copy-button.js';
import { formatNumber } from '../components/format.js';
import { Page, Panel } from '../components/page.js';
import { ProblemNotice } from '../components/problem-notice.js';
import { EmptyState, ProblemState } from '../components/states.js';
import { Table, type TableColumn } from '../components/table.js';
import type { Problem } from '../graphql/describe-error.js';
import { graphql, type ResultOf } from '../graphql/graphql.js';
import { useCommand } from '../graphql/use-command.js';
import { useRead } from '../graphql/use-read.js';
import { useCan } from '../session/session.js';

const projectsQuery = graphql(`
  query Projects {
    projects {
      key
      name
      description
      flags
    }
  }
`);

const createProjectMutation = graphql(`
  mutation CreateProject($input: CreateProjectInput!) {
    createProject(input: $input) {
      key
    }
  }
`);

const updateProjectMutation = graphql(`
  mutation UpdateProject($input: UpdateProjectInput!) {
    updateProject(input: $input) {
      key
    }
  }
`);

type Project = ResultOf<typeof projectsQuery>['projects'][number];
type Editing = Project | 'new';

/** What flags are grouped by. */
export function ProjectsPage() {
  const may = useCan('flags:write');
  const { data, problem, loading, refresh } = useRead(projectsQuery, {});
  const [editing, setEditing] = useState<Editing>();
  const columns: TableColumn<Project>[] = [
    {
      key: 'name',
      header: 'Project',
      render: ({ name, key }) => (
        <span>
          <b>{name}</b> <span className="mono dim">{key}</span>
        </span>
      ),
    },
    { key: 'description', header: 'What it holds', render: ({ description }) => description },
    {
      key: 'flags',
      header: 'Flags',
      align: 'end',
      render: ({ key, flags }) => (
        <Link to="/flags" search={{ project: [key] }} className="num">
          {formatNumber(flags)}
        </Link>
      ),
    },
    {
      key: 'edit',
      header: '',
      label: 'Actions',
      align: 'end',
      render: (project) => (
        <Button
          variant="subtle"
          size="compact-xs"
          disabled={!may}
          leftSection={<IconPencil size={13} />}
          aria-label={`Edit ${project.name}`}
          onClick={() => setEditing(project)}
        >
          Edit
        </Button>
      ),
    },
  ];
  return (
    <Page
      title="Projects"
      subtitle="What flags are grouped by. An SDK token can be narrowed to one, so that it reads its flags alone."
      actions={
        <>
          <CopyAsCli command="tierdeck get projects" />
          <Button leftSection={<IconPlus size={15} />} disabled={!may} onClick={() => setEditing('new')}>
            Create project
          </Button>
        </>
      }
    >
      {problem && !data ? (
        <ProblemState problem={problem} onRetry={refresh} />
      ) : (
        <Panel flush>
          <Table
            label="Projects"
            rows={data?.projects ?? []}
            columns={columns}
            rowKey={({ key }) => key}
            {...(loading ? {} : { empty: <EmptyState icon={IconFolders} title="No projects" /> })}
          />
        </Panel>
      )}
      <Modal
        opened={editing !== undefined}
        onClose={() => setEditing(undefined)}
        title={editing === 'new' ? 'Create project' : 'Edit project'}
      >
        {editing && (
          <ProjectForm
            project={editing === 'new' ? undefined : editing}
            onClose={() => setEditing(undefined)}
            onSaved={() => {
              setEditing(undefined);
              refresh();
            }}
          />
        )}
      </Modal>
    </Page>
  );
}

interface ProjectFormProps {
  project: Project | undefined;
  onClose: () => void;
  onSaved: () => void;
}

function ProjectForm({ project, onClose, onSaved }: ProjectFormProps) {
  const create = useCommand(createProjectMutation);
  const update = useCommand(updateProjectMutation);
  const [key, setKey] = useState(project?.key ?? '');
  const [name, setName] = useState(project?.name ?? '');
  const [description, setDescription] = useState(project?.description ?? '');
  const [problem, setProblem] = useState<Problem>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const content = { key, name: name.trim() || key, description: description.trim() };
    const outcome = { done: `Project ${content.name} saved`, onProblem: setProblem };
    if (await (project ? update : create).run(content, outcome)) onSaved();
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="md">
        <TextInput
          size="sm"
          label="Key"
          description="Flags and tokens refer to it; it stays."
          placeholder="checkout"
          disabled={project !== undefined}
          value={key}
          onChange={(event) => setKey(event.currentTarget.value.trim())}
          data-autofocus={project ? undefined : true}
        />
        <TextInput
          size="sm"
          label="Name"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Textarea
          size="sm"
          label="What it holds"
          maxLength={1000}
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
        />
        {problem && <ProblemNotice problem={problem} />}
        <Group justify="flex-end">
          <Button size="sm" variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button size="sm" type="submit" disabled={!key} loading={create.busy || update.busy}>
            Save project
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
