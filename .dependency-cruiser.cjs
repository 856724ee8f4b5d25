// Who may import whom. The tree is the architecture: infra -> handlers, workers -> lib/<service> -> lib/<shared>.
const services = [
  'gateway',
  'lobby',
  'backend',
  'game-master',
  'runtime-manager',
  'four-in-a-row',
  'star-conquest',
  'console',
];

// The rooms of a service. A room may import those to its right, and the files at the top of the service.
const rooms = {
  gateway: ['process', 'static-files', 'grpc', 'web', 'push', 'rate-limit', 'commands', 'domain'],
  lobby: [
    'process',
    'consumers',
    'automation',
    'operations',
    'peers',
    'outbox',
    'in-process',
    'store',
    'domain',
  ],
  backend: ['process', 'notifications', 'operations', 'outbox', 'mail', 'push', 'store', 'domain'],
  'game-master': ['process', 'consumers', 'operations', 'turns', 'peers', 'outbox', 'store', 'domain'],
  'runtime-manager': ['process', 'jobs', 'drivers', 'domain'],
  console: ['process', 'assets', 'peers'],
};

const sql = '^drizzle/|^lib/[^/]+/store/';

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'nothing-imports-upwards-from-lib',
      severity: 'error',
      from: { path: '^lib/' },
      to: { path: '^(handlers|workers|infra|test)/' },
    },
    {
      name: 'handlers-and-workers-stay-below-infra',
      severity: 'error',
      from: { path: '^(handlers|workers)/' },
      to: { path: '^(infra|test)/' },
    },
    {
      name: 'handlers-do-not-import-workers',
      severity: 'error',
      from: { path: '^handlers/' },
      to: { path: '^workers/' },
    },
    {
      name: 'handlers-run-on-every-runtime',
      comment: 'Handlers use the fetch API only; what needs Node lives in lib/node and in workers.',
      severity: 'error',
      from: { path: '^handlers/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'handlers-reach-no-node-code',
      severity: 'error',
      from: { path: '^handlers/' },
      to: { path: '^lib/node/', reachable: true },
    },
    {
      name: 'serverless-start-reaches-no-node-code',
      comment: 'What it needs of drivers, an entrypoint hands in.',
      severity: 'error',
      from: { path: '^lib/(lobby|backend)/process/serverless\\.ts$' },
      to: {
        path: '^(node:|lib/node/)|^(async_hooks|buffer|crypto|dns|events|fs|http|https|net|os|path|stream|tls|url|util)(/|$)|node_modules/(pg|ioredis|nodemailer|@neondatabase|@upstash)/',
        reachable: true,
      },
    },
    {
      name: 'the-client-in-browsers-reaches-no-node-code',
      severity: 'error',
      from: { path: '^lib/client/browser\\.ts$' },
      to: {
        path: '^node:|node_modules/(@grpc|undici)/|^lib/client/(grpc-|key-file|node)',
        reachable: true,
      },
    },
    {
      name: 'handlers-hold-no-sql',
      severity: 'error',
      from: { path: '^handlers/' },
      to: {
        path: `${sql}|node_modules/(drizzle-orm|pg|ioredis)/`,
        // Handlers name the rows that operations return, and the pages that they ask for.
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'shared-subjects-know-no-service',
      severity: 'error',
      from: { path: '^lib/', pathNot: `^lib/(${services.join('|')})/` },
      to: { path: `^(lib/(${services.join('|')})|drizzle)/` },
    },
    ...services.map((service) => ({
      name: `${service}-is-a-service-of-its-own`,
      severity: 'error',
      from: { path: `^(lib|handlers|drizzle)/${service}/` },
      to: { path: `^(lib|handlers|drizzle)/(${services.filter((other) => other !== service).join('|')})/` },
    })),
    ...Object.entries(rooms).flatMap(([service, order]) =>
      order.slice(1).map((room, at) => ({
        name: `${service}-${room}-imports-no-room-above`,
        severity: 'error',
        from: { path: `^lib/${service}/${room}/` },
        to: { path: `^lib/${service}/(${order.slice(0, at + 1).join('|')})/` },
      })),
    ),
    {
      name: 'every-room-has-its-place',
      comment: 'A new folder of a service belongs into the list of rooms above.',
      severity: 'error',
      from: {},
      to: {
        path: `^lib/(${Object.keys(rooms).join('|')})/[^/]+/`,
        pathNot: Object.entries(rooms).map(([service, order]) => `^lib/${service}/(${order.join('|')})/`),
      },
    },
    {
      name: 'transactions-give-their-connections-back',
      comment: 'Drizzle on a pool of connections comes from pooledDatabase, which says why.',
      severity: 'error',
      from: { path: '^(lib|handlers|workers|infra)/', pathNot: '^lib/postgres/' },
      to: { path: 'node_modules/drizzle-orm/(node-postgres|neon-serverless)' },
    },
    {
      name: 'domain-is-pure',
      comment:
        'Rules take plain data and decide; clock, ids, stores and upstreams are passed in from outside.',
      severity: 'error',
      from: { path: '^lib/[^/]+/domain/' },
      to: {
        path: `${sql}|^lib/(config|http|node|postgres|redis|telemetry)/|node_modules/(pg|ioredis|undici|hono|drizzle-orm|pino)/`,
      },
    },
    {
      name: 'domain-does-no-io',
      severity: 'error',
      from: { path: '^lib/[^/]+/domain/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'browsers-have-no-node',
      severity: 'error',
      from: { path: '^lib/(web-app|board-kit|[^/]+/board)/' },
      to: {
        path: '^(node:|lib/node/)|^(buffer|crypto|fs|http|net|os|path|stream|url|util)$',
        reachable: true,
      },
    },
    {
      name: 'no-test-code-in-production',
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { path: '^test/|node_modules/(vitest|msw|fast-check)/' },
    },
    {
      name: 'production-code-needs-production-packages',
      comment: 'What runs in browsers is bundled before it is installed anywhere.',
      severity: 'error',
      from: { path: '^(handlers|workers|lib)/', pathNot: '^lib/(web-app|[^/]+/board)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(lib/protocol/generated|test/runtimes/node_modules)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
