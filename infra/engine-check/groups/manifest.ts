// What the engine says of itself.
import { engineRoutes, manifestSchema } from '../../../lib/engine/api.ts';
import { catalogueOf } from '../catalogue.ts';
import { read, requireRefusal, requireSame } from '../expect.ts';
import { group } from '../group.ts';
import { says } from '../interface-says.ts';

export const manifestGroup = group('manifest', (lab) => lab.startEngine(), [
  {
    name: 'has the same manifest before and after the set-up, and after a restart',
    saying: says.manifest,
    async run(engine, lab) {
      const first = await engine.manifest();
      read(manifestSchema, first);
      const setup = lab.newSetup();
      for (const change of [async () => undefined, () => engine.setUp(setup), () => engine.restart()]) {
        await change();
        requireSame(first, await engine.manifest(), 'The manifest has changed');
      }
    },
  },
  {
    name: 'fits into an engine catalogue',
    saying: says.catalogue,
    async run(engine, lab) {
      catalogueOf(lab.options.command, lab.manifest, [await engine.manifest()]);
    },
  },
  {
    name: 'refuses routes that there are not',
    saying: says.notFound,
    async run(engine) {
      for (const path of ['/api/v1/no-such-route', `${engineRoutes.game}/no-such-route`]) {
        requireRefusal(await engine.ask({ method: 'GET', path }), 404, `GET ${path}`);
      }
    },
  },
]);
