import { Command } from 'commander';
import { accessCommands } from './commands/access.js';
import { auditCommands } from './commands/audit.js';
import { changeRequestCommands } from './commands/change-request.js';
import { deadLetterCommands } from './commands/dead-letter.js';
import { completionCommand } from './commands/completion.js';
import { clusterCommands } from './commands/cluster.js';
import { environmentCommands } from './commands/environment.js';
import { fleetCommands } from './commands/fleet.js';
import { flagCommands } from './commands/flag.js';
import { getCommand } from './commands/get.js';
import { manifestCommands } from './commands/manifests.js';
import { projectCommands } from './commands/project.js';
import { quotaCommands } from './commands/quota.js';
import { releaseCommands } from './commands/release.js';
import { segmentCommands } from './commands/segment.js';
import { tenantCommands } from './commands/tenant.js';
import { workerPoolCommands } from './commands/worker-pool.js';
import type { Context } from './context.js';

/** The whole command line. Data on stdout, messages on stderr; exit 0 done, 1 failed, 2 differences. */
export function createProgram(context: Context): Command {
  const program = new Command('tierdeck')
    .description('Control plane for multi-tenant SaaS in distribution')
    .version('0.1.0')
    .showHelpAfterError('(tierdeck --help)')
    .showSuggestionAfterError(true)
    .configureOutput({
      writeOut: (text) => context.data(text),
      writeErr: (text) => process.stderr.write(text),
    });
  manifestCommands(program, context);
  getCommand(program, context);
  tenantCommands(program, context);
  fleetCommands(program, context);
  clusterCommands(program, context);
  workerPoolCommands(program, context);
  flagCommands(program, context);
  segmentCommands(program, context);
  projectCommands(program, context);
  environmentCommands(program, context);
  changeRequestCommands(program, context);
  releaseCommands(program, context);
  quotaCommands(program, context);
  deadLetterCommands(program, context);
  auditCommands(program, context);
  accessCommands(program, context);
  completionCommand(program, context);
  return program;
}
