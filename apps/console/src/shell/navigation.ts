import {
  IconArrowsShuffle,
  IconBuildingWarehouse,
  IconDatabase,
  IconFlag3,
  IconFlask,
  IconFolders,
  IconGauge,
  IconGitPullRequest,
  IconHistory,
  IconKey,
  IconServer2,
  IconServerBolt,
  IconShieldCheck,
  IconStack2,
  IconStackPush,
  IconTable,
  IconUsersGroup,
} from '@tabler/icons-react';

/** The pages of the console, with the key that goes there after `g`. */
export const navigation = [
  {
    title: 'Operate',
    pages: [
      { to: '/tenants', label: 'Tenants', key: 't', icon: IconBuildingWarehouse },
      { to: '/operations', label: 'Operations', key: 'o', icon: IconArrowsShuffle },
      { to: '/clusters', label: 'Clusters', key: 'c', icon: IconServerBolt },
      { to: '/fleet', label: 'Fleet', key: 'l', icon: IconDatabase },
      { to: '/instances', label: 'Data plane', key: 'd', icon: IconServer2 },
    ],
  },
  {
    title: 'Change',
    pages: [
      { to: '/flags', label: 'Flags', key: 'f', icon: IconFlag3 },
      { to: '/matrix', label: 'Matrix', key: 'm', icon: IconTable },
      { to: '/playground', label: 'Playground', key: 'y', icon: IconFlask },
      { to: '/change-requests', label: 'Approvals', key: 'p', icon: IconGitPullRequest },
      { to: '/releases', label: 'Releases', key: 'r', icon: IconStack2 },
    ],
  },
  {
    title: 'Model',
    pages: [
      { to: '/segments', label: 'Segments', key: 's', icon: IconUsersGroup },
      { to: '/projects', label: 'Projects', key: 'j', icon: IconFolders },
      { to: '/environments', label: 'Environments', key: 'e', icon: IconStackPush },
      { to: '/tokens', label: 'SDK tokens', key: 'k', icon: IconKey },
    ],
  },
  {
    title: 'Protect',
    pages: [
      { to: '/quotas', label: 'Quotas', key: 'q', icon: IconGauge },
      { to: '/alerts', label: 'Security alerts', key: 'w', icon: IconShieldCheck },
      { to: '/audit', label: 'Audit', key: 'a', icon: IconHistory },
    ],
  },
] as const;

export const pages = navigation.flatMap((group) => [...group.pages]);
