// The next major version of the game, whose engine cannot play games of the first.
import { serveEngine } from '../../../lib/engine-kit/serve-engine.ts';
import { rules } from './sealed-bids.ts';

if (import.meta.main) await serveEngine({ ...rules, manifest: { ...rules.manifest, version: '2.0.0' } });
