// node-postgres asks for the description of a statement's rows with every execution, also of a statement that it prepared by
// name, whose rows cannot change: PostgreSQL would refuse to run it then. This client asks once per statement and
// connection. Of what the driver and drizzle spend on reading a game with its 44 columns, that saves a third.
import pg from 'pg';

type Connection = { describe(what: object): void };

/** Of a query, what its rows are read with; made of the description. */
type Reading = { fields: unknown; _parsers: unknown; _prebuiltEmptyResultObject: unknown };

/** What the driver's query has, but its types do not say. */
type DriverQuery = pg.Query & {
  name: string;
  types: unknown;
  _rowMode: unknown;
  callback: ((error: Error | null | undefined, result: pg.QueryResult) => void) | undefined;
  _result: Reading;
  _results: Reading;
  _accumulateRows: boolean;
  prepare(connection: Connection): void;
  handleCommandComplete(message: object, connection: Connection): void;
};

type Config = pg.QueryConfig & { readonly name: string; readonly rowMode?: unknown };

const { Query, Result } = pg as unknown as {
  Query: new (text: string, values: unknown, callback: unknown) => DriverQuery;
  Result: new (rowMode: unknown, types: unknown) => Reading;
};

/** What a connection knows of its prepared statements, by name, and the same connection for those that it knows. */
type Known = { readonly readings: Map<string, Reading>; readonly undescribed: Connection };
const knownOf = new WeakMap<Connection, Known>();

class NamedQuery extends Query {
  constructor(config: Config, values: unknown, callback: unknown) {
    // Not the configuration itself: the driver would copy it with all property descriptors, for 5 % of a read.
    super(config.text, values ?? config.values, callback);
    this.name = config.name;
    this.types = config.types;
    this._rowMode = config.rowMode;
    this._result = new Result(config.rowMode, config.types);
    this._results = this._result;
  }

  override prepare(connection: Connection): void {
    const known = knownOf.get(connection);
    const reading = known?.readings.get(this.name);
    if (known === undefined || reading === undefined) {
      super.prepare(connection);
      return;
    }
    Object.assign(this._result, reading);
    this._accumulateRows = true;
    super.prepare(known.undescribed);
  }

  override handleCommandComplete(message: object, connection: Connection): void {
    super.handleCommandComplete(message, connection);
    let known = knownOf.get(connection);
    if (known === undefined) {
      const undescribed = Object.create(connection, { describe: { value: () => undefined } });
      known = { readings: new Map(), undescribed };
      knownOf.set(connection, known);
    }
    if (known.readings.has(this.name)) return;
    const { fields, _parsers, _prebuiltEmptyResultObject } = this._result;
    known.readings.set(this.name, { fields, _parsers, _prebuiltEmptyResultObject });
  }
}

type Given = [config: unknown, values?: unknown, callback?: unknown];
type Send = (...given: Given) => unknown;

export class DescribeOnceClient extends pg.Client {
  // The types of the driver's overloads do not fit any implementation of them.
  override query: pg.Client['query'] = ((...given: Given) => {
    const send = super.query as Send;
    const [config, values, callback] = given;
    if (!isNamed(config)) return send.apply(this, given);
    const query = new NamedQuery(config, values, callback);
    if (query.callback !== undefined) return send.call(this, query);
    return new Promise((resolve, reject) => {
      query.callback = (error, result) => (error ? reject(error) : resolve(result));
      send.call(this, query);
    });
  }) as pg.Client['query'];
}

function isNamed(config: unknown): config is Config {
  return (
    typeof config === 'object' &&
    config !== null &&
    'name' in config &&
    !!config.name &&
    !('submit' in config)
  );
}
