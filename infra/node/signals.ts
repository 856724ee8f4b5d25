// Loaded before anything else, with node --import: a process hears SIGTERM while its modules are being loaded.
// infra/node/telemetry.ts brings it.
import { catchSignals } from '../../lib/node/stop-signal.ts';

catchSignals();
