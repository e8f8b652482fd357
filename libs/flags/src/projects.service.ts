import { Injectable } from '@nestjs/common';
import type { Command } from '#audit';
import { ConflictError, Database, NotFoundError, rowsOf } from '#platform';
import { FlagInvalidError } from './flags.errors.js';

export interface Project {
  key: string;
  name: string;
  description: string;
  /** Grows with every change. */
  version: number;
}

const projectColumns = 'key, name, description, version';
const keyPattern = /^[a-z0-9][a-z0-9._-]{0,99}$/;

export interface ProjectChange {
  key: string;
  name?: string | null;
  description?: string | null;
  /** Refuse with PROJECT_CHANGED if the project has another version. */
  expectedVersion?: number | null;
}

/** What flags are grouped by; SDK tokens can be narrowed to one. */
@Injectable()
export class ProjectsService {
  constructor(private readonly database: Database) {}

  all(): Promise<Project[]> {
    return this.database.query<Project>(`select ${projectColumns} from project order by key`);
  }

  /** @throws FlagInvalidError INVALID_INPUT, ConflictError PROJECT_EXISTS */
  async create(command: Command, project: Omit<Project, 'version'>): Promise<Project> {
    const input = { ...project, version: 1 };
    if (!(await this.#insert(command, input)))
      throw new ConflictError('PROJECT_EXISTS', `There is already a project "${input.key}".`, {
        field: 'key',
      });
    return input;
  }

  /**
   * Key and flags stay.
   * @throws NotFoundError PROJECT_NOT_FOUND, ConflictError PROJECT_CHANGED, FlagInvalidError INVALID_INPUT
   */
  async update(command: Command, input: ProjectChange): Promise<Project> {
    const [before] = await rowsOf<Project>(
      command.tx,
      `select ${projectColumns} from project where key = $1 for update`,
      [input.key],
    );
    if (!before)
      throw new NotFoundError('project', input.key, { field: 'key', hint: '`projects` lists them all.' });
    if (typeof input.expectedVersion === 'number' && input.expectedVersion !== before.version)
      throw new ConflictError(
        'PROJECT_CHANGED',
        `Project "${before.key}" was changed meanwhile: it is at version ${before.version}, not ${input.expectedVersion}.`,
        { field: 'expectedVersion', hint: 'Load it again and repeat your change with the new version.' },
      );
    const after = {
      key: before.key,
      name: input.name ?? before.name,
      description: input.description ?? before.description,
      version: before.version + 1,
    };
    check(after);
    if (after.name === before.name && after.description === before.description) return before;
    await command.tx.query(
      'update project set name = $2, description = $3, version = version + 1 where key = $1',
      [after.key, after.name, after.description],
    );
    const subject = `project/${after.key}`;
    await command.record({ area: 'flags', action: 'project.updated', subject, before, after });
    return after;
  }

  /** Makes it if it is not there. @throws FlagInvalidError INVALID_INPUT */
  async ensure(command: Command, key: string): Promise<void> {
    const there = await rowsOf(command.tx, 'select from project where key = $1', [key]);
    if (there.length === 0) await this.#insert(command, { key, name: key, description: '', version: 1 });
  }

  /** @returns false if the key is taken. */
  async #insert(command: Command, project: Project): Promise<boolean> {
    const { key, name, description } = project;
    check(project);
    const fresh = await rowsOf(
      command.tx,
      'insert into project (key, name, description) values ($1, $2, $3) on conflict do nothing returning key',
      [key, name, description],
    );
    if (fresh.length === 0) return false;
    await command.record({
      area: 'flags',
      action: 'project.created',
      subject: `project/${key}`,
      after: project,
    });
    return true;
  }
}

function check({ key, name, description }: Omit<Project, 'version'>): void {
  if (!keyPattern.test(key))
    throw new FlagInvalidError(
      'A project key has 1 to 100 lower-case letters, digits, dots, dashes or underscores.',
      'key',
    );
  if (name.length < 1 || name.length > 200 || description.length > 1_000)
    throw new FlagInvalidError(
      'A project has a name of 1 to 200 and a description of at most 1,000 characters.',
      'name',
    );
}
